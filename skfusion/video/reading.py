"""Decode one video, frame by frame."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from fractions import Fraction

import numpy as np

from .containers import VideoError, best_scaling, load_av, most_pixels, open_video

__all__ = ["FrameReader"]

# Tags of a stream (AVCOL_SPC) and the matrices of the converter (SWS_CS).
_MATRICES = {1: "ITU709", 4: "FCC", 5: "ITU601", 6: "ITU601", 7: "SMPTE240M"}
_MATRICES |= {9: "BT2020"}
# Rates beyond these are damage, not cameras.
_RATES = (Fraction(1, 10**6), 10**6)
# Times in a row that a damaged container is asked for its next packet.
_PATIENCE = 20


class FrameReader:
    """Decode the first video stream of a file, one frame at a time.

    Parameters
    ----------
    path : path
    role : {"infrared", "visible", "fused"}
        For the errors; an infrared frame is read as gray.
    on_error : {"raise", "repeat"}
        What to do with a frame that cannot be decoded.

    Attributes
    ----------
    name : str
        Role and path, for the errors.
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
    start : Fraction or None
        Time of the first frame on the clock of the file, once it was read.
    """

    def __init__(self, path, role, on_error="raise"):
        self._av = load_av()
        self.path, self.role = path, role
        self.name = f"{role} {str(path)!r}"
        self.gray, self.on_error = role == "infrared", on_error
        self._container = open_video(path, self.name)
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
        most = most_pixels(self.path)
        if context is None or not context.width or context.pix_fmt is None:
            raise VideoError(
                f"{self.name}: its video stream cannot be decoded, or claims more than "
                f"{most} pixels a frame, which a file of its size does not hold: "
                "convert it first, e.g. with ffmpeg, to H.264 or FFV1."
            )
        self.height, self.width = context.height, context.width
        context.options = {"max_pixels": str(most)}
        stream.thread_type = "AUTO"
        self.rate = _plausible(stream.average_rate or stream.guessed_rate)
        self.time_base = Fraction(stream.time_base or 1 / self.rate)
        self.n_frames = stream.frames or None
        if self.n_frames is None and (self._container.duration or 0) > 0:
            # Matroska does not count frames; the container's unit is 1 us.
            self.n_frames = round(self._container.duration * self.rate / 10**6)
        self.aspect = stream.sample_aspect_ratio
        untagged = "ITU601" if self.height <= 576 else "ITU709"
        self.matrix = _MATRICES.get(int(context.colorspace), untagged)
        self.n_damaged = self._n_read = self._n_packets = 0
        self.start = None
        self._packets = self._demuxed()
        self._reformatter = self._av.video.reformatter.VideoReformatter()

    def __iter__(self):
        """Yield the seconds since the first frame, a Fraction, and the image."""
        time = image = None
        waiting = []  # times of damaged frames before the first that can be shown
        for packet in self._packets:
            self._n_packets += packet.size > 0
            try:
                frames = packet.decode()
            except self._av.FFmpegError as error:
                if self.on_error == "raise":
                    raise self._damage(error) from None
                frames = [None]
            for frame in frames:
                following = 0 if time is None else time + 1 / self.rate
                pts = packet.pts if frame is None else frame.pts
                if pts is None:
                    time = Fraction(following)
                else:
                    stamp = pts * Fraction(packet.time_base or self.time_base)
                    self.start = stamp if self.start is None else self.start
                    time = stamp - self.start
                self._n_read += 1
                if frame is None:
                    self.n_damaged += 1
                else:
                    self.n_damaged += bool(frame.is_corrupt)
                    image = self._image(frame)
                waiting.append(time)
                if image is not None:
                    yield from ((moment, image) for moment in waiting)
                    waiting.clear()
        if waiting:
            raise VideoError(f"{self.name}: none of its frames can be decoded.")

    def _demuxed(self):
        """Yield packets, across damage of the container where it goes on behind it."""
        failures = 0
        while failures <= _PATIENCE:
            try:
                for packet in self._container.demux(self._stream):
                    failures = 0
                    yield packet
                return
            # PyAV stumbles, by an IndexError, over streams that damage makes appear.
            except (self._av.FFmpegError, IndexError) as error:
                if self.on_error == "raise":
                    raise self._damage(error) from None
                self.n_damaged += not failures
                failures += 1
        flush = self._av.Packet()  # empty: what the decoder still holds comes out
        flush.stream = self._stream
        yield flush

    def _damage(self, error):
        return VideoError(
            f"{self.name}: after frame {self._n_read} the data is damaged "
            f"({getattr(error, 'strerror', None) or error}): on_error='repeat' puts "
            "the frame before in its place."
        )

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
            interpolation=best_scaling(enum),
        )
        image = converted.to_ndarray()
        turns = round(frame.rotation / 90) % 4
        return np.rot90(image, turns) if turns else image

    def count_left(self):
        """Return how many frames are left, by counting packets, undecoded."""
        try:
            self._n_packets += sum(packet.size > 0 for packet in self._packets)
        except VideoError:
            pass  # as far as it can be counted
        return max(self._n_packets - self._n_read, 0)

    def close(self):
        """Close the file."""
        self._container.close()


def _plausible(rate):
    """Return frames a second as a Fraction; 25 where the file says nothing sensible."""
    low, high = _RATES
    return Fraction(rate) if rate and low <= rate <= high else Fraction(25)
