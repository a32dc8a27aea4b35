"""Single-scale retinex."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from functools import lru_cache
from numbers import Real

import cv2
import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from .._kernels.retinex import hundredths
from ..base import ImageTransformer
from ..images import luma
from ._colour import recolour
from ._noise import detail_share, smoothed

__all__ = ["SSR"]

# log10 of a ratio of values in 1..256 stays within 2.41.
_BINS = 2 * 245 + 1
# Below this sigma a plain separable convolution is cheaper.
_DIRECT = 20.0
# Terms of the cosine transform that are scaled by less change R by 1e-7 or so.
_NEGLIGIBLE = 2e-6


class SSR(ImageTransformer):
    r"""Single-scale retinex: the logarithm of an image over that of its surround.

    Parameters
    ----------
    sigma : float, default=300.0
        Standard deviation of the Gaussian surround, in pixels.
    clip : float, default=0.1
        Of ``mode="author"``: tails of the histogram with fewer pixels than this share
        of its middle bin are cut. 0 cuts nothing.
    mode : {"author", "jobson"}, default="author"
        ``"author"`` cuts the tails and stretches what is left to [0, 1], image by
        image, as the code of the fusion systems does. ``"jobson"`` is the form of
        [1]_, one ``gain`` and ``offset`` for all images.
    gain, offset : float, default=1.0, 0.5
        Of ``mode="jobson"``: the output is ``gain * R + offset``, R being a decimal
        logarithm, cut to [0, 1].
    strength : float, default=1.0
        0 returns the input, 1 the retinex, between them a blend.
    noise_floor : float or None, default=None
        Where the image holds nothing but noise, its grain is not amplified: a detail
        counts half that is this many times the noise, which is estimated from the
        image. None amplifies everything alike, as published.
    least_range : float, default=0.0
        Of ``mode="author"``: the least range of R, in decades, that becomes the whole
        of [0, 1]. It bounds what the stretch amplifies in an image of hardly any
        contrast, whose mean grey is kept instead. 0 stretches any range, as published.
    color : {"luma", "per_channel"}, default="luma"
        ``"luma"`` treats the luma and scales the three channels of a pixel by one
        gain, so that hues stay; ``"per_channel"`` treats each channel by itself, as
        retinex was published, and balances colours towards gray.
    parity : bool, default=False
        Truncate the input and the output of ``mode="author"`` to 8 bits, as the
        published code does.

    See Also
    --------
    HDRC : Compresses the surround in place of dividing by it.

    Notes
    -----
    :math:`R = \log_{10} f - \log_{10}(G_\sigma * f)`, where f is the image on the
    scale 1..256, and the kernel and the border (reflected, edge pixel not repeated) are
    those of OpenCV. On a signal reflected so, the convolution only scales the terms of
    its cosine transform, and a wide Gaussian leaves few of them; so the surround is two
    thin matrix products, and sigma = 300 is cheaper than sigma = 10.

    ``mode="author"`` counts R in bins of 0.01, truncated towards zero. The lower limit
    is the negative bin nearest to zero that holds fewer pixels than ``clip`` times bin
    0, the upper one the first such positive bin. Nothing is cut where bin 0 is empty or
    the limits leave no range, as in an image of very low contrast. A constant R, as of
    a constant image, gives 0.

    References
    ----------
    .. [1] D. Jobson, Z. Rahman, G. Woodell, "Properties and performance of a
       center/surround retinex", IEEE TIP 6(3), 1997.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.transforms import SSR
    >>> shaded = np.linspace(0.1, 0.4, 64)[None].repeat(48, axis=0)
    >>> out = SSR().transform([shaded])[0]
    >>> float(out.min()), float(out.max())
    (0.0, 1.0)
    """

    _parameter_constraints: dict = {
        "sigma": [Interval(Real, 0, None, closed="neither")],
        "clip": [Interval(Real, 0, 1, closed="both")],
        "mode": [StrOptions({"author", "jobson"})],
        "gain": [Interval(Real, 0, None, closed="neither")],
        "offset": [Interval(Real, None, None, closed="neither")],
        "strength": [Interval(Real, 0, 1, closed="both")],
        "color": [StrOptions({"luma", "per_channel"})],
        "parity": ["boolean"],
        "noise_floor": [Interval(Real, 0, None, closed="left"), None],
        "least_range": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        sigma=300.0,
        clip=0.1,
        mode="author",
        gain=1.0,
        offset=0.5,
        strength=1.0,
        color="luma",
        parity=False,
        noise_floor=None,
        least_range=0.0,
    ):
        self.sigma = sigma
        self.clip = clip
        self.mode = mode
        self.gain = gain
        self.offset = offset
        self.strength = strength
        self.color = color
        self.parity = parity
        self.noise_floor = noise_floor
        self.least_range = least_range

    def _transform_image(self, image):
        if image.ndim == 2:
            return self._retinex(image)
        if self.color == "per_channel":
            channels = [
                self._retinex(np.ascontiguousarray(image[..., c])) for c in range(3)
            ]
            return np.stack(channels, axis=-1)
        before = luma(image)
        return recolour(image, before, self._retinex(before))

    def _retinex(self, image):
        levels = image.astype(np.float64)
        levels *= 255.0
        if self.parity:
            # k / 255 in float32 misses k by up to 1e-5.
            levels = np.floor(levels + 2e-5)
        levels += 1.0
        ratio = np.divide(levels, surround(levels, float(self.sigma)), out=levels)
        R = np.log10(ratio, out=ratio)
        if self.noise_floor is not None:
            R = self._spared(image, R)
        if self.mode == "jobson":
            out = np.clip(self.gain * R + self.offset, 0.0, 1.0)
        else:
            out = self._stretch(R, float(image.mean()))
        out = out.astype(np.float32)
        if self.strength < 1:
            strength = np.float32(self.strength)
            out = strength * out + (1 - strength) * image
        return out

    def _spared(self, image, R):
        """Keep what is no more than noise at the amplitude that it came with.

        A detail d of the image is d / (x ln 10) in R, which the stretch of the least
        range then divides by that range: what undoes both is left of it.
        """
        mean = smoothed(R)
        share = detail_share(image, self.noise_floor)
        kept = np.minimum(np.log(10) * self.least_range * smoothed(image), 1)
        return mean + (share + (1 - share) * kept) * (R - mean)

    def _stretch(self, R, level):
        bottom, top = float(R.min()), float(R.max())
        # Rounding makes a constant image vary by 1e-16 or so.
        if top - bottom < 1e-9:
            return np.zeros(R.shape)
        low, high = clip_limits(R, self.clip)
        low, high = max(low, bottom), min(high, top)
        if not low < high:
            low, high = bottom, top
        if high - low < self.least_range:
            # The surround's own grey, R = 0, becomes the mean grey of the image.
            low, high = -level * self.least_range, (1 - level) * self.least_range
        np.clip(R, low, high, out=R)
        R -= low
        R /= high - low
        if self.parity:
            R = np.floor(R * 255.0) / 255.0
        return R


def clip_limits(R, fraction):
    """Limits of the histogram that the authors of the fusion systems keep."""
    counts = np.zeros(_BINS, np.int64)
    hundredths(R, counts)
    zero = _BINS // 2
    occupied = np.flatnonzero(counts)
    low, high = occupied[0], occupied[-1]
    rare = occupied[counts[occupied] < fraction * counts[zero]]
    below, above = rare[rare < zero], rare[rare > zero]
    if below.size:
        low = below[-1]
    if above.size:
        high = above[0]
    return (low - zero) / 100, (high - zero) / 100


def surround(image, sigma):
    """Gaussian blur as of cv2.GaussianBlur with an automatic size, for float64."""
    if sigma < _DIRECT:
        return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    height, width = image.shape
    down, up = _cosine_terms(height, sigma)
    across, back = _cosine_terms(width, sigma)
    return up @ ((down @ (image @ across.T)) @ back.T)


@lru_cache(maxsize=16)
def _cosine_terms(n, sigma):
    """Factors ``A`` (k, n) and ``C`` (n, k) of the blur ``C @ A`` of n samples.

    Reflection without repeating the edge makes a signal of period 2 (n - 1) that is a
    sum of n cosines (the DCT-I). The kernel, folded to that period, scales each by
    its own spectrum.
    """
    if n == 1:
        return np.ones((1, 1)), np.ones((1, 1))
    half = (round(8 * sigma) + 1) // 2  # OpenCV: (round(8 sigma) + 1) | 1 taps
    offsets = np.arange(-half, half + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    period = 2 * (n - 1)
    folded = np.bincount(offsets % period, kernel / kernel.sum(), period)
    spectrum = np.fft.rfft(folded).real
    terms = np.flatnonzero(np.abs(spectrum) > _NEGLIGIBLE)[-1] + 1
    angles = np.arange(n)[:, np.newaxis] * np.arange(terms)
    cosines = np.cos((angles % period) * (np.pi / (n - 1)))
    ends = np.ones(n)
    ends[[0, -1]] = 0.5
    scale = ends[:terms] * spectrum[:terms] * (2 / (n - 1))
    analysis = np.ascontiguousarray((cosines * scale * ends[:, np.newaxis]).T)
    for factor in (analysis, cosines):
        factor.flags.writeable = False
    return analysis, cosines
