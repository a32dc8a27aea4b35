"""What the trainings of fusion networks lower: losses on batches in [0, 1]."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import functools

import torch
from torch.nn import functional

from ..losses import dssim

__all__ = [
    "blur",
    "gradient_distance",
    "laplacian",
    "proportional_loss",
    "reconstruction_loss",
    "similarity_loss",
    "source_shares",
    "stencils",
]


def stencils(rows, images):
    """Return small filters on the device of images, kept: to send is to wait.

    Parameters
    ----------
    rows : tuple of tuple of tuple of float
        One square of numbers a filter.
    images : Tensor
        Whose type and device the filters get.

    Returns
    -------
    Tensor, shape (n, 1, k, k)
    """
    return _stencils(rows, images.dtype, images.device)


@functools.lru_cache(maxsize=64)
def _stencils(rows, dtype, device):
    with torch.inference_mode(False):  # what is kept may meet a gradient later
        return torch.tensor(rows, dtype=dtype, device=device)[:, None]


_LAPLACE = (((0.0, 1.0, 0.0), (1.0, -4.0, 1.0), (0.0, 1.0, 0.0)),)


def blur(images, sigma):
    """Return images behind a Gaussian, their borders mirrored.

    Parameters
    ----------
    images : Tensor, shape (n, 1, h, w)
    sigma : float
        Standard deviation in pixels; the filter ends after three, or at the size of
        the image.

    Returns
    -------
    Tensor of that shape
    """
    radius = min(max(round(3 * sigma), 1), min(images.shape[2:]) - 1)
    x = torch.arange(-radius, radius + 1, device=images.device)
    taps = torch.exp(-((x / sigma) ** 2) / 2)
    taps = (taps / taps.sum()).to(images)[None, None, None]
    padded = functional.pad(images, (radius,) * 4, mode="reflect")
    return functional.conv2d(functional.conv2d(padded, taps), taps.mT)


def laplacian(images, border="reflect"):
    """Return the sum of the four neighbours less four times the pixel.

    Parameters
    ----------
    images : Tensor, shape (n, 1, h, w)
    border : {"reflect", "replicate"}, default="reflect"
        What lies beyond the border.

    Returns
    -------
    Tensor of that shape
    """
    padded = functional.pad(images, (1, 1, 1, 1), mode=border)
    return functional.conv2d(padded, stencils(_LAPLACE, images))


def gradient_distance(first, second):
    """Return the mean squared difference of the Laplacians of two batches."""
    return (laplacian(first) - laplacian(second)).square().mean()


def reconstruction_loss(
    output, images, *, levels=1.0, ssim_weight=1.0, gradient_weight=0.0
):
    """Return ``MSE + a (1 - SSIM) + b MSE of the Laplacians``.

    Parameters
    ----------
    output, images : Tensor, shape (n, 1, h, w)
    levels : float, default=1.0
        The unit of both squared errors: 255 for grey levels.
    ssim_weight, gradient_weight : float, default=1.0, 0.0
        The weights a and b.

    Returns
    -------
    Tensor
        Scalar.

    Examples
    --------
    >>> import torch
    >>> from skfusion.learning.objectives import reconstruction_loss
    >>> image = torch.full((1, 1, 16, 16), 0.5)
    >>> float(reconstruction_loss(image, image))
    0.0
    """
    loss = levels**2 * functional.mse_loss(output, images)
    if ssim_weight:
        loss = loss + ssim_weight * 2 * dssim(output, images)
    if gradient_weight:
        distance = gradient_distance(output, images)
        loss = loss + gradient_weight * levels**2 * distance
    return loss


def source_shares(infrared, visible, scale, n_scales=3):
    """Return how much each image of a pair has to tell, as weights that sum to one.

    The softmax of the mean squared Laplacian, over images reduced by 2 and 4 too.

    Parameters
    ----------
    infrared, visible : Tensor, shape (n, 1, h, w)
    scale : float
        What the squared Laplacians, in grey levels, are divided by before the softmax:
        the smaller, the more the sharper image counts.
    n_scales : int, default=3

    Returns
    -------
    Tensor, shape (n, 2)
        Infrared first.
    """
    told = []
    for image in (infrared, visible):
        total = 0.0
        for i in range(n_scales):
            if i:
                image = functional.avg_pool2d(image, 2)
            total = total + (255 * laplacian(image)).square().mean((1, 2, 3))
        told.append(total / n_scales)
    return torch.softmax(torch.stack(told, 1) / scale, 1)


def similarity_loss(fused, infrared, visible, shares, mse_weight=20.0):
    """Return the dissimilarity and squared error to both images, by their shares.

    ``sum_k s_k (1 - SSIM(F, k)) + a sum_k s_k MSE(F, k)``, Eq. (5) of Xu et al. 2022.

    Parameters
    ----------
    fused, infrared, visible : Tensor, shape (n, 1, h, w)
    shares : Tensor, shape (n, 2)
        As of :func:`source_shares`.
    mse_weight : float, default=20.0
        The weight a.

    Returns
    -------
    Tensor
        Scalar.
    """
    loss = 0.0
    for share, image in zip(shares.T, (infrared, visible)):
        unlike = 2 * dssim(fused, image, per_image=True)
        error = (fused - image).square().mean((1, 2, 3))
        loss = loss + (share * (unlike + mse_weight * error)).mean()
    return loss


def proportional_loss(
    fused,
    infrared,
    visible,
    *,
    intensity_weights=(1.0, 0.3),
    gradient_weights=(4.0, 5.0),
):
    """Return fixed proportions of the errors of intensity and gradient to both images.

    ``sum_k a_k MSE(F, k) + b_k MSE(lap F, lap k)``, Eq. (2) of Zhang et al. 2020.

    Parameters
    ----------
    fused, infrared, visible : Tensor, shape (n, 1, h, w)
    intensity_weights, gradient_weights : (float, float)
        Infrared and visible.

    Returns
    -------
    Tensor
        Scalar.
    """
    loss = 0.0
    weights = zip((infrared, visible), intensity_weights, gradient_weights)
    for image, intensity, gradient in weights:
        loss = loss + intensity * functional.mse_loss(fused, image)
        loss = loss + gradient * gradient_distance(fused, image)
    return loss
