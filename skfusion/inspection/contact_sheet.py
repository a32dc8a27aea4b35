"""Contact sheets: the images of several pairs side by side under their captions."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np

from ..images import as_float

__all__ = ["contact_sheet"]

_CAPTION = 22  # pixels
_GAP = 4


def contact_sheet(rows, captions, *, tile_height=240, max_width=4096) -> np.ndarray:
    """Lay images out in rows of equal height.

    Parameters
    ----------
    rows : list of list of array-like
        One list a pair, e.g. ``[infrared, visible, fused]``; gray and colour mix.
    captions : list of list of str
        One caption an image.
    tile_height : int, default=240
        Height of every image in pixels; widths follow the aspect ratios. Images are
        never enlarged by more than 2.
    max_width : int, default=4096
        Rows wider than this are drawn smaller.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        RGB.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.inspection.contact_sheet import contact_sheet
    >>> image = np.zeros((60, 80))
    >>> contact_sheet([[image, image]], [["a", "b"]], tile_height=60).shape
    (86, 168, 3)
    """
    if len(rows) != len(captions) or not rows:
        raise ValueError(
            f"rows holds {len(rows)} rows and captions {len(captions)}: give as many, "
            "and at least one."
        )
    strips = [
        _strip(images, texts, tile_height, max_width)
        for images, texts in zip(rows, captions)
    ]
    width = max(strip.shape[1] for strip in strips)
    return np.concatenate(
        [
            np.pad(strip, ((0, 0), (0, width - strip.shape[1]), (0, 0)))
            for strip in strips
        ]
    )


def _strip(images, texts, tile_height, max_width):
    images = [as_float(image) for image in images]
    if len(images) != len(texts):
        raise ValueError(
            f"a row holds {len(images)} images and {len(texts)} captions: give as many."
        )
    natural = sum(
        round(image.shape[1] * tile_height / image.shape[0]) + _GAP for image in images
    )
    height = max(16, int(tile_height * min(1.0, max_width / natural)))
    return np.concatenate(
        [_tile(image, text, height) for image, text in zip(images, texts)], axis=1
    )


def _tile(image, text, height):
    scale = min(height / image.shape[0], 2.0)
    width = max(1, round(image.shape[1] * scale))
    drawn = max(1, round(image.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    picture = cv2.resize(image, (width, drawn), interpolation=method)
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, axis=2)
    tile = np.zeros((height + _CAPTION + _GAP, width + _GAP, 3), dtype=np.uint8)
    tile[_CAPTION : _CAPTION + drawn, _GAP // 2 : _GAP // 2 + width] = np.rint(
        np.clip(picture, 0, 1) * 255
    )
    cv2.putText(
        tile,
        str(text).encode("ascii", "replace").decode(),
        (_GAP, _CAPTION - 7),
        cv2.FONT_HERSHEY_SIMPLEX,
        0.45,
        (230, 230, 230),
        1,
        cv2.LINE_AA,
    )
    return tile
