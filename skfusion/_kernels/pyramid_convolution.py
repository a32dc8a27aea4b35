"""The two convolutions of a level of the learned pyramid, and what its head says.

The 3x3 convolutions are Winograd's, A^T [(G g G^T) * (B^T d B)] A on tiles of 2 x 2
pixels: 16 products in place of 36, and 9 where a map was doubled in size before. Some
rows of the image at a time, each of the 16 planes is one product of matrices, channels
by channels times channels by tiles. What a level computes in between stays in a few
rows of buffer.

Maps have a border of one pixel, the outer ones repeated. Rows of maps that are going
to be convolved are split: first every other entry from 0 on, then those from 1 on, so
that all arithmetic runs along vectors.
"""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_numpy_errors
from .pyramid_rows import repeat_ends

_ENOUGH = 160
_ZERO = np.float32(0)


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
def _transform_columns(even, odd, t0, t1, t2, t3):
    """Write d B of the overlapping fours of a split row, one entry a tile."""
    for j in range(t0.size):
        p, q, r, s = even[j], odd[j], even[j + 1], odd[j + 1]
        t0[j] = p - r
        t1[j] = q + r
        t2[j] = r - q
        t3[j] = q - s


@kernel_numpy_errors
def _transform(r0, r1, r2, r3, rows, tiles, channel, start):
    """Write the tiles of four split rows of a channel, from `start` on."""
    _transform_rows(r0, r1, r2, r3, rows)
    n = rows.shape[1] // 2
    end = start + n - 1
    for u in range(4):
        _transform_columns(
            rows[u, :n],
            rows[u, n:],
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
    for u in (0, 1, 3):
        if u == 0:
            _subtract(r0, r1, row)
        elif u == 1:
            _copy(r1, row)
        else:
            _subtract(r1, r2, row)
        _transform_doubled_columns(
            row,
            tiles[4 * u, channel, start:end],
            tiles[4 * u + 1, channel, start:end],
            tiles[4 * u + 3, channel, start:end],
        )


@kernel_numpy_errors
def _collect_rows(m0, m1, m2, m3, upper, lower):
    for j in range(m0.size):
        p, q = m1[j], m2[j]
        upper[j] = m0[j] + p + q
        lower[j] = p - q - m3[j]


@kernel_numpy_errors
def _collect_columns(s0, s1, s2, s3, bias, first, second):
    """Write A^T m A plus the bias, rectified: the left and the right pixel a tile."""
    for j in range(s0.size):
        p, q = s1[j], s2[j]
        first[j] = max(s0[j] + p + q + bias, _ZERO)
        second[j] = max(p - q - s3[j] + bias, _ZERO)


@kernel_numpy_errors
def _collect(products, channel, start, bias, sums, pixels):
    """Write the pixels that the products of tiles, from `start` on, make.

    In quarters: left and right ones of the upper row, then of the lower one.
    """
    half = sums.shape[1]
    end = start + half
    for v in range(4):
        _collect_rows(
            products[v, channel, start:end],
            products[4 + v, channel, start:end],
            products[8 + v, channel, start:end],
            products[12 + v, channel, start:end],
            sums[v],
            sums[4 + v],
        )
    for r in range(2):
        s, k = 4 * r, 2 * half * r
        _collect_columns(
            sums[s],
            sums[s + 1],
            sums[s + 2],
            sums[s + 3],
            bias,
            pixels[k : k + half],
            pixels[k + half : k + 2 * half],
        )


@kernel_numpy_errors
def _put_split(left, right, width, row):
    """Write pixels to a split row with a border."""
    half = left.size
    _copy(right, row[1 : half + 1])
    _copy(left, row[half + 1 : 2 * half + 1])
    row[0] = left[0]
    if width % 2:  # the last tile's right pixel lies beyond the image
        row[half] = left[half - 1]
    row[2 * half + 1] = row[half]


@kernel_numpy_errors
def _interleave(left, right, row):
    half = row.size // 2
    for j in range(half):
        row[2 * j] = left[j]
        row[2 * j + 1] = right[j]
    if row.size > 2 * half:
        row[2 * half] = left[half]


@kernel_numpy_errors
def _read_pairs(maps, pair, n, read, bias, width, ring, tiles, products, sums, buffers):
    """Fill the ring with the first convolution of n pairs of rows."""
    half, last, n_maps = sums.shape[1], maps.shape[1] - 1, maps.shape[0]
    rows, pixels = buffers
    for p in range(n):
        i = 2 * (pair + p)
        for m in range(n_maps):
            r0, r1, r2 = maps[m, i], maps[m, i + 1], maps[m, i + 2]
            r3 = maps[m, min(i + 3, last)]
            _transform(r0, r1, r2, r3, rows, tiles, m, p * half)
    for k in range(16):
        np.dot(read[k], tiles[k, :n_maps], products[k])
    pairs = ring.shape[1] // 2
    for p in range(n):
        slot = 2 * ((pair + p) % pairs)
        for o in range(ring.shape[0]):
            quarters = pixels[o]
            _collect(products, o, p * half, bias[o], sums, quarters)
            for r in range(2):
                left = quarters[2 * half * r : 2 * half * r + half]
                right = quarters[2 * half * r + half : 2 * half * (r + 1)]
                _put_split(left, right, width, ring[o, slot + r])


@kernel_numpy_errors
def _mix_pairs(ring, carried, pair, n, height, mix, both, tiles, products, rows, row):
    """Multiply the tiles of n pairs of rows, of the ring and those carried."""
    half, c = row.size - 2, ring.shape[0]
    for p in range(n):
        i = 2 * (pair + p)
        r0, r1 = _ring_row(i - 1, height, ring), _ring_row(i, height, ring)
        r2, r3 = _ring_row(i + 1, height, ring), _ring_row(i + 2, height, ring)
        for m in range(c):
            x0, x1, x2, x3 = ring[m, r0], ring[m, r1], ring[m, r2], ring[m, r3]
            _transform(x0, x1, x2, x3, rows, tiles, m, p * half)
    more = carried.shape[1] > 0
    if more:
        for p in range(n):
            i = pair + p
            for m in range(c):
                x0, x1, x2 = carried[m, i], carried[m, i + 1], carried[m, i + 2]
                _transform_doubled(x0, x1, x2, row, tiles, c + m, p * half)
    for k in range(16):
        if more and k // 4 != 2 and k % 4 != 2:
            np.dot(both[k], tiles[k], products[k])
        else:
            np.dot(mix[k], tiles[k, :c], products[k])


@kernel_numpy_errors
def _ring_row(i, height, ring):
    """Where the ring holds a row, the outer ones repeated."""
    i = min(max(i, 0), height - 1)
    return 2 * (i // 2 % (ring.shape[1] // 2)) + i % 2


@kernel_numpy_errors
def _add_bias(row, bias):
    for j in range(row.size):
        row[j] += bias


@kernel_numpy_errors
def _add_rectified(row, bias):
    for j in range(row.size):
        row[j] = max(row[j] + bias, _ZERO)


@kernel_numpy_errors
def _add(row, other):
    for j in range(row.size):
        row[j] += other[j]


@kernel_numpy_errors
def _say(pixels, head, bias, hidden_head, said, more):
    """Weigh the channels of some pixels: the four outputs, and a hidden layer."""
    np.dot(head, pixels, said)
    for o in range(4):
        _add_bias(said[o], bias[o])
    if hidden_head.shape[1] == 0:
        return
    for o in range(4, bias.size):
        _add_rectified(said[o], bias[o])
    np.dot(hidden_head, said[4:], more)
    for o in range(4):
        _add(said[o], more[o])


@kernel_numpy_errors
def run_level(maps, carried, weights, new, out):
    """Run both convolutions of a level and its head, some rows at a time.

    Parameters
    ----------
    maps : float32 (8, h + 2, 2 * ceil(w / 2) + 2)
        Split rows.
    carried : float32 (c, ceil(h / 2) + 2, ceil(w / 2) + 2)
        Of the next coarser level; ``h = 0`` rows where there is none.
    weights : tuple of float32 arrays
        ``read`` (16, c, 8), transformed kernels G g G^T of each plane; its bias (c,);
        ``mix`` (16, c, c), of the channels just read; ``both`` (16, c, 2 c), of these
        and those carried; the bias of both (c,); ``head`` (4 + m, c), four outputs and
        m hidden channels, which are rectified; their bias (4 + m,); ``hidden_head``
        (4, m), added to the outputs.
    new : float32 (c, h + 2, w + 2)
        What the next finer level carries, filled with its border; ``h = 0`` rows where
        there is none.
    out : float32 (4, h, w)
    """
    read, read_bias, mix, both, mix_bias, head, head_bias, hidden_head = weights
    c, (height, width) = mix.shape[1], out.shape[1:]
    half, pairs = (width + 1) // 2, (height + 1) // 2
    # Rows of fewer tiles than this cost as much to begin as to do.
    n = min(pairs, 1 + (_ENOUGH - 1) // half)
    ring = np.empty((c, 6 * n, 2 * half + 2), np.float32)
    tiles = np.zeros((16, max(2 * c, 8), n * half), np.float32)
    products = np.empty((16, c, n * half), np.float32)
    rows, sums = (
        np.empty((4, 2 * half + 2), np.float32),
        np.empty((8, half), np.float32),
    )
    coarse, pixels = np.empty(half + 2, np.float32), np.empty((c, 4 * half), np.float32)
    said = np.empty((head.shape[0], 4 * half), np.float32)
    more = np.empty((4, 4 * half), np.float32)
    buffers = rows, pixels
    _read_pairs(
        maps, 0, n, read, read_bias, width, ring, tiles, products, sums, buffers
    )
    for pair in range(0, pairs, n):
        here, after = min(n, pairs - pair), pair + n
        if after < pairs:
            k = min(n, pairs - after)
            _read_pairs(
                maps,
                after,
                k,
                read,
                read_bias,
                width,
                ring,
                tiles,
                products,
                sums,
                buffers,
            )
        _mix_pairs(
            ring, carried, pair, here, height, mix, both, tiles, products, rows, coarse
        )
        for p in range(here):
            for o in range(c):
                _collect(products, o, p * half, mix_bias[o], sums, pixels[o])
            _say(pixels, head, head_bias, hidden_head, said, more)
            for r in range(min(2, height - 2 * (pair + p))):
                i, k = 2 * (pair + p) + r, 2 * half * r
                for o in range(4):
                    left, right = said[o, k : k + half], said[o, k + half :]
                    _interleave(left, right, out[o, i])
                if new.shape[1] > 0:
                    for o in range(c):
                        left, right = pixels[o, k : k + half], pixels[o, k + half :]
                        _interleave(left, right, new[o, i + 1, 1 : width + 1])
                        repeat_ends(new[o, i + 1])
    if new.shape[1] > 0:
        for o in range(c):
            new[o, 0] = new[o, 1]
            new[o, height + 1] = new[o, height]
