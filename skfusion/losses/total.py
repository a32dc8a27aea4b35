"""The loss of the encoder-decoder papers: two qualities and a squared error."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
import torch.nn.functional as F

from ._shared import choice, gray
from .piella import qe_loss, qw_loss

__all__ = ["fusion_quality_loss"]


def fusion_quality_loss(
    infrared,
    visible,
    fused,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    gamma: float = 0.0,
    target: str = "both",
    variant: str = "uiqi_blocks",
    compat: bool = False,
):
    """Weighted sum of quality, edge quality and squared error (Ataman and Akar).

    Parameters
    ----------
    infrared, visible, fused : Tensor, shape (N, 1 or 3, H, W)
        Images in [0, 1]; colour is reduced to luma.
    alpha, beta, gamma : float, default=1.0, 1.0, 0.0
        Weights of :func:`qw_loss`, of :func:`qe_loss` and of the mean squared error to
        the target.
    target : {"both", "infrared", "visible", "brighter"}, default="both"
        What the squared error compares with: the mean over the two sources, one of
        them, or the brighter of the two in each pixel.
    variant : {"uiqi_blocks", "ssim"}, default="uiqi_blocks"
        Form of the two qualities.
    compat : bool, default=False
        Compute what the authors' code computes: saliency normalised over the batch, the
        edge term to the power 0.7, and the error to the infrared image alone, on images
        in [-1, 1]. `target` and `variant` then do not count.

    Returns
    -------
    Tensor
        Scalar.

    Raises
    ------
    ValueError
        For other shapes or images smaller than 8 x 8 pixels.

    References
    ----------
    .. [1] O. Ataman, G. B. Akar, "Visible and infrared image fusion using
       encoder-decoder network", arXiv:2412.08073.

    Examples
    --------
    >>> import torch
    >>> from skfusion.losses import fusion_quality_loss
    >>> image = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> abs(float(fusion_quality_loss(image, image, image, gamma=1.0))) < 1e-3
    True
    """
    infrared, visible, fused = gray(infrared, visible, fused)
    images = infrared, visible, fused
    if compat:
        error = 4 * F.mse_loss(fused, infrared)
        options = {"scope": "batch"}
    else:
        choice(target, ("both", "infrared", "visible", "brighter"), "target")
        if target == "both":
            errors = [F.mse_loss(fused, infrared), F.mse_loss(fused, visible)]
            error = sum(errors) / 2
        else:
            brighter = torch.maximum(infrared, visible)
            targets = {"infrared": infrared, "visible": visible, "brighter": brighter}
            error = F.mse_loss(fused, targets[target])
        options = {"variant": variant}
    quality = qw_loss(*images, **options)
    edges = qe_loss(*images, alpha=0.7 if compat else 1.0, **options)
    return alpha * quality + beta * edges + gamma * error
