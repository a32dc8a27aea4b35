"""Anisotropic diffusion and the fourth-order equation, one step at a time."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel, kernel_inlined


@kernel_inlined
def _decay(square):
    """exp(-square) to 1e-6: a sixth-order polynomial of a sixteenth, then squared.

    Plain arithmetic in place of a call lets the compiler fill its vector registers.
    """
    x = min(square, np.float32(16)) * np.float32(-1 / 16)
    y = np.float32(1 / 720)
    y = y * x + np.float32(1 / 120)
    y = y * x + np.float32(1 / 24)
    y = y * x + np.float32(1 / 6)
    y = y * x + np.float32(1 / 2)
    y = y * x + np.float32(1)
    y = y * x + np.float32(1)
    y *= y
    y *= y
    y *= y
    return y * y


@kernel
def _flux(centre, neighbour, quadratic, scale, out):
    """Conductance times difference for a row of pixels and their neighbours."""
    if quadratic:
        for j in range(out.shape[0]):
            g = neighbour[j] - centre[j]
            out[j] = g / (np.float32(1) + g * g * scale)
    else:
        for j in range(out.shape[0]):
            g = neighbour[j] - centre[j]
            out[j] = g * _decay(g * g * scale)


@kernel
def perona_malik(image, n_iter, step, kappa, quadratic):
    """Diffuse a float32 (H, W) image along its eight neighbours; nothing flows out.

    What flows from one pixel to the next is what flows back with the sign turned, so
    each of the four directions is computed once.
    """
    n_rows, n_columns = image.shape
    scale = np.float32(1 / (kappa * kappa))
    axial = np.float32(step)
    diagonal = np.float32(step / 2)
    old = image.copy()
    new = np.empty_like(old)
    flux = np.empty(n_columns, np.float32)
    for _ in range(n_iter):
        new[:] = old
        for i in range(n_rows):
            row = old[i]
            out = new[i]
            part = flux[: n_columns - 1]
            _flux(row[:-1], row[1:], quadratic, scale, part)
            for j in range(n_columns - 1):
                out[j] += axial * part[j]
            for j in range(n_columns - 1):
                out[j + 1] -= axial * part[j]
            if i == n_rows - 1:
                continue
            below = old[i + 1]
            out_below = new[i + 1]
            _flux(row, below, quadratic, scale, flux)
            for j in range(n_columns):
                out[j] += axial * flux[j]
                out_below[j] -= axial * flux[j]
            _flux(row[:-1], below[1:], quadratic, scale, part)
            for j in range(n_columns - 1):
                out[j] += diagonal * part[j]
            for j in range(n_columns - 1):
                out_below[j + 1] -= diagonal * part[j]
            _flux(row[1:], below[:-1], quadratic, scale, part)
            for j in range(n_columns - 1):
                out[j + 1] += diagonal * part[j]
            for j in range(n_columns - 1):
                out_below[j] -= diagonal * part[j]
        old, new = new, old
    return old


@kernel
def _extend(padded):
    """Fill two cells beyond each end so that (x[i-2] - 2 x[i] + x[i+2]) / 4 holds.

    The derivative of a derivative, both central with one-sided ends, is that formula
    inside; at the ends it is the same with these values. Axes shorter than three have
    no second derivative: all cells then equal the centre one, set by the caller.
    """
    n_rows = padded.shape[0] - 4
    n_columns = padded.shape[1] - 4
    if n_rows > 2:
        last = n_rows + 1
        for j in range(2, n_columns + 2):
            padded[1, j] = 2 * padded[2, j] - padded[3, j]
            padded[0, j] = padded[4, j] - 4 * padded[3, j] + 4 * padded[2, j]
            padded[last + 1, j] = 2 * padded[last, j] - padded[last - 1, j]
            padded[last + 2, j] = (
                padded[last - 2, j] - 4 * padded[last - 1, j] + 4 * padded[last, j]
            )
    if n_columns > 2:
        last = n_columns + 1
        for i in range(2, n_rows + 2):
            row = padded[i]
            row[1] = 2 * row[2] - row[3]
            row[0] = row[4] - 4 * row[3] + 4 * row[2]
            row[last + 1] = 2 * row[last] - row[last - 1]
            row[last + 2] = row[last - 2] - 4 * row[last - 1] + 4 * row[last]


@kernel
def fourth_order(image, n_iter, step, kappa):
    """Evolve a float32 (H, W) image under the fourth-order equation."""
    n_rows, n_columns = image.shape
    # An axis of one or two pixels has no second derivative.
    along_y = np.float32(0.25 if n_rows > 2 else 0)
    along_x = np.float32(0.25 if n_columns > 2 else 0)
    scale = np.float32(1 / (kappa * kappa))
    step = np.float32(step)
    one = np.float32(1)
    two = np.float32(2)
    x = np.zeros((n_rows + 4, n_columns + 4), np.float32)
    xx = np.zeros_like(x)
    yy = np.zeros_like(x)
    x[2:-2, 2:-2] = image
    for _ in range(n_iter):
        _extend(x)
        for i in range(2, n_rows + 2):
            up, row, down = x[i - 2], x[i], x[i + 2]
            out_xx, out_yy = xx[i], yy[i]
            for j in range(2, n_columns + 2):
                a = along_x * (row[j - 2] - two * row[j] + row[j + 2])
                b = along_y * (up[j] - two * row[j] + down[j])
                c = one / (one + (a * a + b * b) * scale)
                out_xx[j] = c * a
                out_yy[j] = c * b
        _extend(xx)
        _extend(yy)
        for i in range(2, n_rows + 2):
            row = x[i]
            flow_x, flow_y = xx[i], yy[i]
            up, down = yy[i - 2], yy[i + 2]
            for j in range(2, n_columns + 2):
                a = along_x * (flow_x[j - 2] - two * flow_x[j] + flow_x[j + 2])
                b = along_y * (up[j] - two * flow_y[j] + down[j])
                row[j] -= step * (a + b)
    return x[2:-2, 2:-2].copy()
