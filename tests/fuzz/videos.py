"""Damaged videos, and files that pass for one: read as they are, or refused by name."""

# SPDX-License-Identifier: BSD-3-Clause
import functools
import io
import itertools
import struct
import tempfile
from pathlib import Path

import av
import numpy as np

from skfusion.fusers import AverageFuser
from skfusion.video import VideoError, fuse_video, iter_video

from .campaign import Target

__all__ = ["TARGET", "hostile", "intact"]

_FRAMES = 60
_MOST = 2**24  # pixels looked at in one case


def _written(format, codec, form, shape=(24, 32), n_frames=6, sound=None, **options):
    """Return a file that PyAV writes."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=format, metadata_encoding="latin-1") as container:
        container.metadata["title"] = "caf\xe9"  # no UTF-8
        stream = container.add_stream(codec, rate=25, options=options or None)
        (stream.height, stream.width), stream.pix_fmt = shape, form
        tone = None if sound is None else container.add_stream(sound, rate=8000)
        rows, columns = np.mgrid[: shape[0], : shape[1]]
        for i in range(n_frames):
            image = np.stack([rows * 5, columns * 3, rows + 9 * i], -1).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(image, "rgb24").reformat(format=form)
            container.mux(stream.encode(frame))
            if tone is not None:
                part = np.full((1, 320), 99 * i, np.int16)
                frame = av.AudioFrame.from_ndarray(part, "s16", "mono")
                frame.sample_rate, frame.pts = 8000, 320 * i
                container.mux(tone.encode(frame))
        container.mux(stream.encode(None))
        if tone is not None:
            container.mux(tone.encode(None))
        container.start_encoding()
    return buffer.getvalue()


@functools.cache
def intact() -> tuple:
    """Return small videos of the common containers."""
    return (
        _written("matroska", "ffv1", "gray"),
        _written("matroska", "ffv1", "bgr0", sound="pcm_s16le"),
        _written("matroska", "ffv1", "gray16le"),
        _written("mp4", "libx264", "yuv420p", sound="aac"),
        _written("mp4", "libx264", "yuv420p", bf="2", g="3"),
        _written("mov", "mpeg4", "yuv420p", sound="pcm_s16le"),
        _written("avi", "mjpeg", "yuvj420p", sound="pcm_s16le"),
        _written("mpegts", "mpeg2video", "yuv420p", n_frames=60),
        _written("gif", "gif", "rgb8"),
        _written("yuv4mpegpipe", "wrapped_avframe", "yuv420p"),
    )


def _patched(data, place, word):
    return data[:place] + word + data[place + len(word) :]


@functools.cache
def hostile() -> dict:
    """Return by name what is no video, or lies about what it holds."""
    mkv, _, _, mp4, *_ = intact()
    avi = intact()[6]
    entry = mp4.index(b"avc1", mp4.index(b"stsd"))
    times = mp4.index(b"stts")
    sizes = mp4.index(b"stsz")
    other = b"/etc/passwd"
    return {
        "empty": b"",
        "text": b"not a video, but quite a long text about one" * 9,
        "zeros": bytes(4096),
        "m3u8, local": b"#EXTM3U\n#EXTINF:1,\n" + other + b"\n#EXT-X-ENDLIST\n",
        "m3u8, remote": b"#EXTM3U\n#EXTINF:1,\nhttp://localhost:9/a.ts\n#EXT-X-ENDLIST\n",
        "m3u8, behind a mark": b"\xef\xbb\xbf#EXTM3U\n#EXTINF:1,\na.ts\n",
        "ffconcat": b"ffconcat version 1.0\nfile " + other + b"\n",
        "concat": b"file '" + other + b"'\n",
        "sdp": b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\n"
        b"t=0 0\r\nm=video 5004 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n",
        "dash": b'<?xml version="1.0"?><MPD type="static"><Period><BaseURL>http://'
        b"localhost:9/a.mp4</BaseURL></Period></MPD>",
        "pls": b"[playlist]\nFile1=http://localhost:9/a.ts\n",
        "address": b"http://localhost:9/a.ts\n",
        "half an mp4": mp4[: len(mp4) // 2],
        "half an mkv": mkv[: len(mkv) // 2],
        "half an avi": avi[: len(avi) // 2],
        "no frame": _written("matroska", "ffv1", "gray", n_frames=0),
        "sound alone": mp4.replace(b"vide", b"data"),
        "65535 x 65535": _patched(mp4, entry + 28, b"\xff" * 4),
        "8192 x 8192": _patched(mp4, entry + 28, b"\x20\0\x20\0"),
        "2**31 columns": _patched(avi, avi.index(b"strf") + 12, b"\xff\xff\xff\x7f"),
        "2**32 frames": _patched(mp4, times + 12, b"\xff" * 4),
        "2**32 sizes": _patched(mp4, sizes + 12, b"\xff" * 4),
        "a frame of 4 GB": _patched(mp4, sizes + 16, b"\xff" * 4),
        "y4m of 1 TB": b"YUV4MPEG2 W1000000 H1000000 F25:1 Ip A1:1\nFRAME\n"
        + bytes(99),
        "y4m, no rate": b"YUV4MPEG2 W8 H8 F0:0 Ip A0:0\n" + b"FRAME\n" * 3 + bytes(96),
        "gif of 65535 x 65535": _patched(intact()[8], 6, b"\xff" * 4),
        "packets of noise": b"".join(
            b"\x47" + np.random.default_rng(i).bytes(187) for i in range(300)
        ),
        "other boxes": struct.pack(">I", 16) + b"ftypisom\0\0\2\0" + bytes(4096),
    }


def seeds() -> list:
    """Return good files twice as often as bad ones; all have something to damage."""
    return [*intact() * 5, *filter(None, hostile().values())]


def read(path):
    """Read a damaged video, and fuse it with itself where it is small."""
    pixels = 0
    frames = iter_video(path, path, on_error="repeat")
    for infrared, visible in itertools.islice(frames, _FRAMES):
        if infrared.dtype not in (np.uint8, np.uint16) or infrared.ndim != 2:
            return f"an infrared frame is {infrared.dtype} {infrared.shape}"
        if visible.shape[:2] != infrared.shape or visible.shape[2:] not in ((), (3,)):
            return f"a visible frame is {visible.shape}, the infrared {infrared.shape}"
        pixels += infrared.size
        if pixels > _MOST:
            return None
    if 0 < pixels < _MOST // 16:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out.mkv"
            fuse_video(AverageFuser(), path, path, out, codec="ffv1", on_error="repeat")
    return None


TARGET = Target(
    "videos", seeds, read, (VideoError,), suffix=".mp4", warnings=(UserWarning,)
)
