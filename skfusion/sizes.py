"""Pairs of two sizes: bring them to one, and see what an estimator made of them."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from sklearn.pipeline import Pipeline

from .images.cells import Resized
from .pairs import ImagePairs, as_pairs

__all__ = ["resize_pairs", "sized", "sized_images"]


def resize_pairs(pairs, to) -> ImagePairs:
    """Return the same pairs with one image resized to the other when it is read.

    What :class:`skfusion.transforms.Resize` does as a step of a pipeline; here it is
    done before, so that whoever fuses or measures the pairs sees one size.

    Parameters
    ----------
    pairs : pairs
        Any form that :func:`skfusion.pairs.as_pairs` takes.
    to : {"infrared", "visible"}
        The image that keeps its size. The same field of view is assumed.

    Returns
    -------
    ImagePairs

    Raises
    ------
    ValueError
        If `to` is another word.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.sizes import resize_pairs
    >>> X = resize_pairs([(np.zeros((3, 4)), np.ones((6, 8)))], "visible")
    >>> [image.shape for image in X.read(0)]
    [(6, 8), (6, 8)]
    """
    if to not in ("infrared", "visible"):
        raise ValueError(f"to={to!r}: use 'infrared' or 'visible'.")
    pairs = as_pairs(pairs)
    infrared, visible = list(pairs.infrared), list(pairs.visible)
    if to == "visible":
        infrared = [Resized(*pair) for pair in zip(infrared, visible)]
    else:
        visible = [Resized(*pair) for pair in zip(visible, infrared)]
    return ImagePairs(infrared, visible, names=pairs.names)


def sized(estimator, pairs) -> ImagePairs:
    """Return pairs as the steps of an estimator that change sizes leave them.

    The fused image is compared with these, and takes its colours from them. Steps
    that change anything else are left out.

    Parameters
    ----------
    estimator : fuser, Pipeline or what stands around one
    pairs : ImagePairs

    Returns
    -------
    ImagePairs
        The same object where no step changes sizes.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion import ImagePairs
    >>> from skfusion.sizes import sized
    >>> from skfusion.transforms import Resize
    >>> X = ImagePairs([np.zeros((3, 4))], [np.ones((6, 8))])
    >>> sized(Resize(to="infrared"), X).read(0)[1].shape
    (3, 4)
    """
    if isinstance(estimator, Pipeline):
        for _, step in estimator.steps:
            pairs = sized(step, pairs)
        return pairs
    if hasattr(estimator, "_inner"):  # it stands around another
        return sized(estimator._inner(), pairs)
    if hasattr(estimator, "_sized"):
        return estimator._sized(pairs)
    return pairs


def sized_images(step, images):
    """Return images as the steps of a transformer that change sizes leave them.

    Parameters
    ----------
    step : transformer of images, Pipeline of such, or "passthrough"
    images : sequence of images

    Returns
    -------
    sequence of images
    """
    if isinstance(step, Pipeline):
        for _, inner in step.steps:
            images = sized_images(inner, images)
        return images
    return step.transform(images) if getattr(step, "_changes_size", False) else images
