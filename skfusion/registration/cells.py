"""Pairs that are brought onto one grid when they are read."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from dataclasses import dataclass

from ..images import as_float, luma
from ..images.cells import LazyImage, seen
from ..pairs import ImagePairs, as_pairs
from .applied import registered

__all__ = ["Registered", "registered_pairs"]


@dataclass(frozen=True, eq=False)
class Registered(LazyImage):
    """One image of a pair as it is on the common grid.

    Parameters
    ----------
    image : array-like, path or LazyImage
        The image itself.
    other : array-like, path or LazyImage
        The other one of the pair.
    role : {"infrared", "visible"}
        What the image is.
    transform : ndarray of shape (3, 3) or Calibration
    moving, crop, fill
        As for :class:`skfusion.transforms.Register`.
    """

    image: object
    other: object
    role: str
    transform: object
    moving: str
    crop: str | None
    fill: str

    def seen(self, name):
        """Return the registered image, float32 in [0, 1]."""
        image, notes = seen(self.image, name)
        other, _ = seen(self.other, f"the partner of {name}")
        cells = (image, other) if self.role == "infrared" else (other, image)
        pair = registered(
            *(self.transform, luma(cells[0], name), as_float(cells[1], name)),
            *(self.moving, self.crop, self.fill),
        )
        return pair[self.role == "visible"], notes


def registered_pairs(pairs, transforms, moving, crop=None, fill="edge") -> ImagePairs:
    """Return the same pairs on one grid, warped when they are read.

    Parameters
    ----------
    pairs : pairs
        Any form that :func:`skfusion.pairs.as_pairs` takes.
    transforms : sequence of ndarray of shape (3, 3) or Calibration
        One a pair.
    moving, crop, fill
        As for :class:`skfusion.transforms.Register`.

    Returns
    -------
    ImagePairs
    """
    pairs = as_pairs(pairs)
    columns = {"infrared": list(pairs.infrared), "visible": list(pairs.visible)}
    partner = {"infrared": "visible", "visible": "infrared"}
    made = {
        role: [
            Registered(cell, other, role, transform, moving, crop, fill)
            for cell, other, transform in zip(cells, columns[partner[role]], transforms)
        ]
        for role, cells in columns.items()
        if role == moving or crop is not None
    }
    return ImagePairs(**{**columns, **made}, names=pairs.names)
