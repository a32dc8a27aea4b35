"""Random training crops, drawn from an explicit generator."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math

import torch
from torch.nn import functional

__all__ = ["center_crop", "random_crop", "random_resized_crop"]


def random_resized_crop(
    image, size, generator, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3)
):
    """Cut a part of random area and aspect and resize it to a square.

    Parameters
    ----------
    image : Tensor, shape (c, h, w)
    size : int
        Side of the result.
    generator : torch.Generator
    scale : (float, float)
        Range of the part's area, as a share of the image's.
    ratio : (float, float)
        Range of width / height; drawn on a logarithmic scale.

    Returns
    -------
    Tensor, shape (c, size, size)
        Bilinear, low-pass filtered where it shrinks.
    """
    height, width = image.shape[1:]
    low, high = math.log(ratio[0]), math.log(ratio[1])
    for _ in range(10):
        area = height * width * _uniform(scale[0], scale[1], generator)
        aspect = math.exp(_uniform(low, high, generator))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            part = _cut(image, h, w, generator)
            break
    else:  # the image is too long or too high for the ratio: take its middle
        h = min(height, round(width / ratio[0]))
        w = min(width, round(height * ratio[1]))
        part = center_crop(image, max(h, 1), max(w, 1))
    return functional.interpolate(
        part[None], (size, size), mode="bilinear", antialias=True
    )[0].clamp_(0, 1)


def random_crop(image, size, generator):
    """Cut a square of ``size`` pixels at a random place of a ``(c, h, w)`` image."""
    image = _at_least(image, size)
    return _cut(image, size, size, generator)


def center_crop(image, height, width):
    """Cut the middle of a ``(c, h, w)`` image, padded by reflection if smaller."""
    image = _at_least(_at_least(image, height, 1), width, 2)
    top, left = (image.shape[1] - height) // 2, (image.shape[2] - width) // 2
    return image[:, top : top + height, left : left + width]


def _cut(image, height, width, generator):
    top = _integer(image.shape[1] - height + 1, generator)
    left = _integer(image.shape[2] - width + 1, generator)
    return image[:, top : top + height, left : left + width]


def _at_least(image, size, *dims):
    """Reflect a ``(c, h, w)`` image, as often as needed, to at least ``size``."""
    for dim in dims or (1, 2):
        while image.shape[dim] < size:
            n = min(size - image.shape[dim], image.shape[dim])
            image = torch.cat([image, image.flip(dim).narrow(dim, 0, n)], dim)
    return image


def _uniform(low, high, generator):
    return low + (high - low) * float(
        torch.rand((), generator=generator, dtype=torch.float64)
    )


def _integer(n, generator):
    return int(torch.randint(n, (), generator=generator))
