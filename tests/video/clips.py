"""Small videos, drawn and written with PyAV alone."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest

from skfusion.video import iter_video

av = pytest.importorskip("av")


def scene(i, shape=(48, 64)):
    """A smooth colour frame with a bar that moves."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    image = np.stack([60 + rows, 200 - columns, 90 + (rows + columns) // 2], -1)
    image[:, 4 * i : 4 * i + 6] = (220, 40, 60)
    return image.astype(np.uint8)


def write(path, images, codec="ffv1", rate=25, pts=None, base=None, form=None, **kw):
    """Write uint8 or uint16 images with PyAV alone."""
    first = images[0]
    deep = first.dtype == np.uint16
    if first.ndim == 2:
        source = "gray16le" if deep else "gray"
    else:
        source = "gbrp16le" if deep else "rgb24"
    if form is None:
        form = "bgr0" if source == "rgb24" and codec == "ffv1" else source
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=kw or None)
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = form
        if base is not None:
            stream.codec_context.time_base = base
        for i, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, source)
            if source != form:
                frame = frame.reformat(format=form)
            if pts is not None:
                frame.pts, frame.time_base = pts[i], base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def read(path):
    return [visible for _, visible in iter_video(path, path)]


def times(path):
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
        return sorted(p.pts * p.time_base for p in packets)


def damage(path, target, frame):
    """Overwrite most of a compressed frame of an intra-only file."""
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
        start, size = packets[frame].pos, packets[frame].size
    data = bytearray(path.read_bytes())
    data[start + 8 : start + size - 2] = bytes(size - 10)
    target.write_bytes(data)
    return target


def add_sound(path, target, codec="aac", seconds=1.0, rate=16000, at=0.0):
    """Copy a video and put beside it a tone that begins at a time."""
    n = int(seconds * rate)
    tone = (8000 * np.sin(np.arange(n) * 2 * np.pi * 440 / rate)).astype(np.int16)
    with av.open(str(path)) as source, av.open(str(target), "w") as container:
        video = container.add_stream_from_template(source.streams.video[0])
        audio = container.add_stream(codec, rate=rate, layout="mono")
        for start in range(0, n, 1024):
            piece = tone[None, start : start + 1024]
            frame = av.AudioFrame.from_ndarray(piece, "s16", "mono")
            frame.sample_rate, frame.pts = rate, round(at * rate) + start
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = video
                container.mux(packet)
    return target


def heard(path):
    """Return the codec of the sound, and the bytes and times of its packets."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        packets = [p for p in container.demux(stream) if p.size]
        return (
            stream.codec_context.codec.canonical_name,
            [bytes(p) for p in packets],
            [float(p.pts * p.time_base) for p in packets],
        )
