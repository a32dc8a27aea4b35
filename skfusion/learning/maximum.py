"""Training for the larger intensity and the larger gradient of the two images."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Real

import torch
from sklearn.utils._param_validation import Interval
from torch.nn import functional

from ..losses import dssim
from .objectives import stencils
from .pair_fuser import PairNetworkFuser

__all__ = ["MaximumFuser", "maximum_loss", "sobel_strength"]

_SOBEL = (
    ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0)),
    ((-1.0, -2.0, -1.0), (0.0, 0.0, 0.0), (1.0, 2.0, 1.0)),
)


def sobel_strength(images):
    """Return ``|gx| + |gy|`` by Sobel's filters, borders repeated.

    Parameters
    ----------
    images : Tensor, shape (n, 1, h, w)

    Returns
    -------
    Tensor, shape (n, 1, h, w)
        Up to 4 for a step by 1.
    """
    padded = functional.pad(images, (1, 1, 1, 1), mode="replicate")
    steps = functional.conv2d(padded, stencils(_SOBEL, images))
    return steps.abs().sum(1, keepdim=True)


def maximum_loss(
    fused,
    infrared,
    visible,
    *,
    intensity_weight=1.0,
    gradient_weight=10.0,
    ssim_weight=0.0,
):
    """Return how far an image is from the larger intensity and gradient of both.

    ``a |F - max(I, V)| + b |grad F - max(grad I, grad V)| + c (1 - SSIM)``, means over
    the image, the similarity being the mean of those to both images.

    Parameters
    ----------
    fused, infrared, visible : Tensor, shape (n, 1, h, w)
    intensity_weight, gradient_weight, ssim_weight : float, default=1.0, 10.0, 0.0
        The weights a, b and c. The similarity needs 6 rows and columns.

    Returns
    -------
    Tensor
        Scalar.

    Examples
    --------
    >>> import torch
    >>> from skfusion.learning.maximum import maximum_loss
    >>> dark, bright = torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
    >>> float(maximum_loss(dark, dark, bright))
    1.0
    """
    larger = torch.maximum(infrared, visible)
    strength = sobel_strength(fused)
    edges = torch.maximum(sobel_strength(infrared), sobel_strength(visible))
    loss = intensity_weight * functional.l1_loss(fused, larger)
    loss = loss + gradient_weight * functional.l1_loss(strength, edges)
    if ssim_weight:
        loss = loss + ssim_weight * (dssim(fused, infrared) + dssim(fused, visible))
    return loss


class MaximumFuser(PairNetworkFuser):
    """Base class of the fusers that train by :func:`maximum_loss`."""

    _parameter_constraints: dict = {
        **PairNetworkFuser._parameter_constraints,
        "intensity_weight": [Interval(Real, 0, None, closed="left")],
        "gradient_weight": [Interval(Real, 0, None, closed="left")],
        "ssim_weight": [Interval(Real, 0, None, closed="left")],
    }

    def _loss(self, network, pairs):
        ir, vis = pairs[:, :1], pairs[:, 1:]
        return maximum_loss(
            network(ir, vis),
            ir,
            vis,
            intensity_weight=self.intensity_weight,
            gradient_weight=self.gradient_weight,
            ssim_weight=self.ssim_weight,
        )
