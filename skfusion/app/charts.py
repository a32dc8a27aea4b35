"""Histograms as a drawing that needs no script."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from .._text import as_html

__all__ = ["histogram_svg"]

# Told apart also without colours: by their dashes.
_LINES = {
    "infrared": ("#c2410c", "7 3"),
    "visible": ("#2f8f4e", "2 3"),
    "fused": ("#2b6fd6", ""),
}
_WIDTH, _HEIGHT = 640, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 28, 38


def histogram_svg(table) -> str:
    """Draw the grey levels of some images.

    Parameters
    ----------
    table : pandas.DataFrame, shape (256, n)
        Shares in percent; see :func:`skfusion.app.results.histograms`.

    Returns
    -------
    str
        SVG in the colour of the text around it. The highest bar of an image that
        stands far above the rest is cut.
    """
    top = _height(table)
    parts = [_axes(top)]
    for place, (name, shares) in enumerate(table.items()):
        colour, dashes = _LINES[name]
        line = f'fill="none" stroke="{colour}" stroke-width="1.8"'
        line += f' stroke-dasharray="{dashes}"' if dashes else ""
        points = " ".join(
            f"{_x(level):.1f},{_y(min(share, top), top):.1f}"
            for level, share in enumerate(shares)
        )
        parts.append(f'<polyline points="{points}" {line}/>')
        x = _LEFT + 10 + 110 * place
        parts.append(f'<path d="M{x} 12h28" {line}/>')
        parts.append(f'<text x="{x + 34}" y="16">{as_html(name)}</text>')
    style = (
        "width:100%;max-width:56rem;color:var(--st-text-color,#1c2024);"
        "font:12px system-ui,sans-serif"
    )
    label = as_html("Histograms of " + ", ".join(table))
    head = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}"'
    body = "".join(parts)
    return f'<svg {head} style="{style}" fill="currentColor">{body}</svg>'


def _height(table):
    """Return the top of the drawing: what all but three levels in 256 stay below."""
    top = max(shares.sort_values().iloc[-4] for _, shares in table.items())
    return 1.1 * max(top, 0.1)


def _axes(top):
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    parts = [
        f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="currentColor"'
        ' stroke-opacity="0.5"/>'
    ]
    for level in (0, 64, 128, 192, 255):
        where = f'x="{_x(level):.1f}" y="{bottom + 14}" text-anchor="middle"'
        parts.append(f"<text {where}>{level}</text>")
    for share in (0, top / 2, top):
        where = f'x="{_LEFT - 6}" y="{_y(share, top) + 4:.1f}" text-anchor="end"'
        parts.append(f"<text {where}>{share:.2g} %</text>")
    middle = (_LEFT + right) / 2
    where = f'x="{middle}" y="{_HEIGHT - 6}" text-anchor="middle"'
    parts.append(f"<text {where}>grey level</text>")
    return "".join(parts)


def _x(level):
    return _LEFT + level / 255 * (_WIDTH - _LEFT - _RIGHT)


def _y(share, top):
    return _HEIGHT - _BOTTOM - share / top * (_HEIGHT - _BOTTOM - _TOP)
