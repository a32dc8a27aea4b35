"""Undo the filters of the rows of a PNG."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel_numpy_errors

__all__ = ["unfilter"]


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
    n = out.shape[1]
    for i in range(rows.shape[0]):
        kind = rows[i, 0]
        if kind > 4:
            return False
        row, now = rows[i, 1:], out[i]
        above = out[max(i - 1, 0)]
        if kind == 0 or (kind == 2 and i == 0):
            now[:] = row
        elif kind == 2:
            for j in range(n):
                now[j] = row[j] + above[j]
        elif kind == 1 or (kind == 4 and i == 0):  # Paeth's is the left where no row is
            now[:step] = row[:step]
            for j in range(step, n):
                now[j] = row[j] + now[j - step]
        elif kind == 3:
            for j in range(n):
                up = np.int32(above[j]) if i > 0 else np.int32(0)
                left = np.int32(now[j - step]) if j >= step else np.int32(0)
                now[j] = row[j] + np.uint8((left + up) >> 1)
        else:
            for j in range(step):
                now[j] = row[j] + above[j]
            for j in range(step, n):
                left, up = np.int32(now[j - step]), np.int32(above[j])
                corner = np.int32(above[j - step])
                a, b = up - corner, left - corner
                to_left, to_up, to_corner = abs(a), abs(b), abs(a + b)
                best = up if to_up <= to_corner else corner
                best = left if to_left <= min(to_up, to_corner) else best
                now[j] = row[j] + np.uint8(best)
    return True
