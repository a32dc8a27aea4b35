"""Zhao's fusion quality from phase congruency (QP)."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

from skfusion._kernels.metrics.phase import oriented_energy
from skfusion._kernels.taps import gaussian_taps

from ._metric import metric
from .context import Context

__all__ = ["phase_congruency", "qp"]

_N_SCALES = 4
_N_ORIENTATIONS = 6
_SHORTEST = 3.0  # wavelength of the finest filter, pixels
_MULTIPLE = 2.1  # from one wavelength to the next
_SIGMA_ON_F = 0.55  # bandwidth of the log-Gabor filters
_THETA_SIGMA = np.pi / _N_ORIENTATIONS / 1.2
_NOISE_SIGMAS = 2.0
_CUT_OFF, _GAIN = 0.5, 10.0
_EPS = 1e-4
_FEATURE = 0.1  # a pixel with more phase congruency belongs to a feature
_C = 1e-4


def _grid(n):
    """Frequencies of `n` samples, zero in the middle; odd sizes reach +-0.5 as well."""
    half = n // 2
    return (np.arange(n) - half) / (n - n % 2) if n > 1 else np.zeros(1)


def _filters(shape):
    """Log-Gabor filters by scale and their angular spreads, zero frequency first."""
    x, y = np.meshgrid(_grid(shape[1]), _grid(shape[0]))
    radius = np.fft.ifftshift(np.hypot(x, y))
    theta = np.fft.ifftshift(np.arctan2(-y, x))
    radius[0, 0] = 1.0  # its logarithm; the filters are set to 0 there
    # Butterworth low-pass; the published code shifts it by one place for odd sides.
    x, y = ((np.arange(n) - n // 2) / n for n in shape[::-1])
    low = np.fft.fftshift(1.0 / (1.0 + (np.hypot(x, y[:, None]) / 0.45) ** 30))
    radial = []
    for scale in range(_N_SCALES):
        centre = 1.0 / (_SHORTEST * _MULTIPLE**scale)
        gabor = np.exp(-(np.log(radius / centre) ** 2) / (2 * np.log(_SIGMA_ON_F) ** 2))
        gabor *= low
        gabor[0, 0] = 0.0
        radial.append(gabor)
    spreads = []
    for orientation in range(_N_ORIENTATIONS):
        away = theta - orientation * np.pi / _N_ORIENTATIONS
        away = np.abs(np.arctan2(np.sin(away), np.cos(away)))
        spreads.append(np.exp(-(away**2) / (2 * _THETA_SIGMA**2)))
    return radial, spreads


def _mirrored(x):
    """The filter at the negative frequencies."""
    return np.roll(x[::-1, ::-1], 1, axis=(0, 1))


def _noise_factors(filters):
    """Threshold of the energy per root of the median squared response.

    Noise of power p has energy 2 p |sum of the even filters|^2 at a pixel (Parseval);
    its Rayleigh mean plus two deviations, over 1.7, is the threshold.
    """
    total = sum(filters)
    even = 0.5 * (total + _mirrored(total))
    energy = 2.0 * (even**2).sum() / (filters[0] ** 2).sum() / np.log(2.0)
    tau = np.sqrt(energy / 2.0)
    return tau * (np.sqrt(np.pi / 2) + _NOISE_SIGMAS * np.sqrt(2 - np.pi / 2)) / 1.7


def phase_congruency(*images):
    """Phase congruency and its moments for images of one shape.

    Parameters
    ----------
    *images : ndarray of float64, shape (H, W)
        Grey levels 0..255.

    Returns
    -------
    list of tuple of ndarray
        For each image: phase congruency (0 to 1), maximum moment (edges) and minimum
        moment (corners), each of shape (H, W); NaN where an image has no content.

    References
    ----------
    .. [1] P. Kovesi, "Image features from phase congruency", Videre 1(3), 1999.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics.phase import phase_congruency
    >>> step = np.zeros((32, 32)); step[:, 16:] = 200.0
    >>> (congruency, edges, corners), = phase_congruency(step)
    >>> int(congruency[16, 8:24].argmax()) in (7, 8)
    True
    """
    h, w = images[0].shape
    radial, spreads = _filters((h, w))
    spectra = [cv2.dft(x, flags=cv2.DFT_COMPLEX_OUTPUT) for x in images]
    sums = [np.zeros((5, h, w)) for _ in images]
    responses = np.empty((_N_SCALES, h, w, 2))
    for orientation, spread in enumerate(spreads):
        filters = [x * spread for x in radial]
        factor = _noise_factors(filters)
        angle = orientation * np.pi / _N_ORIENTATIONS
        for spectrum, total in zip(spectra, sums):
            for scale, kernel in enumerate(filters):
                cv2.dft(
                    spectrum * kernel[:, :, None],
                    dst=responses[scale],
                    flags=cv2.DFT_INVERSE | cv2.DFT_COMPLEX_OUTPUT | cv2.DFT_SCALE,
                )
            finest = np.median((responses[0] ** 2).sum(axis=2))
            energy, amplitude = oriented_energy(
                responses, factor * np.sqrt(finest), _CUT_OFF, _GAIN
            )
            congruency = energy / amplitude
            along, across = congruency * np.cos(angle), congruency * np.sin(angle)
            total[0] += energy
            total[1] += amplitude
            total[2] += along**2
            total[3] += across**2
            total[4] += along * across
    return [_with_moments(*total) for total in sums]


def _with_moments(energy, amplitude, xx, yy, xy):
    # Moments of the covariance over the orientations; the mixed term carries a quarter
    # of Kovesi's weight in the code that QP was published with.
    xx, yy = xx / (_N_ORIENTATIONS / 2), yy / (_N_ORIENTATIONS / 2)
    spread = np.sqrt((xy / _N_ORIENTATIONS) ** 2 + (xx - yy) ** 2) + _EPS
    return (
        energy / (amplitude + _EPS),
        (xx + yy + spread) / 2,
        (xx + yy - spread) / 2,
    )


def _smooth(x):
    w = gaussian_taps(11, 1.5)
    return cv2.sepFilter2D(x, cv2.CV_64F, w, w, borderType=cv2.BORDER_CONSTANT)


def _correlation(sources, masks, fused):
    """Mean over the features of the best local correlation with a source's map."""
    mf = _smooth(fused)
    vf = _smooth(fused * fused) - mf * mf
    best = np.full_like(fused, -np.inf)
    for source, mask in zip(sources, masks):
        x = source * mask
        mx = _smooth(x)
        vx = _smooth(x * x) - mx * mx
        cov = _smooth(x * fused) - mx * mf
        ratio = (cov + _C) / (np.sqrt(np.abs(vx * vf)) + _C)
        # 0 where the source has no feature, negative where it is contradicted.
        best = np.maximum(best, np.where(mask, ratio, 0.0))
    n_features = masks[-1].sum()
    return best.sum() / n_features if n_features else np.nan


@metric(
    title="Zhao phase congruency quality",
    higher_is_better=True,
    range=(0.0, 1.0),
    variants=("zhao",),
    citation="Zhao, Laganiere, Liu, IJICIC 3(6A), 2007",
)
def qp(ctx: Context, *, variant: str = "zhao") -> float:
    """Agreement of the fused image's features with the sources' (higher is better).

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size; see :func:`skfusion.images.as_levels`.
    variant : {"zhao"}, default="zhao"
        There is one form.

    Returns
    -------
    float
        About 0 to 1. NaN, with a warning, if an image is constant or no pixel of the
        sources belongs to a feature.

    See Also
    --------
    qabf : Edge transfer by gradients.

    Notes
    -----
    ``P(congruency) P(maximum moment) P(minimum moment)`` with the sum P of
    ``(c_xf + C) / (sqrt(|v_x v_f|) + C)`` over the pixels of features, divided by their
    number, C = 0.0001.

    Phase congruency, its maximum and its minimum moment of the fused image are each
    correlated in 11 x 11 windows with those of either source and of the pixelwise
    stronger one. The largest correlation of each feature pixel is averaged, and the
    three averages are multiplied.

    References
    ----------
    .. [1] J. Zhao, R. Laganiere, Z. Liu, "Performance assessment of combinative
       pixel-level image fusion based on an absolute feature measurement", International
       Journal of Innovative Computing, Information and Control 3(6A), 1433-1447, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import qp
    >>> image = np.zeros((64, 64)); image[20:40, 10:50] = 1.0
    >>> 0.9 < qp(image, image, image) <= 1.0
    True
    """
    if any(ctx.is_constant(x) for x in "abf"):
        return np.nan

    def compute():
        a, b, f = phase_congruency(ctx.a, ctx.b, ctx.f)
        first = a[0] > b[0]
        both = [np.where(first, x, y) for x, y in zip(a, b)]
        masks = [x > _FEATURE for x in (a[0], b[0], both[0])]
        return np.prod(
            [_correlation(maps[:3], masks, maps[3]) for maps in zip(a, b, both, f)]
        )

    return ctx.get("qp", compute)
