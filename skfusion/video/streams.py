"""One video in, one video out, frame by frame, through PyAV."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import numpy as np

from .._atomic_files import remove_leftovers, temporary_beside
from ..images import to_dtype

__all__ = ["FrameReader", "FrameWriter", "VideoError"]

_MAX_PIXELS = 2**27
_SUFFIXES = (".mp4", ".mov", ".mkv")
# Tags of a stream (AVCOL_SPC) and the matrices of the converter (SWS_CS).
_MATRICES = {1: "ITU709", 4: "FCC", 5: "ITU601", 6: "ITU601", 7: "SMPTE240M"}
_MATRICES |= {9: "BT2020"}
_TAGS = {"ITU709": 1, "FCC": 4, "ITU601": 6, "SMPTE240M": 7, "BT2020": 9}
_LIMITED = 1


class VideoError(ValueError):
    """A video that is missing, damaged, or cannot be written."""


def load_av():
    """Import PyAV, or say how to get it."""
    try:
        import av
        import av.video.reformatter
    except ImportError:
        raise ImportError(
            'Videos need PyAV: pip install "skfusion[video]" (or pip install av).'
        ) from None
    return av


class FrameReader:
    """Decode the first video stream of a file, one frame at a time.

    Parameters
    ----------
    path : path
    role : {"infrared", "visible"}
        For the errors; an infrared frame is read as gray.
    on_error : {"raise", "repeat"}
        What to do with a frame that cannot be decoded.

    Attributes
    ----------
    height, width : int
    rate : Fraction
        Frames a second, the mean.
    n_frames : int or None
        As the container tells it.
    time_base : Fraction
    matrix : str
        Of the conversion from YUV: as tagged; untagged, BT.601 up to 576 rows and
        BT.709 above, as players do.
    n_damaged : int
        Frames so far that were repeated, or that the decoder mended.
    """

    def __init__(self, path, role, on_error="raise"):
        self._av = load_av()
        self.name = f"{role} {str(path)!r}"
        self.gray, self.on_error = role == "infrared", on_error
        if not Path(path).is_file():
            raise VideoError(f"{self.name}: there is no such file.")
        try:
            # A playlist may name other files or addresses: read none.
            self._container = self._av.open(
                os.fspath(Path(path).absolute()),
                container_options={"protocol_whitelist": "file"},
            )
        except self._av.FFmpegError as error:
            raise VideoError(
                f"{self.name} is no video that can be read ({error.strerror})."
            ) from None
        try:
            self._open_stream()
        except BaseException:
            self.close()
            raise

    def _open_stream(self):
        if not self._container.streams.video:
            raise VideoError(f"{self.name} has no video stream.")
        self._stream = stream = self._container.streams.video[0]
        context = stream.codec_context
        if context is None or not context.width or context.pix_fmt is None:
            raise VideoError(
                f"{self.name}: its video stream cannot be decoded: convert it first, "
                "e.g. with ffmpeg, to H.264 or FFV1."
            )
        self.height, self.width = context.height, context.width
        if self.height * self.width > _MAX_PIXELS:
            raise VideoError(
                f"{self.name} has {self.height}x{self.width} pixels a frame: at most "
                f"{_MAX_PIXELS} are read."
            )
        stream.thread_type = "AUTO"
        rate = stream.average_rate or stream.guessed_rate
        self.rate = Fraction(rate) if rate else Fraction(25)
        self.time_base = Fraction(stream.time_base or 1 / self.rate)
        self.n_frames = stream.frames or None
        if self.n_frames is None and self._container.duration:
            # Matroska does not count frames; the container's unit is 1 us.
            self.n_frames = round(self._container.duration * self.rate / 10**6)
        self.aspect = stream.sample_aspect_ratio
        untagged = "ITU601" if self.height <= 576 else "ITU709"
        self.matrix = _MATRICES.get(int(context.colorspace), untagged)
        self.n_damaged = self._n_read = self._n_packets = 0
        self._packets = self._container.demux(stream)
        self._reformatter = self._av.video.reformatter.VideoReformatter()

    def __iter__(self):
        """Yield the seconds since the first frame, a Fraction, and the image."""
        first = time = image = None
        for packet in self._packets:
            self._n_packets += packet.size > 0
            try:
                frames = packet.decode()
            except self._av.FFmpegError as error:
                if self.on_error == "raise" or image is None:
                    raise VideoError(
                        f"{self.name}: after frame {self._n_read} the data is damaged "
                        f"({error.strerror}): on_error='repeat' puts the frame before "
                        "in its place."
                    ) from None
                frames = [None]
            for frame in frames:
                following = 0 if time is None else time + 1 / self.rate
                pts = packet.pts if frame is None else frame.pts
                if pts is None:
                    time = Fraction(following)
                else:
                    stamp = pts * Fraction(packet.time_base or self.time_base)
                    first = stamp if first is None else first
                    time = stamp - first
                self._n_read += 1
                if frame is None:
                    self.n_damaged += 1
                else:
                    self.n_damaged += bool(frame.is_corrupt)
                    image = self._image(frame)
                yield time, image

    def _image(self, frame):
        """Return ``(H, W)`` or ``(H, W, 3)`` of uint8 or uint16."""
        if (frame.height, frame.width) != (self.height, self.width):
            raise VideoError(
                f"{self.name}: frame {self._n_read - 1} is {frame.height}x"
                f"{frame.width}, those before it {self.height}x{self.width}."
            )
        deep = max(part.bits for part in frame.format.components) > 8
        gray = self.gray or frame.format.name.startswith(("gray", "mono", "ya"))
        target = ("gray", "gray16le") if gray else ("rgb24", "rgb48le")
        enum = self._av.video.reformatter
        converted = self._reformatter.reformat(
            frame,
            format=target[deep],
            src_colorspace=None
            if frame.format.is_rgb
            else enum.Colorspace[self.matrix],
            dst_color_range=enum.ColorRange.JPEG,
            interpolation=_quality(enum),
        )
        image = converted.to_ndarray()
        turns = round(frame.rotation / 90) % 4
        return np.rot90(image, turns) if turns else image

    def count_left(self):
        """Return how many frames are left, by counting packets, undecoded."""
        self._n_packets += sum(packet.size > 0 for packet in self._packets)
        return max(self._n_packets - self._n_read, 0)

    def close(self):
        """Close the file."""
        self._container.close()


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
    """

    def __init__(self, path, like, codec=None, crf=18, bit_depth=8):
        self._av = load_av()
        self._path, self._like, self._crf = Path(path), like, crf
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
        self._mux(frame)

    def _open(self, shape):
        self._shape = shape
        remove_leftovers(self._path.parent)
        temporary = temporary_beside(self._path)
        self._temporary = temporary.with_name(
            temporary.name + self._path.suffix.lower()
        )
        faststart = {} if self._path.suffix.lower() == ".mkv" else _FASTSTART
        self._container = self._av.open(
            os.fspath(self._temporary.absolute()), "w", options=faststart
        )
        self._stream = stream = self._container.add_stream(
            self.codec, rate=self._like.rate
        )
        stream.height, stream.width = shape[:2]
        self.pixel_format = stream.pix_fmt = self._pixel_format()
        context = stream.codec_context
        context.time_base = self._time_base()
        context.options = self._options()
        if self._like.aspect:
            context.sample_aspect_ratio = self._like.aspect
        if self.codec != "ffv1":
            context.colorspace = _TAGS[self._like.matrix]
            context.color_range = _LIMITED

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
            interpolation=_quality(enum),
        )

    def _mux(self, frame):
        try:
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
        except self._av.FFmpegError as error:
            raise VideoError(
                f"out={str(self._path)!r} cannot be written ({error.strerror})."
            ) from None

    def close(self):
        """Finish the file and give it its name."""
        self._mux(None)
        self._container.close()
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


_FASTSTART = {"movflags": "+faststart"}


def _quality(enum):
    kind = enum.Interpolation
    return kind.BICUBIC | kind.ACCURATE_RND | kind.FULL_CHR_H_INT | kind.FULL_CHR_H_INP
