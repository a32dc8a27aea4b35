"""The context shares work and checks sizes."""

import numpy as np
import pytest

from skfusion.metrics.context import Context


@pytest.fixture
def ctx(rng):
    return Context(*rng.integers(0, 200, (3, 9, 8), dtype=np.uint8))


def test_images_are_float64_levels(ctx):
    for name in "abf":
        image = ctx.image(name)
        assert image.dtype == np.float64 and image.flags.c_contiguous
        assert image.max() > 1


def test_a_value_is_computed_once(ctx):
    calls = []
    for _ in range(3):
        assert ctx.get("key", lambda: calls.append(1) or 5) == 5
    assert calls == [1]


def test_histograms_are_shared(ctx):
    assert ctx.hist("f") is ctx.hist("f")
    assert ctx.joint("a", "f") is ctx.joint("a", "f")
    assert np.array_equal(ctx.joint("a", "f").sum(axis=0), ctx.hist("f"))
    assert np.array_equal(ctx.joint("a", "f").sum(axis=1), ctx.hist("a"))


def test_stretched_fills_the_range(ctx):
    stretched = ctx.stretched("a")
    assert stretched.min() == 0 and stretched.max() == 255
    assert np.array_equal(stretched, np.rint(stretched))
    assert ctx.hist("a", "stretched").sum() == ctx.a.size


def test_stretched_constant_images():
    zero, grey = np.zeros((4, 4), np.uint8), np.full((4, 4), 9, np.uint8)
    ctx = Context(zero, grey, zero)
    assert not ctx.stretched("a").any() and np.isnan(ctx.stretched("b")).all()
    assert ctx.is_constant("a") and ctx.is_integer("b")


def test_sizes_must_agree(rng):
    a, b = rng.random((4, 5)), rng.random((5, 4))
    with pytest.raises(ValueError, match=r"\(4, 5\).*\(5, 4\).*\(4, 5\)"):
        Context(a, b, a)
    with pytest.raises(ValueError, match="differ in size"):
        Context.of_levels(a, a, b)
    with pytest.raises(ValueError, match="differ in size"):
        Context.for_channel(a, b, rng.random((4, 5, 3)), "mean")


def test_colour_becomes_luma(rng):
    image = rng.random((4, 5, 3))
    ctx = Context.of_image(image)
    np.testing.assert_allclose(ctx.f, 255 * (image @ [0.299, 0.587, 0.114]))


def test_channels(rng):
    gray, colour = rng.random((4, 5)), rng.random((4, 5, 3))
    contexts = Context.for_channel(gray, colour, colour, "mean")
    assert [np.array_equal(c.a, gray * 255) for c in contexts] == [True] * 3
    assert np.array_equal(contexts[2].b, colour[:, :, 2] * 255)
    (wide,) = Context.for_channel(gray, colour, colour, "vifb")
    assert wide.f.shape == (4, 15)
