"""From whatever is given as an image to an array whose dtype has a meaning."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from .notices import ImageWarning, notify

__all__ = ["HIDDEN", "as_array", "is_gray", "is_pillow", "stored_pixels"]

# What is said of an image with alpha.
HIDDEN = (
    "has an alpha channel that is not opaque: it is dropped and the colours below it "
    "are used as they are"
)


def as_array(image, name="image") -> np.ndarray:
    """Return the pixels of an object in one of the dtypes that have a range.

    Parameters
    ----------
    image : array-like or Pillow image
        A Pillow image gives what it shows: its palette is looked up, its alpha
        dropped, as :func:`skfusion.images.read_image` does.
    name : str, default="image"
        What to call the image in an error.

    Returns
    -------
    ndarray of bool, uint8, uint16, float16, float32 or float64
        In the byte order of the machine; longer floats are rounded to float64. Of any
        shape, and the input itself where nothing had to change.

    Raises
    ------
    ValueError
        For anything else: nothing at all, masked pixels, other dtypes.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.images.objects import as_array
    >>> as_array(np.array([[7, 8]], dtype=">u2")).dtype
    dtype('uint16')
    """
    array = _pixels(image, name)
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype in (bool, np.uint8, np.uint16):
        return array
    if array.dtype.kind == "f":
        return array.astype(np.float64) if array.dtype.itemsize > 8 else array
    raise ValueError(
        f"{name} has dtype {array.dtype}{_span(array)}: use uint8, uint16, or float in "
        f"[0, 1], e.g. {_ways(array)}."
    )


def is_gray(image) -> bool:
    """Whether three channels are one: exactly equal everywhere, NaN beside NaN."""
    nan = image.dtype.kind == "f"
    # The first row tells most colour images apart without a pass over all pixels.
    return all(
        np.array_equal(part[..., 0], part[..., c], equal_nan=nan)
        for part in (image[:1], image)
        for c in (1, 2)
    )


def is_pillow(image) -> bool:
    """Whether an object is a Pillow image; Pillow itself is not loaded."""
    return any(kind.__module__ == "PIL.Image" for kind in type(image).__mro__)


def stored_pixels(picture) -> np.ndarray:
    """Return the channels of a Pillow image, its palette looked up.

    Parameters
    ----------
    picture : PIL.Image.Image

    Returns
    -------
    ndarray, shape (H, W, C)
        Gray, gray and alpha, RGB, or RGB and alpha.

    Raises
    ------
    ValueError
        For a mode that is neither gray nor colour.
    """
    mode = picture.mode
    if "transparency" in picture.info and mode in ("1", "L", "P", "RGB"):
        picture = picture.convert("RGBA" if mode in ("P", "RGB") else "LA")
    elif mode in ("P", "CMYK", "YCbCr", "RGBX", "HSV"):
        picture = picture.convert("RGB")
    elif mode in ("PA", "RGBa", "La"):
        picture = picture.convert("LA" if mode == "La" else "RGBA")
    image = np.asarray(picture)
    if mode == "1" and image.dtype == bool:
        image = image.astype(np.uint8) * np.uint8(255)
    elif mode.startswith("I;16"):
        image = image.astype(np.uint16, copy=False)
    elif picture.mode not in ("L", "LA", "RGB", "RGBA", "F", "I"):
        raise ValueError(f"its mode {mode} is unknown here")
    return image[..., None] if image.ndim == 2 else image


def _pixels(image, name):
    if image is None or isinstance(image, float):
        raise ValueError(
            f"{name} is {image!r}, no image: give an array or a path; cv2.imread "
            "returns None for a file that is missing or no image, where "
            "skfusion.images.read_image says why."
        )
    flat = isinstance(image, memoryview) and image.ndim == 1
    if flat or isinstance(image, (bytes, bytearray)):
        raise ValueError(
            f"{name} is {len(image)} bytes of an encoded file: decode them first, e.g. "
            "PIL.Image.open(io.BytesIO(image))."
        )
    if np.ma.isMaskedArray(image) and np.ma.is_masked(image):
        raise ValueError(
            f"{name} holds {np.ma.count_masked(image)} masked pixels: fill them with a "
            "value that you choose, e.g. image.filled(0)."
        )
    try:
        array = _from_pillow(image, name) if is_pillow(image) else np.asarray(image)
    except MemoryError:
        raise
    except Exception as error:  # whatever a foreign object raises
        raise ValueError(
            f"{name} is a {type(image).__name__} that NumPy cannot read ({error}): "
            f"{_way_to_numpy(image)}."
        ) from error
    if array.ndim == 0 and array.dtype == object:
        raise ValueError(
            f"{name} is a {type(image).__name__} that NumPy cannot read: "
            f"{_way_to_numpy(image)}."
        )
    return array


def _way_to_numpy(image):
    """Say how an object becomes an array."""
    if hasattr(image, "detach"):  # a tensor of torch
        dense = "" if str(image.layout) == "torch.strided" else ".to_dense()"
        plain = ".dequantize()" if image.is_quantized else dense
        return f"give image.detach().cpu(){plain}.float().numpy()"
    if callable(getattr(image, "get", None)) and not isinstance(image, dict):
        return "give image.get()"  # OpenCV's UMat and CuPy's arrays
    return "numpy.asarray(image) has to give an array of numbers"


def _from_pillow(picture, name):
    image = stored_pixels(picture)
    if image.shape[2] in (2, 4):
        if (image[..., -1] != 255).any():
            notify(ImageWarning, name, HIDDEN)
        image = image[..., :-1]
    return image[..., 0] if image.shape[2] == 1 or is_gray(image) else image


def _span(array):
    if array.dtype.kind in "iu" and array.size:
        return f" and values {array.min()}..{array.max()}"
    return ""


def _ways(array):
    """Say how to give these numbers a range; each way runs as it stands."""
    kind = array.dtype.kind
    if kind in "iu" and array.size:
        low, high = int(array.min()), int(array.max())
        ways = [f"np.interp(image, ({low}, {high}), (0, 1)) for any other scale"]
        if low >= 0 and high <= 255:
            ways.insert(0, "image.astype(np.uint8) for grey levels of 0..255")
        elif low >= 0 and high <= 65535:
            ways.insert(
                0,
                "LinearStretch().transform([image.astype(np.uint16)])[0] for counts of "
                "a camera",
            )
        return ", ".join(ways)
    if kind == "c":
        return "np.interp(np.abs(image), (0, np.abs(image).max()), (0, 1))"
    if kind in "SU":
        return "the numbers that the text stands for"
    return "image.astype(np.float32) for numbers in [0, 1]"
