"""The filters of the rows of a PNG, and how to undo them."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_inlined, kernel_numpy_errors, kernel_part

__all__ = ["filter_rows", "unfilter"]


@kernel_inlined
def _paeth(left, up, corner):
    """Return the neighbour that is nearest to p = left + up - corner.

    Where p lies beyond both others, or between them, is a matter of thresholds: no
    branch, which no processor could foresee, and a short way from left to the result.
    """
    low, high = min(left, up), max(left, up)
    bound = np.int16(3 * corner - left - up)  # 16 bits, of which a vector holds most
    best = low if high <= bound else corner
    return high if bound <= low else best


@kernel_part
def _add_left(row, step, now):
    """Undo a row of filter 1: each byte is that much above the one to its left."""
    if step == 3:  # in registers what the next pixel needs, as below
        r = g = b = np.int32(0)
        for j in range(0, now.size, 3):
            r, g, b = r + row[j], g + row[j + 1], b + row[j + 2]
            now[j], now[j + 1], now[j + 2] = r, g, b
        return
    for c in range(step):
        left = np.int32(0)
        for j in range(c, now.size, step):
            left = left + row[j]
            now[j] = left


@kernel_part
def _add_mean(row, step, above, now):
    """Undo a row of filter 3: above the mean of the bytes to the left and above."""
    for c in range(step):
        left = np.int32(0)
        for j in range(c, now.size, step):
            left = (row[j] + ((left + np.int32(above[j])) >> 1)) & 255
            now[j] = left


@kernel_part
def _add_paeth(row, step, above, now):
    """Undo a row of filter 4."""
    zero = np.int32(0)
    if step == 3:
        r = g = b = x = y = z = zero
        for j in range(0, now.size, 3):
            u, v, w = np.int32(above[j]), np.int32(above[j + 1]), np.int32(above[j + 2])
            r = (row[j] + _paeth(r, u, x)) & 255
            g = (row[j + 1] + _paeth(g, v, y)) & 255
            b = (row[j + 2] + _paeth(b, w, z)) & 255
            x, y, z = u, v, w
            now[j], now[j + 1], now[j + 2] = r, g, b
        return
    for c in range(step):
        left = corner = zero
        for j in range(c, now.size, step):
            up = np.int32(above[j])
            left = (row[j] + _paeth(left, up, corner)) & 255
            corner = up
            now[j] = left


@kernel_numpy_errors
def unfilter(rows, step, out):
    """Write the bytes that filtered rows stand for.

    Parameters
    ----------
    rows : ndarray of uint8, shape (H, 1 + n)
        The number of the filter and then the filtered bytes of each row.
    step : int
        Bytes of a pixel.
    out : ndarray of uint8, shape (H, n)

    Returns
    -------
    bool
        False if a row has the number of no filter.

    References
    ----------
    .. [1] ISO/IEC 15948:2004, Portable Network Graphics, section 9.
    """
    nothing = np.zeros(out.shape[1], np.uint8)
    for i in range(rows.shape[0]):
        kind, row, now = rows[i, 0], rows[i, 1:], out[i]
        above = out[i - 1] if i > 0 else nothing
        if kind == 0:
            for j in range(now.size):
                now[j] = row[j]
        elif kind == 1:
            _add_left(row, step, now)
        elif kind == 2:
            for j in range(now.size):
                now[j] = row[j] + above[j]
        elif kind == 3:
            _add_mean(row, step, above, now)
        elif kind == 4:
            _add_paeth(row, step, above, now)
        else:
            return False
    return True


@kernel_part
def _subtract_paeth(row, left, above, corner, out):
    for j in range(row.size):
        near = _paeth(np.int16(left[j]), np.int16(above[j]), np.int16(corner[j]))
        out[j] = row[j] - np.uint8(near)


@kernel_numpy_errors
def filter_rows(image, step, out):
    """Write the rows of an image as differences from what Paeth's filter foresees.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, n)
    step : int
        Bytes of a pixel.
    out : ndarray of uint8, shape (H, 1 + n)
        The number of the filter, 4, and then the filtered bytes of each row.
    """
    nothing = np.zeros(image.shape[1], np.uint8)
    for i in range(image.shape[0]):
        row, to, above = image[i], out[i], image[i - 1] if i > 0 else nothing
        to[0] = 4
        for j in range(step):
            to[1 + j] = row[j] - above[j]
        _subtract_paeth(
            row[step:], row[:-step], above[step:], above[:-step], to[1 + step :]
        )
