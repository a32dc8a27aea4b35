"""The files that the app hands out, as bytes."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import tempfile
from pathlib import Path

from ..images.files import write_image
from ..model_files import save_pipeline

__all__ = ["model_bytes", "picture_bytes", "video_bytes"]


def picture_bytes(image, *, suffix=".png", bit_depth=8) -> bytes:
    r"""Return an image as the content of a file.

    Parameters
    ----------
    image : ndarray of float, shape (H, W) or (H, W, 3)
        In [0, 1].
    suffix, bit_depth
        As for :func:`skfusion.images.write_image`.

    Returns
    -------
    bytes

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.app.downloads import picture_bytes
    >>> picture_bytes(np.zeros((2, 2)))[:4]
    b'\x89PNG'
    """
    return _written(suffix, lambda path: write_image(path, image, bit_depth=bit_depth))


def model_bytes(estimator) -> bytes:
    """Return an estimator as the file that ``skfusion fuse --model`` takes.

    Parameters
    ----------
    estimator : estimator
        Of this library, without weights that were trained here.

    Returns
    -------
    bytes
        JSON.
    """
    return _written(".json", lambda path: save_pipeline(estimator, path))


def video_bytes(estimator, videos) -> bytes:
    """Fuse two videos and return the third.

    Parameters
    ----------
    estimator : estimator
    videos : (path, path)
        Infrared and visible.

    Returns
    -------
    bytes
        An MP4 file.
    """
    from ..video import fuse_video

    return _written(".mp4", lambda path: fuse_video(estimator, *videos, path))


def _written(suffix, write):
    with tempfile.TemporaryDirectory(prefix="skfusion-") as folder:
        path = Path(folder) / f"file{suffix}"
        write(path)
        return path.read_bytes()
