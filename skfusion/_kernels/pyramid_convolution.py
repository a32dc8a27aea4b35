"""The two convolutions of a level of the learned pyramid.

Maps are planar with a border of one pixel, ``(channels, h + 2, w + 2)``, the outer
pixels repeated. The 3x3 convolutions are Winograd's, A^T [(G g G^T) * (B^T d B)] A
on tiles of 2 x 2 pixels: 16 products in place of 36, and 9 where a map was doubled in
size before. Some rows of the image at a time, each of the 16 planes is a product of
matrices, four channels by four, along the rows. What a level computes in between stays
in a few rows of buffer.
"""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_numpy_errors
from .pyramid_rows import fill, repeat_ends

_ENOUGH = 320
_ZERO = np.float32(0)


@kernel_numpy_errors
def _four_by_four(a, b, c, d, x0, x1, x2, x3, k):
    """Add four rows, weighed by the columns of k, to four others."""
    a0, a1, a2, a3 = k[0, 0], k[0, 1], k[0, 2], k[0, 3]
    b0, b1, b2, b3 = k[1, 0], k[1, 1], k[1, 2], k[1, 3]
    c0, c1, c2, c3 = k[2, 0], k[2, 1], k[2, 2], k[2, 3]
    d0, d1, d2, d3 = k[3, 0], k[3, 1], k[3, 2], k[3, 3]
    for j in range(a.size):
        p, q, r, s = x0[j], x1[j], x2[j], x3[j]
        a[j] += a0 * p + a1 * q + a2 * r + a3 * s
        b[j] += b0 * p + b1 * q + b2 * r + b3 * s
        c[j] += c0 * p + c1 * q + c2 * r + c3 * s
        d[j] += d0 * p + d1 * q + d2 * r + d3 * s


@kernel_numpy_errors
def _transform_rows(r0, r1, r2, r3, out):
    """Write B^T d of four rows to four rows."""
    t0, t1, t2, t3 = out[0], out[1], out[2], out[3]
    for j in range(r0.size):
        p, q, r, s = r0[j], r1[j], r2[j], r3[j]
        t0[j] = p - r
        t1[j] = q + r
        t2[j] = r - q
        t3[j] = q - s


@kernel_numpy_errors
def _transform_columns(row, t0, t1, t2, t3):
    """Write d B of the overlapping fours of a row, one entry a tile."""
    for j in range(t0.size):
        p, q, r, s = row[2 * j], row[2 * j + 1], row[2 * j + 2], row[2 * j + 3]
        t0[j] = p - r
        t1[j] = q + r
        t2[j] = r - q
        t3[j] = q - s


@kernel_numpy_errors
def _transform(r0, r1, r2, r3, rows, tiles, channel, start):
    """Write the tiles of four padded rows of a channel, from `start` on."""
    _transform_rows(r0, r1, r2, r3, rows)
    end = start + rows.shape[1] // 2 - 1
    for u in range(4):
        _transform_columns(
            rows[u],
            tiles[4 * u, channel, start:end],
            tiles[4 * u + 1, channel, start:end],
            tiles[4 * u + 2, channel, start:end],
            tiles[4 * u + 3, channel, start:end],
        )


@kernel_numpy_errors
def _transform_doubled_columns(row, t0, t1, t3):
    for j in range(t0.size):
        p, q, r = row[j], row[j + 1], row[j + 2]
        t0[j] = p - q
        t1[j] = q
        t3[j] = q - r


@kernel_numpy_errors
def _copy(row, out):
    for j in range(out.size):
        out[j] = row[j]


@kernel_numpy_errors
def _subtract(a, b, out):
    for j in range(out.size):
        out[j] = a[j] - b[j]


@kernel_numpy_errors
def _transform_doubled(r0, r1, r2, row, tiles, channel, start):
    """Write the nine tiles, that are not zero, of three rows before doubling.

    Twice as large they repeat each pixel, so that of d_0 - d_2, d_1 + d_2, d_2 - d_1
    and d_1 - d_3 the third is zero and the second twice a pixel; the factors of two
    are in the kernels.
    """
    end = start + row.size - 2
    for u in range(3):
        if u == 0:
            _subtract(r0, r1, row)
        elif u == 1:
            _copy(r1, row)
        else:
            _subtract(r1, r2, row)
        _transform_doubled_columns(
            row,
            tiles[3 * u, channel, start:end],
            tiles[3 * u + 1, channel, start:end],
            tiles[3 * u + 2, channel, start:end],
        )


@kernel_numpy_errors
def _multiply(tiles, kernels, k, products, place, n):
    """Add one plane of n tiles, weighed, to one plane of products."""
    for o in range(0, products.shape[1], 4):
        for i in range(0, tiles.shape[1], 4):
            _four_by_four(
                products[place, o, :n],
                products[place, o + 1, :n],
                products[place, o + 2, :n],
                products[place, o + 3, :n],
                tiles[k, i, :n],
                tiles[k, i + 1, :n],
                tiles[k, i + 2, :n],
                tiles[k, i + 3, :n],
                kernels[k, o // 4, i // 4],
            )


@kernel_numpy_errors
def _collect_rows(m0, m1, m2, m3, upper, lower):
    for j in range(m0.size):
        p, q = m1[j], m2[j]
        upper[j] = m0[j] + p + q
        lower[j] = p - q - m3[j]


@kernel_numpy_errors
def _collect_columns(s0, s1, s2, s3, bias, out):
    """Write A^T m A plus the bias, rectified, two pixels a tile."""
    for j in range(s0.size):
        p, q = s1[j], s2[j]
        out[2 * j] = max(s0[j] + p + q + bias, _ZERO)
        out[2 * j + 1] = max(p - q - s3[j] + bias, _ZERO)


@kernel_numpy_errors
def _collect(products, start, bias, sums, row, out, first, n):
    """Write the rows that the products of tiles, from `start` on, make.

    Row ``first`` of each channel and, with n = 2, the next one are written.
    """
    width, end = out.shape[2] - 2, start + sums.shape[1]
    for o in range(products.shape[1]):
        for v in range(4):
            _collect_rows(
                products[v, o, start:end],
                products[4 + v, o, start:end],
                products[8 + v, o, start:end],
                products[12 + v, o, start:end],
                sums[v],
                sums[4 + v],
            )
        for r in range(n):
            s = 4 * r
            _collect_columns(
                sums[s], sums[s + 1], sums[s + 2], sums[s + 3], bias[o], row
            )
            _copy(row, out[o, first + r, 1 : width + 1])
            repeat_ends(out[o, first + r])


@kernel_numpy_errors
def _clear(products):
    for k in range(products.shape[0]):
        for o in range(products.shape[1]):
            fill(products[k, o], _ZERO)


@kernel_numpy_errors
def _rooms(channels, c, half, n):
    """Buffers for n pairs of rows: tiles, products, rows, sums, row."""
    return (
        np.empty((16, channels, n * half), np.float32),
        np.empty((16, c, n * half), np.float32),
        np.zeros((4, 2 * half + 2), np.float32),
        np.empty((8, half), np.float32),
        np.empty(2 * half, np.float32),
    )


@kernel_numpy_errors
def _read_pairs(maps, pair, n, kernels, bias, ring, room):
    """Fill the ring with the first convolution of n pairs of rows."""
    tiles, products, rows, sums, row = room
    half, last = sums.shape[1], maps.shape[1] - 1
    for p in range(n):
        i = 2 * (pair + p)
        for m in range(maps.shape[0]):
            r0, r1, r2 = maps[m, i], maps[m, i + 1], maps[m, i + 2]
            r3 = maps[m, min(i + 3, last)]
            _transform(r0, r1, r2, r3, rows, tiles, m, p * half)
    _clear(products)
    for k in range(16):
        _multiply(tiles, kernels, k, products, k, n * half)
    pairs = ring.shape[1] // 2
    for p in range(n):
        slot = 2 * ((pair + p) % pairs)
        _collect(products, p * half, bias, sums, row, ring, slot, 2)


@kernel_numpy_errors
def _mix_pairs(ring, carried, pair, n, height, mix, mix_up, doubled, coarse, room):
    """Multiply the tiles of n pairs of rows, of the ring and those carried."""
    tiles, products, rows, sums, _ = room
    half, c = sums.shape[1], ring.shape[0]
    _clear(products)
    for p in range(n):
        i = 2 * (pair + p)
        r0, r1 = _ring_row(i - 1, height, ring), _ring_row(i, height, ring)
        r2, r3 = _ring_row(i + 1, height, ring), _ring_row(i + 2, height, ring)
        for m in range(c):
            a, b, c0, d = ring[m, r0], ring[m, r1], ring[m, r2], ring[m, r3]
            _transform(a, b, c0, d, rows, tiles, m, p * half)
    for k in range(16):
        _multiply(tiles, mix, k, products, k, n * half)
    if carried.shape[1] == 0:
        return
    for p in range(n):
        i = pair + p
        for m in range(c):
            a, b, c0 = carried[m, i], carried[m, i + 1], carried[m, i + 2]
            _transform_doubled(a, b, c0, coarse, doubled, m, p * half)
    for k in range(9):
        u, v = k // 3, k % 3
        place = 4 * (u + u // 2) + v + v // 2
        _multiply(doubled, mix_up, k, products, place, n * half)


@kernel_numpy_errors
def _ring_row(i, height, ring):
    """Where the ring holds a row, the outer ones repeated."""
    i = min(max(i, 0), height - 1)
    return 2 * (i // 2 % (ring.shape[1] // 2)) + i % 2


@kernel_numpy_errors
def run_level(maps, carried, read, read_bias, mix, mix_up, mix_bias, out):
    """Run both convolutions of a level, some rows at a time.

    Parameters
    ----------
    maps : float32 (8, h + 2, w + 2)
    carried : float32 (c, ceil(h / 2) + 2, ceil(w / 2) + 2)
        Of the next coarser level; ``h = 0`` rows where there is none.
    read : float32 (16, c / 4, 2, 4, 4)
        Transformed kernels G g G^T: plane, outputs, inputs, output, input.
    mix : float32 (16, c / 4, c / 4, 4, 4)
        Of the channels just read.
    mix_up : float32 (9, c / 4, c / 4, 4, 4)
        Of those carried, for the planes 0, 1, 3, 4, 5, 7, 12, 13, 15.
    read_bias, mix_bias : float32 (c,)
    out : float32 (c, h + 2, w + 2)
        Filled, with its border.
    """
    c, height, width = out.shape[0], out.shape[1] - 2, out.shape[2] - 2
    half, pairs = (width + 1) // 2, (height + 1) // 2
    # Rows of fewer tiles than this cost as much to begin as to do.
    n = min(pairs, 1 + (_ENOUGH - 1) // half)
    ring = np.empty((c, 6 * n, width + 2), np.float32)
    reading, mixing = _rooms(8, c, half, n), _rooms(c, c, half, n)
    doubled = np.empty((9, c, n * half), np.float32)
    coarse = np.empty(half + 2, np.float32)
    _read_pairs(maps, 0, n, read, read_bias, ring, reading)
    for pair in range(0, pairs, n):
        here, after = min(n, pairs - pair), pair + n
        if after < pairs:
            more = min(n, pairs - after)
            _read_pairs(maps, after, more, read, read_bias, ring, reading)
        _mix_pairs(
            ring, carried, pair, here, height, mix, mix_up, doubled, coarse, mixing
        )
        for p in range(here):
            i = 2 * (pair + p)
            _collect(
                mixing[1],
                p * half,
                mix_bias,
                mixing[3],
                mixing[4],
                out,
                i + 1,
                min(2, height - i),
            )
    for ch in range(c):
        out[ch, 0] = out[ch, 1]
        out[ch, height + 1] = out[ch, height]
