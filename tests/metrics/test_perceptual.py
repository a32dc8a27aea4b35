"""QCB and QCV against independent definitions."""

import numpy as np
import pytest
from scipy.ndimage import correlate

from skfusion._kernels.metrics.perceptual import chen_blum_mean, saliency_and_error
from skfusion.metrics import UndefinedMetricWarning, qcb, qcv
from skfusion.metrics.perceptual import _back, _gaussian, _sensitivity
from tests.metrics.test_structural_invariants import images

SHAPES = [(48, 65), (47, 64), (33, 35), (32, 32), (1, 9), (8, 1), (2, 2)]


def filtered_twin(x, model):
    """The sensitivity on the full spectrum, at the frequencies of freqspace."""
    h, w = x.shape
    u, v = np.meshgrid(np.fft.fftfreq(w) * 2, np.fft.fftfreq(h) * 2)
    if model == "mannos_sakrison":
        r = np.hypot(u * w / 8, v * h / 8)
        theta = 2.6 * (0.0192 + 0.144 * r) * np.exp(-((0.144 * r) ** 1.1))
    else:
        scale = 30 if model == "dog" else 60
        r = np.hypot(u * w / scale, v * h / scale)
        theta = np.exp(-((r / 15.387) ** 2)) - 0.7622 * np.exp(-((r / 1.3456) ** 2))
    return np.fft.ifft2(np.fft.fft2(x) * theta).real


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("model", ["mannos_sakrison", "dog", "half"])
def test_packed_spectrum_is_filtered_as_the_full_one(shape, model):
    import cv2

    x = 255 * np.random.default_rng(0).random(shape)
    wide = np.zeros((shape[0] + 4, shape[1] + 6))
    got = _back(_sensitivity(shape, model) * cv2.dft(x), wide[2:-2, 3:-3])
    assert np.allclose(got, filtered_twin(x, model), rtol=1e-10, atol=1e-10)
    assert np.array_equal(wide[2:-2, 3:-3], got) and not wide[:2].any()


def stretched(x):
    x = x.astype(float)
    return np.floor(255 * (x - x.min()) / (x.max() - x.min()) + 0.5)


def contrast_twin(x, eps):
    w = [np.outer(g, g) for g in (_gaussian(2.0), _gaussian(4.0))]
    centre, surround = (correlate(x, k, mode="constant") for k in w)
    c = np.abs(centre / (surround + eps) - 1)
    return c**3 / (c**2 + 1e-4)


def qcb_twin(filtered, eps=0.0):
    a, b, f = (contrast_twin(x, eps) for x in filtered)
    qa = np.minimum(a, f) / np.maximum(a, f)
    qb = np.minimum(b, f) / np.maximum(b, f)
    return ((a**2 * qa + b**2 * qb) / (a**2 + b**2 + eps)).mean()


def test_the_windows_of_chen_and_blum_are_not_normalised():
    x, y = np.mgrid[-15:16, -15:16]
    expected = np.exp(-(x**2 + y**2) / 8) / (8 * np.pi)
    assert np.allclose(np.outer(_gaussian(2.0), _gaussian(2.0)), expected)


def test_qcb_equals_its_definition():
    args = images("qcb")
    expected = qcb_twin([filtered_twin(stretched(x), "dog") for x in args])
    assert qcb(*args) == pytest.approx(expected, rel=1e-9)
    assert qcb(*args, variant="im2double") == pytest.approx(expected, rel=2e-3)
    unit = [(x - x.min()) / np.ptp(x) for x in args]
    expected = qcb_twin([filtered_twin(x, "half") for x in unit], 1e-10)
    assert qcb(*args, variant="zoo") == pytest.approx(expected, rel=1e-9)


def test_kernel_of_chen_and_blum_equals_its_twin():
    rng = np.random.default_rng(1)
    x = rng.random((3, 20, 23)) + 0.1
    padded = np.pad(x, [(0, 0), (15, 15), (15, 15)])
    got = chen_blum_mean(padded, _gaussian(2.0), _gaussian(4.0), 0.0)
    assert got == pytest.approx(qcb_twin(x), rel=1e-10)


def test_no_contrast_in_either_image_is_nan_not_an_error():
    padded = np.zeros((3, 40, 40))
    assert np.isnan(chen_blum_mean(padded, _gaussian(2.0), _gaussian(4.0), 0.0))


@pytest.mark.parametrize("shape", [(48, 65), (16, 16), (5, 40), (1, 1), (33, 17)])
def test_saliency_and_error_equal_their_blocks(shape):
    rng = np.random.default_rng(2)
    x, error = 255 * rng.random(shape), rng.normal(size=shape)
    sobel = np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])
    g = np.hypot(*(correlate(x, k, mode="constant") for k in (sobel, sobel.T)))
    padding = [(0, -n % 16) for n in shape]

    def blocks(y):
        y = np.pad(y, padding)
        h, w = (n // 16 for n in y.shape)
        return y.reshape(h, 16, w, 16).swapaxes(1, 2).reshape(h * w, 256)

    saliency = blocks(g**5).sum(axis=1)
    expected = (saliency * blocks(error**2).mean(axis=1)).sum(), saliency.sum()
    assert saliency_and_error(x, error, 16) == pytest.approx(expected, rel=1e-10)


def test_qcv_equals_its_definition():
    a, b, f = (stretched(x) for x in images("qcv"))
    sums = np.zeros(2)
    for x in (a, b):
        sums += saliency_and_error(x, filtered_twin(x - f, "mannos_sakrison"), 16)
    assert qcv(*images("qcv")) == pytest.approx(sums[0] / sums[1], rel=1e-9)


def test_stretching_the_contrast_changes_nothing():
    a, b, f = (x // 4 * 2 for x in images("qcb"))
    args = [stretched(x).astype(np.uint8) for x in (a, b, f)]
    assert qcb(a, b, f) == pytest.approx(qcb(*args), rel=1e-12)
    assert qcv(a, b, f) == pytest.approx(qcv(*args), rel=1e-12)


def test_black_sources_have_no_salient_region():
    _, _, f = images("qcv")
    black = np.zeros_like(f)
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(qcv(black, black, f))
