"""Decisions of the learned pyramid: what the network sees, and what it says."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_inlined, kernel_numpy_errors
from .pyramid_rows import fill, rectify, repeat_ends

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


@kernel_numpy_errors
def _point_taps(out_a, out_b, x0, x1, x2, x3, k):
    """Add four channels of one row to two output rows."""
    a0, a1, a2, a3 = k[0, 0], k[0, 1], k[0, 2], k[0, 3]
    b0, b1, b2, b3 = k[1, 0], k[1, 1], k[1, 2], k[1, 3]
    for j in range(out_a.size):
        p, q, r, s = x0[j], x1[j], x2[j], x3[j]
        out_a[j] += a0 * p + a1 * q + a2 * r + a3 * s
        out_b[j] += b0 * p + b1 * q + b2 * r + b3 * s


@kernel_numpy_errors
def run_head(maps, head, bias, hidden, hidden_bias, hidden_head, out):
    """Weigh the channels of a level, with a hidden layer beside the linear one.

    Parameters
    ----------
    maps : float32 (c, h + 2, w + 2)
        c is a multiple of four.
    head : float32 (2, c / 4, 2, 4)
        Two outputs side by side, four channels at a time.
    bias : float32 (4,)
    hidden : float32 (m / 2, c / 4, 2, 4)
        m, a multiple of four, may be 0.
    hidden_bias : float32 (m,)
    hidden_head : float32 (2, m / 4, 2, 4)
    out : float32 (4, h, w)
    """
    width, m = out.shape[2], hidden_bias.size
    inner = np.empty((m, width), np.float32)
    for i in range(out.shape[1]):
        for o in range(0, m, 2):
            fill(inner[o], hidden_bias[o])
            fill(inner[o + 1], hidden_bias[o + 1])
            for c in range(0, maps.shape[0], 4):
                k = hidden[o // 2, c // 4]
                _point_taps(
                    inner[o],
                    inner[o + 1],
                    maps[c, i + 1, 1 : width + 1],
                    maps[c + 1, i + 1, 1 : width + 1],
                    maps[c + 2, i + 1, 1 : width + 1],
                    maps[c + 3, i + 1, 1 : width + 1],
                    k,
                )
            rectify(inner[o])
            rectify(inner[o + 1])
        for o in range(0, 4, 2):
            out_a, out_b = out[o, i], out[o + 1, i]
            fill(out_a, bias[o])
            fill(out_b, bias[o + 1])
            for c in range(0, maps.shape[0], 4):
                _point_taps(
                    out_a,
                    out_b,
                    maps[c, i + 1, 1 : width + 1],
                    maps[c + 1, i + 1, 1 : width + 1],
                    maps[c + 2, i + 1, 1 : width + 1],
                    maps[c + 3, i + 1, 1 : width + 1],
                    head[o // 2, c // 4],
                )
            for c in range(0, m, 4):
                k = hidden_head[o // 2, c // 4]
                _point_taps(
                    out_a, out_b, inner[c], inner[c + 1], inner[c + 2], inner[c + 3], k
                )


@kernel_numpy_errors
def _measure_row(a, b, height_a, height_b, agreement):
    """Add the heights of two rows of bands and their agreement."""
    for j in range(a.size):
        x, y = a[j], b[j]
        u, v = abs(x), abs(y)
        height_a[j] += u / (u + _HALF)
        height_b[j] += v / (v + _HALF)
        agreement[j] += x * y / (u * v + _TINY)


@kernel_numpy_errors
def _centre_row(image, out):
    for j in range(image.size):
        out[j] = _TWO * image[j] - _ONE


@kernel_numpy_errors
def _pool_row(row, scale, out):
    n = row.size // 2
    for j in range(n):
        out[j] = (row[2 * j] + row[2 * j + 1]) * scale
    if row.size > 2 * n:
        out[n] = row[2 * n] * (_TWO * scale)


@kernel_numpy_errors
def level_maps(infrared, visible, bands, finer, maps):
    """Fill the eight maps that the network sees of a level, with their border.

    Parameters
    ----------
    infrared, visible : float32 (h, w)
    bands : float32 (2, h, w)
        Of both images; ``h = 0`` rows at the coarsest level.
    finer : float32 (2, H, W)
        Of the next finer level.
    maps : float32 (8, h + 2, w + 2)
    """
    height, width = infrared.shape
    sums = np.empty((3, finer.shape[2]), np.float32)
    for i in range(height):
        _centre_row(infrared[i], maps[0, i + 1, 1 : width + 1])
        _centre_row(visible[i], maps[1, i + 1, 1 : width + 1])
        rows = min(2, finer.shape[1] - 2 * i)
        for s in range(3):
            fill(sums[s], _ZERO)
        for r in range(rows):
            k = 2 * i + r
            _measure_row(finer[0, k], finer[1, k], sums[0], sums[1], sums[2])
        scale = _QUARTER if rows == 2 else _HALF_STEP
        _pool_row(sums[0], scale, maps[4, i + 1, 1 : width + 1])
        _pool_row(sums[1], scale, maps[5, i + 1, 1 : width + 1])
        _pool_row(sums[2], scale, maps[7, i + 1, 1 : width + 1])
        a, b = maps[2, i + 1, 1 : width + 1], maps[3, i + 1, 1 : width + 1]
        c = maps[6, i + 1, 1 : width + 1]
        fill(a, _ZERO)
        fill(b, _ZERO)
        fill(c, _ZERO)
        if bands.shape[1] > 0:
            _measure_row(bands[0, i], bands[1, i], a, b, c)
        for m in range(8):
            repeat_ends(maps[m, i + 1])
    for m in range(8):
        maps[m, 0] = maps[m, 1]
        maps[m, height + 1] = maps[m, height]


@kernel_numpy_errors
def _decide_row(choice, gain, height_a, height_b, numbers, weight, factor):
    preference, max_gain, growth, strength = numbers
    for j in range(choice.size):
        a, b = height_a[j], height_b[j]
        w = _sigmoid(choice[j] + preference * (b - a))
        g = gain[j] * (_ONE + growth * (max(a, b) - _MIDDLE))
        weight[j] = _HALF_STEP + strength * (w - _HALF_STEP)
        factor[j] = _ONE + strength * (g - _ONE)


@kernel_numpy_errors
def _gain_row(row, shift, max_gain, out):
    for j in range(row.size):
        out[j] = _exp(max_gain * _tanh(row[j] + shift))


@kernel_numpy_errors
def gains(rows, shift, max_gain, out):
    """Write exp(max_gain tanh(rows + shift)) to out; float32 (h, w)."""
    for i in range(rows.shape[0]):
        _gain_row(rows[i], shift, max_gain, out[i])


@kernel_numpy_errors
def decide(choice, gain, maps, numbers, weight, factor):
    """Fill the shares and the gains of a level whose maps are at hand.

    Parameters
    ----------
    choice, gain : float32 (h, w)
        Log odds before the preference for the larger detail, and gains.
    maps : float32 (8, h + 2, w + 2)
    numbers : (preference, max_gain, growth, strength), float32 each
    weight, factor : float32 (h, w)
    """
    width = choice.shape[1]
    for i in range(choice.shape[0]):
        a, b = maps[2, i + 1, 1 : width + 1], maps[3, i + 1, 1 : width + 1]
        _decide_row(choice[i], gain[i], a, b, numbers, weight[i], factor[i])


@kernel_numpy_errors
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
    height, width = choice.shape
    mixed = np.empty(width + 2, np.float32)
    doubled = np.empty((2, bands.shape[2]), np.float32)
    heights = np.empty((3, bands.shape[2]), np.float32)
    for i in range(bands.shape[1]):
        here = i // 2
        other = min(max(here + 2 * (i % 2) - 1, 0), height - 1)
        _double_row(choice[here], choice[other], _NEAR, mixed, doubled[0])
        _double_row(gain[here], gain[other], _NEAR, mixed, doubled[1])
        for s in range(2):
            fill(heights[s], _ZERO)
        _measure_row(bands[0, i], bands[1, i], heights[0], heights[1], heights[2])
        _decide_row(
            doubled[0],
            doubled[1],
            heights[0],
            heights[1],
            numbers,
            weight[i],
            factor[i],
        )


@kernel_numpy_errors
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
def histogram(image, n):
    """Return the shares (n + 1,) of even spaced greys in every fourth row and column.

    A pixel between two of them counts for both.
    """
    counts = np.zeros(n + 1)
    total = 0
    for i in range(0, image.shape[0], 4):
        for j in range(0, image.shape[1], 4):
            place = min(max(image[i, j], _ZERO), _ONE) * np.float32(n)
            low = min(int(place), n - 1)
            part = place - np.float32(low)
            counts[low] += _ONE - part
            counts[low + 1] += part
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
