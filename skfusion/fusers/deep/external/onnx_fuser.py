"""A network in an ONNX file as a fuser."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os

import numpy as np

from ....learning.onnx_sessions import FLOATS, open_session
from ._external import ExternalFuser

__all__ = ["ONNXFuser"]


class ONNXFuser(ExternalFuser):
    """Fuse by a network in an ONNX file, run by onnxruntime.

    Files that ``export_onnx`` wrote need no further parameter. For others, what a fuser
    of this library does around its network is done around that one: sizes, colour,
    tiles, devices, folders, benchmarks and grids.

    Parameters
    ----------
    path : path
        The file; its first output is the fused image, ``(1, 1, H, W)`` or
        ``(1, 3, H, W)`` (whose luma is taken).
    inputs : {"pair", "stack"}, default="pair"
        The file has two inputs, or one of both images' channels.
    first : {"infrared", "visible"}, default="infrared"
        Which image comes first; not used where the inputs are called ``infrared`` and
        ``visible``.
    channels : {1, 3}, default=1
        Channels of each image; 3 are copies of the gray one.
    scale : (float, float), default=(0, 1)
        The values of black and white, of what goes in and of what comes out.
    multiple_of : int, default=1
        Height and width are padded to multiples of this, and cropped again.
    pad : {"reflect", "symmetric", "replicate", "zeros"}, default="reflect"
        By what. ``"zeros"`` are 0 whatever ``scale`` is.
    reach : int or None, default=None
        How many pixels around it a fused pixel depends on; needed for tiles.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.
    tile_size : int or None, default=None
        Fuse images larger than this in overlapping tiles.
    device : {"auto", "cpu", "cuda", ...}, default="auto"
        Which provider of onnxruntime runs it; ``"auto"``: CUDA where onnxruntime has
        it, else the CPU. Other providers go by their name, e.g. ``"tensorrt"``.

    See Also
    --------
    skfusion.fusers.ModuleFuser : A torch module in memory.

    Notes
    -----
    Needs ``skfusion[onnx]``. The file is read once a process for each state of it;
    pickles hold its path only. On the CPU it runs with as many threads as torch has.

    Examples
    --------
    >>> from skfusion.fusers import ONNXFuser
    >>> fuser = ONNXFuser("mine.onnx", scale=(-1, 1), multiple_of=32)
    >>> fuser.get_params()["multiple_of"]
    32
    """

    _parameter_constraints: dict = {
        **ExternalFuser._parameter_constraints,
        "path": [str, os.PathLike, None],
    }

    def __init__(
        self,
        path=None,
        inputs="pair",
        *,
        first="infrared",
        channels=1,
        scale=(0, 1),
        multiple_of=1,
        pad="reflect",
        reach=None,
        color="gray",
        tile_size=None,
        device="auto",
    ):
        self.path = path
        self.inputs = inputs
        self.first = first
        self.channels = channels
        self.scale = scale
        self.multiple_of = multiple_of
        self.pad = pad
        self.reach = reach
        self.color = color
        self.tile_size = tile_size
        self.device = device

    def _validate_params(self):
        super()._validate_params()
        if self.path is None:
            raise ValueError("path=None: give the .onnx file that fuses.")

    def fit(self, X=None, y=None):
        """Check the parameters, the form of X, and that the file can be run.

        Parameters
        ----------
        X : pairs, optional
            Any form that :func:`skfusion.pairs.as_pairs` takes.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        super().fit(X)
        self._session()
        return self

    def _name(self):
        return f"path={str(self.path)!r}"

    def _session(self):
        return open_session(self.path, self.device)

    def _runner(self):
        session = self._session()
        wanted = session.get_inputs()
        n_inputs = 2 if self.inputs == "pair" else 1
        if len(wanted) != n_inputs:
            raise ValueError(
                f"{self._name()} has the inputs {[x.name for x in wanted]}, "
                f"inputs={self.inputs!r} fills {n_inputs}: use the other form."
            )
        for x in wanted:
            if x.type not in FLOATS:
                raise ValueError(
                    f"{self._name()}: its input {x.name!r} is a {x.type}, not an image "
                    "of floating numbers."
                )
        least = self._least(session)
        names = [x.name for x in wanted]
        if set(names) == {"infrared", "visible"}:
            other = "visible" if self.first == "infrared" else "infrared"
            names = [self.first, other]
        types = {x.name: FLOATS[x.type] for x in wanted}

        def run(planes):
            height, width = planes[0].shape[2:]
            _check_sides(self._name(), wanted[0].shape, (height, width))
            below, right = max(least - height, 0), max(least - width, 0)
            if below or right:
                pad = ((0, 0), (0, 0), (0, below), (0, right))
                planes = [np.pad(plane, pad, "reflect") for plane in planes]
            feed = {n: plane.astype(types[n]) for n, plane in zip(names, planes)}
            return session.run(None, feed)[0][..., :height, :width]

        return run

    @staticmethod
    def _least(session):
        """Return the least side, which our own files tell."""
        told = session.get_modelmeta().custom_metadata_map.get("min_size", "1")
        return int(told) if told.isdigit() else 1


def _check_sides(name, shape, sides):
    fixed = [side for side in shape[-2:] if isinstance(side, int)]
    if len(fixed) == 2 and tuple(fixed) != tuple(sides):
        raise ValueError(
            f"{name} takes images of {fixed[0]}x{fixed[1]} only, this one has "
            f"{sides[0]}x{sides[1]}: put Resize({fixed[0]}, {fixed[1]}) before it, or "
            "export it for any size."
        )
