"""Fusers around a network that was made elsewhere."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from ...._kernels.luma import LUMA
from ....base import BaseFuser
from ....learning.tiling import map_tiles

__all__ = ["ExternalFuser"]

_PADS = {
    "reflect": "reflect",
    "symmetric": "symmetric",
    "replicate": "edge",
    "zeros": "constant",
}


class ExternalFuser(BaseFuser):
    """Base class: two gray images made what a network takes, and its output an image.

    A subclass implements ``_runner()``, which returns a function from a list of float32
    arrays ``(1, c, h, w)`` to the network's output, and ``_name()``, for errors.
    """

    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "inputs": [StrOptions({"pair", "stack"})],
        "first": [StrOptions({"infrared", "visible"})],
        "channels": [Options(Integral, {1, 3})],
        "scale": [tuple, list],
        "multiple_of": [Interval(Integral, 1, None, closed="left")],
        "pad": [StrOptions(set(_PADS))],
        "reach": [Interval(Integral, 0, None, closed="left"), None],
        "tile_size": [Interval(Integral, 32, None, closed="left"), None],
        "device": [str],
    }

    def _validate_params(self):
        super()._validate_params()
        if not (len(self.scale) == 2 and self.scale[0] < self.scale[1]):
            raise ValueError(
                f"scale={self.scale!r}: expected the values of black and white, e.g. "
                "(0, 1), (-1, 1) or (0, 255)."
            )
        if self.tile_size is None:
            return
        if self.reach is None:
            raise ValueError(
                f"tile_size={self.tile_size} with reach=None: say how many pixels of "
                "its surroundings a pixel depends on, or use tile_size=None."
            )
        if self.tile_size % self.multiple_of:
            raise ValueError(
                f"tile_size={self.tile_size}: use a multiple of multiple_of="
                f"{self.multiple_of}."
            )

    def _fuse(self, ir, vis):
        run = self._runner()
        low, high = self.scale
        order = (ir, vis) if self.first == "infrared" else (vis, ir)
        stack = np.float32(low) + np.float32(high - low) * np.stack(order)
        # Tiles begin at multiples too.
        reach = -(-(self.reach or 0) // self.multiple_of) * self.multiple_of
        fused = map_tiles(
            lambda tile: self._run_tile(run, tile), stack, self.tile_size, reach
        )
        return (fused - low) / (high - low)

    def _run_tile(self, run, stack):
        height, width = stack.shape[1:]
        below, right = (-side % self.multiple_of for side in (height, width))
        padded = np.pad(stack, ((0, 0), (0, below), (0, right)), _PADS[self.pad])
        planes = [
            np.repeat(plane[None, None], self.channels, axis=1) for plane in padded
        ]
        if self.inputs == "stack":
            planes = [np.concatenate(planes, axis=1)]
        fused = self._checked(run(planes), padded.shape[1:])
        return fused[:height, :width]

    def _checked(self, output, shape):
        """Return an output of the network as one ``(h, w)`` image."""
        fused = np.asarray(output, dtype=np.float32)
        if fused.ndim != 4 or fused.shape[0] != 1 or fused.shape[2:] != shape:
            raise ValueError(
                f"{self._name()} made {fused.shape} of images (1, {self.channels}, "
                f"{shape[0]}, {shape[1]}): expected one image of their size; does it "
                "need multiple_of=32, or another form of inputs?"
            )
        if not np.isfinite(fused).all():
            raise ValueError(
                f"{self._name()} made NaN or infinite values: does it want images in "
                f"another range than scale={self.scale!r}?"
            )
        channels = fused.shape[1]
        if channels not in (1, 3):
            raise ValueError(
                f"{self._name()} made an image of {channels} channels: expected 1 or 3."
            )
        if channels == 1:
            return fused[0, 0]
        red, green, blue = (plane * weight for plane, weight in zip(fused[0], LUMA))
        return red + green + blue

    def _name(self):
        raise NotImplementedError

    def _runner(self):
        raise NotImplementedError
