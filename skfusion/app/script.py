"""The Python lines and the command that repeat what the app shows."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import inspect
import shlex

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from .. import compose, fusers, transforms

__all__ = ["command_line", "expression", "python_lines"]

_HOMES = (compose, fusers, transforms)
_WIDTH = 88


def python_lines(estimator, infrared, visible, *, video=False) -> str:
    """Return a program that fuses a pair as an estimator does.

    Parameters
    ----------
    estimator : estimator
        Of this library, or a Pipeline of such.
    infrared, visible : str
        Names of the files.
    video : bool, default=False
        They are videos.

    Returns
    -------
    str
        Python source, to be run as it stands; it writes ``fused.png`` or
        ``fused.mp4``.

    Examples
    --------
    >>> from skfusion.app.script import python_lines
    >>> from skfusion.fusers import AverageFuser
    >>> print(python_lines(AverageFuser(0.3), "ir.png", "vis.png"))
    from skfusion import ImagePairs
    from skfusion.fusers import AverageFuser
    from skfusion.images import write_image
    <BLANKLINE>
    pipeline = AverageFuser(visible_weight=0.3)
    pairs = ImagePairs(['ir.png'], ['vis.png'])
    fused = pipeline.transform(pairs)[0]  # float32 in [0, 1]
    write_image('fused.png', fused)
    """
    homes = {}
    built = expression(estimator, homes, used=len("pipeline = "))
    infrared, visible = repr(str(infrared)), repr(str(visible))
    if video:
        homes["skfusion.video"] = {"fuse_video"}
        work = [f"fuse_video(pipeline, {infrared}, {visible}, 'fused.mp4')"]
    else:
        homes |= {"skfusion": {"ImagePairs"}, "skfusion.images": {"write_image"}}
        work = [
            f"pairs = ImagePairs([{infrared}], [{visible}])",
            "fused = pipeline.transform(pairs)[0]  # float32 in [0, 1]",
            "write_image('fused.png', fused)",
        ]
    order = sorted(homes, key=lambda home: (home.startswith("skfusion"), home))
    imports = [f"from {home} import {', '.join(sorted(homes[home]))}" for home in order]
    return "\n".join([*imports, "", f"pipeline = {built}", *work])


def command_line(infrared, visible, color, *, video=False) -> str:
    """Return the command that fuses a pair by the pipeline's file.

    Parameters
    ----------
    infrared, visible : str
        Names of the files.
    color : {"luma", "gray", "per_channel"}
        What becomes of colour: the command takes it from its own option.
    video : bool, default=False
        They are videos.

    Returns
    -------
    str
        For a POSIX shell.

    Examples
    --------
    >>> from skfusion.app.script import command_line
    >>> command_line("my ir.png", "vis.png", "gray")
    "skfusion fuse 'my ir.png' vis.png --model pipeline.json --color gray -o fused.png"
    """
    command = "fuse-video" if video else "fuse"
    words = ["skfusion", command, infrared, visible, "--model", "pipeline.json"]
    if color != "luma":
        words += ["--color", color.replace("_", "-")]
    out = "fused.mp4" if video else "fused.png"
    return shlex.join([*map(str, words), "-o", out])


def expression(value, homes, indent="", used=0) -> str:
    """Return the Python expression of an estimator or of a plain value.

    Parameters
    ----------
    value : estimator, list, tuple or plain value
    homes : dict of str to set of str
        Filled with the modules and the names to import from them.
    indent : str
        Of the line on which the expression starts.
    used : int
        Columns of that line that are taken, to know when to break it.

    Returns
    -------
    str
        Only parameters that differ from their defaults are written.
    """
    if isinstance(value, BaseEstimator):
        homes.setdefault(_home(value), set()).add(type(value).__name__)
        parts, ends = _parameters(value), (f"{type(value).__name__}(", ")")
    elif isinstance(value, (list, tuple)):
        parts = [("", item) for item in value]
        ends = ("[", "]") if isinstance(value, list) else ("(", ")")
    else:
        return repr(value)
    inner = indent + "    "
    short = [name + expression(item, homes) for name, item in parts]
    comma = "," if isinstance(value, tuple) and len(parts) == 1 else ""
    line = ends[0] + ", ".join(short) + comma + ends[1]
    fits = len(indent) + used + len(line) < _WIDTH and "\n" not in line
    if fits or not parts:
        return line
    broken = [
        f"{inner}{name}{expression(item, homes, inner, len(name))},"
        for name, item in parts
    ]
    return "\n".join([ends[0], *broken, indent + ends[1]])


def _parameters(estimator):
    """Return ``("name=", value)`` of each parameter that is not its default."""
    if isinstance(estimator, Pipeline):
        return [("", estimator.steps)]
    defaults = inspect.signature(type(estimator)).parameters
    found = []
    for name, value in estimator.get_params(deep=False).items():
        if type(value) is not type(defaults[name].default) or not _same(
            value, defaults[name].default
        ):
            required = defaults[name].default is inspect.Parameter.empty
            found.append(("" if required else f"{name}=", value))
    return found


def _same(value, default):
    return value is default or (
        not isinstance(value, BaseEstimator) and value == default
    )


def _home(estimator):
    if isinstance(estimator, Pipeline):
        return "sklearn.pipeline"
    name = type(estimator).__name__
    for module in _HOMES:
        if getattr(module, name, None) is type(estimator):
            return module.__name__
    raise ValueError(f"{name} is no public class of skfusion: it cannot be written.")
