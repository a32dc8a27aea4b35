import numpy as np
import pytest

from skfusion.fusers import IFEVIP
from skfusion.fusers._imresize import imresize
from skfusion.fusers.filters.ifevip import _bezier, _entropy, _quadtree


def leaves(image, min_block, threshold, size=512, left=0, top=0):
    """Split recursively, looking at the pixels of each block."""
    block = image[top : top + size, left : left + size]
    if size <= min_block or np.ptp(block) <= threshold:
        return {(size, left, top)}
    half, out = size // 2, set()
    for x in (left, left + half):
        for y in (top, top + half):
            out |= leaves(image, min_block, threshold, half, x, y)
    return out


def entropy(image):
    _, counts = np.unique(np.floor(image * 255 + 0.5), return_counts=True)
    share = counts / image.size
    return -(share * np.log2(share)).sum()


def definition(ir, vis, min_block=32, threshold=0.2, max_gain=0.8, gaussian_size=9,
               darken=False):  # fmt: skip
    """The method as loops and slices, in float64."""
    ir, vis = ir.astype(np.float64), vis.astype(np.float64)
    grid = imresize(ir, (512, 512))
    padded = np.pad(grid, ((15, 16), (15, 16)), constant_values=np.inf)
    eroded = np.lib.stride_tricks.sliding_window_view(padded, 32, axis=0).min(axis=-1)
    eroded = np.lib.stride_tricks.sliding_window_view(eroded, 32, axis=1).min(axis=-1)
    eroded = np.pad(eroded, (0, 1), mode="edge")
    surface = np.full((513, 513), np.nan)
    for size, left, top in sorted(
        leaves(grid, min_block, threshold), key=lambda leaf: (-leaf[0], *leaf[1:])
    ):
        at = [0, size // 2 - 1, 3 * size // 4 - 1, size]
        t = np.linspace(0, 1, size + 1)
        basis = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3]
        surface[top : top + size + 1, left : left + size + 1] = sum(
            eroded[top + at[a], left + at[b]] * np.outer(basis[a], basis[b])
            for a in range(4)
            for b in range(4)
        )
    x = np.arange(gaussian_size) - gaussian_size // 2
    taps = np.exp(-(x**2) / (2 * (gaussian_size / 2) ** 2))
    taps = np.outer(taps, taps) / taps.sum() ** 2
    background = imresize(surface[:512, :512], ir.shape)
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(background, gaussian_size // 2, mode="symmetric"), taps.shape
    )
    background = (windows * taps).sum(axis=(2, 3))
    added = np.maximum(ir - background, 0) + (ir - vis) * entropy(ir) / entropy(vis)
    total = np.sort((np.maximum(added, 0) + vis).ravel())
    peak = total[-max(round(0.001 * total.size), 1) :].mean()
    added *= min(1 / peak, max_gain)
    return vis + (added if darken else np.maximum(added, 0))


def scene(rng):
    ir, vis = 0.2 + 0.1 * rng.random((2, 41, 52), dtype=np.float32)
    ir[10:20, 12:30] += 0.6
    vis[:, 25:] += 0.5
    return ir, vis


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"min_block": 128},
        {"threshold": 0.7},
        {"max_gain": 0.3},
        {"gaussian_size": 3},
        {"darken": True},
    ],
)
def test_default_equals_its_definition(change, rng):
    ir, vis = scene(rng)
    fused = IFEVIP(**change)._fuse_plane(ir, vis)
    assert fused.dtype == np.float32
    np.testing.assert_allclose(fused, definition(ir, vis, **change), rtol=0, atol=1e-5)


@pytest.mark.parametrize("pair", ["odd", "street", "night"])
def test_parity_equals_the_original(original, pair):
    case = original("IFEVIP", pair)
    # The stored float result was taken before the added term was made unsigned.
    assert case.excess(IFEVIP(parity=True, darken=True)).max() < 1e-11
    levels = np.minimum(255 * case.result(IFEVIP(parity=True)), 255)
    np.testing.assert_allclose(levels, case.uint8, atol=1e-9)


def test_parity_in_colour_equals_the_original(original):
    fuser = IFEVIP(parity=True, darken=True, color="per_channel")
    assert original("IFEVIP", "oddrgb").excess(fuser).max() < 1e-11


def test_parity_equals_the_published_images(vifb):
    fuser = IFEVIP(parity=True, color="per_channel")
    for name in ("manCar", "walking"):
        assert vifb.difference(fuser, "IFEVIP", name) == (0, 0)


def test_any_image(check_any_image):
    check_any_image(IFEVIP())
    check_any_image(IFEVIP(parity=True))


def test_never_darkens_unless_asked(rng):
    ir, vis = scene(rng)
    assert (IFEVIP()._fuse_plane(ir, vis) >= vis).all()
    assert (IFEVIP(parity=True)._fuse_plane(ir, vis) >= vis - 1e-6).all()
    assert (IFEVIP(darken=True)._fuse_plane(ir, vis) < vis - 0.05).any()


def test_border_lights_up_in_the_original_only():
    ir = np.full((60, 80), 0.6, np.float32)
    vis = np.random.default_rng(0).random((60, 80), dtype=np.float32) / 2
    added = IFEVIP()._background(ir, 1)
    np.testing.assert_allclose(added, 0.6, atol=1e-5)
    dark = IFEVIP(parity=True)._background(ir.astype(float) * 255, 255)
    assert dark[0, 0] < 60 and dark[30, 40] == 153
    assert vis.max() < 0.5


def test_constant_visible_image_takes_the_quotient_of_entropies_as_one(rng):
    ir = rng.random((20, 20), dtype=np.float32)
    vis = np.full((20, 20), 0.5, np.float32)
    fused = IFEVIP(max_gain=1e-3, darken=True)._fuse_plane(ir, vis)
    features = np.maximum(ir - IFEVIP()._background(ir, np.float32(1)), 0)
    np.testing.assert_allclose(fused, vis + 1e-3 * (features + ir - vis), atol=1e-6)


def test_black_pair_stays_black():
    black = np.zeros((8, 8), np.float32)
    assert not IFEVIP()._fuse_plane(black, black).any()


@pytest.mark.parametrize("min_block", [16, 32, 100, 512])
def test_quadtree_equals_the_recursion(min_block):
    rng = np.random.default_rng(1)
    image = np.kron(rng.random((64, 64)), np.ones((8, 8))) ** 8
    found = _quadtree(image, min_block, 0.5)
    assert len(found) == len(set(found))
    assert set(found) == leaves(image, min_block, 0.5)


def test_bezier_basis_sums_to_one_and_starts_at_the_corner():
    for size in (2, 4, 32):
        basis, at = _bezier(size, np.float64)
        np.testing.assert_allclose(basis.sum(axis=1), 1)
        assert basis[0].tolist() == [1, 0, 0, 0] and basis[-1].tolist() == [0, 0, 0, 1]
        assert at[0] == 0 and at[-1] == size and (at >= 0).all()


def test_entropy_in_bits():
    assert _entropy(np.zeros((4, 4))) == 0
    assert _entropy(np.arange(256).reshape(16, 16) / 255) == pytest.approx(8)


def test_even_gaussian_is_an_error():
    with pytest.raises(ValueError, match="gaussian_size=4 of IFEVIP is even"):
        IFEVIP(gaussian_size=4).fit()
