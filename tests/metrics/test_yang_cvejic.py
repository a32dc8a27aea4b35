"""QY and QC against independent definitions, flat windows included."""

import numpy as np
import pytest
from scipy.ndimage import correlate

from skfusion._kernels.taps import gaussian_taps
from skfusion.metrics import qc, qy
from tests.metrics.test_structural import moments_twin
from tests.metrics.test_structural_invariants import images, scene


def ssim_twin(o, x, y, cov, c=2e-16):
    top = (2 * o[x] * o[y] + c) * (2 * o[cov] + c)
    return top / ((o[x] ** 2 + o[y] ** 2 + c) * (o[3 + x] + o[3 + y] + c))


def twin(a, b, f):
    o = moments_twin(*(x.astype(float) for x in (a, b, f)), gaussian_taps(7, 1.5))
    af, bf, ab = ssim_twin(o, 0, 2, 6), ssim_twin(o, 1, 2, 7), ssim_twin(o, 0, 1, 8)
    share = o[3] / (o[3] + o[4])
    yang = np.where(ab >= 0.75, share * af + (1 - share) * bf, np.maximum(af, bf))
    sim = o[6] / (o[6] + o[7])
    cvejic = sim * af + (1 - sim) * bf
    cvejic[sim < 0] = 0
    cvejic[sim > 1] = 1
    return yang.mean(), cvejic.mean()


def test_textured_images_equal_the_published_definition():
    a, b, f = images("qy")
    near = np.clip(a.astype(int) + scene(7, a.shape) // 16, 0, 255).astype(np.uint8)
    for args in ((a, b, f), (a, near, f), (a, near, near)):
        yang, cvejic = twin(*args)
        assert qy(*args) == pytest.approx(yang, rel=1e-9)
        assert qc(*args) == pytest.approx(cvejic, rel=1e-9)


def test_qc_swaps_0_and_1_with_the_sources():
    a, _, _ = images("qc")
    against = 255 - a
    # f follows a alone: its share is above 1 everywhere, that of the other below 0.
    weak = (a // 2 + 60).astype(np.uint8)
    assert qc(weak, (against // 8).astype(np.uint8), a) == 1.0
    assert qc((against // 8).astype(np.uint8), weak, a) == 0.0


def flat_part(image, level):
    image = image.copy()
    image[:, :20] = level
    return image


def test_flat_windows_follow_the_stated_rule():
    a, b, f = images("qy")
    level = 100
    flat = np.full((7, 7), level, np.uint8)
    half = np.full((7, 7), level // 2, np.uint8)
    texture = scene(8, (7, 7))
    luminance = 2 * 100 * 50 / (100**2 + 50**2)
    # flat a, flat f: luminance; b against flat f: 0; the larger counts (a, b differ)
    assert qy(flat, texture, half) == pytest.approx(luminance, rel=1e-9)
    # one flat source: the other has the whole share
    assert qc(flat, texture, texture) == pytest.approx(1.0, rel=1e-9)
    # whole images with flat parts stay in the range and are finite
    args = [flat_part(x, v) for x, v in ((a, 30), (b, 90), (f, 60))]
    for metric in (qy, qc):
        assert 0 <= metric(*args) <= 1


def test_isnan_counts_the_windows_that_are_defined():
    a, b, f = images("qy")
    assert qy(a, b, f, variant="isnan") == 1.0
    n_columns = a.shape[1] - 6
    flat = [flat_part(x, v) for x, v in ((a, 30), (b, 90), (f, 60))]
    share = 1 - 14 / n_columns  # windows that lie in the 20 flat columns
    assert qy(*flat, variant="isnan") == pytest.approx(share)
    assert qc(*flat, variant="isnan") == pytest.approx(share)
    assert qc(flat[0], flat[1], f, variant="isnan") == pytest.approx(share)
    assert qy(a, flat[1], flat[2], variant="isnan") == 1.0


def test_the_zoo_form_repeats_a_row_of_taps():
    images_ = [x.astype(float) for x in images("qy")]
    window = np.tile(gaussian_taps(7, 1.5), (7, 1))

    def mean(x):
        return correlate(x, window, mode="constant")

    def similarity(x, y):
        mx, my = mean(x), mean(y)
        vx, vy = mean(x * x) - mx**2, mean(y * y) - my**2
        cov = mean(x * y) - mx * my
        top = (2 * mx * my + 1e-4) * (2 * cov + 9e-4)
        return top / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4)), vx, vy

    a, b, f = images_
    ab, va, vb = similarity(a, b)
    af, bf = similarity(a, f)[0], similarity(b, f)[0]
    share = va / (va + vb + 1e-10)
    q = np.where(ab >= 0.75, share * af + (1 - share) * bf, np.maximum(af, bf))
    assert qy(*images("qy"), variant="zoo") == pytest.approx(q.mean(), rel=1e-9)
