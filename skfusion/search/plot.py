"""Draw the candidates of a search: one line each through its parameters."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import io
import textwrap
from dataclasses import dataclass
from numbers import Real
from pathlib import Path

import numpy as np

from .._atomic_files import replace_file
from .._text import printable

__all__ = ["plot_search"]

_MAX_LABELS = 10
_UNSET = -0.12  # below the axis: the parameter of another branch of the space


def plot_search(table, path, *, parameters=None, objective=None):
    """Draw parallel coordinates of a search as PNG.

    Each candidate is a line through the values of the parameters that vary to the
    objective at the right, better ones upwards and brighter, the best one red. A
    parameter that a candidate does not have is drawn below its axis. Values over more
    than a decade get a logarithmic axis where they fill it more evenly. A candidate
    without a finite objective is left out.

    Parameters
    ----------
    table : pandas.DataFrame
        From :func:`skfusion.search.run_search`.
    path : path
        A ``.png``, replaced if it exists.
    parameters : list of str, optional
        Columns to draw; ``table.attrs["parameters"]`` by default.
    objective : str, optional
        Column of the colour; ``table.attrs["objective"]`` by default.

    Returns
    -------
    Path

    Raises
    ------
    ImportError
        Without matplotlib.
    ValueError
        If the table does not say what to draw, or nothing is finite.

    Examples
    --------
    >>> import os, tempfile
    >>> import pandas as pd
    >>> from skfusion.search import plot_search
    >>> table = pd.DataFrame({"radius": [3, 5], "qabf": [0.5, 0.4], "rank": [1, 2]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "search.png")
    ...     _ = plot_search(table, path, parameters=["radius"], objective="qabf")
    ...     os.path.getsize(path) > 1000
    True
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError(
            "matplotlib is not installed: pip install 'skfusion[plot]'"
        ) from None
    names = table.attrs.get("parameters") if parameters is None else parameters
    objective = table.attrs.get("objective") if objective is None else objective
    if names is None or objective is None:
        raise ValueError(
            "table.attrs does not say what to draw (a .csv forgets it): give "
            "parameters= and objective=."
        )
    table = table[np.isfinite(table[objective].astype(float))]
    if not len(table):
        raise ValueError(f"no candidate has a finite {objective!r}: nothing to draw.")
    names = [name for name in names if len(set(map(str, table[name]))) > 1]
    if "n_pairs" in table and table["n_pairs"].nunique() > 1:
        names.append("n_pairs")
    values = table[objective].to_numpy(dtype=float)
    axes = [_axis(name, list(table[name])) for name in names]
    axes.append(_numeric_axis(objective, list(values)))
    if _lower_is_better(table, values):
        axes[-1] = axes[-1].flipped()
    figure = Figure(figsize=(2.2 + 1.9 * len(axes), 5.2), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    _draw(figure, axes, values, objective)
    file = io.BytesIO()
    canvas.print_png(file)
    replace_file(path, file.getvalue())
    return Path(path)


@dataclass
class _Axis:
    """One vertical axis: a position in [0, 1] a candidate, and labelled ticks."""

    name: str
    positions: np.ndarray
    ticks: list
    is_number: bool = True
    downward: bool = False

    def flipped(self):
        ticks = [(1 - position, label) for position, label in self.ticks]
        return _Axis(self.name, 1 - self.positions, ticks, downward=True)


def _axis(name, values):
    unset = np.array([_is_unset(value) for value in values])
    given = [value for value in values if not _is_unset(value)]
    if given and all(isinstance(v, Real) and not isinstance(v, bool) for v in given):
        axis = _numeric_axis(name, given)
    else:
        axis = _named_axis(name, given)
    positions = np.full(len(values), _UNSET)
    positions[~unset] = axis.positions
    ticks = [*axis.ticks, (_UNSET, "unset")] if unset.any() else axis.ticks
    return _Axis(name, positions, ticks, axis.is_number)


def _is_unset(value):
    import pandas as pd

    return (
        value is None
        or value is pd.NA
        or (isinstance(value, float) and np.isnan(value))
    )


def _numeric_axis(name, values):
    values = np.array([float(value) for value in values])
    low, high = values.min(), values.max()
    logarithmic = _is_logarithmic(values)
    marks = np.unique(values)
    if len(marks) > 6:
        marks = _log_ticks(low, high) if logarithmic else _even_ticks(low, high)
    scale = np.log if logarithmic else np.asarray

    def place(value):
        if low == high:
            return np.full_like(value, 0.5)
        return (scale(value) - scale(low)) / (scale(high) - scale(low))

    ticks = [(float(p), f"{v:.4g}") for v, p in zip(marks, place(marks))]
    return _Axis(name, place(values), ticks)


def _is_logarithmic(values):
    """Tell whether the logarithms fill their axis more evenly than the values."""
    low, middle, high = np.percentile(values, (0, 50, 100))
    if low <= 0 or high < 30 * low:
        return False
    even = abs((middle - low) / (high - low) - 0.5)
    return abs(np.log(middle / low) / np.log(high / low) - 0.5) < even


def _even_ticks(low, high):
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(5).tick_values(low, high)
    return ticks[(ticks >= low) & (ticks <= high)]


def _log_ticks(low, high):
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    steps = (1, 2, 5) if len(decades) < 5 else (1,)
    ticks = np.array([step * 10.0**power for power in decades for step in steps])
    return ticks[(ticks >= low) & (ticks <= high)]


def _named_axis(name, values):
    labels = [printable(value) for value in values]
    levels = list(dict.fromkeys(sorted(labels)))
    spots = np.linspace(0, 1, len(levels)) if len(levels) > 1 else np.array([0.5])
    place = dict(zip(levels, spots))
    shown = levels[:: -(-len(levels) // _MAX_LABELS)]
    ticks = [(place[level], _wrapped(level)) for level in shown]
    return _Axis(name, np.array([place[label] for label in labels]), ticks, False)


def _wrapped(text):
    lines = textwrap.wrap(text.replace("(", "( ", 1), 18)
    lines = [line.replace("( ", "(") for line in lines]
    return "\n".join(lines if len(lines) <= 3 else [*lines[:2], lines[2][:15] + "..."])


def _lower_is_better(table, values):
    """Tell from the order of the rows; rounds of halving have their own."""
    last = len(values) - 1
    if "n_pairs" in table:
        last = np.flatnonzero(table["n_pairs"] == table["n_pairs"].iloc[0])[-1]
    return values[0] < values[last]


def _draw(figure, axes, values, objective):
    from matplotlib.cm import ScalarMappable
    from matplotlib.collections import LineCollection
    from matplotlib.colors import Normalize

    count = len(values)
    # Lines through one category are spread a little, or they would hide each other.
    spread = np.linspace(0.025, -0.025, count) if count > 1 else np.zeros(1)
    heights = np.column_stack(
        [
            axis.positions + (0 if axis.is_number else spread) * (count > 1)
            for axis in axes
        ]
    )
    if len(axes) == 1:
        heights = np.repeat(heights, 2, axis=1)
    places = np.arange(heights.shape[1])
    lines = [np.column_stack([places, row]) for row in heights]
    plot = figure.subplots()
    better_down = axes[-1].downward
    colours = ScalarMappable(
        Normalize(values.min(), values.max()),
        "viridis_r" if better_down else "viridis",
    )
    plot.add_collection(
        LineCollection(
            lines[:0:-1],
            colors=colours.to_rgba(values[:0:-1]),
            linewidths=1.4 if count <= 60 else 0.9,
            alpha=float(np.clip(40 / count, 0.35, 0.9)),
        )
    )
    plot.plot(places, heights[0], color="crimson", linewidth=2.6, label="best")
    for place, axis in enumerate(axes):
        _draw_axis(plot, place, axis)
    plot.set_xlim(-0.25, places[-1] + 0.5)
    plot.set_ylim(-0.2, 1.06)
    names = [_header(axis.name) for axis in axes]
    plot.set_xticks(range(len(axes)), names, parse_math=False)
    plot.tick_params(axis="x", length=0, labelsize=9)
    plot.xaxis.tick_top()
    plot.set_yticks([])
    for side in plot.spines.values():
        side.set_visible(False)
    plot.set_xlabel(f"{count} candidate{'s' * (count > 1)}, the best in red")
    bar = figure.colorbar(colours, ax=plot, pad=0.01, fraction=0.05)
    bar.set_label(printable(objective), parse_math=False)
    if better_down:
        bar.ax.invert_yaxis()


def _draw_axis(plot, place, axis):
    plot.plot([place, place], [0, 1], color="0.25", linewidth=1.0, zorder=3)
    for height, label in axis.ticks:
        plot.plot([place - 0.02, place], [height] * 2, color="0.25", lw=1.0, zorder=3)
        plot.annotate(
            label,
            (place, height),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            parse_math=False,
            zorder=4,
            bbox={
                "boxstyle": "square,pad=0.1",
                "fc": "white",
                "ec": "none",
                "alpha": 0.75,
            },
        )


def _header(name):
    return "\n".join(printable(name).split("__"))
