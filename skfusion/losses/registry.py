"""Which metrics have a differentiable form: name, direction, variants, least size."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Differentiable", "as_columns", "differentiable", "differentiable_metrics"]

# Which module holds a form; it is imported when its name is first looked up.
_MODULES = {
    **dict.fromkeys(("ag", "ei", "sd", "sf"), "features"),
    **dict.fromkeys(("ce", "en", "mi"), "information"),
    **dict.fromkeys(("mse", "psnr", "rmse"), "error"),
    **dict.fromkeys(("nabf", "qabf"), "gradient"),
    **dict.fromkeys(("ms_ssim", "ssim"), "structural"),
    **dict.fromkeys(("vif", "viff"), "fidelity"),
    **dict.fromkeys(("cc", "scd"), "correlation"),
    **dict.fromkeys(("qcb", "qcv"), "perceptual"),
    **dict.fromkeys(("qe", "qw"), "piella"),
    **dict.fromkeys(
        ("dark_ring", "dark_sky", "false_edges", "marred_detail", "marred_heat"),
        "appearance",
    ),
    **dict.fromkeys(("raised_noise", "sky_level"), "appearance"),
}
_FORMS: dict[str, Differentiable] = {}

# The columns of VIFB with what they are, as in skfusion.metrics.metric_set("vifb").
_VIFB = {
    **{k: (k.lower(), {}) for k in ("AG", "CE", "EI", "EN")},
    "MI": ("mi", {"variant": "vifb"}),
    "PSNR": ("psnr", {"variant": "vifb"}),
    **{k: (k.lower(), {}) for k in ("Qabf", "Qcb", "Qcv")},
    "RMSE": ("rmse", {"variant": "vifb"}),
    "SF": ("sf", {}),
    "SSIM": ("ssim", {"reduction": "sum"}),
    "SD": ("sd", {}),
}


@dataclass(frozen=True)
class Differentiable:
    """One metric on batches of fused images, with what is known about it."""

    name: str
    function: Callable
    higher_is_better: bool
    variants: tuple[str, ...]
    min_size: int

    def __call__(self, measured, **kwargs):
        """Return the values of a :class:`Measured` batch, shape (N,)."""
        variant = kwargs.get("variant", self.variants[0])
        if variant not in self.variants:
            raise ValueError(
                f"{self.name}: variant={variant!r} has no differentiable form; there "
                f"is {', '.join(map(repr, self.variants))}."
            )
        if min(measured.f.shape[-2:]) < self.min_size:
            h, w = measured.f.shape[-2:]
            raise ValueError(
                f"{self.name}: images of {h} x {w} pixels are too small: "
                f"{self.min_size} on both sides are needed; use larger crops."
            )
        return self.function(measured, **kwargs)


def differentiable(name, *, variants, higher_is_better=True, min_size=1):
    """Register ``function(measured, *, variant=...) -> Tensor (N,)`` under a name."""

    def decorate(function):
        _FORMS[name] = Differentiable(
            name, function, higher_is_better, variants, min_size
        )
        return function

    return decorate


def differentiable_metrics():
    """Return the names of the metrics that have a differentiable form.

    Returns
    -------
    tuple of str
        Keys of :data:`skfusion.metrics.registry`.

    Examples
    --------
    >>> from skfusion.losses import differentiable_metrics
    >>> "qabf" in differentiable_metrics(), "fmi" in differentiable_metrics()
    (True, False)
    """
    return tuple(sorted(_MODULES))


def as_columns(metrics):
    """Return [(column, form, keywords)] of what was asked for.

    `metrics` is ``"vifb"``, a name, or a sequence of names and of (column, name,
    keywords) as in a set of :mod:`skfusion.metrics`. A name is a column of VIFB
    ("Qabf") or a key of the registry ("qabf"); the former means VIFB's variant.
    """
    if isinstance(metrics, str):
        metrics = list(_VIFB) if metrics == "vifb" else [metrics]
    columns = [_column(item) for item in metrics]
    if not columns:
        raise ValueError("metrics=[]: name at least one metric.")
    return columns


def _column(item):
    if isinstance(item, str):
        column, (name, kwargs) = item, _VIFB.get(item, (item, {}))
    else:
        column, name, kwargs = item
    # Colour is not for these forms to treat: their images are gray.
    kwargs = {key: value for key, value in kwargs.items() if key != "channel"}
    if name not in _MODULES:
        raise ValueError(
            f"{name!r} has no differentiable form: choose from {', '.join(_VIFB)} "
            f"(VIFB's variants) and {', '.join(differentiable_metrics())}."
        )
    if name not in _FORMS:
        importlib.import_module(f".{_MODULES[name]}", __package__)
    return column, _FORMS[name], kwargs
