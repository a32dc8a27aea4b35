import numpy as np
import pytest

from skfusion.fusers._imresize import imresize


def cubic(x):
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x <= 2 else 0.0


def resize_line(line, n_out, antialias):
    """Each output sample as a sum over the mirrored line."""
    n = len(line)
    scale = n_out / n
    stretch = min(scale, 1) if antialias else 1
    out = []
    for k in range(n_out):
        centre = (k + 0.5) / scale - 0.5
        reach = int(np.ceil(2 / stretch)) + 1
        places = range(int(np.floor(centre)) - reach, int(np.ceil(centre)) + reach + 1)
        weights = [cubic(stretch * (centre - p)) for p in places]
        mirrored = [p % (2 * n) for p in places]
        values = [line[p] if p < n else line[2 * n - 1 - p] for p in mirrored]
        out.append(np.dot(weights, values) / np.sum(weights))
    return np.array(out)


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("size", [(5, 7), (12, 9), (6, 4), (30, 31), (1, 1)])
def test_equals_its_definition(size, antialias):
    image = np.random.default_rng(0).random((12, 9))
    rows = np.stack([resize_line(line, size[0], antialias) for line in image.T], axis=1)
    both = np.stack([resize_line(line, size[1], antialias) for line in rows])
    found = imresize(image, size, antialias)
    np.testing.assert_allclose(found, both, atol=1e-12)
    assert found.shape == size


def test_keeps_a_constant_and_the_dtype():
    found = imresize(np.full((3, 4), 0.3, np.float32), (8, 2))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, 0.3, rtol=1e-6)


def test_same_size_is_the_image():
    image = np.random.default_rng(1).random((5, 6))
    np.testing.assert_allclose(imresize(image, (5, 6)), image, atol=1e-15)
