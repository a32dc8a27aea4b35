"""Convolutional sparse coding of an image, and learning the filters for it."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
from scipy import fft

from ..._kernels.convolutional_coding import shrink_maps, solve_frequencies, target

__all__ = ["convolve", "learn_filters", "sparse_maps"]

_RELAXATION = 1.8
# When and how far the penalty is moved so that both residuals fall together.
_IMBALANCE = 1.2
_MOST = 100.0
# Steps of accelerated gradient descent on the filters in each round of learning.
_FILTER_STEPS = 50


def sparse_maps(signal, filters, sparsity, *, tol=1e-3, max_iter=500):
    """Return maps whose convolutions with the filters sum up to a signal.

    Parameters
    ----------
    signal : ndarray of float, shape (H, W)
        Its dtype, float32 or float64, is that of the computation.
    filters : ndarray, shape (m, side, side)
    sparsity : float
        Weight of the l1 norm of the maps, positive.
    tol : float, default=1e-3
        Relative size of both residuals at which to stop.
    max_iter : int, default=500

    Returns
    -------
    ndarray, shape (m, H, W)

    Notes
    -----
    The alternating direction method of multipliers on
    ``|sum d_m * x_m - s|^2 / 2 + sparsity sum |x_m|``, with periodic convolution: the
    quadratic step is solved exactly at each frequency.

    References
    ----------
    .. [1] B. Wohlberg, "Efficient algorithms for convolutional sparse
       representations", IEEE Transactions on Image Processing 25 (2016) 301-315.
    """
    maps, _ = _admm(signal, filters, sparsity, tol, max_iter)
    return maps


def convolve(maps, filters):
    """Return the sum of the periodic convolutions of maps (m, H, W) and filters."""
    shape = maps.shape[-2:]
    spectrum = fft.rfft2(maps)
    spectrum *= _transfer(filters, shape, maps.dtype)
    return fft.irfft2(spectrum.sum(axis=0), s=shape)


def learn_filters(signals, n_filters, side, sparsity, *, n_rounds, rng):
    """Return filters under which given signals have sparse maps.

    Parameters
    ----------
    signals : ndarray of float32, shape (n, H, W)
    n_filters, side : int
    sparsity : float
    n_rounds : int
        Rounds of coding all signals and then improving the filters.
    rng : numpy.random.RandomState

    Returns
    -------
    ndarray of float64, shape (n_filters, side, side)
        Of unit length.
    """
    shape = signals.shape[1:]
    filters = rng.standard_normal((n_filters, side, side))
    filters /= np.sqrt((filters**2).sum(axis=(1, 2), keepdims=True))
    states = [None] * len(signals)
    for _ in range(n_rounds):
        gram = np.zeros((*_half(shape), n_filters, n_filters), np.complex64)
        cross = np.zeros((*_half(shape), n_filters), np.complex64)
        for k, signal in enumerate(signals):
            # A few steps from where the last round ended.
            maps, states[k] = _admm(signal, filters, sparsity, 0.0, 5, states[k])
            spectra = np.moveaxis(fft.rfft2(maps), 0, -1)
            gram += spectra.conj()[..., :, None] * spectra[..., None, :]
            cross += spectra.conj() * fft.rfft2(signal)[..., None]
        filters = _improve(filters, gram, cross, shape)
    lengths = np.sqrt((filters**2).sum(axis=(1, 2), keepdims=True))
    return filters / np.maximum(lengths, np.finfo(np.float64).tiny)


def _admm(signal, filters, sparsity, tol, max_iter, state=None):
    shape, dtype = signal.shape, signal.dtype
    n_filters = len(filters)
    transfer = _transfer(filters, shape, dtype).reshape(n_filters, -1)
    power = (np.abs(transfer) ** 2).sum(axis=0)
    spectrum = fft.rfft2(signal).ravel()
    if state is None:
        y, u = np.zeros((2, n_filters, signal.size), dtype)
        rho = 100 * sparsity + 0.5
    else:
        y, u, rho = state
    buffer = np.empty_like(y)
    sums = np.empty(5)
    balance = 1 + 18.3 ** (np.log10(sparsity) + 1)
    scale = 1.0
    for step in range(max_iter):
        target(y, u, dtype.type(scale), buffer)
        spectra = fft.rfft2(buffer.reshape(n_filters, *shape))
        spectra = spectra.reshape(n_filters, -1)
        solve_frequencies(spectra, transfer, spectrum, power, dtype.type(rho))
        x = fft.irfft2(
            spectra.reshape(n_filters, *_half(shape)), s=shape, overwrite_x=True
        ).reshape(n_filters, -1)
        limit = dtype.type(sparsity / rho)
        shrink_maps(x, y, u, dtype.type(_RELAXATION), limit, sums)
        miss, size_x, size_y, move, size_u = np.sqrt(sums)
        primal = miss / max(size_x, size_y) if miss else 0.0
        dual = move / size_u if move else 0.0
        scale = 1.0
        if step > 0 and primal > 0 and dual > 0:
            factor = np.sqrt(primal / (dual * balance))
            factor = min(max(factor, 1 / factor), _MOST)
            if primal > _IMBALANCE * balance * dual:
                rho, scale = rho * factor, 1 / factor
            elif dual > _IMBALANCE / balance * primal:
                rho, scale = rho / factor, factor
        if primal <= tol and dual <= tol:
            break
    u *= dtype.type(scale)
    return y.reshape(n_filters, *shape), (y, u, rho)


def _transfer(filters, shape, dtype):
    """Return the spectra of the filters with their first pixel at the origin."""
    rows, columns = shape
    padded = np.zeros((len(filters), rows, columns), dtype)
    side = filters.shape[1]
    # A filter larger than the image wraps round it.
    for a in range(side):
        for b in range(side):
            padded[:, a % rows, b % columns] += filters[:, a, b]
    return fft.rfft2(padded)


def _half(shape):
    return shape[0], shape[1] // 2 + 1


def _improve(filters, gram, cross, shape):
    """Lower the sum of squares over filters of at most unit length.

    The filters are few and small, so the squares are written out as a quadratic form
    of their pixels, from the correlations of the maps at lags within a filter.
    """
    n, side = filters.shape[:2]
    lags = fft.irfft2(gram, s=shape, axes=(0, 1))
    at = np.arange(side)
    lag = at[:, None] - at
    # Rows: filter and pixel; columns: filter and pixel.
    matrix = lags[lag[:, None, :, None], lag[None, :, None, :]]
    matrix = matrix.transpose(4, 0, 1, 5, 2, 3).reshape(n * side**2, n * side**2)
    linear = fft.irfft2(cross, s=shape, axes=(0, 1))[:side, :side]
    linear = linear.transpose(2, 0, 1).ravel().astype(np.float64)
    matrix = matrix.astype(np.float64)
    steepest = np.abs(matrix).sum(axis=1).max()
    if steepest == 0:
        return filters
    point = ahead = filters.ravel()
    momentum = 1.0
    for _ in range(_FILTER_STEPS):
        moved = ahead - (matrix @ ahead - linear) / steepest
        moved = moved.reshape(n, -1)
        lengths = np.sqrt((moved**2).sum(axis=1, keepdims=True))
        moved = (moved / np.maximum(lengths, 1)).ravel()
        faster = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = moved + (momentum - 1) / faster * (moved - point)
        point, momentum = moved, faster
    return point.reshape(filters.shape)
