"""Frames of two cameras brought onto each other: one transform, or a steady hand."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math

import numpy as np

from ..images import as_float, luma
from ..images.notices import notify
from ..pairs import ImagePairs
from ..registration.applied import ordered, registered, unmoved
from ..registration.estimate import align
from ..registration.failures import RegistrationWarning
from ..registration.models import apply, corners, fitted
from .pairing import FramePairs

__all__ = ["FrameRegister", "fitted_to_frames", "spread_frames"]

_RIG_FRAMES = 16


def spread_frames(pairing, most=_RIG_FRAMES) -> ImagePairs:
    """Return frame pairs from all over two videos of unknown length.

    Parameters
    ----------
    pairing : FramePairs
    most : int, default=16
        At least half as many are returned, if there are so many.

    Returns
    -------
    ImagePairs
    """
    kept, step = [], 1
    for i, (_, ir, vis) in enumerate(pairing):
        if i % step == 0:
            kept.append((ir, vis))
        if len(kept) > most:
            kept, step = kept[::2], 2 * step
    return ImagePairs(*map(list, zip(*kept))) if kept else ImagePairs([], [])


def fitted_to_frames(register, infrared, visible, **how):
    """Return a step whose rig, if it needs one, is found from frames of the videos.

    Parameters
    ----------
    register : Register
    infrared, visible : path
    **how
        Of :class:`~skfusion.video.pairing.FramePairs`.

    Returns
    -------
    Register
    """
    if not register._learns() or hasattr(register, "matrix_"):
        return register
    with FramePairs(infrared, visible, **how) as pairing:
        return register.fit(spread_frames(pairing))


class FrameRegister:
    """Register frame by frame, each from where the one before was.

    Parameters
    ----------
    register : Register
        Its model, methods, threshold, and what moves.
    seconds : float
        Time constant with which the corners follow the estimates; 0 takes them as
        they are. A frame that fails keeps the transform.
    """

    def __init__(self, register, seconds):
        self.register, self.seconds = register, seconds
        self.transforms = []
        self._found = self._corners = self._before = None

    def __call__(self, ir, vis, now):
        """Return the pair of a frame on one grid."""
        register = self.register
        ir, vis = luma(ir), as_float(vis)
        if register._known():
            return register.transform([(ir, vis)]).read(0)
        fixed, moving = ordered(register.moving, ir, vis)
        transform = self._followed(luma(fixed), luma(moving), now)
        self.transforms.append(transform)
        return registered(transform, ir, vis, register.moving, None, register.fill)[:2]

    def _followed(self, fixed, moving, now):
        register, at = self.register, corners(fixed.shape)
        how = register.model, register.methods
        found = align(fixed, moving, *how, near=self._found)
        elapsed = 0.0 if self._before is None else max(0.0, float(now - self._before))
        if found.quality >= register.quality_threshold:
            self._before, self._found = now, found.matrix
            there = apply(found.matrix, at)
            if self._corners is None or not self.seconds:
                self._corners = there
            else:
                share = 1 - math.exp(-elapsed / self.seconds)
                self._corners = self._corners + share * (there - self._corners)
        elif self._corners is None:
            notify(
                RegistrationWarning,
                "the first frame",
                "could not be registered: frames are left as they are until one can",
            )
            return unmoved(fixed, moving)
        if register.model == "translation":
            matrix = np.array(self._found)
            matrix[:2, 2] += (self._corners - apply(matrix, at)).mean(axis=0)
            return matrix
        return fitted(register.model, at, self._corners)
