import numpy as np
import pytest

from skfusion.fusers import DTCWTFuser
from skfusion.fusers.multiscale._dtcwt import _HIGH, _LOW, forward, inverse
from skfusion.fusers.multiscale._wavelet import decompose


def test_parity_equals_the_original_on_the_odd_pair(original):
    # The original returns one row and column more than it was given.
    data = original("MST_DTCWT")
    height, width = data.ir.shape
    data.fused = data.fused[:height, :width]
    data.resolution = data.resolution[:height, :width]
    assert data.excess(DTCWTFuser(parity=True)).max() < 1e-12


@pytest.mark.parametrize("pair", ["street", "night"])
def test_parity_equals_the_original_but_for_ties(original, pair):
    # Flat regions of the drawn scenes give equal magnitudes up to rounding, where the
    # order of additions decides; elsewhere the results are the same.
    excess = original("MST_DTCWT", pair).excess(DTCWTFuser(parity=True))
    assert np.mean(excess > 1e-12) < 0.01
    assert excess.max() < 0.006
    assert np.maximum(excess, 0).mean() < 1e-5


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (5, 7), (37, 50), (64, 48)])
@pytest.mark.parametrize("n_levels", [0, 1, 2, 3, 5])
def test_inverse_undoes_the_transform(shape, n_levels):
    image = np.random.default_rng(0).random(shape)
    bands, low = forward(image, n_levels)
    np.testing.assert_allclose(inverse(bands, low, shape), image, atol=1e-13)


def test_quarter_shift_filters_are_orthonormal():
    for a in (_LOW, _HIGH):
        for b in (_LOW, _HIGH):
            products = np.correlate(a, b, "full")[1::2]  # at even shifts
            expected = np.zeros(9)
            expected[4] = a is b
            np.testing.assert_allclose(products, expected, atol=1e-15)
    assert _LOW.sum() == pytest.approx(np.sqrt(2))
    assert _HIGH.sum() == pytest.approx(0, abs=1e-15)


def spread_over_shifts(transform):
    """Standard deviation over mean of a level's energy as an edge moves."""
    energies = []
    for shift in range(8):
        edge = np.zeros((64, 64))
        edge[:, 28 + shift :] = 1
        energies.append(sum((np.abs(band) ** 2).sum() for band in transform(edge)))
    return np.std(energies) / np.mean(energies)


def test_energy_depends_less_on_where_an_edge_lies_than_with_real_wavelets():
    ours = spread_over_shifts(lambda edge: forward(edge, 2)[0][1])
    haar = spread_over_shifts(lambda edge: decompose(edge, "haar", 2)[0][1])
    assert ours < 0.25 < 0.7 < haar


def test_orientations_are_six():
    rows, columns = np.mgrid[:64, :64] - 32
    strongest = []
    for angle in np.deg2rad([15, 45, 75, 105, 135, 165]):
        wave = np.cos(1.4 * (columns * np.cos(angle) + rows * np.sin(angle)))
        bands, _ = forward(wave, 2)
        energy = [(np.abs(band[4:-4, 4:-4]) ** 2).sum() for band in bands[1]]
        strongest.append(int(np.argmax(energy)))
        assert np.max(energy) > 5 * np.sort(energy)[-2]
    assert strongest == [2, 4, 0, 1, 5, 3]


def test_constant_image_has_no_detail():
    bands, _ = forward(np.full((20, 28), 0.7), 3)
    for level in bands:
        for band in level:
            np.testing.assert_allclose(band, 0, atol=1e-14)


@pytest.mark.parametrize("rule", ["li", "max"])
def test_any_image(check_any_image, rule):
    check_any_image(DTCWTFuser(9, detail_rule=rule), identity=1e-5)


def test_parameters_matter():
    ir, vis = np.random.default_rng(1).random((2, 24, 33), dtype=np.float32)
    default = DTCWTFuser()._fuse_plane(ir, vis)
    assert default.dtype == np.float32
    for change in ({"window": 5}, {"detail_rule": "max"}, {"n_levels": 2}):
        assert (DTCWTFuser(**change)._fuse_plane(ir, vis) != default).any()
    low = DTCWTFuser(0, base_weight=0.25)._fuse_plane(ir, vis)
    np.testing.assert_allclose(low, 0.25 * vis + 0.75 * ir, atol=1e-6)


def test_even_window_is_an_error():
    with pytest.raises(ValueError, match="window=2 of DTCWTFuser is even"):
        DTCWTFuser(window=2).fit()
