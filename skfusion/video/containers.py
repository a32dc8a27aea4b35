"""Video files through PyAV: opened so that no other file is read for them."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
from pathlib import Path

__all__ = ["VideoError", "best_scaling", "load_av", "most_pixels", "open_video"]

# 8192 x 8192, twice the pixels of an 8K film; of a small file less is believed: 4 MP
# and as much again for every 4 kB, which a film of black frames does not exceed.
_MAX_PIXELS = 2**26
_SMALL, _PIXELS_A_BYTE = 2**22, 1024

# Formats that hold their frames themselves. Playlists, lists of files and descriptions
# of sessions (hls, dash, concat, sdp, imf and others) name what else to open.
_CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,asf,flv,live_flv,mxf,ogg,nut,"
    "ivf,gxf,wtv,rm,dv,dhav,ser,cine,gif,apng,yuv4mpegpipe,h264,hevc,av1,obu,m4v,mjpeg,"
    "mpegvideo,vc1"
)

# How the files begin that name others.
_LISTS = (
    (b"#EXTM3U", "an HLS playlist"),
    (b"ffconcat", "an FFmpeg list of files"),
    (b"file ", "an FFmpeg list of files"),
    (b"v=0", "an SDP description of a stream"),
    (b"[playlist]", "a playlist"),
    (b"[Reference]", "a playlist"),
    (b"<ASX", "a playlist"),
    (b"rtsp://", "a playlist"),
    (b"http://", "a playlist"),
    (b"https://", "a playlist"),
)
_INSIDE = ((b"<MPD", "a DASH manifest"), (b"<SmoothStreamingMedia", "a manifest"))
_HEAD = 4096


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


def open_video(path, name):
    """Open a video file to be read.

    Parameters
    ----------
    path : path
    name : str
        What to call it in an error.

    Returns
    -------
    av.container.InputContainer
        It reads this file alone. Metadata that are no UTF-8 cost nothing.

    Raises
    ------
    VideoError
        If there is no such file, or it is none that holds frames.
    """
    av = load_av()
    if not Path(path).exists():
        raise VideoError(f"{name}: there is no such file.")
    if not Path(path).is_file():
        raise VideoError(f"{name} is no regular file: give a video file.")
    try:
        return av.open(
            os.fspath(Path(path).absolute()),
            options={"max_pixels": str(most_pixels(path))},
            container_options={
                "protocol_whitelist": "file",
                "format_whitelist": _CONTAINERS,
            },
            metadata_errors="replace",
        )
    except (av.FFmpegError, OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
    kind = _kind_of_list(path)
    if kind is not None:
        raise VideoError(
            f"{name} is {kind}, which names other files, and no video: give the video "
            "itself, or join the parts with ffmpeg first."
        )
    raise VideoError(f"{name} is no video that can be read ({reason}).")


def most_pixels(path) -> int:
    """Return how many pixels a frame of a file is allowed, by the size of the file."""
    return min(_MAX_PIXELS, _SMALL + _PIXELS_A_BYTE * Path(path).stat().st_size)


def _kind_of_list(path):
    """Say which kind of list a file is that names others, ``None`` if it is none."""
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError:
        return None
    starts = (kind for start, kind in _LISTS if head.startswith(start))
    return next(starts, next((kind for word, kind in _INSIDE if word in head), None))


def best_scaling(reformatter):
    """Return the flags of FFmpeg's converter for exact colours."""
    kind = reformatter.Interpolation
    return kind.BICUBIC | kind.ACCURATE_RND | kind.FULL_CHR_H_INT | kind.FULL_CHR_H_INP
