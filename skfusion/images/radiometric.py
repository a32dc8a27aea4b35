"""Radiometric JPEGs: the counts of a thermal camera behind the picture made of them."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
from dataclasses import dataclass
from numbers import Real

import numpy as np

from .files import ImageReadError, file_bytes
from .formats.flir import FlirFile, read_flir
from .formats.jpeg import parse_jpeg, radiometric_maker
from .formats.png import read_png

__all__ = ["PlanckConstants", "RadiometricImage", "read_radiometric"]

_ZERO_CELSIUS = 273.15


@dataclass(frozen=True)
class PlanckConstants:
    """What the maker found for one camera: counts of a black body by its temperature.

    Attributes
    ----------
    r1, b, f, o, r2 : float
        Of ``counts = r1 / (r2 (exp(b / T) - f)) - o`` with T in kelvin.
    """

    r1: float
    b: float
    f: float
    o: float
    r2: float

    def counts(self, celsius):
        """Return the counts of a black body.

        Parameters
        ----------
        celsius : float or ndarray

        Returns
        -------
        float or ndarray of float64
        """
        kelvin = np.asarray(celsius, np.float64) + _ZERO_CELSIUS
        return self.r1 / (self.r2 * (np.exp(self.b / kelvin) - self.f)) - self.o

    def celsius(self, counts):
        """Return the temperature of a black body, NaN for counts that none has.

        Parameters
        ----------
        counts : float or ndarray

        Returns
        -------
        float or ndarray of float64
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            signal = self.r2 * (np.asarray(counts, np.float64) + self.o)
            kelvin = self.b / np.log(self.r1 / signal + self.f)
        return np.where(signal > 0, kelvin, np.nan) - _ZERO_CELSIUS


@dataclass(frozen=True)
class RadiometricImage:
    """The counts of a thermal camera and what it noted about them.

    Attributes
    ----------
    counts : ndarray of uint16, shape (H, W)
        More counts are more radiation.
    planck : PlanckConstants
    emissivity : float
        As set in the camera; it is not used unless it is passed to :meth:`celsius`.
    reflected_temperature : float
        In degrees Celsius, as set in the camera.
    camera : str
        Name of the model.
    """

    counts: np.ndarray
    planck: PlanckConstants
    emissivity: float
    reflected_temperature: float
    camera: str

    def celsius(self, emissivity=1.0, reflected_temperature=None) -> np.ndarray:
        """Return the temperature of what the camera saw.

        Parameters
        ----------
        emissivity : float, default=1.0
            Of the surface, above 0 to 1; 1 gives the apparent temperature, that of a
            black body.
        reflected_temperature : float, default=None
            In degrees Celsius, of the surroundings that the surface reflects; ``None``
            is that of the file.

        Returns
        -------
        ndarray of float32, shape (H, W)
            In degrees Celsius. NaN where a count is below that of any body.

        Raises
        ------
        ValueError
            If a parameter is out of its range.

        Notes
        -----
        The counts are ``e S(T) + (1 - e) S(T_reflected)``, with ``S`` the counts of a
        black body. Air and windows on the way are taken as transparent.
        """
        if not (isinstance(emissivity, Real) and 0 < emissivity <= 1):
            raise ValueError(f"emissivity={emissivity!r}: expected above 0, at most 1.")
        if reflected_temperature is None:
            reflected_temperature = self.reflected_temperature
        real = isinstance(reflected_temperature, Real)
        if not (real and -_ZERO_CELSIUS < reflected_temperature < np.inf):
            raise ValueError(
                f"reflected_temperature={reflected_temperature!r}: expected degrees "
                "Celsius, above -273.15."
            )
        signal = self.counts.astype(np.float64)
        if emissivity < 1:
            reflected = self.planck.counts(reflected_temperature)
            signal = (signal - (1 - emissivity) * reflected) / emissivity
        return self.planck.celsius(signal).astype(np.float32)


def read_radiometric(
    path,
    *,
    temperature=False,
    emissivity=1.0,
    reflected_temperature=None,
    details=False,
    max_pixels=2**27,
):
    """Read the counts, or the temperatures, that a radiometric JPEG holds.

    :func:`skfusion.images.read_image` reads the picture that the camera made of them:
    in colours of its palette, often with a scale and a logo. Files of FLIR cameras
    are read.

    Parameters
    ----------
    path : str or path-like
        A regular file.
    temperature : bool, default=False
        Return degrees Celsius in place of counts.
    emissivity, reflected_temperature : float
        As for :meth:`RadiometricImage.celsius`.
    details : bool, default=False
        Return a :class:`RadiometricImage`, with the constants of the camera.
    max_pixels : int, default=2**27
        Largest accepted width times height.

    Returns
    -------
    ndarray of uint16 or float32, shape (H, W), or RadiometricImage

    Raises
    ------
    ImageReadError
        If the file is damaged or no radiometric JPEG. The raw data of DJI cameras are
        recognised; they are documented nowhere, and DJI's own program converts them.
    ValueError
        If a parameter is out of its range.

    See Also
    --------
    skfusion.transforms.LinearStretch : Makes a picture of counts or temperatures.

    Examples
    --------
    >>> from skfusion import fuse
    >>> from skfusion.images import read_radiometric
    >>> from skfusion.transforms import LinearStretch
    >>> def fuse_flir(path, visible):
    ...     counts = read_radiometric(path)
    ...     return fuse(LinearStretch(1, 99).transform([counts])[0], visible)
    """
    data = file_bytes(path, max_pixels)
    try:
        flir = _flir_of(data, max_pixels)
        counts = _counts(flir, max_pixels)
    except MemoryError:
        raise
    except Exception as error:  # a decoder may raise anything on a damaged file
        raise ImageReadError(f"{os.fspath(path)} {error}.") from error
    image = RadiometricImage(
        counts,
        PlanckConstants(*flir.planck),
        flir.emissivity,
        flir.reflected_kelvin - _ZERO_CELSIUS,
        flir.camera,
    )
    celsius = image.celsius(emissivity, reflected_temperature) if temperature else None
    if details:
        return image
    return counts if celsius is None else celsius


def _flir_of(data, max_pixels) -> FlirFile:
    if not data.startswith(b"\xff\xd8\xff"):
        raise ValueError("is no JPEG, so no radiometric one")
    segments = parse_jpeg(data, max_pixels).segments
    maker = radiometric_maker(segments)
    if maker == "DJI":
        raise ValueError(
            "holds raw data of a DJI camera, which only DJI's Thermal SDK can turn "
            "into temperatures: convert it, e.g. dji_irp -s FILE.JPG -a measure "
            "-o FILE.raw --measurefmt float32, and read that with numpy.fromfile"
        )
    if maker != "FLIR":
        raise ValueError(
            "holds no radiometric data: it is a picture only; read_image reads it"
        )
    return read_flir(segments)


def _counts(flir, max_pixels):
    """Return the raw image of a FLIR file, in the right byte order."""
    width, height = flir.size
    if flir.pixels.startswith(b"\x89PNG\r\n\x1a\n"):
        plan = read_png(flir.pixels, max_pixels)
        image = plan.decode().image
        if image.dtype != np.uint16 or image.shape != (height, width, 1):
            raise ValueError("is damaged: its raw image is not of the size it says")
        counts = image[..., 0]
        # A PNG has the high byte first. Most cameras write it the other way round,
        # some do not: the median that the camera noted tells which.
        turned = counts.byteswap()
        if not flir.median or abs(np.median(turned) - flir.median) < abs(
            np.median(counts) - flir.median
        ):
            counts = turned
        return np.ascontiguousarray(counts)
    if width * height > max_pixels:
        raise ValueError(f"has a raw image of more than max_pixels={max_pixels}")
    if width * height == 0 or len(flir.pixels) < 2 * width * height:
        raise ValueError("is truncated: its raw image is cut off")
    counts = np.frombuffer(flir.pixels, "<u2", width * height)
    return counts.reshape(height, width).astype(np.uint16)
