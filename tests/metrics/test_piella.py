"""QS, QW and QE against independent definitions."""

import csv

import numpy as np
import pytest
from scipy.ndimage import correlate

from skfusion.metrics import UndefinedMetricWarning, qe, qs, qw
from tests.metrics.golden_map_perceptual import DEGENERATE
from tests.metrics.golden_rows import SHARED, real_images
from tests.metrics.test_structural import moments_twin
from tests.metrics.test_structural_invariants import images, scene

W = np.exp(-(np.arange(-5, 6) ** 2) / 4.5)
W /= W.sum()


def ssim_map(o, k):
    c1, c2 = 2.55**2, 7.65**2
    top = (2 * o[k] * o[2] + c1) * (2 * o[6 + k] + c2)
    return top / ((o[k] ** 2 + o[2] ** 2 + c1) * (o[3 + k] + o[5] + c2))


def uiqi_map(o, k):
    return (4 * o[6 + k] * o[k] * o[2]) / ((o[3 + k] + o[5]) * (o[k] ** 2 + o[2] ** 2))


def qualities(a, b, f, index, w):
    """Mean and saliency-weighted mean of the windows' qualities: the definition."""
    o = moments_twin(*(x.astype(float) for x in (a, b, f)), w)
    share = o[3] / (o[3] + o[4])
    q = share * index(o, 0) + (1 - share) * index(o, 1)
    saliency = np.maximum(o[3], o[4])
    return q.mean(), (saliency * q).sum() / saliency.sum()


def prewitt(x):
    kernel = np.array([[1.0, 0.0, -1.0]] * 3)
    x = x.astype(float)
    return np.hypot(*(correlate(x, k, mode="constant") for k in (kernel, kernel.T)))


@pytest.mark.parametrize(
    "variant, index, w", [("ssim", ssim_map, W), ("uiqi", uiqi_map, np.full(8, 1 / 8))]
)
def test_sliding_windows_equal_the_definition(variant, index, w):
    args = images("qs")
    mean, weighted = qualities(*args, index, w)
    assert qs(*args, variant=variant) == pytest.approx(mean, rel=1e-9)
    assert qw(*args, variant=variant) == pytest.approx(weighted, rel=1e-9)
    _, edges = qualities(*(prewitt(x) for x in args), index, w)
    value = qe(*args, variant=variant)
    assert value == pytest.approx(weighted * edges, rel=1e-9)
    assert qe(*args, variant=variant, alpha=2) == pytest.approx(
        weighted * edges**2, rel=1e-9
    )
    if variant == "ssim":
        squared = qe(*args, variant="ssim_edges")
        assert squared == pytest.approx(edges**2, rel=1e-9)


def test_blocks_equal_the_definition():
    a, b, f = (x / 255 for x in images("qs"))
    q, saliency = [], []
    for i in range(0, 48, 8):
        for j in range(0, 64, 8):  # the 65th column is left out
            x, y, z = (im[i : i + 8, j : j + 8] for im in (a, b, f))
            vx, vy, vz = (p.var(ddof=1) for p in (x, y, z))

            def q0(p, v, z=z, vz=vz):
                cov = ((p - p.mean()) * (z - z.mean())).sum() / 63
                light = 2 * p.mean() * z.mean() / (p.mean() ** 2 + z.mean() ** 2)
                return 2 * cov * light / (v + vz)

            q.append((vx * q0(x, vx) + vy * q0(y, vy)) / (vx + vy))
            saliency.append(max(vx, vy))
    args = images("qs")
    blocks = {"variant": "uiqi_blocks"}
    assert qs(*args, **blocks) == pytest.approx(np.mean(q), rel=1e-4)
    expected = np.average(q, weights=saliency)
    assert qw(*args, **blocks) == pytest.approx(expected, rel=1e-4)


def test_the_block_form_of_qe_is_a_power_of_the_edge_term():
    args = images("qe")
    blocks = {"variant": "uiqi_blocks"}
    edges = qe(*args, **blocks, alpha=1)
    assert qe(*args, **blocks) == pytest.approx(edges**0.7, rel=1e-12)


def test_a_negative_edge_term_has_no_broken_power():
    # Edges of f grow within a block where those of the sources fade.
    steps = np.arange(24) % 8
    a = np.tile(3 * steps.cumsum(), (24, 1)).astype(np.uint8)
    f = np.tile(3 * (7 - steps).cumsum(), (24, 1)).astype(np.uint8)
    value = qe(a, a, f, variant="uiqi_blocks", alpha=1)
    assert value < 0
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(qe(a, a, f, variant="uiqi_blocks"))


@pytest.mark.parametrize("variant", ["uiqi", "uiqi_blocks"])
def test_constant_sources_have_no_weights(variant):
    flat = np.full((16, 16), 90, np.uint8)
    f = scene(1, (16, 16))
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(qw(flat, flat, f, variant=variant))
    assert np.isfinite(qs(flat, flat, f, variant=variant))


def test_flat_windows_of_the_universal_index_compare_by_luminance():
    a = np.full((8, 8), 100, np.uint8)
    f = np.full((8, 8), 50, np.uint8)
    assert qs(a, a, f, variant="uiqi") == pytest.approx(2 * 100 * 50 / 12500)
    black = np.zeros_like(a)
    assert qs(black, black, black, variant="uiqi") == 1.0


@pytest.mark.parametrize("name", DEGENERATE)
def test_published_qe_on_degenerate_images(name):
    path = SHARED / "reference" / "metrics_degenerate.csv"
    if not path.exists():
        pytest.skip("the values on real pairs are not beside the repository")
    with open(path, newline="") as file:
        rows = [
            float(row["value"])
            for row in csv.DictReader(file)
            if (row["variant"], row["pair"]) == ("piella_Qe", f"degen_{name}")
            and row["implementation"].startswith("ferhatcan")
        ]
    assert qe(*real_images(f"degen_{name}", "x")) == pytest.approx(rows[0], rel=1e-9)
