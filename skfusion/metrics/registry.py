"""What is known about each metric: direction, range, variants, citation."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import functools
import importlib
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from .context import Context

__all__ = [
    "ImageTooSmallError",
    "Metric",
    "UndefinedMetricWarning",
    "UnknownMetricError",
    "register",
    "registry",
]


class UndefinedMetricWarning(RuntimeWarning):
    """A metric is not defined for this input (a constant image, say): NaN returned."""


class ImageTooSmallError(ValueError):
    """The images are smaller than a window or a pyramid of the metric needs."""


class UnknownMetricError(KeyError, ValueError):
    """A name that is not in the registry; the message lists those that are."""

    def __str__(self):
        return str(self.args[0])  # KeyError would quote the sentence


@dataclass(frozen=True)
class Metric:
    """One row of the registry; called with (infrared, visible, fused).

    Attributes
    ----------
    name : str
        Key in the registry, e.g. ``"qabf"``.
    title : str
        What the letters stand for.
    function : callable
        ``function(context, *, variant=..., ...) -> float`` on a
        :class:`~skfusion.metrics.context.Context`.
    higher_is_better : bool
        Direction.
    range : (float, float)
        Closed range of the default variant.
    variants : tuple of str
        Published forms that can be asked for with ``variant=``.
    default : str
        The variant taken when none is named.
    citation : str
        Where the metric was published.
    target : float or None
        The best value where it lies inside the range (QSF: 0); scorers then maximise
        ``-abs(value - target)``.
    """

    name: str
    title: str
    function: Callable[..., float]
    higher_is_better: bool
    range: tuple[float, float]
    variants: tuple[str, ...]
    default: str
    citation: str
    target: float | None = None

    def __call__(self, infrared, visible, fused, *, channel="luma", **kwargs) -> float:
        """Score one fused image.

        Parameters
        ----------
        infrared, visible, fused : array-like or path
            Images of one size; see :func:`skfusion.images.as_levels`.
        channel : {"luma", "mean", "vifb"}, default="luma"
            What to do with a colour fused image; see
            :meth:`skfusion.metrics.context.Context.for_channel`.
        **kwargs
            ``variant=`` and the other keywords of the metric's function.

        Returns
        -------
        float
        """
        contexts = Context.for_channel(infrared, visible, fused, channel)
        values = [self.function(context, **kwargs) for context in contexts]
        return sum(values) / len(values)

    def compute(self, contexts, **kwargs) -> float:
        """Mean over contexts, without the warning where it is not defined."""
        quiet = self.function.quiet
        return sum(quiet(context, **kwargs) for context in contexts) / len(contexts)

    def better(self, value: float) -> float:
        """Turn a value into a score: greater is better, whatever the direction."""
        if self.target is not None:
            return -abs(value - self.target)
        return value if self.higher_is_better else -value


_RECORDS: dict[str, Metric] = {}

# Which module registers a key; a module is imported when its key is first looked up.
_MODULES = {
    **dict.fromkeys(("en", "ce", "mi", "nmi", "qte", "qncie"), "information"),
    "fmi": "fmi",
    **dict.fromkeys(("ag", "df", "ei", "sf", "sd"), "features"),
    **dict.fromkeys(("qabf", "labf", "nabf", "qm", "qsf"), "gradient"),
    "qp": "phase",
    **dict.fromkeys(("ssim", "ms_ssim", "mef_ssim"), "ssim"),
    **dict.fromkeys(("qs", "qw", "qe"), "piella"),
    **dict.fromkeys(("qy", "qc"), "yang_cvejic"),
    **dict.fromkeys(("cc", "scd"), "correlation"),
    **dict.fromkeys(("mse", "rmse", "psnr"), "error"),
    **dict.fromkeys(("vif", "viff"), "vif"),
    **dict.fromkeys(("qcv", "qcb"), "perceptual"),
}


def register(
    name: str,
    *,
    title: str,
    higher_is_better: bool,
    range: tuple[float, float],
    variants: tuple[str, ...],
    default: str,
    citation: str,
    target: float | None = None,
):
    """Register ``function(context, *, variant=..., ...) -> float`` under a key.

    The registered function checks `variant`, keeps NumPy's floating-point warnings
    inside, returns a Python float, and turns NaN into one
    :class:`UndefinedMetricWarning`. Metrics only have to return NaN where they are
    undefined.
    """

    def decorate(function):
        def quiet(ctx: Context, *, variant: str = default, **kwargs) -> float:
            if variant not in variants:
                raise ValueError(
                    f"{name}: variant={variant!r} is unknown; expected one of "
                    f"{', '.join(map(repr, variants))}."
                )
            with np.errstate(all="ignore"):
                return float(function(ctx, variant=variant, **kwargs)) + 0.0  # no -0.0

        @functools.wraps(function)
        def checked(ctx: Context, *, variant: str = default, **kwargs) -> float:
            value = quiet(ctx, variant=variant, **kwargs)
            if math.isnan(value):
                warnings.warn(
                    f"{name} (variant {variant!r}) is not defined for these images: "
                    "a constant image, or a window without contrast.",
                    UndefinedMetricWarning,
                    stacklevel=3,
                )
            return value

        checked.quiet = quiet
        _RECORDS[name] = Metric(
            name=name,
            title=title,
            function=checked,
            higher_is_better=higher_is_better,
            range=range,
            variants=variants,
            default=default,
            citation=citation,
            target=target,
        )
        return checked

    return decorate


class _Registry(Mapping):
    """Read-only mapping from key to :class:`Metric`; modules load on first use."""

    def __getitem__(self, name: str) -> Metric:
        if name not in _MODULES:
            raise UnknownMetricError(
                f"{name!r} is no metric: choose from {', '.join(_MODULES)}."
            )
        if name not in _RECORDS:
            importlib.import_module(f".{_MODULES[name]}", __package__)
        return _RECORDS[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)

    def __contains__(self, name) -> bool:
        return name in _MODULES

    def __repr__(self) -> str:
        return f"registry({', '.join(_MODULES)})"


registry: Mapping[str, Metric] = _Registry()
