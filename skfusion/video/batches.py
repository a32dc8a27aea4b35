"""Frames fused one by one, or several at once on devices: in their order always."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import NamedTuple

from ..compose.serving import served_on_devices
from ..images.notices import Notices
from ..pairs import ImagePairs
from ..workers import ahead, in_threads

__all__ = ["Frame", "fused_frames"]

# Frames under way around devices, which fuse those that are there together.
_AT_ONCE = 16


class Frame(NamedTuple):
    """A pair of frames and its time."""

    now: Fraction
    pair: ImagePairs


def fused_frames(estimator, frames, notices):
    """Fuse frames; on a GPU in batches, while others are read.

    Parameters
    ----------
    estimator : fuser, Pipeline or what stands around one
    frames : iterable of Frame
        Drawn in another thread where devices work.
    notices : Notices
        Collects what is said about the frames.

    Yields
    ------
    frame : Frame
    fused : ndarray
        In the order of the frames.
    """
    with served_on_devices(estimator) as served:
        if served is None:
            yield from (_fused(estimator, frame, notices) for frame in frames)
            return

        def fuse(frame):
            seen = Notices(quiet=True)
            return *_fused(served, frame, seen), seen.found

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            drawn = ((frame,) for frame in ahead(frames))
            for frame, fused, found in in_threads(fuse, drawn, pool, _AT_ONCE):
                with notices:  # entered anew for each frame, it says a thing once
                    notices.extend(found)
                yield frame, fused


def _fused(estimator, frame, notices):
    with notices:
        return frame, estimator.transform(frame.pair)[0]
