"""A method in three stages: what comes before the device, on it, and behind it."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import copy
from collections.abc import Callable
from typing import NamedTuple

from sklearn.pipeline import Pipeline

from ..base import COLORS, BaseFuser
from ..images import luma
from ..pairs import ImagePairs
from ..sizes import sized
from ._chroma import with_chroma
from .colour import DropChroma, PerChannel, PreserveChroma, size_steps

__all__ = ["Stages", "staged", "staged_on_devices"]


class Stages(NamedTuple):
    """An estimator taken apart, so that threads read and write around one device.

    Attributes
    ----------
    prepare : callable
        From an :class:`skfusion.ImagePairs` of one pair to the pairs that the fuser
        takes, of one pair too, and what ``finish`` needs to know of it.
    fuser : DeviceFuser
    finish : callable
        From the fused image and that to the image that the estimator returns.
    """

    prepare: Callable
    fuser: BaseFuser
    finish: Callable


def staged(estimator) -> Stages | None:
    """Take an estimator apart around its fuser.

    Parameters
    ----------
    estimator : fuser, Pipeline or what stands around one
        Fitted, or one that needs no fitting.

    Returns
    -------
    Stages or None
        ``None`` where it holds no fuser that works on a device, or something between
        that is not ours.

    Examples
    --------
    >>> from skfusion.compose import with_color
    >>> from skfusion.compose.stages import staged
    >>> from skfusion.fusers import AverageFuser, SeAFusion
    >>> staged(with_color(SeAFusion(), "luma")).fuser
    SeAFusion()
    >>> staged(AverageFuser()) is None
    True
    """
    if hasattr(estimator, "_fuse_samples"):
        return Stages(lambda pair: (pair, None), estimator, lambda fused, _: fused)
    for kind, stages_of in _KINDS:
        if type(estimator) is kind:
            return stages_of(estimator)
    return None


def staged_on_devices(estimator) -> Stages | None:
    """Take an estimator apart if its fuser works elsewhere than on the CPU alone.

    Parameters
    ----------
    estimator : fuser, Pipeline or what stands around one

    Returns
    -------
    Stages or None

    Raises
    ------
    ValueError
        If there is no such device on this machine.
    """
    stages = staged(estimator)
    if stages is None:
        return None
    from ..learning.devices import resolve_devices

    devices = resolve_devices(stages.fuser.device)
    return None if [device.type for device in devices] == ["cpu"] else stages


def _of_pipeline(pipeline):
    steps = [step for _, step in pipeline.steps if step not in (None, "passthrough")]
    inner = [(i, found) for i, step in enumerate(steps) if (found := staged(step))]
    if len(inner) != 1:
        return None
    ((at, stages),) = inner

    def prepare(pair):
        for step in steps[:at]:
            pair = step.transform(pair)
        return stages.prepare(pair)

    def finish(fused, rest):
        fused = stages.finish(fused, rest)
        for step in steps[at + 1 :]:
            fused = step.transform([fused])[0]
        return fused

    return Stages(prepare, stages.fuser, finish)


def _of_preserve_chroma(around):
    lead, estimator = size_steps(around._inner())
    stages = staged(estimator)
    if stages is None:
        return None
    # Alone, a fuser that wants luma makes it on its device.
    alone = estimator is stages.fuser and estimator.color in COLORS
    fuser = _with_color(stages.fuser, "gray") if alone else stages.fuser

    def prepare(pair):
        for step in lead:
            pair = step.transform(pair)
        if alone:
            infrared, visible = pair.read_stored(0)
            pair = ImagePairs([infrared], [visible], names=pair.names)
            return pair, (None, visible if visible.ndim == 3 else None)
        visible = pair.read_visible(0)
        gray = ImagePairs(pair.infrared, [luma(visible)], names=pair.names)
        left = sized(estimator, pair)
        if left is not pair:
            visible = left.read_visible(0)
        inner, rest = stages.prepare(gray)
        return inner, (rest, visible if visible.ndim == 3 else None)

    def finish(fused, known):
        rest, colour = known
        fused = stages.finish(fused, rest)
        return fused if colour is None else with_chroma(fused, colour)

    return Stages(prepare, fuser, finish)


def _of_drop_chroma(around):
    stages = staged(around._inner())
    if stages is None:
        return None

    def prepare(pair):
        pair, rest = stages.prepare(pair)
        visible = luma(pair.read_visible(0))
        return ImagePairs(pair.infrared, [visible], names=pair.names), rest

    def finish(fused, rest):
        return luma(stages.finish(fused, rest))

    return Stages(prepare, stages.fuser, finish)


def _of_per_channel(around):
    stages = staged(around._inner())
    if stages is None or stages.fuser.color not in COLORS:
        return None
    return stages._replace(fuser=_with_color(stages.fuser, "per_channel"))


def _with_color(fuser, color):
    fuser = copy.copy(fuser)
    fuser.color = color
    return fuser


_KINDS = (
    (Pipeline, _of_pipeline),
    (PreserveChroma, _of_preserve_chroma),
    (DropChroma, _of_drop_chroma),
    (PerChannel, _of_per_channel),
)
