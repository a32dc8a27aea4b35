"""Sharp and blurred patches of photographs: what the clarity networks learn from."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real
from pathlib import Path

import cv2
import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from ..images import as_levels, write_image

__all__ = ["make_sharpness_patches", "write_sharpness_patches"]

_KERNEL_SIZES = (9, 11, 13, 15)
_GRADIENTS = StrOptions({"clipped", "signed", "magnitude"})


@validate_params(
    {
        "images": "no_validation",
        "n": [Interval(Integral, 1, None, closed="left")],
        "patch": [Interval(Integral, 8, None, closed="left")],
        "blur_sigma": [Interval(Real, 0, None, closed="neither")],
        "kernel_sizes": ["array-like"],
        "gradients": [_GRADIENTS, None],
        "context": [Interval(Integral, 0, None, closed="left")],
        "keep_identical": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_sharpness_patches(
    images,
    n=1000,
    *,
    patch=32,
    blur_sigma=9.0,
    kernel_sizes=_KERNEL_SIZES,
    gradients=None,
    context=0,
    keep_identical=False,
    random_state=None,
):
    """Draw pairs of a sharp window and a blurred copy of it.

    Each tile of an image is set against the same tile of the blurred image, in both
    orders. The blur is a Gaussian cut to a square kernel whose size is drawn for
    every tile; the image and its blurred version are rounded to 8 bits.

    Parameters
    ----------
    images : sequence of array-like or path
        Photographs, gray or colour (reduced to luma); read one at a time.
    n : int, default=1000
        Number of samples: two for each tile, one for the last if ``n`` is odd.
    patch : int, default=32
        Side of a window in pixels.
    blur_sigma : float, default=9.0
        Standard deviation of the blur in pixels.
    kernel_sizes : sequence of odd int, default=(9, 11, 13, 15)
        Sides of the blur kernel. Beyond the border of an image its nearest pixel is
        repeated.
    gradients : {"clipped", "signed", "magnitude"}, default=None
        Also return the Sobel gradients of the images: saturated to [0, 1] as in an
        8-bit file (the authors' form, which loses falling edges), signed in [-4, 4],
        or their absolute values.
    context : int, default=0
        True pixels around each window to return with it. Two are what
        :class:`skfusion.fusers.SharpnessClassifier` sees of an image around a
        window.
    keep_identical : bool, default=False
        Keep tiles that the blur does not change, as the authors do: overexposed sky,
        say, about one in 300. Nobody can tell which of the two is the sharp one.
    random_state : int, RandomState instance or None, default=None
        Draws tiles, kernel sizes and the order of the images.

    Returns
    -------
    X : ndarray of float32, shape (n, 2, side, side) or (n, 2, 3, side, side)
        Windows in [0, 1], ``side = patch + 2 * context``; with ``gradients`` the
        planes gray, Gx, Gy.
    y : ndarray of int64, shape (n,)
        0 where the first window is the sharp one, 1 where it is the second. The two
        samples of a tile follow each other.

    Raises
    ------
    ValueError
        If there is no image, an image is smaller than a window, no tile of it is
        changed by the blur, or a kernel size is even.

    See Also
    --------
    write_sharpness_patches : Write such a set as files.
    skfusion.fusers.SharpnessClassifier : Learns from it.

    Notes
    -----
    Tiles lie on a grid without overlap and are taken without replacement while an
    image has any left. In the published code one image has one kernel size, and 9
    is never trained on; its text, followed here, has all sizes for every image.

    References
    ----------
    .. [1] Infrared and visible image fusion with enhancement before and after a
       residual sharpness network, Neurocomputing 2024,
       doi:10.1016/j.neucom.2024.127353.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.datasets import make_sharpness_patches
    >>> image = np.random.default_rng(0).random((64, 96))
    >>> X, y = make_sharpness_patches([image], n=6, random_state=0)
    >>> X.shape, y.tolist()
    ((6, 2, 32, 32), [0, 1, 0, 1, 0, 1])
    """
    images = list(images)
    if not images:
        raise ValueError("images is empty: give at least one photograph.")
    kernel_sizes = _check_kernel_sizes(kernel_sizes)
    random_state = check_random_state(random_state)
    n_tiles = (n + 1) // 2
    counts = _share_out(n_tiles, len(images), random_state)
    side = patch + 2 * context
    planes = () if gradients is None else (3,)
    tiles = np.empty((n_tiles, 2, *planes, side, side), dtype=np.float32)
    start = 0
    for index in random_state.permutation(len(images)):
        if not counts[index]:
            continue
        levels = np.rint(as_levels(images[index], f"images[{index}]"))
        if min(levels.shape) < patch:
            raise ValueError(
                f"images[{index}] is {levels.shape[0]}x{levels.shape[1]}: smaller than "
                f"one window of patch={patch}; leave it out or enlarge it."
            )
        stop = start + counts[index]
        try:
            _cut(
                levels,
                tiles[start:stop],
                patch,
                context,
                gradients,
                random_state.choice(kernel_sizes, counts[index]),
                blur_sigma,
                keep_identical,
                random_state,
            )
        except _NothingToSee:
            raise ValueError(
                f"images[{index}] has no tile of patch={patch} that the blur changes: "
                "leave it out, or set keep_identical=True."
            ) from None
        start = stop
    X = np.stack([tiles, tiles[:, ::-1]], axis=1).reshape(-1, *tiles.shape[1:])
    return np.ascontiguousarray(X[:n]), np.arange(n, dtype=np.int64) % 2


def write_sharpness_patches(images, folder, n=1000, *, random_state=None, **params):
    """Write a set of sharp and blurred windows as files, two folders for two classes.

    Each file is one sample: the first window above the second, with gray, Gx and Gy
    as red, green and blue, in ``focus_unfocus`` (class 0, first sharp) or
    ``unfocus_focus`` (class 1). PNG keeps every value; the authors wrote JPEG.

    Parameters
    ----------
    images : sequence of array-like or path
    folder : path
        Made if it does not exist.
    n : int, default=1000
    random_state : int, RandomState instance or None, default=None
    **params
        ``patch``, ``blur_sigma`` and ``kernel_sizes`` of
        :func:`make_sharpness_patches`.

    Returns
    -------
    list of Path
        The files, in the order of the samples.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from skfusion.datasets import write_sharpness_patches
    >>> image = np.random.default_rng(0).random((64, 96))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = write_sharpness_patches([image], folder, n=2, random_state=0)
    >>> [f"{file.parent.name}/{file.name}" for file in files]
    ['focus_unfocus/0000000.png', 'unfocus_focus/0000001.png']
    """
    X, y = make_sharpness_patches(
        images, n, gradients="clipped", random_state=random_state, **params
    )
    folders = [Path(folder) / name for name in ("focus_unfocus", "unfocus_focus")]
    for path in folders:
        path.mkdir(parents=True, exist_ok=True)
    files = []
    for index, (pair, label) in enumerate(zip(X, y)):
        stacked = np.moveaxis(pair, 1, -1).reshape(-1, pair.shape[-1], 3)
        files.append(folders[label] / f"{index:07d}.png")
        write_image(files[-1], stacked)
    return files


def _check_kernel_sizes(kernel_sizes):
    sizes = np.asarray(kernel_sizes)
    if sizes.ndim != 1 or sizes.size == 0 or (sizes % 2 != 1).any():
        raise ValueError(
            f"kernel_sizes={kernel_sizes!r}: expected odd numbers of pixels, such as "
            f"{_KERNEL_SIZES}."
        )
    return sizes.astype(int)


def _share_out(n_tiles, n_images, random_state):
    """Return how many tiles each image gives: equal shares, the rest by chance."""
    counts = np.full(n_images, n_tiles // n_images)
    counts[random_state.permutation(n_images)[: n_tiles % n_images]] += 1
    return counts


class _NothingToSee(Exception):
    pass


def _cut(
    levels, tiles, patch, context, gradients, sizes, sigma, keep_identical, random_state
):
    """Fill tiles ``(n, 2, [3,] side, side)`` from one image and its blurred copies."""
    rows, columns = (side // patch for side in levels.shape)
    sharp = _planes(levels, context, gradients)
    blurred, usable = {}, {}
    for size in np.unique(sizes):
        copy = _blur(levels, size, sigma)
        differs = (copy != levels)[: rows * patch, : columns * patch]
        differs = differs.reshape(rows, patch, columns, patch).any((1, 3)).ravel()
        usable[size] = differs | keep_identical
        if not usable[size].any():
            raise _NothingToSee
        blurred[size] = _planes(copy, context, gradients)
    places = _places(rows * columns, random_state)
    for i, size in enumerate(sizes):
        place = next(place for place in places if usable[size][place])
        row, column = np.array(divmod(place, columns)) * patch
        window = np.s_[
            ...,
            row : row + patch + 2 * context,
            column : column + patch + 2 * context,
        ]
        tiles[i, 0] = sharp[window]
        tiles[i, 1] = blurred[size][window]


def _places(n, random_state):
    """Yield 0..n-1 in random order, again and again."""
    while True:
        yield from random_state.permutation(n)


def _blur(levels, size, sigma):
    blurred = cv2.GaussianBlur(
        levels, (int(size), int(size)), sigma, borderType=cv2.BORDER_REPLICATE
    )
    # MATLAB's imgaussfilt returns the class of its argument: uint8, half up.
    return np.floor(blurred + 0.5)


def _planes(levels, context, gradients):
    image = (levels / 255).astype(np.float32)
    if gradients is not None:
        import torch

        from ..networks.sharpness import sharpness_planes

        gray = torch.from_numpy(image[None])
        image = sharpness_planes(gray, gradients, normalize=False)[0].numpy()
    border = [(0, 0)] * (image.ndim - 2) + [(context, context)] * 2
    return np.pad(image, border, mode="symmetric")
