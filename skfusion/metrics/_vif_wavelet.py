"""Visual information fidelity in a steerable pyramid, band by band."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

_N_SCALES = 4
_BLOCK = 3  # side of the vectors of neighbouring coefficients


def gain(vx, vf, cov, tol, scale=1.0):
    """Gain and residual variance of f = g x + noise in each window, and guarded vx."""
    g = cov / (vx + tol)
    sv = (vf - g * cov) / scale
    flat = vx < tol
    g[flat], sv[flat] = 0.0, vf[flat]
    vx = np.where(flat, 0.0, vx)
    flat = vf < tol
    g[flat] = sv[flat] = 0.0
    against = g < 0.0
    sv[against] = vf[against]
    g[against] = 0.0
    return g, np.maximum(sv, tol), vx


def _steerable_filters():
    try:
        from pyrtools.pyramids.filters import steerable_filters
    except ImportError as error:
        raise ImportError(
            'vif: variant="wavelet" takes the filters of the steerable pyramid from '
            "pyrtools, which is not installed: pip install pyrtools, or use the "
            "default variant."
        ) from error
    taps = steerable_filters("sp5_filters")
    # Columns of a 7 x 7 filter lie below each other; orientations 0 and 3 of six.
    bands = [taps["bfilts"][:, k].reshape(7, 7, order="F") for k in (0, 3)]
    return taps["lo0filt"], taps["lofilt"], bands


def _correlate(x, kernel):
    return cv2.filter2D(
        x, cv2.CV_64F, np.ascontiguousarray(kernel), borderType=cv2.BORDER_REFLECT_101
    )


def steerable_bands(image):
    """Two orientations at four scales, finest first."""
    first, low, oriented = _steerable_filters()
    image = _correlate(image, first)
    out = []
    for _ in range(4):
        out += [_correlate(image, kernel) for kernel in oriented]
        image = np.ascontiguousarray(_correlate(image, low)[::2, ::2])
    return [
        x[: x.shape[0] // _BLOCK * _BLOCK, : x.shape[1] // _BLOCK * _BLOCK] for x in out
    ]


def _box_sums(x, size):
    """Sums of `size` x `size` neighbours around the centre of each 3 x 3 block."""
    sums = cv2.boxFilter(
        np.ascontiguousarray(x),
        cv2.CV_64F,
        (size, size),
        normalize=False,
        borderType=cv2.BORDER_REFLECT_101,
    )
    return sums[1::_BLOCK, 1::_BLOCK]


def _vectors(x, step):
    """Coefficients of the 3 x 3 neighbourhoods, (9, n), at every `step`-th place."""
    h, w = x.shape
    n = _BLOCK
    return np.stack(
        [
            x[k : h - n + 1 + k : step, j : w - n + 1 + j : step].ravel()
            for j in range(n)
            for k in range(n)
        ]
    )


def _wavelet_sums(x, y, scale):
    """Information carried and held by one band (scale 0 is the finest)."""
    size = 2 ** (_N_SCALES - scale) + 1
    n = size * size
    mx, my = _box_sums(x, size) / n, _box_sums(y, size) / n
    vx = np.maximum(_box_sums(x * x, size) - n * mx * mx, 0.0)
    vy = np.maximum(_box_sums(y * y, size) - n * my * my, 0.0)
    cov = _box_sums(x * y, size) - n * mx * my
    g, sv, _ = gain(vx, vy, cov, 1e-15, n)
    dense = _vectors(x, 1)
    covariance = np.cov(dense, bias=True)
    blocks = _vectors(x, _BLOCK)
    try:
        power = (np.linalg.solve(covariance, blocks) * blocks).sum(axis=0) / _BLOCK**2
    except np.linalg.LinAlgError:  # a band without content
        return 0.0, 0.0
    power = power.reshape(g.shape)
    margin = -(-(size // 2) // _BLOCK)  # blocks whose window crosses the border
    inside = slice(margin, -margin), slice(margin, -margin)
    g, sv, power = g[inside], sv[inside], power[inside]
    carried = held = 0.0
    for eigenvalue in np.linalg.eigvalsh(covariance):
        signal = power * eigenvalue
        carried += np.log2(1.0 + g * g * signal / (sv + 0.4)).sum()
        held += np.log2(1.0 + signal / 0.4).sum()
    return carried, held


def wavelet_vif(x_bands, f_bands):
    """Information that the bands f carry of the bands x; NaN where x holds none."""
    pairs = zip(x_bands, f_bands)
    sums = [_wavelet_sums(x, f, k // 2) for k, (x, f) in enumerate(pairs)]
    carried, held = np.sum(sums, axis=0)
    return carried / held if held > 0 else np.nan
