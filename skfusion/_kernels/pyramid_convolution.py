"""The two convolutions of a level of the learned pyramid, and what its head says.

The 3x3 convolutions are Winograd's F(4, 3), A^T [(G g G^T) * (B^T d B)] A on tiles of
4 x 4 pixels: 36 products in place of 144, and 25 where a map was doubled in size
before. Some rows of tiles at a time, each of the 36 is one product of matrices,
channels by channels times channels by tiles.

Maps are kept as planes: of a map, with a border of one pixel that repeats the outer
ones, every fourth row and column from 0, 1, 2 and 3 on make 16 planes, and every
other one 4 of a map that is going to be doubled. So what lies at the same place in
all tiles lies in one plane, and places in the next tile are the same plane from an
entry or a row further on: all arithmetic runs along vectors of several rows of tiles.
The last entry of a row belongs to no tile; what is computed there nobody reads.

References
----------
.. [1] A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks",
   CVPR 2016, 4013-4021.
"""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_inlined, kernel_loop, kernel_numpy_errors, kernel_part

# Products of matrices with fewer columns cost as much to begin as to do.
_ENOUGH = 240
_ZERO, _TWO, _FOUR, _FIVE, _EIGHT = (np.float32(x) for x in (0, 2, 4, 5, 8))
_NO_LEAST = np.float32(-np.inf)


def tiling(height, width):
    """Return how the tiles of a map are taken.

    Returns
    -------
    step : int
        Entries of a row in a plane: its tiles, and one.
    n_rows : int
        Rows of tiles that are multiplied together.
    n_blocks : int
        How often, until all rows are done.
    """
    step, rows = (width + 3) // 4 + 1, (height + 3) // 4
    n_blocks = -(-rows // -(-_ENOUGH // step))
    return step, -(-rows // n_blocks), n_blocks


def planes_of(n_maps, side, height, width):
    """Return zeros in which maps are kept as `side` x `side` planes.

    `height` and `width` are those of the map that they are read for: twice their own
    where they are going to be doubled. Row of the plane, map, column of the plane,
    entries.
    """
    step, n_rows, n_blocks = tiling(height, width)
    shape = side, n_maps, side, (n_rows * n_blocks + 2) * step
    return np.zeros(shape, np.float32)


def repeat_ends(planes, height, step):
    """Repeat the upper and the lower row of maps that are going to be doubled."""
    if planes.size:
        for row, other in ((1, 0), (height, height + 1)):
            given = planes[row % 2, :, :, row // 2 * step :][..., :step]
            planes[other % 2, :, :, other // 2 * step :][..., :step] = given


@kernel_loop
def _six(r0, r1, r2, r3, r4, r5, t0, t1, t2, t3, t4, t5):
    """Write B^T d."""
    for j in range(t0.size):
        a, b, c, d, e = r0[j], r1[j], r2[j], r3[j], r4[j]
        t0[j] = _FOUR * a - _FIVE * c + e
        x, y = e - _FOUR * c, d - _FOUR * b
        t1[j] = x + y
        t2[j] = x - y
        x, y = e - c, _TWO * (d - b)
        t3[j] = x + y
        t4[j] = x - y
        t5[j] = _FOUR * b - _FIVE * d + r5[j]


@kernel_loop
def _six_of_four(r0, r1, r2, r3, t0, t1, t3, t4, t5):
    """Write B^T d of d = a, b, b, c, c, d, but for the third, which is 0.

    The second is left at one half, the fourth at -1 / 3: those factors are in the
    kernels.
    """
    for j in range(t0.size):
        a, b, c, d = r0[j], r1[j], r2[j], r3[j]
        t0[j] = _FOUR * a - _FIVE * b + c
        t1[j] = c - _FOUR * b
        t3[j] = b - c
        t4[j] = b - c
        t5[j] = _FOUR * b - _FIVE * c + d


@kernel_loop
def _four_of_six(m0, m1, m2, m3, m4, m5, bias, least, y0, y1, y2, y3):
    """Write A^T m plus a bias, or what they are at least."""
    for j in range(y0.size):
        a, b = m1[j] + m2[j], m1[j] - m2[j]
        c, d = m3[j] + m4[j], m3[j] - m4[j]
        y0[j] = max(m0[j] + a + c + bias, least)
        y1[j] = max(b + _TWO * d + bias, least)
        y2[j] = max(a + _FOUR * c + bias, least)
        y3[j] = max(b + _EIGHT * d + m5[j] + bias, least)


@kernel_part
def _transform(planes, m, start, step, rows, tiles):
    """Write B^T d B of the tiles of a map, from an entry of its planes on."""
    end = start + rows.shape[2]
    for q in range(4):
        _six(
            planes[0, m, q, start:end],
            planes[1, m, q, start:end],
            planes[2, m, q, start:end],
            planes[3, m, q, start:end],
            planes[0, m, q, start + step : end + step],
            planes[1, m, q, start + step : end + step],
            rows[0, q],
            rows[1, q],
            rows[2, q],
            rows[3, q],
            rows[4, q],
            rows[5, q],
        )
    for u in range(6):
        r, k = rows[u], 6 * u
        _six(
            r[0],
            r[1],
            r[2],
            r[3],
            r[0, 1:],
            r[1, 1:],
            tiles[k, m],
            tiles[k + 1, m],
            tiles[k + 2, m],
            tiles[k + 3, m],
            tiles[k + 4, m],
            tiles[k + 5, m],
        )


@kernel_part
def _transform_doubled(planes, m, start, step, rows, tiles, place):
    """Write those 25 of B^T d B that are not 0 for a map of half the size."""
    end = start + rows.shape[2]
    for q in range(2):
        _six_of_four(
            planes[0, m, q, start:end],
            planes[1, m, q, start:end],
            planes[0, m, q, start + step : end + step],
            planes[1, m, q, start + step : end + step],
            rows[0, q],
            rows[1, q],
            rows[3, q],
            rows[4, q],
            rows[5, q],
        )
    for u in range(6):
        if u != 2:
            r, k = rows[u], 6 * u
            _six_of_four(
                r[0],
                r[1],
                r[0, 1:],
                r[1, 1:],
                tiles[k, place],
                tiles[k + 1, place],
                tiles[k + 3, place],
                tiles[k + 4, place],
                tiles[k + 5, place],
            )


@kernel_part
def _collect(products, o, bias, sums, planes, step):
    """Write A^T m A plus the bias, rectified, to the planes of a map."""
    n = sums.shape[2]
    shift = min(planes.shape[3] - n, 1)  # where there is room for a border, there is
    for v in range(6):
        _four_of_six(
            products[v, o],
            products[6 + v, o],
            products[12 + v, o],
            products[18 + v, o],
            products[24 + v, o],
            products[30 + v, o],
            _ZERO,
            _NO_LEAST,
            sums[0, v],
            sums[1, v],
            sums[2, v],
            sums[3, v],
        )
    last, after = (3 + shift) % 4, (3 + shift) // 4
    for r in range(4):
        s, to = sums[r], planes[(r + shift) % 4, o]
        start = (r + shift) // 4 * step
        end = start + n
        _four_of_six(
            s[0],
            s[1],
            s[2],
            s[3],
            s[4],
            s[5],
            bias,
            _ZERO,
            to[shift, start:end],
            to[1 + shift, start:end],
            to[2 + shift, start:end],
            to[last, start + after : end + after],
        )


@kernel_inlined
def _repeat_sides(planes, m, row, step, width):
    """Repeat the outer pixels of a row, which is counted with the border."""
    side = planes.shape[0]
    to, start = planes[row % side, m], row // side * step
    to[0, start] = to[1, start]
    inner, outer = start + width // side, start + (width + 1) // side
    to[(width + 1) % side, outer] = to[width % side, inner]


@kernel_inlined
def _repeat_row(planes, m, row, other, step):
    """Write a row over another one."""
    given, to = planes[row % 4, m], planes[other % 4, m]
    start, begin = row // 4 * step, other // 4 * step
    for q in range(4):
        for j in range(step):
            to[q, begin + j] = given[q, start + j]


@kernel_inlined
def _read_block(maps, block, sizes, read, bias, window, rooms):
    """Fill a window with the first convolution of some rows of tiles."""
    height, width, step, n_rows, n_blocks = sizes
    rows, tiles, products, sums = rooms
    n_maps, n = maps.shape[1], sums.shape[2]
    for m in range(n_maps):
        _transform(maps, m, block * n, step, rows, tiles)
    for k in range(36):
        np.dot(read[k], tiles[k, :n_maps], products[k])
    for o in range(bias.size):
        _collect(products, o, bias[o], sums, window, step)
        for row in range(1, 4 * n_rows + 1):
            _repeat_sides(window, o, row, step, width)
        bottom = height - 4 * block * n_rows
        for other in (0, bottom + 1):
            if other <= 4 * n_rows + 1 and (other > 0 or block == 0):
                _repeat_row(window, o, other - 1 if other else 1, other, step)


@kernel_inlined
def _join(window, after, n, step):
    """Give two windows, one behind the other, the rows of each that both need."""
    for o in range(window.shape[1]):
        for q in range(4):
            first, second = window[0, o, q], after[0, o, q]
            for j in range(step):
                second[j] = first[n + j]
            first, second = window[1, o, q], after[1, o, q]
            for j in range(step):
                first[n + j] = second[j]


@kernel_inlined
def _mix_block(window, carried, block, step, mix, both, rooms):
    """Multiply some rows of tiles, of the window and of what is carried."""
    rows, tiles, products, sums = rooms
    c, n = window.shape[1], sums.shape[2]
    more = carried.shape[1] > 0
    for m in range(c):
        _transform(window, m, 0, step, rows, tiles)
        if more:
            _transform_doubled(carried, m, block * n, step, rows, tiles, c + m)
    for k in range(36):
        if more and k // 6 != 2 and k % 6 != 2:
            np.dot(both[k], tiles[k], products[k])
        else:
            np.dot(mix[k], tiles[k, :c], products[k])


@kernel_inlined
def _say(pixels, hidden, bias, head, said):
    """Add hidden channels to those of some pixels, and weigh them all."""
    m, c = hidden.shape
    if m > 0:
        np.dot(hidden, pixels[:c], pixels[c:])
    for o in range(m):
        row, b = pixels[c + o], bias[o]
        for j in range(row.size):
            row[j] = max(row[j] + b, _ZERO)
    np.dot(head, pixels, said)


@kernel_inlined
def _weave(quarters, start, bias, row):
    """Write every fourth entry of a row from each of four, plus a bias."""
    n = row.size // 4
    end = start + n
    a, b = quarters[0, start:end], quarters[1, start:end]
    c, d = quarters[2, start:end], quarters[3, start:end]
    for j in range(n):
        row[4 * j] = a[j] + bias
        row[4 * j + 1] = b[j] + bias
        row[4 * j + 2] = c[j] + bias
        row[4 * j + 3] = d[j] + bias
    for j in range(4 * n, row.size):
        row[j] = quarters[j - 4 * n, end] + bias


@kernel_inlined
def _weave_two(a, b, row):
    n = row.size // 2
    for j in range(n):
        row[2 * j] = a[j]
        row[2 * j + 1] = b[j]
    if row.size > 2 * n:
        row[2 * n] = a[n]


@kernel_part
def _carry(quarters, start, row, width, planes, m, step):
    """Write a row of pixels to a row, counted with the border, to be doubled."""
    n = (width + 3) // 4
    end, begin, to = start + n, row // 2 * step, planes[row % 2, m]
    a, b = quarters[0, start:end], quarters[1, start:end]
    c, d = quarters[2, start:end], quarters[3, start:end]
    _weave_two(a, c, to[1, begin : begin + 2 * n])
    _weave_two(b, d, to[0, begin + 1 : begin + step])
    _repeat_sides(planes, m, row, step, width)


def rooms_for(sizes, c, m, k):
    """Return the arrays that :func:`run_level` computes in.

    For c channels, m hidden ones and k outputs.
    """
    _, _, step, n_rows, _ = sizes
    n = n_rows * step
    window = 4, c, 4, n + 2 * step
    shapes = (6, 4, n + 1), (36, max(2 * c, 8), n), (36, c, n), (4, 6, n)
    pixels = np.empty((4, c + m, 4, n), np.float32)
    said = np.empty((k, 4, n), np.float32)
    flat = pixels.reshape(4, c + m, 4 * n), said.reshape(k, 4 * n)
    windows = np.zeros(window, np.float32), np.zeros(window, np.float32)
    return windows, tuple(np.empty(x, np.float32) for x in shapes), pixels, said, flat


@kernel_numpy_errors
def run_level(maps, carried, weights, sizes, rooms, new, new_step, out):
    """Run both convolutions of a level and its head, some rows at a time.

    Parameters
    ----------
    maps : float32 (4, 8, 4, n)
        Planes of the maps.
    carried : float32 (2, c, 2, n)
        Planes of what the next coarser level carries; ``c = 0`` where there is none.
    weights : tuple of float32 arrays
        ``read`` (36, c, 8), transformed kernels G g G^T; its bias (c,); ``mix`` (36, c,
        c), of the channels just read; ``both`` (36, c, 2 c), of these and those
        carried; the bias of both (c,); ``hidden`` (m, c), m hidden channels, which are
        rectified; their bias (m,); ``head`` (k, c + m), k outputs of all channels;
        their bias (k,).
    sizes : (height, width, step, n_rows, n_blocks)
        Of the level, and its :func:`tiling`.
    rooms : tuple
        See :func:`rooms_for`.
    new : float32 (2, c, 2, n)
        Planes that the next finer level carries, to be filled but for the border above
        and below; ``c = 0`` where there is none.
    new_step : int
        Of the next finer level.
    out : float32 (k, h, w)
    """
    read, read_bias, mix, both, mix_bias, hidden, hidden_bias, head, head_bias = weights
    height, width, step, n_rows, n_blocks = sizes
    (window, after), inner, pixels, said, (flat, flat_said) = rooms
    products, sums = inner[2], inner[3]
    n = sums.shape[2]
    for block in range(-1, n_blocks):
        if block + 1 < n_blocks:
            _read_block(maps, block + 1, sizes, read, read_bias, after, inner)
            if block >= 0:
                _join(window, after, n, step)
        if block >= 0:
            _mix_block(window, carried, block, step, mix, both, inner)
            for o in range(mix_bias.size):
                _collect(products, o, mix_bias[o], sums, pixels, step)
        window, after = after, window
        first = 4 * block * n_rows
        for r in range(4 if block >= 0 else 0):
            _say(flat[r], hidden, hidden_bias, head, flat_said)
            for i in range(first + r, min(first + 4 * n_rows, height), 4):
                start = (i - first) // 4 * step
                for o in range(head_bias.size):
                    _weave(said[o], start, head_bias[o], out[o, i])
                for o in range(new.shape[1]):
                    _carry(pixels[r, o], start, i + 1, width, new, o, new_step)
