"""What the channels of a TIFF are, and how its numbers become gray and colour."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from .plan import Samples

__all__ = ["meaning"]

_WHITE_IS_0, _BLACK_IS_0, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_OTHERS = {
    4: "a mask of transparency",
    8: "CIE L*a*b*",
    9: "ICC L*a*b*",
    10: "ITU L*a*b*",
    32803: "the mosaic of a camera's filter",
    32844: "LogL",
    32845: "LogLuv",
    34892: "raw colours of a camera",
}
_ALPHA = (1, 2)  # of ExtraSamples: associated and unassociated


def meaning(layout, photometric, extra):
    """Return the function from samples to :class:`Samples`.

    Parameters
    ----------
    layout : Layout
    photometric : int or None
    extra : tuple of int
        Tag ExtraSamples, one value a channel beyond the colours.

    Returns
    -------
    callable

    Raises
    ------
    ValueError
        For a colour space that is unknown here.
    """
    n = layout.n_samples
    if photometric is None:  # the tag is missing: gray, or colour if there is enough
        photometric = _RGB if n >= 3 and layout.depth >= 8 else _BLACK_IS_0
    if photometric not in (_WHITE_IS_0, _BLACK_IS_0, _RGB, _PALETTE, _CMYK, _YCBCR):
        space = _OTHERS.get(photometric, str(photometric))
        raise ValueError(
            f"is a TIFF in a colour space unknown here ({space}): save it as RGB or "
            "gray"
        )
    n_colours = {_RGB: 3, _CMYK: 4, _YCBCR: 3}.get(photometric, 1)
    if n < n_colours:
        raise ValueError(f"is a damaged TIFF: {n} channels of {n_colours} colours")
    if photometric in (_PALETTE, _CMYK) and layout.kind != "u":
        raise ValueError("is a TIFF whose palette or inks are no unsigned numbers")
    if photometric == _WHITE_IS_0 and layout.kind != "u":
        raise ValueError(
            "is a TIFF in which 0 is white and the samples are "
            f"{'floating point' if layout.kind == 'f' else 'signed'}, so that no value "
            "is black: save it with 0 as black, e.g. image = tifffile.imread(path); "
            "tifffile.imwrite(path, image.max() - image, photometric='minisblack')"
        )
    if photometric == _PALETTE and len(layout.palette) != 3 << layout.depth:
        raise ValueError("is a damaged TIFF: its palette is missing or cut off")
    # Some writers give one value for all channels, or none.
    extra = (*extra, *[0] * n)[: n - n_colours]

    def means(samples):
        if layout.as_picture:
            expected = 1 if n == 1 else 3
            if samples.dtype != np.uint8 or samples.shape[2] != expected:
                raise ValueError("its samples are not what its header says")
            if photometric == _WHITE_IS_0:
                samples = 255 - samples
            return Samples(samples, expected)
        colours, others = samples[..., :n_colours], samples[..., n_colours:]
        if photometric == _PALETTE:
            colours = _looked_up(colours[..., 0], layout.palette, layout.depth)
            others = _full_range(others, layout.depth)
        else:
            if photometric == _WHITE_IS_0:
                colours = np.iinfo(colours.dtype).max - colours
                if layout.depth % 8:
                    colours &= (1 << layout.depth) - 1
            samples = np.concatenate([colours, others], axis=2)
            samples = _full_range(samples, layout.depth)
            colours, others = samples[..., :n_colours], samples[..., n_colours:]
            if photometric == _CMYK:
                colours = _from_inks(colours)
        return _named(colours, others, extra)

    return means


def _named(colours, others, extra):
    """Say which channels are the picture, its alpha, and neither."""
    n = colours.shape[2]
    image = np.concatenate([colours, others], axis=2) if others.size else colours
    if image.dtype == np.float16:
        image = image.astype(np.float32)
    alpha = next((n + i for i, kind in enumerate(extra) if kind in _ALPHA), None)
    plain = [n + i for i, kind in enumerate(extra) if kind not in _ALPHA]
    remark = ""
    if n == 1 and len(plain) in (2, 3) and plain[:2] == [1, 2]:
        n = 3
        remark = (
            f"has {1 + len(plain)} channels and a tag that says gray: the first three "
            "are read as red, green and blue"
        )
        plain = plain[2:]
    elif n == 1 and len(plain) > 3:
        n = 0
    if n and plain:
        left = ", ".join(str(i) for i in plain)
        remark += (" and " if remark else "has ") + (
            f"channel {left}, of which its tags do not say what it is, "
            + ("left" if not remark else "is left")
            + " out; read_image(path, channels=...) reads it"
        )
    return Samples(image, n, alpha, remark)


def _full_range(samples, depth):
    """Spread 1 to 7 bits over 0..255; more bits stay as they are."""
    if depth >= 8:
        return samples
    top = (1 << depth) - 1
    levels = (np.arange(top + 1) * 255 + top // 2) // top
    return levels.astype(np.uint8)[samples]


def _looked_up(indices, palette, depth):
    """Return the 8-bit colours of palette indices."""
    table = np.array(palette, np.uint16).reshape(3, 1 << depth).T
    # 16 bits a colour by the standard; some programs write 8.
    table = table if table.max() < 256 else table >> 8
    return table.astype(np.uint8)[indices]


def _from_inks(inks):
    """Return RGB for cyan, magenta, yellow and black, each ink dimming the light."""
    top = np.iinfo(inks.dtype).max
    light = top - inks.astype(np.float64)
    colours = light[..., :3] * light[..., 3:] / top
    return np.rint(colours).astype(inks.dtype)
