"""Encode frames into a video that appears when it is complete."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import numpy as np

from .._atomic_files import remove_leftovers, temporary_beside
from ..images import to_dtype
from .containers import VideoError, best_scaling, load_av

__all__ = ["FrameWriter"]

_SUFFIXES = (".mp4", ".mov", ".mkv")
_TAGS = {"ITU709": 1, "FCC": 4, "ITU601": 6, "SMPTE240M": 7, "BT2020": 9}
_LIMITED = 1
_FASTSTART = {"movflags": "+faststart"}


class FrameWriter:
    """Encode frames into a file that appears, complete, with ``close``.

    Parameters
    ----------
    path : path
        Ends in ``.mp4``, ``.mov`` or ``.mkv``.
    like : FrameReader
        Frame rate, time base, matrix and aspect of the pixels.
    codec : {"libx264", "mpeg4", "ffv1"} or None
        ``None``: H.264 where PyAV has the encoder, else MPEG-4.
    crf : float
        Quality of H.264: 0 is lossless, 18 hardly visible, 51 worst.
    bit_depth : {8, 16}
        16 with ``"ffv1"`` only.
    sound : Sound
        Copied beside the frames.
    """

    def __init__(self, path, like, codec=None, crf=18, bit_depth=8, *, sound):
        self._av = load_av()
        self._path, self._like, self._crf = Path(path), like, crf
        self._sound = sound
        self.codec = self._checked_codec(codec, bit_depth)
        self._dtype = np.dtype(f"uint{bit_depth}")
        self._container = None
        self._last = -1

    def _checked_codec(self, codec, bit_depth):
        available = self._av.codec.codecs_available
        if self._path.suffix.lower() not in _SUFFIXES:
            raise VideoError(
                f"out={str(self._path)!r}: a video file ends in .mp4, .mov or .mkv."
            )
        if not self._path.parent.is_dir():
            raise VideoError(f"out={str(self._path)!r}: there is no such folder.")
        if codec is None:
            codec = "libx264" if "libx264" in available else "mpeg4"
        if codec not in ("libx264", "mpeg4", "ffv1"):
            raise VideoError(f"codec={codec!r}: use 'libx264', 'mpeg4' or 'ffv1'.")
        if codec not in available:
            raise VideoError(f"codec={codec!r} is not in this build of PyAV.")
        if codec == "ffv1" and self._path.suffix.lower() != ".mkv":
            raise VideoError(
                f"out={str(self._path)!r}: codec='ffv1' goes into a file ending in "
                ".mkv."
            )
        if bit_depth not in (8, 16):
            raise VideoError(f"bit_depth={bit_depth!r}: use 8 or 16.")
        if bit_depth == 16 and codec != "ffv1":
            raise VideoError(
                f"bit_depth=16 with codec={codec!r}: only codec='ffv1' keeps 16 bits."
            )
        if not 0 <= self._crf <= 51:
            raise VideoError(f"crf={self._crf!r}: expected 0 (best) to 51.")
        return codec

    def write(self, image, time):
        """Append a frame.

        Parameters
        ----------
        image : ndarray of float, shape (H, W) or (H, W, 3)
            In [0, 1].
        time : Fraction
            Seconds since the first frame.
        """
        if self._container is None:
            self._open(image.shape)
        if image.shape != self._shape:
            raise VideoError(
                f"a fused frame is {image.shape}, those before it {self._shape}."
            )
        frame = self._frame(to_dtype(image, self._dtype))
        base = self._stream.codec_context.time_base
        self._last = frame.pts = max(round(time / base), self._last + 1)
        frame.time_base = base
        self._sound.copy_until(time, self._container)
        self._mux(frame)
        self._end = time + 1 / self._like.rate

    def _open(self, shape):
        self._shape = shape
        remove_leftovers(self._path.parent)
        suffix = self._path.suffix.lower()
        temporary = temporary_beside(self._path)
        self._temporary = temporary.with_name(temporary.name + suffix)
        try:
            self._begin(suffix)
        except self._av.FFmpegError as error:
            if not self._sound.codecs:
                raise self._refused(error) from None
            self.discard()
            self._sound.drop(suffix)
            self._open(shape)

    def _begin(self, suffix):
        """Write the header."""
        self._container = self._av.open(
            os.fspath(self._temporary.absolute()),
            "w",
            options={} if suffix == ".mkv" else _FASTSTART,
        )
        self._stream = stream = self._container.add_stream(
            self.codec, rate=self._like.rate
        )
        stream.height, stream.width = self._shape[:2]
        self.pixel_format = stream.pix_fmt = self._pixel_format()
        context = stream.codec_context
        context.time_base = self._time_base()
        context.options = self._options()
        if self._like.aspect:
            context.sample_aspect_ratio = self._like.aspect
        if self.codec != "ffv1":
            context.colorspace = _TAGS[self._like.matrix]
            context.color_range = _LIMITED
        self._sound.add_to(self._container, suffix)
        self._container.start_encoding()

    def _pixel_format(self):
        gray, deep = len(self._shape) == 2, self._dtype == np.uint16
        if self.codec == "ffv1":
            return (("bgr0", "gbrp16le"), ("gray", "gray16le"))[gray][deep]
        odd = self._shape[0] % 2 or self._shape[1] % 2
        # H.264 with halved chroma cannot say that a side is odd.
        return "yuv444p" if odd and self.codec == "libx264" else "yuv420p"

    def _time_base(self):
        base = self._like.time_base
        # MPEG-4 counts time in 16 bits a second.
        coarse = self.codec == "mpeg4" and base.denominator > 65535
        return Fraction(1, 60000) if coarse else base

    def _options(self):
        if self.codec == "libx264":
            return {"crf": str(self._crf), "preset": "medium"}
        if self.codec == "mpeg4":
            # Quantisers 1 to 10; 118 are one step of FFmpeg's scale.
            step = 1 + self._crf * 9 / 51
            return {"flags": "+qscale", "global_quality": str(round(118 * step))}
        return {"level": "3", "slicecrc": "1"}

    def _frame(self, pixels):
        enum = self._av.video.reformatter
        if pixels.ndim == 3:
            source = "gbrp16le" if self._dtype == np.uint16 else "rgb24"
        else:
            source = "gray16le" if self._dtype == np.uint16 else "gray"
        frame = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), source)
        if self.pixel_format == source:
            return frame
        limited = self.codec != "ffv1"
        return frame.reformat(
            format=self.pixel_format,
            dst_colorspace=enum.Colorspace[self._like.matrix] if limited else None,
            dst_color_range=enum.ColorRange.MPEG if limited else None,
            interpolation=best_scaling(enum),
        )

    def _mux(self, frame):
        try:
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
        except self._av.FFmpegError as error:
            raise self._refused(error) from None

    def _refused(self, error):
        return VideoError(
            f"out={str(self._path)!r} cannot be written ({error.strerror})."
        )

    def close(self):
        """Finish the file and give it its name."""
        self._sound.copy_until(self._end, self._container)
        self._mux(None)
        try:
            self._container.close()
        except self._av.FFmpegError as error:
            raise self._refused(error) from None
        os.replace(self._temporary, self._path)
        self._container = None

    def discard(self):
        """Leave nothing behind of a file that is not finished."""
        if self._container is not None:
            try:
                self._container.close()
            except self._av.FFmpegError:
                pass
            self._temporary.unlink(missing_ok=True)
            self._container = None
