"""The Haar transform, and any other wavelet where PyWavelets is installed."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

__all__ = ["check_wavelet", "decompose", "rebuild"]


def check_wavelet(name):
    """Raise ValueError unless PyWavelets has a discrete wavelet of that name."""
    if name not in _pywt().wavelist(kind="discrete"):
        raise ValueError(
            f"wavelet={name!r} is no discrete wavelet of PyWavelets: use 'haar', "
            "'db2', 'sym4', 'bior4.4' or another of pywt.wavelist(kind='discrete')."
        )


def decompose(image, wavelet, n_levels):
    """Return ``(details, low)``: three bands (H, V, D) a level, fine to coarse.

    Levels that an image is too small for are left out.
    """
    if wavelet != "haar":
        return _pywt_decompose(image, wavelet, n_levels)
    details, low = [], image
    while len(details) < n_levels and max(low.shape) > 1:
        odd = [(0, side % 2) for side in low.shape]
        x = np.pad(low, odd, mode="edge")
        top, bottom = x[::2], x[1::2]
        total, difference = top + bottom, top - bottom
        left, right = np.s_[:, ::2], np.s_[:, 1::2]
        low = (total[left] + total[right]) / 2
        details.append(
            (
                (difference[left] + difference[right]) / 2,
                (total[left] - total[right]) / 2,
                (difference[left] - difference[right]) / 2,
            )
        )
    return details, low


def rebuild(details, low, wavelet, shape):
    """Return the image of `shape` that a decomposition came from."""
    if wavelet != "haar":
        return _pywt_rebuild(details, low, wavelet, shape)
    shapes = [shape]
    for _ in details[1:]:
        shapes.append(tuple((side + 1) // 2 for side in shapes[-1]))
    for (h, v, d), (height, width) in zip(reversed(details), reversed(shapes)):
        x = np.empty((2 * low.shape[0], 2 * low.shape[1]), dtype=low.dtype)
        x[::2, ::2] = (low + h + v + d) / 2
        x[::2, 1::2] = (low + h - v - d) / 2
        x[1::2, ::2] = (low - h + v - d) / 2
        x[1::2, 1::2] = (low - h - v + d) / 2
        low = x[:height, :width]
    return low


def _pywt():
    try:
        import pywt
    except ImportError:
        raise ImportError(
            "wavelets other than 'haar' need PyWavelets: pip install skfusion[wavelets]"
        ) from None
    return pywt


def _pywt_decompose(image, wavelet, n_levels):
    pywt = _pywt()
    n_levels = min(n_levels, pywt.dwtn_max_level(image.shape, wavelet))
    low, *details = pywt.wavedec2(image, wavelet, mode="symmetric", level=n_levels)
    return details[::-1], low


def _pywt_rebuild(details, low, wavelet, shape):
    bands = [low, *reversed(details)]
    image = _pywt().waverec2(bands, wavelet, mode="symmetric")
    return image[: shape[0], : shape[1]]
