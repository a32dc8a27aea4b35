"""Yang's and Cvejic's qualities: similarity where it counts for each source."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

from skfusion._kernels.metrics.piella import yang_cvejic_sums
from skfusion._kernels.taps import gaussian_taps

from ._checks import require_size
from ._metric import metric
from ._windows import FLAT, moments
from .context import Context

__all__ = ["qc", "qy"]

_SIZE = 7
_C = 2e-16  # stands in for SSIM's two constants


def _means(ctx):
    def compute():
        o = moments(ctx, _SIZE, 1.5)
        return tuple(x / o[0].size for x in yang_cvejic_sums(o, _C, FLAT))

    return ctx.get("yang cvejic", compute)


def _row_filter(x):
    # The horizontal taps repeated in seven rows: the window sums to seven.
    return cv2.sepFilter2D(
        x,
        cv2.CV_64F,
        gaussian_taps(_SIZE, 1.5),
        np.ones(_SIZE),
        borderType=cv2.BORDER_CONSTANT,
    )


def _zoo(ctx):
    c1, c2 = 0.01**2, 0.03**2

    def similarity(x, y):
        mx, my = _row_filter(x), _row_filter(y)
        vx, vy = _row_filter(x * x) - mx * mx, _row_filter(y * y) - my * my
        cov = _row_filter(x * y) - mx * my
        q = ((2 * mx * my + c1) * (2 * cov + c2)) / (
            (mx * mx + my * my + c1) * (vx + vy + c2)
        )
        return q, vx, vy

    ab, va, vb = similarity(ctx.a, ctx.b)
    af, bf = similarity(ctx.a, ctx.f)[0], similarity(ctx.b, ctx.f)[0]
    share = va / (va + vb + 1e-10)
    q = np.where(ab >= 0.75, share * af + (1 - share) * bf, np.maximum(af, bf))
    return q.mean()


@metric(
    title="Yang structural fusion quality",
    higher_is_better=True,
    range=(-1.0, 1.0),
    variants=("yang", "zoo", "isnan"),
    citation="Yang, Zhang, Wang, Liu, Information Fusion 9(2), 2008",
)
def qy(ctx: Context, *, variant: str = "yang") -> float:
    """Similarity to both sources where they agree, to the closer one where not.

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size, 7 x 7 pixels or more; see
        :func:`skfusion.images.as_levels`.
    variant : {"yang", "zoo", "isnan"}, default="yang"
        ``"zoo"``: other constants, zeros beyond the border, and a window of seven equal
        rows that sums to seven. ``"isnan"``: the share of windows in which the quality
        is no 0/0, which one toolbox returns by mistake.

    Returns
    -------
    float
        -1 to 1, higher is better. NaN, with a warning, if both sources are constant.

    Raises
    ------
    ValueError
        If a side is under 7 pixels (not for ``"zoo"``).

    See Also
    --------
    qc : With shares set by covariance.
    qs : With shares set by variance everywhere.

    Notes
    -----
    The mean of ``l S(a, f) + (1 - l) S(b, f)`` with ``l = v_a / (v_a + v_b)`` in
    windows where S(a, b) is 0.75 or more, and of ``max(S(a, f), S(b, f))`` elsewhere; S
    is the similarity of the next sentence.

    SSIM in 7 x 7 Gaussian windows without constants. Where the sources' similarity is
    0.75 or more, the similarities to the fused image are weighted by variance;
    elsewhere the larger counts. In a flat window the published code divides rounding
    errors by each other; here two flat windows compare by their luminance, a flat one
    and another give 0, and two flat sources share equally. Windows that are not flat
    give the published numbers.

    References
    ----------
    .. [1] C. Yang, J.-Q. Zhang, X.-R. Wang, X. Liu, "A novel similarity based quality
       metric for image fusion", Information Fusion 9(2), 156-160, 2008.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import qy
    >>> image = np.random.default_rng(0).random((32, 32))
    >>> round(qy(image, image, image), 12)
    1.0
    """
    if variant == "zoo":
        return _zoo(ctx)
    require_size(ctx, _SIZE, "qy", "the 7 x 7 window")
    if variant == "isnan":
        return _means(ctx)[2]
    if ctx.is_constant("a") and ctx.is_constant("b"):
        return np.nan
    return _means(ctx)[0]


@metric(
    title="Cvejic fusion quality",
    higher_is_better=True,
    range=(-1.0, 1.0),
    variants=("cvejic", "isnan"),
    citation="Cvejic, Loza, Bull, Canagarajah, 2006",
)
def qc(ctx: Context, *, variant: str = "cvejic") -> float:
    """Similarity to the sources, each window's share set by covariance.

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        Images of one size, 7 x 7 pixels or more; see
        :func:`skfusion.images.as_levels`.
    variant : {"cvejic", "isnan"}, default="cvejic"
        ``"isnan"``: the share of windows in which the quality is no 0/0, which one
        toolbox returns by mistake.

    Returns
    -------
    float
        -1 to 1, higher is better. NaN, with a warning, if the fused image or both
        sources are constant.

    Raises
    ------
    ValueError
        If a side is under 7 pixels.

    See Also
    --------
    qy : With shares set by variance, where the sources agree.
    qs : With shares set by variance everywhere.

    Notes
    -----
    The mean of ``s S(a, f) + (1 - s) S(b, f)`` with ``s = c_af / (c_af + c_bf)`` and S
    of :func:`qy`.

    SSIM in 7 x 7 Gaussian windows without constants. The infrared image counts by its
    share s of the covariances with the fused image; where s is below 0 the window
    counts 0, where it is above 1 the window counts 1, as in the published code: the
    sources are not interchangeable. Flat windows are handled as in :func:`qy`.

    References
    ----------
    .. [1] N. Cvejic, A. Loza, D. Bull, N. Canagarajah, "A similarity metric for
       assessment of image fusion algorithms", International Journal of Signal
       Processing 2(3), 178-182, 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import qc
    >>> image = np.random.default_rng(0).random((32, 32))
    >>> round(qc(image, image, image), 12)
    1.0
    """
    require_size(ctx, _SIZE, "qc", "the 7 x 7 window")
    if variant == "isnan":
        return _means(ctx)[3]
    if ctx.is_constant("f") or (ctx.is_constant("a") and ctx.is_constant("b")):
        return np.nan
    return _means(ctx)[1]
