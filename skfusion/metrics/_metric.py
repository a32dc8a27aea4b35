"""What a metric is: a function on a context that is called with images."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, ParamSpec

import numpy as np

from .context import Context

__all__ = [
    "ImageMetric",
    "ImageTooSmallError",
    "Metric",
    "UndefinedMetricWarning",
    "image_metric",
    "metric",
]

P = ParamSpec("P")
_SOURCES = ("infrared", "visible", "fused")
_OF_FUNCTION = ("__module__", "__name__", "__qualname__", "__doc__")


class UndefinedMetricWarning(RuntimeWarning):
    """A metric is not defined for this input (a constant image, say): NaN returned."""


class ImageTooSmallError(ValueError):
    """The images are smaller than a window or a pyramid of the metric needs."""


@dataclass(frozen=True, eq=False, repr=False)
class Metric(Generic[P]):
    """A metric of a fused image: what it computes, and what is known about it.

    Made by decorating a function with ``metric``; its docstring and its keywords
    are those of the function. A metric is called with ``(infrared, visible, fused)``
    and its keywords. Beside them it takes ``channel="luma"``, ``"mean"`` or ``"vifb"``:
    what to do with a colour fused image; see
    :meth:`skfusion.metrics.Context.for_channel`.

    Attributes
    ----------
    name : str
        Key in the registry, e.g. ``"qabf"``.
    title : str
        What the letters stand for.
    function : callable
        ``function(context, *, variant=..., ...) -> float``, undecorated.
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

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics import Context, nabf
    >>> image = np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8)
    >>> nabf(image, image, image) == nabf.of(Context(image, image, image))
    True
    >>> nabf.higher_is_better, nabf.better(0.25)
    (False, -0.25)
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

    def __post_init__(self):
        # To `help`, `inspect`, doctest and pickle it is the function that it decorates.
        self.__dict__.update({k: getattr(self.function, k) for k in _OF_FUNCTION})
        self.__dict__.update(
            __wrapped__=self.function, __signature__=self._signature(*_SOURCES)
        )

    def _signature(self, *images):
        """Signature of the function, images in place of its context."""
        signature = inspect.signature(self.function)
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        _, *keywords = signature.parameters.values()
        first = [inspect.Parameter(name, kind) for name in images]
        return signature.replace(parameters=[*first, *keywords])

    def __repr__(self):
        keywords = [
            f"{p.name}={p.default!r}" if p.default is not p.empty else p.name
            for p in self.__signature__.parameters.values()
        ]
        return f"<metric {self.name}({', '.join(keywords)})>"

    def __reduce__(self):
        return self.__qualname__  # sent by name, as a function is

    def __call__(self, *images, **kwargs):
        """Score one fused image.

        Parameters
        ----------
        *images : array-like or path
            Infrared, visible and fused image of one size, also by these names; see
            :func:`skfusion.images.as_levels`.
        **kwargs
            ``variant=`` and the other keywords of the metric, and ``channel=``.

        Returns
        -------
        float

        Raises
        ------
        TypeError
            If an image is missing or a keyword is none of the metric's.
        """
        return self._told(*self._read(images, kwargs))

    def _read(self, images, kwargs):
        """Return the contexts of a call and the keywords of the function."""
        channel = kwargs.pop("channel", "luma")
        images, kwargs = _bound(self._signature(*_SOURCES), images, kwargs)
        return Context.for_channel(*images, channel), kwargs

    def of(self, ctx, **kwargs):
        """Score the fused image of a context, which keeps what other metrics share.

        Parameters
        ----------
        ctx : skfusion.metrics.Context
            The three images.
        **kwargs
            ``variant=`` and the other keywords of the metric.

        Returns
        -------
        float
        """
        return self._told([ctx], kwargs)

    def compute(self, contexts, **kwargs):
        """Mean over contexts, without the warning where it is not defined."""
        variant = kwargs.get("variant", self.default)
        if variant not in self.variants:
            raise ValueError(
                f"{self.name}: variant={variant!r} is unknown; expected one of "
                f"{', '.join(map(repr, self.variants))}."
            )
        with np.errstate(all="ignore"):
            values = [float(self.function(ctx, **kwargs)) + 0.0 for ctx in contexts]
        return sum(values) / len(values)  # + 0.0: no -0.0

    def _told(self, contexts, kwargs):
        """Mean over contexts; NaN with one warning, at the line of the caller."""
        value = self.compute(contexts, **kwargs)
        if math.isnan(value):
            warnings.warn(
                f"{self.name} (variant {kwargs.get('variant', self.default)!r}) is not "
                "defined for these images: a constant image, or a window without "
                "contrast.",
                UndefinedMetricWarning,
                stacklevel=3,
            )
        return value

    def better(self, value: float) -> float:
        """Turn a value into a score: greater is better, whatever the direction."""
        if self.target is not None:
            return -abs(value - self.target)
        return value if self.higher_is_better else -value


class ImageMetric(Metric[P]):
    """A metric that looks at the fused image only, made with :func:`image_metric`.

    It may be called with that image alone, ``en(image)``, or, as every metric of the
    registry, with ``(infrared, visible, fused)``.
    """

    def __post_init__(self):
        super().__post_init__()
        self.__dict__.update(__signature__=self._signature("image"))

    def _read(self, images, kwargs):
        if len(images) > 1 or "fused" in kwargs:
            return super()._read(images, kwargs)
        (image,), kwargs = _bound(self.__signature__, images, kwargs)
        return [Context.of_image(image)], kwargs


def _bound(signature, images, kwargs):
    """Return the images and the keywords of a call, or raise Python's TypeError."""
    arguments = signature.bind(*images, **kwargs).arguments
    images = [arguments.pop(k) for k in (*_SOURCES, "image") if k in arguments]
    return images, arguments


def metric(**facts):
    """Make ``function(ctx, *, variant="...", ...) -> float`` a :class:`Metric`.

    The function's name becomes the metric's, the default of its `variant` that of the
    metric. The metric checks `variant`, keeps NumPy's floating-point warnings inside,
    returns a Python float, and tells NaN by one :class:`UndefinedMetricWarning`: the
    function only has to return NaN where it is undefined.

    Parameters
    ----------
    **facts
        title, higher_is_better, range, variants, citation and, where there is one,
        target; see :class:`Metric`.

    Returns
    -------
    callable
        The decorator.
    """
    return lambda function: Metric(**_names(function), **facts)


def image_metric(**facts):
    """Make a function that looks at ``ctx.f`` only an :class:`ImageMetric`.

    Parameters
    ----------
    **facts
        As for :func:`metric`.

    Returns
    -------
    callable
        The decorator.
    """
    return lambda function: ImageMetric(**_names(function), **facts)


def _names(function):
    default = inspect.signature(function).parameters["variant"].default
    return {"name": function.__name__, "function": function, "default": default}
