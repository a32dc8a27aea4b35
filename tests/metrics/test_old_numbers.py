"""Numbers of codes as they were: uint8 arithmetic of MATLAB, PSNR before its repair."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest

from skfusion.metrics import evaluate, mef_ssim, metric_set, psnr, sd, sf, vif
from tests.metrics.golden_rows import drawn_images
from tests.metrics.test_structural_invariants import images

BYTE = np.uint8


def image(*rows):
    return np.array(rows, dtype=BYTE)


@pytest.mark.parametrize(
    ("rows", "squares"),
    [
        # Mean 15: 0 and 10 are below it, 5^2 and 15^2 above.
        ([0, 10, 20, 30], [0, 0, 25, 225]),
        # Mean 11: 29^2 = 841 saturates.
        ([0, 1, 3, 40], [0, 0, 0, 255]),
        # Mean 0.5: MATLAB rounds 0.5 to 1, and -0.5 to -1, which is cut off.
        ([0, 1], [0, 1]),
        ([7, 7, 7], [0, 0, 0]),
        # Mean 127.5: the most that the form can say.
        ([0, 255], [0, 255]),
    ],
)
def test_sd_of_uint8_counts_what_is_brighter_and_no_square_above_255(rows, squares):
    expected = np.sqrt(np.sum(squares) / len(squares))
    assert sd(image(rows), variant="uint8") == pytest.approx(expected, rel=1e-12)


def test_sd_of_uint8_is_of_the_rounded_levels():
    levels = image([3, 90, 17], [200, 41, 66])
    exact = sd(levels, variant="uint8")
    assert sd((levels + 0.3) / 255.5, variant="uint8") == pytest.approx(exact, abs=0.3)
    assert sd(levels / 255.0, variant="uint8") == exact


def test_sd_of_35_to_40_was_8_to_11():
    fused = drawn_images("odd", "LP_SR")[2]
    assert 35 < sd(fused) < 40
    assert 8 < sd(fused, variant="uint8") < 11


def test_sf_of_uint8_keeps_rising_differences_and_no_square_above_255():
    levels = image([10, 12, 11], [30, 12, 0])
    # To the right: 2, and three falls. Downwards: 20^2 = 400 saturates, 0, a fall.
    across, down = (4 + 0 + 0 + 0) / 4, (255 + 0 + 0) / 3
    expected = np.sqrt(across + down)
    assert sf(levels, variant="uint8") == pytest.approx(expected, rel=1e-12)
    unit = sf(levels, variant="uint8", data_range=1)
    assert unit == pytest.approx(expected / 255, rel=1e-12)
    steep = image([0, 255] * 4, [255, 0] * 4)
    assert sf(steep, variant="uint8") <= np.sqrt(510)
    with pytest.warns(match="sf"):
        assert np.isnan(sf(image([1, 2, 3]), variant="uint8"))


def window(size):
    t = np.arange(size) - size // 2
    g = np.exp(-(t[:, None] ** 2 + t[None] ** 2) / (2 * (size / 5) ** 2))
    g[g < np.finfo(float).eps * g.max()] = 0
    return g / g.sum()


def filter2(x, w):
    """MATLAB's filter2(w, x, "valid"): a double, whatever x was."""
    views = np.lib.stride_tricks.sliding_window_view(x.astype(float), w.shape)
    return np.einsum("ijkl,kl->ij", views, w)


def times(x, y):
    """MATLAB's product: uint8 saturates, double does not."""
    if x.dtype == BYTE:
        return np.minimum(x.astype(int) * y, 255).astype(BYTE)
    return x * y


def vifp(ref, dist):
    """The published form, step by step, on uint8 images."""
    num = den = 0.0
    for scale in range(4):
        w = window(2 ** (4 - scale) + 1)
        if scale:
            ref, dist = (filter2(x, w)[::2, ::2] for x in (ref, dist))
        m1, m2 = filter2(ref, w), filter2(dist, w)
        v1 = np.maximum(filter2(times(ref, ref), w) - m1 * m1, 0)
        v2 = np.maximum(filter2(times(dist, dist), w) - m2 * m2, 0)
        cov = filter2(times(ref, dist), w) - m1 * m2
        g = cov / (v1 + 1e-10)
        sv = v2 - g * cov
        flat = v1 < 1e-10
        g[flat], sv[flat], v1[flat] = 0, v2[flat], 0
        flat = v2 < 1e-10
        g[flat] = sv[flat] = 0
        sv[g < 0], g[g < 0] = v2[g < 0], 0
        sv = np.maximum(sv, 1e-10)
        num += np.log10(1 + g**2 * v1 / (sv + 2)).sum()
        den += np.log10(1 + v1 / 2).sum()
    return num / den


@pytest.mark.parametrize("darker", [0, 40, 250])
def test_vif_of_uint8_is_the_published_form_on_uint8(darker):
    a, b, f = (np.maximum(x, darker) - BYTE(darker) for x in images("vif"))
    expected = vifp(a, f) + vifp(b, f)
    got = vif(a, b, f, variant="uint8", reduction="sum")
    assert got == pytest.approx(expected, rel=1e-9)
    half = vif(a, b, f, variant="uint8")
    assert half == pytest.approx(expected / 2, rel=1e-9)


def test_vif_of_uint8_is_the_pixel_form_where_nothing_saturates():
    a, b, f = (x // 17 for x in images("vif"))  # 0 to 15, whose squares are bytes
    exact = vif(a, b, f)
    assert vif(a, b, f, variant="uint8") == pytest.approx(exact, rel=1e-9)
    a, b, f = images("vif")
    assert vif(a, b, f, variant="uint8") != pytest.approx(vif(a, b, f), rel=0.01)
    with pytest.warns(match="vif"):
        assert np.isnan(vif(np.full_like(a, 9), b, f, variant="uint8"))


def test_the_table_of_2022_is_the_old_code_column_by_column():
    a, b, f = drawn_images("odd", "TIF")
    row = evaluate([(a, b)], [f], "tang2022").iloc[0]
    assert row["SF"] == pytest.approx(sf(f, variant="mean_of_differences") / 255)
    assert row["SD"] == sd(f, variant="uint8")
    assert row["VIF"] == vif(a, b, f, variant="uint8", reduction="sum")
    assert row["SSIM"] == mef_ssim(a, b, f)
    new = evaluate([(a, b)], [f], "tang").iloc[0]
    same = ["EN", "PSNR", "MSE", "MI", "AG", "CC", "SCD"]
    np.testing.assert_array_equal(row[same], new[same])


def test_psnr_of_ivif_zoo_before_and_after_july_2025():
    black, gray = np.zeros((4, 4), BYTE), np.full((4, 4), 10, BYTE)
    mse = (0 + 10**2) / 2 / 255**2  # on [0, 1]
    before, after = (
        evaluate([(black, gray)], [black], [entry]).iloc[0, 0]
        for name in ("zoo", "zoo2025")
        for entry in metric_set(name)
        if entry.column == "PSNR"
    )
    assert before == pytest.approx(20 * np.log10(255 / np.sqrt(mse)), rel=1e-12)
    assert after == pytest.approx(20 * np.log10(1 / np.sqrt(mse)), rel=1e-12)
    assert after == psnr(black, gray, black)
    others = [
        [entry for entry in metric_set(name) if entry.column != "PSNR"]
        for name in ("zoo", "zoo2025")
    ]
    assert others[0] == others[1]
