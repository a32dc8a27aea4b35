"""The sound of a source, copied beside the fused frames as it is."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import io
import itertools
import warnings
from fractions import Fraction

from .containers import load_av, open_video

__all__ = ["Sound"]

_FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
_TRIED = 8  # packets


class Sound:
    """The audio streams of the first of some videos that has any, undecoded.

    What cannot be copied is left out with a warning; it never costs the frames.

    Parameters
    ----------
    *readers : FrameReader
        Of the frames of the same files, whose clocks the sound keeps.

    Attributes
    ----------
    codecs : tuple of str
        Of the streams that go into the file that is written.
    """

    def __init__(self, *readers):
        self._av = load_av()
        self._container, self._reader = None, None
        for reader in readers:
            container = open_video(reader.path, reader.name)
            if container.streams.audio:
                self._container, self._reader = container, reader
                break
            container.close()
        self._shift, self.codecs = Fraction(0), ()
        self._targets, self._packets, self._ahead = {}, iter(()), None
        self._last = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._container is not None:
            self._container.close()

    def begin(self, offsets):
        """Say how the clocks of the sources stand to that of the file written.

        Parameters
        ----------
        offsets : dict of FrameReader to Fraction
            Seconds from the first fused frame to the first frame of each video.
        """
        if self._reader is not None:
            self._shift = offsets[self._reader] - (self._reader.start or 0)

    def add_to(self, output, suffix):
        """Declare the streams in the file that is written, before its first packet.

        Parameters
        ----------
        output : av.container.OutputContainer
        suffix : str
            Of its name, for the warning.
        """
        if self._container is None:
            return
        for stream in self._container.streams.audio:
            codec = stream.codec_context
            codec = "unknown" if codec is None else codec.codec.canonical_name
            try:
                self._try_alone(stream.index, suffix)
                self._targets[stream.index] = output.add_stream_from_template(stream)
                self.codecs += (codec,)
            except (ValueError, self._av.FFmpegError):
                more = "" if suffix == ".mkv" else "; .mkv takes more kinds"
                self._warn(f"({codec}) is lost: a {suffix} file does not take it{more}")
        streams = [self._container.streams[index] for index in self._targets]
        if streams:
            self._packets = self._container.demux(streams)
            self._ahead = self._next()

    def _try_alone(self, index, suffix):
        """Write the first packets of a stream into memory, as some errors come late."""
        with (
            open_video(self._reader.path, self._reader.name) as source,
            self._av.open(io.BytesIO(), "w", format=_FORMATS[suffix]) as output,
        ):
            stream = source.streams[index]
            target = output.add_stream_from_template(stream)
            output.start_encoding()
            for packet in itertools.islice(source.demux(stream), _TRIED):
                if packet.size and packet.dts is not None:
                    packet.stream = target
                    output.mux(packet)

    def drop(self, suffix):
        """Give all of it up: the file does not take it after all."""
        self._warn(
            f"({', '.join(self.codecs)}) is lost: the {suffix} file cannot be written "
            "with it"
        )
        self._container.close()
        self._container, self.codecs, self._ahead = None, (), None

    def copy_until(self, time, output):
        """Copy what is heard before a moment, in seconds of the file written."""
        while self._ahead is not None and self._time(self._ahead) < time:
            packet, heard = self._ahead, self._time(self._ahead)
            self._ahead = self._next()
            if heard < 0:
                continue
            if packet.dts <= self._last.get(packet.stream.index, packet.dts - 1):
                self._end("its times go back", heard)
                return
            self._last[packet.stream.index] = packet.dts
            by = round(self._shift / packet.time_base)
            packet.pts = None if packet.pts is None else packet.pts + by
            packet.dts += by
            packet.stream = self._targets[packet.stream.index]
            try:
                output.mux(packet)
            except (ValueError, self._av.FFmpegError) as error:
                self._end(error, heard)

    def _time(self, packet):
        stamp = packet.dts if packet.pts is None else packet.pts
        return stamp * packet.time_base + self._shift

    def _next(self):
        """Return the next packet that has a time, ``None`` behind the last one."""
        try:
            for packet in self._packets:
                if packet.size and packet.dts is not None:
                    return packet
        except (self._av.FFmpegError, IndexError) as error:
            self._end(error, None)
        return None

    def _end(self, error, heard):
        self._packets, self._ahead = iter(()), None
        where = "early" if heard is None else f"after {float(heard):.1f} s"
        reason = getattr(error, "strerror", None) or error
        self._warn(f"ends {where}: the data is damaged ({reason})")

    def _warn(self, what):
        warnings.warn(f"the sound of {self._reader.name} {what}.", stacklevel=5)
