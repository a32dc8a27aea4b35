"""The weighted total-variation operator and conjugate gradients on it."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

from ._jit import kernel


@kernel
def apply_operator(v, fidelity, edges, strength, weighted, out):
    """Write A v = v + strength W Dt E D W v into `out`; return <v, A v>.

    W is the diagonal `fidelity` (H, W); D takes forward differences, none across the
    border. `edges` is the diagonal E with a border of one pixel, (H + 2, W + 2), and
    `weighted` is scratch of the same shape.
    """
    n_rows, n_columns = v.shape
    for i in range(n_rows):
        for j in range(n_columns):
            weighted[i + 1, j + 1] = fidelity[i, j] * v[i, j]
    # Equal values across the border: nothing flows there.
    weighted[0] = weighted[1]
    weighted[n_rows + 1] = weighted[n_rows]
    for i in range(n_rows + 2):
        weighted[i, 0] = weighted[i, 1]
        weighted[i, n_columns + 1] = weighted[i, n_columns]
    products = np.zeros(n_columns, v.dtype)
    total = 0.0
    for i in range(n_rows):
        for j in range(n_columns):
            u = weighted[i + 1, j + 1]
            here = edges[i + 1, j + 1]
            divergence = (
                edges[i + 1, j] * (u - weighted[i + 1, j])
                + edges[i, j + 1] * (u - weighted[i, j + 1])
                - here * (weighted[i + 1, j + 2] - u)
                - here * (weighted[i + 2, j + 1] - u)
            )
            a = v[i, j] + strength * fidelity[i, j] * divergence
            out[i, j] = a
            products[j] += v[i, j] * a
        # Partial sums a few rows long keep float32 exact enough.
        if i % 16 == 15 or i == n_rows - 1:
            for j in range(n_columns):
                total += products[j]
                products[j] = 0
    return total


@kernel
def _advance(x, direction, residual, image, step):
    """X += step p, r -= step A p; return <r, r>."""
    n_rows, n_columns = x.shape
    squares = np.zeros(n_columns, x.dtype)
    total = 0.0
    for i in range(n_rows):
        for j in range(n_columns):
            x[i, j] += step * direction[i, j]
            r = residual[i, j] - step * image[i, j]
            residual[i, j] = r
            squares[j] += r * r
        if i % 16 == 15 or i == n_rows - 1:
            for j in range(n_columns):
                total += squares[j]
                squares[j] = 0
    return total


@kernel
def conjugate_gradients(x, target, fidelity, edges, strength, reduction, max_iter):
    """Solve A x = target from the given x, in place; return the number of steps.

    Shapes as in `apply_operator`.

    Stops when the residual has fallen to `reduction` of the first one.
    """
    image = np.empty_like(x)
    weighted = np.empty_like(edges)
    apply_operator(x, fidelity, edges, strength, weighted, image)
    residual = target - image
    direction = residual.copy()
    power = _advance(x, direction, residual, image, x.dtype.type(0))
    limit = power * reduction * reduction
    n_steps = 0
    while power > limit and n_steps < max_iter:
        curvature = apply_operator(
            direction, fidelity, edges, strength, weighted, image
        )
        step = x.dtype.type(power / curvature)
        new_power = _advance(x, direction, residual, image, step)
        ratio = x.dtype.type(new_power / power)
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                direction[i, j] = residual[i, j] + ratio * direction[i, j]
        power = new_power
        n_steps += 1
    return n_steps


@kernel
def squared_gradient(image, out):
    """Write the squared forward difference, zero beyond the border, into `out`."""
    n_rows, n_columns = image.shape
    for i in range(n_rows):
        for j in range(n_columns):
            value = image[i, j]
            across = image[i, j + 1] - value if j + 1 < n_columns else value - value
            down = image[i + 1, j] - value if i + 1 < n_rows else value - value
            out[i, j] = across * across + down * down
