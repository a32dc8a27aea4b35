"""Fuse videos: frame by frame, in constant memory, with a steady tone if asked."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
import time
import warnings
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real
from pathlib import Path

from ..compose import with_chroma
from ..fused_files import check_not_input
from ..images import luma
from ..images.notices import Notices
from ..pairs import ImagePairs
from ..sizes import sized
from .streams import FrameReader, FrameWriter, VideoError
from .tone import ToneSmoother

__all__ = ["VideoError", "VideoReport", "fuse_video", "iter_video"]


@dataclass(frozen=True)
class VideoReport:
    """What :func:`fuse_video` wrote.

    Attributes
    ----------
    output : str
    n_frames : int
    shape : tuple
        Of the fused frames: ``(H, W)`` or ``(H, W, 3)``.
    rate : Fraction
        Mean frames a second.
    codec, pixel_format : str
    left_over : dict of str to int
        Frames of ``"infrared"`` and ``"visible"`` that had no partner.
    damaged : dict of str to int
        Frames that could not be decoded without a loss.
    seconds : float
        Time of the run.
    """

    output: str
    n_frames: int
    shape: tuple
    rate: Fraction
    codec: str
    pixel_format: str
    left_over: dict
    damaged: dict
    seconds: float

    def __str__(self):
        return (
            f"{self.n_frames} frames of {self.shape[0]}x{self.shape[1]} at "
            f"{float(self.rate):g} a second ({self.codec}, {self.pixel_format}), "
            f"{self.n_frames / max(self.seconds, 1e-9):.1f} fused a second"
        )


def iter_video(infrared, visible, *, match="number", on_error="raise"):
    """Yield the frame pairs of two videos as arrays.

    Parameters
    ----------
    infrared, visible : path
        Videos of one frame size, in any format that FFmpeg reads.
    match : {"number", "time"}, default="number"
        Which frames are a pair: those of the same number, or for each visible frame
        the infrared frame nearest in time (for cameras of different frame rates; both
        videos start together).
    on_error : {"raise", "repeat"}, default="raise"
        At a frame that cannot be decoded: stop, or put the one before in its place.

    Yields
    ------
    infrared : ndarray of uint8 or uint16, shape (H, W)
        uint16 where the video has more than 8 bits.
    visible : ndarray of uint8 or uint16, shape (H, W, 3), or (H, W) if it is gray

    Raises
    ------
    VideoError
        A ValueError, naming the file: if one is missing, no video, or damaged.
    ValueError
        If the frame sizes differ.
    ImportError
        If PyAV is not installed.

    Warns
    -----
    UserWarning
        If the frame rates differ with ``match="number"``; at the end, if one of the
        videos goes on, with the number of frames left over.

    Examples
    --------
    >>> from skfusion import fuse
    >>> from skfusion.video import iter_video
    >>> def brightness(infrared, visible):
    ...     for ir, vis in iter_video(infrared, visible):
    ...         yield fuse(ir, vis).mean()
    """
    pairing = _Pairing(infrared, visible, match, on_error)
    return _arrays(pairing)


def _arrays(pairing):
    with pairing:
        for i, (_, ir, vis) in enumerate(pairing):
            if i == 0:
                pairing.check_size(ir, vis)
            yield ir, vis


def fuse_video(
    estimator,
    infrared,
    visible,
    out,
    *,
    temporal=0.0,
    codec=None,
    crf=18,
    bit_depth=8,
    match="number",
    on_error="raise",
    overwrite=False,
    verbose=0,
) -> VideoReport:
    """Fuse two videos into a third.

    Frames are read, fused and written one after the other, so that memory does not
    depend on their number. The times of the visible frames are kept, a variable rate
    too. The file appears under its name when it is complete.

    Parameters
    ----------
    estimator : fuser or Pipeline
        Fitted, or one that needs no fitting.
        :class:`~skfusion.compose.PreserveChroma` around it keeps the visible colours.
    infrared, visible : path
        Videos in any format that FFmpeg reads, of one frame size unless the estimator
        begins with :class:`~skfusion.transforms.Resize`. 10- to 16-bit videos
        keep their bits up to the fuser.
    out : path
        A file ending in ``.mp4``, ``.mov`` or ``.mkv``. It has no sound.
    temporal : float, default=0.0
        Time constant in seconds of the running tone to which every frame is brought,
        against flicker that the sources do not have; see Notes. 0 is off; 1 is good
        for most.
    codec : {"libx264", "mpeg4", "ffv1"}, default=None
        ``None`` is H.264 where PyAV has the encoder, else MPEG-4. ``"ffv1"``, in a
        ``.mkv``, is lossless.
    crf : float, default=18
        Quality of H.264, from 0 (lossless but for the colour conversion) to 51; a
        similar scale for MPEG-4.
    bit_depth : {8, 16}, default=8
        16 with ``"ffv1"`` only.
    match, on_error
        As in :func:`iter_video`.
    overwrite : bool, default=False
        Replace ``out`` if it exists.
    verbose : int, default=0
        A progress bar if positive.

    Returns
    -------
    VideoReport

    Raises
    ------
    VideoError
        A ValueError, naming the file, if a video is missing, no video or damaged, or
        ``out`` cannot be written in the way asked. Nothing is left under its name.
    FileExistsError
        If ``out`` exists and ``overwrite`` is not set.
    ValueError
        If ``out`` is one of the sources, or the frame sizes differ.
    ImportError
        If PyAV is not installed.

    Notes
    -----
    H.264 and MPEG-4 files hold ``yuv420p`` in limited range with the matrix of the
    visible video, tagged, which every player reads. H.264 cannot say in ``yuv420p``
    that a side is odd; such videos become ``yuv444p``, which keeps the size, but which
    some browsers do not play.

    *Flicker* comes from statistics of whole frames: the percentiles of
    :class:`~skfusion.transforms.LinearStretch`, the limits of
    :class:`~skfusion.transforms.SSR`, a saliency map over its maximum. A hot object
    that enters makes the rest of the picture jump. ``temporal`` keeps a running table
    of the fused grey over the infrared and the visible grey, and gives each frame the
    gain, offset and balance of the sources that fit it to the table. Frames are never
    blended, so nothing ghosts. It leaves the flicker of the sources as it is, and that
    of single regions; a real change that the sources show passes at once.

    Examples
    --------
    >>> from skfusion.pipelines import get_pipeline
    >>> from skfusion.video import fuse_video
    >>> def fuse(infrared, visible):
    ...     return fuse_video(get_pipeline("tif"), infrared, visible, "fused.mp4")
    """
    if not (isinstance(temporal, Real) and 0 <= temporal < math.inf):
        raise ValueError(f"temporal={temporal!r}: expected seconds, 0 (off) or more.")
    out = Path(out)
    check_not_input([out], (infrared, visible), "out")
    start = time.perf_counter()
    with _Pairing(infrared, visible, match, on_error) as pairing:
        writer = FrameWriter(out, pairing.visible, codec, crf, bit_depth)
        if out.exists() and not overwrite:
            raise FileExistsError(
                f"out={str(out)!r} exists: overwrite=True replaces it."
            )
        steady = _Steady(temporal) if temporal else None
        shape, n_frames, notices = None, 0, Notices()
        try:
            for now, ir, vis in _with_bar(pairing, verbose):
                pair = ImagePairs([ir], [vis], names=[f"frame {n_frames}"])
                if shape is None and sized(estimator, pair) is pair:
                    pairing.check_size(ir, vis)
                with notices:  # entered anew for each frame, it says a thing once
                    fused = estimator.transform(pair)[0]
                    if steady is not None:
                        left = sized(estimator, pair)
                        fused = steady(*left.read(0), fused, now)
                writer.write(fused, now)
                shape, n_frames = fused.shape, n_frames + 1
            if not n_frames:
                raise VideoError(f"{pairing.visible.name} has no frame to fuse.")
            writer.close()
        finally:
            writer.discard()
        return VideoReport(
            output=str(out),
            n_frames=n_frames,
            shape=shape,
            rate=pairing.visible.rate,
            codec=writer.codec,
            pixel_format=writer.pixel_format,
            left_over=pairing.left_over,
            damaged={
                "infrared": pairing.infrared.n_damaged,
                "visible": pairing.visible.n_damaged,
            },
            seconds=time.perf_counter() - start,
        )


class _Steady:
    """A :class:`~skfusion.video.tone.ToneSmoother` for fused frames in colour too."""

    def __init__(self, seconds):
        self._smoother = ToneSmoother(seconds)
        self._before = None

    def __call__(self, ir, vis, fused, now):
        if fused.shape[:2] != ir.shape:
            raise ValueError(
                f"temporal: the fused frame is {fused.shape[:2]}, the sources "
                f"{ir.shape}: it needs an estimator that keeps the size."
            )
        elapsed = 0.0 if self._before is None else float(now - self._before)
        self._before = now
        gray = fused if fused.ndim == 2 else luma(fused)
        steady = self._smoother(ir, luma(vis), gray, max(elapsed, 0.0))
        return steady if fused.ndim == 2 else with_chroma(steady, fused)


class _Pairing:
    """Two open videos and the pairs of their frames."""

    def __init__(self, infrared, visible, match, on_error):
        if match not in ("number", "time"):
            raise ValueError(f"match={match!r}: use 'number' or 'time'.")
        if on_error not in ("raise", "repeat"):
            raise ValueError(f"on_error={on_error!r}: use 'raise' or 'repeat'.")
        self._match = match
        self.infrared = FrameReader(infrared, "infrared", on_error)
        try:
            self.visible = FrameReader(visible, "visible", on_error)
        except BaseException:
            self.infrared.close()
            raise
        self.left_over = {"infrared": 0, "visible": 0}
        self.lag = 0.0  # seconds by which the infrared frame of a pair is later

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.infrared.close()
        self.visible.close()

    @property
    def n_frames(self):
        """Pairs to expect, ``None`` if unknown."""
        counts = [self.visible.n_frames]
        if self._match == "number":
            counts.append(self.infrared.n_frames)
        return None if None in counts else min(counts)

    def __iter__(self):
        """Yield the time of the visible frame and both images."""
        pairs = self._by_number() if self._match == "number" else self._by_time()
        for i, (now, ir, vis) in enumerate(pairs):
            if i == 0:
                self._check_rates()
            yield now, ir, vis
        self._report()

    def check_size(self, ir, vis):
        """Refuse frames of two sizes."""
        if ir.shape != vis.shape[:2]:
            raise ValueError(
                f"{self.infrared.name} has frames of {ir.shape[0]}x{ir.shape[1]} and "
                f"{self.visible.name} of {vis.shape[0]}x{vis.shape[1]} (rows x "
                "columns): bring them to one size, e.g. with "
                "skfusion.transforms.Resize(to='visible') before the fuser or with "
                "ffmpeg's scale filter for the same field of view, or register them "
                "first."
            )

    def _check_rates(self):
        ratio = self.infrared.rate / self.visible.rate
        if self._match == "number" and not 0.99 < ratio < 1.01:
            warnings.warn(
                f"the infrared video has {float(self.infrared.rate):g} frames a "
                f"second, the visible one {float(self.visible.rate):g}, and frames of "
                "one number are paired: match='time' pairs those of one time.",
                stacklevel=4,
            )

    def _by_number(self):
        visible, start = iter(self.visible), None
        for before, ir in self.infrared:
            now, vis = next(visible, (None, None))
            if vis is None:
                # The infrared frame in hand is one of those left over.
                self.left_over["infrared"] += 1
                return
            start = before - now if start is None else start
            self.lag = float(before - now - start)
            yield now, ir, vis

    def _by_time(self):
        frames = iter(self.infrared)
        ahead = here = next(frames, None)
        step = 1 / self.infrared.rate
        for now, vis in self.visible:
            while ahead is not None and abs(ahead[0] - now) <= abs(here[0] - now):
                here, ahead = ahead, next(frames, None)
            if here is None or (ahead is None and now > here[0] + 2 * step):
                self.left_over["visible"] += 1
                return
            yield now, here[1], vis
        self.left_over["infrared"] += ahead is not None

    def _report(self):
        if abs(self.lag) > 0.5 / float(self.visible.rate):
            warnings.warn(
                f"frames of one number are paired, and at the end the infrared ones "
                f"are {abs(self.lag):.2g} s {'later' if self.lag > 0 else 'earlier'} "
                "than the visible ones: match='time' pairs those of one time.",
                stacklevel=4,
            )
        for name, other in (("infrared", "visible"), ("visible", "infrared")):
            reader, partner = getattr(self, name), getattr(self, other)
            self.left_over[name] += reader.count_left()
            # By time, the last frames of two rates need not meet.
            by_time = self._match == "time"
            spare = math.ceil(reader.rate / partner.rate) if by_time else 0
            if self.left_over[name] > spare:
                warnings.warn(
                    f"{partner.name} ends first: {self.left_over[name]} frames of "
                    f"{reader.name} are left over.",
                    stacklevel=4,
                )
            if reader.n_damaged:
                warnings.warn(
                    f"{reader.name}: {reader.n_damaged} of its frames are damaged.",
                    stacklevel=4,
                )


def _with_bar(pairing, verbose):
    if verbose <= 0:
        yield from pairing
        return
    from tqdm import tqdm

    with tqdm(total=pairing.n_frames, unit="frame", desc="fusing") as bar:
        for pair in pairing:
            yield pair
            bar.update()
