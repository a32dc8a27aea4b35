"""What a user has chosen, and the estimator that it stands for."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import inspect
from dataclasses import dataclass, field, replace

from sklearn.pipeline import Pipeline

from .. import transforms
from ..compose import EnhanceByModality, with_color
from ..pipelines import DEFAULT_METHOD, get_pipeline, registry
from .parameters import Field, fields

__all__ = [
    "ALIGNMENTS",
    "AS_METHOD",
    "ENHANCEMENTS",
    "NOTHING",
    "Choices",
    "StepChoice",
    "build",
    "method_fields",
    "step_fields",
]

AS_METHOD = "as the method"
NOTHING = "none"
ENHANCEMENTS = ("LinearStretch", "HDRC", "GuidedFilter", "SSR")
ALIGNMENTS = ("Resize", "Register")
# What takes pairs, or learns from several of them, has no place on one pair's page.
_LEFT_OUT = {"GuidedFilter": {"guide"}, "Register": {"scope"}}


@dataclass(frozen=True)
class StepChoice:
    """A step beside the fuser: that of the method, none, or a class by name.

    Attributes
    ----------
    name : str
        ``AS_METHOD``, ``NOTHING``, or a class of :mod:`skfusion.transforms`.
    params : dict
        Of that class.
    """

    name: str = AS_METHOD
    params: dict = field(default_factory=dict)

    def replace(self, own):
        """Return what stands in the place of a method's own step."""
        if self.name == AS_METHOD:
            return own
        if self.name == NOTHING:
            return "passthrough"
        known = (AS_METHOD, NOTHING, *ENHANCEMENTS, *ALIGNMENTS)
        if self.name not in known:
            raise ValueError(
                f"step {self.name!r} is unknown: use one of {', '.join(known)}."
            )
        return getattr(transforms, self.name)(**self.params)


@dataclass(frozen=True)
class Choices:
    """Everything that decides what the fused image looks like.

    Attributes
    ----------
    method : str
        A name of :func:`skfusion.pipelines.pipeline_names`.
    params : dict
        Of the method; see :func:`method_fields`.
    infrared, visible : StepChoice
        Enhancement before the fuser.
    retinex : StepChoice
        Behind it: ``AS_METHOD``, ``NOTHING`` or ``SSR``.
    color : {"luma", "gray", "per_channel"}
        As in :func:`skfusion.compose.with_color`.
    align : StepChoice
        How both images come onto one grid: ``NOTHING``, ``Resize`` or ``Register``.
    """

    method: str = DEFAULT_METHOD
    params: dict = field(default_factory=dict)
    infrared: StepChoice = StepChoice()
    visible: StepChoice = StepChoice()
    retinex: StepChoice = StepChoice()
    color: str = "luma"
    align: StepChoice = StepChoice(NOTHING)


def build(choices):
    """Return the estimator that choices stand for.

    Parameters
    ----------
    choices : Choices

    Returns
    -------
    PreserveChroma, DropChroma or PerChannel
        Around a Pipeline; it needs no fitting.

    Raises
    ------
    ValueError
        For an unknown method, step, parameter or word for colour.

    Examples
    --------
    >>> from skfusion.app.choices import Choices, StepChoice, build
    >>> build(Choices("average", retinex=StepChoice("SSR")))
    PreserveChroma(estimator=Pipeline(steps=[('fuse', AverageFuser()), ('ssr', SSR())]))
    """
    direct = _direct_fields(choices.method)
    named = {
        name if name in direct else f"fuse__{name}": value
        for name, value in choices.params.items()
    }
    pipeline = get_pipeline(choices.method, **named)
    own = dict(pipeline.steps)
    steps = []
    align = choices.align.replace("passthrough")
    if align != "passthrough":
        steps.append(("align", align))
    enhance = _enhancement(choices, own.get("enhance"))
    if enhance is not None:
        steps.append(("enhance", enhance))
    steps.append(("fuse", own["fuse"]))
    ssr = choices.retinex.replace(own.get("ssr", "passthrough"))
    if ssr != "passthrough":
        steps.append(("ssr", ssr))
    return with_color(Pipeline(steps), choices.color)


def _enhancement(choices, own):
    """Return the step before the fuser, None if it would do nothing."""
    slots = {}
    for name in ("infrared", "visible"):
        slot = "passthrough" if own is None else getattr(own, name)
        slots[name] = getattr(choices, name).replace(slot)
    if set(map(str, slots.values())) == {"passthrough"}:
        return None
    return EnhanceByModality(**slots)


def method_fields(method) -> list[Field]:
    """Return the parameters of a method that a form can show.

    Parameters
    ----------
    method : str
        A name of the registry.

    Returns
    -------
    list of Field
        Those of the whole method (``compat``), then those of its fuser.
    """
    direct = _direct_fields(method)
    fuser = get_pipeline(method)["fuse"]
    own = [each for each in fields(fuser) if each.name not in direct]
    return [*direct.values(), *own]


def step_fields(name) -> list[Field]:
    """Return the parameters of an enhancement step that a form can show.

    Parameters
    ----------
    name : str
        One of ``ENHANCEMENTS`` or ``ALIGNMENTS``.

    Returns
    -------
    list of Field
    """
    left_out = _LEFT_OUT.get(name, ())
    found = fields(getattr(transforms, name)())
    return [_of_one_pair(each) for each in found if each.name not in left_out]


def _of_one_pair(field):
    return replace(field, words=tuple(w for w in field.words if w != "rig"))


def _direct_fields(method):
    """Return the switches that decide which steps a method has, by name."""
    if method not in registry:
        return {}
    parameters = inspect.signature(registry[method].build).parameters
    return {
        name: Field(name, p.default, (False, True), help="As the published program.")
        for name, p in parameters.items()
        if isinstance(p.default, bool)
    }
