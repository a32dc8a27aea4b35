"""Fuse videos: frame by frame, in constant memory, with a steady tone if asked."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
import time
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
from ..transforms import Register
from .batches import Frame, fused_frames
from .containers import VideoError
from .pairing import FramePairs, with_bar
from .registering import FrameRegister, fitted_to_frames
from .sound import Sound
from .tone import ToneSmoother
from .writing import FrameWriter

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
    sound : tuple of str
        Codecs of the sound that was copied.
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
    sound: tuple
    left_over: dict
    damaged: dict
    seconds: float

    def __str__(self):
        return (
            f"{self.n_frames} frames of {self.shape[0]}x{self.shape[1]} at "
            f"{float(self.rate):g} a second "
            f"({', '.join((self.codec, self.pixel_format, *self.sound))}), "
            f"{self.n_frames / max(self.seconds, 1e-9):.1f} fused a second"
        )


def iter_video(infrared, visible, *, match="number", offset=0.0, on_error="raise"):
    """Yield the frame pairs of two videos as arrays.

    Parameters
    ----------
    infrared, visible : path
        Videos of one frame size, in any format that FFmpeg reads.
    match : {"number", "time"}, default="number"
        Which frames are a pair: those of the same number, or for each visible frame
        the infrared frame nearest in time (for cameras of different frame rates).
    offset : float, default=0.0
        Seconds by which the infrared video starts later than the visible one: its
        frame at 0 s belongs to the visible one at ``offset`` s. Below 0 it starts
        earlier. Frames from before both videos run are left out.
    on_error : {"raise", "repeat"}, default="raise"
        At a frame that cannot be decoded: stop, or put the one before in its place, at
        the start of a video the one after. A file that is cut or damaged as a whole
        ends where it cannot be read any more.

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
        If the frame sizes differ, or the videos have no moment in common.
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
    return _arrays(FramePairs(infrared, visible, match, on_error, offset))


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
    register=None,
    register_smoothing=1.0,
    temporal=0.0,
    codec=None,
    crf=18,
    bit_depth=8,
    match="number",
    offset=0.0,
    on_error="raise",
    overwrite=False,
    verbose=0,
) -> VideoReport:
    """Fuse two videos into a third.

    Frames are read, fused and written one after the other, on a GPU a few at a time, so
    that memory does not depend on their number. The times of the visible frames are
    kept, a variable rate too. The file appears under its name when it is complete.

    Parameters
    ----------
    estimator : fuser or Pipeline
        Fitted, or one that needs no fitting.
        :class:`~skfusion.compose.PreserveChroma` around it keeps the visible colours.
    infrared, visible : path
        Videos in any format that FFmpeg reads, of one frame size unless the estimator
        begins with :class:`~skfusion.transforms.Resize` or `register` is given. 10- to
        16-bit videos keep their bits up to the fuser.
    out : path
        A file ending in ``.mp4``, ``.mov`` or ``.mkv``. It gets the sound of the
        visible video, or else of the infrared one, as it is.
    register : Register, default=None
        :class:`skfusion.transforms.Register` that brings the frames onto each other.
        With ``scope="rig"`` it is fitted to frames from all over the videos, unless it
        is fitted; with ``scope="pair"`` each frame is registered, from where the one
        before was.
    register_smoothing : float, default=1.0
        Time constant in seconds with which the transforms of single frames are
        smoothed; 0 is off, and shakes.
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
    match, offset, on_error
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
    _check_register(register, register_smoothing)
    out = Path(out)
    check_not_input([out], (infrared, visible), "out")
    start = time.perf_counter()
    pairing = FramePairs(infrared, visible, match, on_error, offset)
    with pairing, Sound(pairing.visible, pairing.infrared) as sound:
        writer = FrameWriter(out, pairing.visible, codec, crf, bit_depth, sound=sound)
        if out.exists() and not overwrite:
            raise FileExistsError(
                f"out={str(out)!r} exists: overwrite=True replaces it."
            )
        steady = _Steady(temporal) if temporal else None
        together = None
        if register is not None:
            how = {"match": match, "on_error": on_error, "offset": offset}
            register = fitted_to_frames(register, infrared, visible, **how)
            together = FrameRegister(register, register_smoothing)
        shape, n_frames = None, 0
        try:
            frames = _frames(estimator, pairing, together, sound, verbose)
            for (now, pair), fused in fused_frames(estimator, frames, Notices()):
                if steady is not None:
                    with Notices(quiet=True):  # the fuser has seen the same frames
                        left = sized(estimator, pair).read(0)
                    fused = steady(*left, fused, now)
                writer.write(fused, now - pairing.start)
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
            sound=sound.codecs,
            left_over=pairing.left_over,
            damaged={
                "infrared": pairing.infrared.n_damaged,
                "visible": pairing.visible.n_damaged,
            },
            seconds=time.perf_counter() - start,
        )


def _frames(estimator, pairing, together, sound, verbose):
    """Yield the frames of two videos, checked and with their sound at the first."""
    notices = Notices()
    for number, (now, ir, vis) in enumerate(with_bar(pairing, verbose)):
        if number == 0:
            sound.begin(pairing.clocks())
        if together is not None:
            with notices:  # entered anew for each frame, it says a thing once
                ir, vis = together(ir, vis, now)
        pair = ImagePairs([ir], [vis], names=[f"frame {number}"])
        if number == 0 and sized(estimator, pair) is pair:
            pairing.check_size(ir, vis)
        yield Frame(now, pair)


def _check_register(register, smoothing):
    if not (isinstance(smoothing, Real) and 0 <= smoothing < math.inf):
        raise ValueError(
            f"register_smoothing={smoothing!r}: expected seconds, 0 (off) or more."
        )
    if register is not None and not isinstance(register, Register):
        raise ValueError(f"register={register!r}: expected a Register, or None.")
    if register is not None and register.crop and not register._known():
        raise ValueError(
            "register: crop='valid' gives each frame another size with scope='pair': "
            "use scope='rig', or no crop."
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
