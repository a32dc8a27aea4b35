"""Which frames of several videos belong together: by number, or by time."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
import warnings
from fractions import Fraction
from numbers import Real

from .containers import VideoError
from .reading import FrameReader

__all__ = ["Follower", "FramePairs", "warn_of_damage", "with_bar"]


class Follower:
    """The frames of a video that belong to the frames of another one, the leader.

    Parameters
    ----------
    reader, leader : FrameReader
    match : {"number", "time"}
        The next frame for each of the leader, or the one nearest in time.
    offset : Fraction, default=0
        Seconds of the leader's time at which this video starts; below zero it has
        frames before the leader's first one, which are left out.

    Attributes
    ----------
    lag : float
        By number: the most seconds by which a frame was later than the leader's (below
        0: earlier), beyond the first pair's.
    left_over : int
        Frames that had no partner, once :meth:`report` has counted them.
    """

    def __init__(self, reader, leader, match, offset=Fraction(0)):
        self.reader, self._leader, self._match = reader, leader, match
        self._offset = offset
        self.lag, self.left_over = 0.0, 0
        self._first_lag = None
        self._frames = iter(reader)
        self._here = self._ahead = None
        self._begun = False

    def starts_after(self, now) -> bool:
        """Whether a moment of the leader is before the first frame of this video."""
        return now + 1 / (2 * self._leader.rate) <= self._offset

    def at(self, now):
        """Return the image that belongs to the leader's frame of a time.

        Parameters
        ----------
        now : Fraction
            Seconds since the leader's first frame, later at every call.

        Returns
        -------
        ndarray or None
            ``None`` if this video is over.
        """
        own = now - self._offset
        if not self._begun:
            self._begun = True
            self._check_rates()
            self._skip_to(own)
        return self._next(own) if self._match == "number" else self._nearest(own)

    def _skip_to(self, own):
        half = 1 / (2 * self.reader.rate)
        frame = next(self._frames, None)
        while self._offset and frame is not None and frame[0] + half <= own:
            frame = next(self._frames, None)
        self._here = self._ahead = frame

    def _next(self, own):
        frame = next(self._frames, None) if self._here is None else self._here
        self._here = None
        if frame is None:
            return None
        lag = frame[0] - own
        self._first_lag = lag if self._first_lag is None else self._first_lag
        self.lag = max(self.lag, float(lag - self._first_lag), key=abs)
        return frame[1]

    def _nearest(self, own):
        while self._ahead is not None and abs(self._ahead[0] - own) <= abs(
            self._here[0] - own
        ):
            self._here, self._ahead = self._ahead, next(self._frames, None)
        if self._here is None:
            return None
        if self._ahead is None and own > self._here[0] + 2 / self.reader.rate:
            return None
        return self._here[1]

    def _check_rates(self):
        ratio = self.reader.rate / self._leader.rate
        if self._match == "number" and not 0.99 < ratio < 1.01:
            warnings.warn(
                f"the {self.reader.role} video has {float(self.reader.rate):g} frames "
                f"a second, the {self._leader.role} one {float(self._leader.rate):g}, "
                "and frames of one number are paired: match='time' pairs those of one "
                "time.",
                stacklevel=5,
            )

    def report(self):
        """Warn of what drifted, of what is left over, and of damage."""
        if abs(self.lag) > 0.5 / float(self._leader.rate):
            side = "later" if self.lag > 0 else "earlier"
            warnings.warn(
                f"frames of one number are paired, and the {self.reader.role} ones are "
                f"up to {abs(self.lag):.2g} s {side} than the {self._leader.role} "
                "ones: match='time' pairs those of one time.",
                stacklevel=5,
            )
        self.left_over += self._match == "time" and self._ahead is not None
        self.left_over += self.reader.count_left()
        # By time, the last frames of two rates need not meet.
        by_time = self._match == "time"
        spare = math.ceil(self.reader.rate / self._leader.rate) if by_time else 0
        _warn_of_rest(self.reader, self._leader, self.left_over, spare)
        warn_of_damage(self.reader)


class FramePairs:
    """Two open videos and the pairs of their frames.

    Parameters
    ----------
    infrared, visible : path
    match : {"number", "time"}
    on_error : {"raise", "repeat"}
    offset : float
        Seconds by which the infrared video starts later than the visible one.

    Attributes
    ----------
    infrared, visible : FrameReader
    left_over : dict of str to int
    start : Fraction or None
        Time of the first pair, in seconds of the visible video.
    """

    def __init__(self, infrared, visible, match, on_error, offset=0.0):
        if match not in ("number", "time"):
            raise ValueError(f"match={match!r}: use 'number' or 'time'.")
        if on_error not in ("raise", "repeat"):
            raise ValueError(f"on_error={on_error!r}: use 'raise' or 'repeat'.")
        if not isinstance(offset, Real) or not math.isfinite(offset):
            raise ValueError(
                f"offset={offset!r}: expected the seconds by which the infrared video "
                "starts later than the visible one, below 0 if it starts earlier."
            )
        self.offset = Fraction(offset).limit_denominator(10**6)
        self._match = match
        self.infrared = FrameReader(infrared, "infrared", on_error)
        try:
            self.visible = FrameReader(visible, "visible", on_error)
        except BaseException:
            self.infrared.close()
            raise
        self.left_over = {"infrared": 0, "visible": 0}
        self.start = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.infrared.close()
        self.visible.close()

    @property
    def n_frames(self):
        """Pairs to expect, ``None`` if unknown."""
        counts = [self._rest(self.visible, self.offset)]
        if self._match == "number":
            counts.append(self._rest(self.infrared, -self.offset))
        return None if None in counts else min(counts)

    @staticmethod
    def _rest(reader, before):
        if reader.n_frames is None:
            return None
        return max(reader.n_frames - round(max(before, 0) * reader.rate), 0)

    def __iter__(self):
        """Yield the time of the visible frame and both images."""
        follower = Follower(self.infrared, self.visible, self._match, self.offset)
        for now, vis in self.visible:
            if follower.starts_after(now):
                continue
            ir = follower.at(now)
            if ir is None:
                self.left_over["visible"] += 1  # the one in hand
                break
            self.start = now if self.start is None else self.start
            yield now, ir, vis
        if self.start is None and self.offset:
            raise VideoError(
                f"offset={float(self.offset):g}: {self.infrared.name} and "
                f"{self.visible.name} have no moment in common with it. It is the "
                "seconds by which the infrared video starts later than the visible one."
            )
        follower.report()
        self.left_over["infrared"] = follower.left_over
        self.left_over["visible"] += self.visible.count_left()
        by_time = self._match == "time"
        spare = math.ceil(self.visible.rate / self.infrared.rate) if by_time else 0
        _warn_of_rest(self.visible, self.infrared, self.left_over["visible"], spare)
        warn_of_damage(self.visible)

    def clocks(self):
        """Seconds from the first pair to the first frame of each video."""
        visible = -self.start
        return {self.visible: visible, self.infrared: self.offset + visible}

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


def _warn_of_rest(reader, partner, n_frames, spare):
    if n_frames > spare:
        warnings.warn(
            f"{partner.name} ends first: {n_frames} frames of {reader.name} are left "
            "over.",
            stacklevel=5,
        )


def warn_of_damage(reader):
    """Say how many frames were damaged, if any."""
    if reader.n_damaged:
        warnings.warn(
            f"{reader.name}: {reader.n_damaged} of its frames are damaged.",
            stacklevel=5,
        )


def with_bar(pairs, verbose, what="fusing"):
    """Yield what :class:`FramePairs` yields, with a progress bar if asked for."""
    if verbose <= 0:
        yield from pairs
        return
    from tqdm import tqdm

    with tqdm(total=pairs.n_frames, unit="frame", desc=what) as bar:
        for pair in pairs:
            yield pair
            bar.update()
