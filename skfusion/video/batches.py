"""Frames fused one by one, or in batches on devices: in their order in every case."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from ..compose.stages import staged_on_devices
from ..pairs import ImagePairs

__all__ = ["Frame", "fused_frames"]


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
    stages = staged_on_devices(estimator)
    if stages is None:
        for frame in frames:
            with notices:  # entered anew for each frame, it says a thing once
                fused = estimator.transform(frame.pair)[0]
            yield frame, fused
        return
    known, done, following = {}, {}, 0
    samples = _samples(stages, frames, notices, known)
    for number, fused in stages.fuser._fuse_samples(samples):
        done[number] = fused
        while following in done:
            frame, rest = known.pop(following)
            yield frame, stages.finish(done.pop(following), rest)
            following += 1


def _samples(stages, frames, notices, known):
    from ..learning.batches import Sample

    for number, frame in enumerate(frames):
        with notices:
            pair, rest = stages.prepare(frame.pair)
            images = pair.read_stored(0)
        known[number] = frame, rest
        yield Sample(number, *images)
