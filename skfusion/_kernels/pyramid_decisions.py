"""Decisions of the learned pyramid: what the network sees, and what it says."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_inlined, kernel_numpy_errors, kernel_part
from .pyramid_rows import fill, repeat_ends

_HALF = np.float32(0.05)
_TINY = np.float32(4e-4)
_MIDDLE = np.float32(0.4)
_ZERO, _ONE, _TWO = np.float32(0), np.float32(1), np.float32(2)
_QUARTER, _HALF_STEP = np.float32(0.25), np.float32(0.5)
_NEAR, _FAR = np.float32(0.75), np.float32(0.25)

# tanh(x) = x p(x^2) / q(x^2) on [-LIMIT, LIMIT], beyond which it is 1 in float32.
_LIMIT = np.float32(7.90531110763549805)
_P0 = np.float32(4.89352455891786e-03)
_P1 = np.float32(6.37261928875436e-04)
_P2 = np.float32(1.48572235717979e-05)
_P3 = np.float32(5.12229709037114e-08)
_P4 = np.float32(-8.60467152213735e-11)
_P5 = np.float32(2.00018790482477e-13)
_P6 = np.float32(-2.76076847742355e-16)
_Q0 = np.float32(4.89352518554385e-03)
_Q1 = np.float32(2.26843463243900e-03)
_Q2 = np.float32(1.18534705686654e-04)
_Q3 = np.float32(1.19825839466702e-06)
# Taylor's series of the exponential function, of a quarter of its argument.
_E = tuple(np.float32(1 / x) for x in (1, 2, 6, 24, 120, 720, 5040, 40320, 362880))
_E1, _E2, _E3, _E4, _E5, _E6, _E7, _E8, _E9 = _E


@kernel_inlined
def _tanh(x):
    x = min(max(x, -_LIMIT), _LIMIT)
    s = x * x
    p = _P6 * s + _P5
    p = p * s + _P4
    p = p * s + _P3
    p = p * s + _P2
    p = p * s + _P1
    p = p * s + _P0
    q = _Q3 * s + _Q2
    q = q * s + _Q1
    q = q * s + _Q0
    return x * p / q


@kernel_inlined
def _sigmoid(x):
    return _HALF_STEP + _HALF_STEP * _tanh(_HALF_STEP * x)


@kernel_inlined
def _exp(x):
    """exp(x) for -4 <= x <= 4."""
    t = _QUARTER * x
    p = _E9 * t + _E8
    p = p * t + _E7
    p = p * t + _E6
    p = p * t + _E5
    p = p * t + _E4
    p = p * t + _E3
    p = p * t + _E2
    p = p * t + _E1
    p = p * t + _ONE
    p = p * p
    return p * p


@kernel_part
def _measure_row(a, b, height_a, height_b, agreement):
    """Add the heights of two rows of bands and their agreement."""
    for j in range(a.size):
        x, y = a[j], b[j]
        u, v = abs(x), abs(y)
        height_a[j] += u / (u + _HALF)
        height_b[j] += v / (v + _HALF)
        agreement[j] += x * y / (u * v + _TINY)


@kernel_part
def _centre_row(image, out):
    for j in range(image.size):
        out[j] = _TWO * image[j] - _ONE


@kernel_part
def _pool_row(row, scale, out):
    n = row.size // 2
    for j in range(n):
        out[j] = (row[2 * j] + row[2 * j + 1]) * scale
    if row.size > 2 * n:
        out[n] = row[2 * n] * (_TWO * scale)


@kernel_part
def _split_row(row, planes, m, i, step):
    """Write a row, with its border, to the planes of row i of a map."""
    to, start = planes[i % 4, m], i // 4 * step
    for q in range(4):
        quarter = to[q, start : start + step]
        for j in range(step):
            quarter[j] = row[4 * j + q]


@kernel_numpy_errors
def level_maps(infrared, visible, bands, finer, maps, step):
    """Fill the eight maps that the network sees of a level, with their border.

    Parameters
    ----------
    infrared, visible : float32 (h, w)
    bands : float32 (2, h, w)
        Of both images; ``h = 0`` rows at the coarsest level.
    finer : float32 (2, H, W)
        Of the next finer level.
    maps : float32 (4, 8, 4, n)
        Planes; see :mod:`skfusion._kernels.pyramid_convolution`.
    step : int
        Entries of a row in a plane.
    """
    height, width = infrared.shape
    sums = np.empty((3, finer.shape[2]), np.float32)
    rows = np.zeros((8, 4 * step), np.float32)
    for i in range(height):
        _centre_row(infrared[i], rows[0, 1 : width + 1])
        _centre_row(visible[i], rows[1, 1 : width + 1])
        n = min(2, finer.shape[1] - 2 * i)
        for s in range(3):
            fill(sums[s], _ZERO)
        for r in range(n):
            k = 2 * i + r
            _measure_row(finer[0, k], finer[1, k], sums[0], sums[1], sums[2])
        scale = _QUARTER if n == 2 else _HALF_STEP
        _pool_row(sums[0], scale, rows[4, 1 : width + 1])
        _pool_row(sums[1], scale, rows[5, 1 : width + 1])
        _pool_row(sums[2], scale, rows[7, 1 : width + 1])
        a, b, c = rows[2, 1 : width + 1], rows[3, 1 : width + 1], rows[6, 1 : width + 1]
        fill(a, _ZERO)
        fill(b, _ZERO)
        fill(c, _ZERO)
        if bands.shape[1] > 0:
            _measure_row(bands[0, i], bands[1, i], a, b, c)
        for m in range(8):
            repeat_ends(rows[m, : width + 2])
            _split_row(rows[m], maps, m, i + 1, step)
            if i == 0:
                _split_row(rows[m], maps, m, 0, step)
            if i == height - 1:
                _split_row(rows[m], maps, m, height + 1, step)


@kernel_part
def _decide_row(choice, gain, height_a, height_b, numbers, weight, factor):
    preference, max_gain, growth, strength = numbers
    for j in range(choice.size):
        a, b = height_a[j], height_b[j]
        w = _sigmoid(choice[j] + preference * (b - a))
        g = gain[j] * (_ONE + growth * (max(a, b) - _MIDDLE))
        weight[j] = _HALF_STEP + strength * (w - _HALF_STEP)
        factor[j] = _ONE + strength * (g - _ONE)


@kernel_part
def _gain_row(row, shift, max_gain, out):
    for j in range(row.size):
        out[j] = _exp(max_gain * _tanh(row[j] + shift))


@kernel_numpy_errors
def gains(rows, shift, max_gain, out):
    """Write exp(max_gain tanh(rows + shift)) to out; float32 (h, w)."""
    for i in range(rows.shape[0]):
        _gain_row(rows[i], shift, max_gain, out[i])


@kernel_part
def _height_rows(a, b, heights):
    """Write the heights of two rows of bands to two rows."""
    for j in range(a.size):
        u, v = abs(a[j]), abs(b[j])
        heights[0, j] = u / (u + _HALF)
        heights[1, j] = v / (v + _HALF)


@kernel_numpy_errors
def decide(choice, gain, bands, numbers, weight, factor):
    """Fill the shares and the gains of a level.

    Parameters
    ----------
    choice, gain : float32 (h, w)
        Log odds before the preference for the larger detail, and gains.
    bands : float32 (2, h, w)
    numbers : (preference, max_gain, growth, strength), float32 each
    weight, factor : float32 (h, w)
    """
    heights = np.empty((2, choice.shape[1]), np.float32)
    a, b = heights[0], heights[1]
    for i in range(choice.shape[0]):
        _height_rows(bands[0, i], bands[1, i], heights)
        _decide_row(choice[i], gain[i], a, b, numbers, weight[i], factor[i])


@kernel_part
def _double_row(first, second, near, mixed, out):
    """Mix two rows and double the result in its length."""
    far = _ONE - near
    n, width = mixed.size - 2, out.size
    inner = mixed[1 : n + 1]
    for j in range(n):
        inner[j] = near * first[j] + far * second[j]
    repeat_ends(mixed)
    half = width // 2
    for j in range(half):
        here = mixed[j + 1]
        out[2 * j] = _FAR * mixed[j] + _NEAR * here
        out[2 * j + 1] = _NEAR * here + _FAR * mixed[j + 2]
    if width > 2 * half:
        out[2 * half] = _FAR * mixed[half] + _NEAR * mixed[half + 1]


@kernel_numpy_errors
def decide_finest(choice, gain, bands, numbers, weight, factor):
    """Fill the shares and the gains of the finest level from those of the next one.

    Parameters
    ----------
    choice, gain : float32 (h, w)
    bands : float32 (2, H, W)
        Of the finest level.
    numbers : (preference, max_gain, growth, strength), float32 each
    weight, factor : float32 (H, W)
    """
    mixed = np.empty(choice.shape[1] + 2, np.float32)
    rows = np.empty((6, bands.shape[2]), np.float32)
    for i in range(bands.shape[1]):
        _decide_finest_row(choice, gain, bands, i, numbers, mixed, rows)
        for j in range(rows.shape[1]):
            weight[i, j], factor[i, j] = rows[0, j], rows[1, j]


@kernel_part
def _decide_finest_row(choice, gain, bands, i, numbers, mixed, rows):
    """Write the shares and the gains of one row to the first two of six rows."""
    here = i // 2
    other = min(max(here + 2 * (i % 2) - 1, 0), choice.shape[0] - 1)
    _double_row(choice[here], choice[other], _NEAR, mixed, rows[2])
    _double_row(gain[here], gain[other], _NEAR, mixed, rows[3])
    _height_rows(bands[0, i], bands[1, i], rows[4:])
    _decide_row(rows[2], rows[3], rows[4], rows[5], numbers, rows[0], rows[1])


@kernel_part
def _merge_row(image, infrared, visible, weight, factor):
    for j in range(image.size):
        a = infrared[j]
        image[j] += factor[j] * (a + weight[j] * (visible[j] - a))


@kernel_numpy_errors
def merge(image, infrared, visible, weight, factor):
    """Add the joined band to the enlarged coarser level; all float32 (h, w)."""
    for i in range(image.shape[0]):
        _merge_row(image[i], infrared[i], visible[i], weight[i], factor[i])


@kernel_numpy_errors
def merge_finest(image, bands, band, choice, gain, numbers):
    """Add the joined finest band to the enlarged coarser level.

    Parameters
    ----------
    image : float32 (H, W)
    bands : float32 (2, H, W)
        By which shares and gains are decided; the first of them is joined.
    band : float32 (H, W)
        The other one to join: the second, or that of another plane.
    choice, gain, numbers
        As for :func:`decide_finest`.
    """
    mixed = np.empty(choice.shape[1] + 2, np.float32)
    rows = np.empty((6, image.shape[1]), np.float32)
    for i in range(image.shape[0]):
        _decide_finest_row(choice, gain, bands, i, numbers, mixed, rows)
        _merge_row(image[i], bands[0, i], band[i], rows[0], rows[1])


@kernel_inlined
def count_between(counts, value):
    """Count a value in [0, 1] for both of the even spaced ones that it lies between."""
    n = counts.size - 1
    place = value * np.float32(n)
    low = min(int(place), n - 1)
    part = place - np.float32(low)
    counts[low] += _ONE - part
    counts[low + 1] += part


@kernel_numpy_errors
def histogram(image, n):
    """Return the shares (n + 1,) of even spaced greys in every fourth row and column.

    A pixel between two of them counts for both.
    """
    counts = np.zeros(n + 1)
    total = 0
    for i in range(0, image.shape[0], 4):
        for j in range(0, image.shape[1], 4):
            count_between(counts, min(max(image[i, j], _ZERO), _ONE))
            total += 1
    return (counts / total).astype(np.float32)


@kernel_numpy_errors
def apply_curve(image, knots, strength, out):
    """Move an image (h, w) towards its value on a piecewise linear curve."""
    n = knots.size - 1
    k = np.float32(n)
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            value = image[i, j]
            inside = min(max(value, _ZERO), _ONE)
            place = inside * k
            low = min(int(place), n - 1)
            first = knots[low]
            toned = first + (place - np.float32(low)) * (knots[low + 1] - first)
            toned += _QUARTER * (value - inside)
            out[i, j] = value + strength * (toned - value)
