"""The viewer: pictures under a wipe and side by side, with one zoom for all."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import base64
import hashlib
from importlib import resources

import cv2
import numpy as np
import streamlit as st

from ...images import to_dtype
from ...images.resizing import resize

__all__ = ["drawing", "picture", "viewer"]

_SHOWN_PIXELS = 2**21  # more are reduced for the screen, never for a download


def picture(name, image, note="", *, choose=False, lossless=True) -> dict:
    """Return a picture as the viewer takes it.

    Parameters
    ----------
    name : str
        What it shows; also its alternative text.
    image : ndarray of float, shape (H, W) or (H, W, 3)
        In [0, 1].
    note : str, default=""
        Smaller, behind the name.
    choose : bool, default=False
        With a button "Use" below.
    lossless : bool, default=True
        As PNG; otherwise as JPEG.

    Returns
    -------
    dict
    """
    height, width = image.shape[:2]
    share = min(1.0, (_SHOWN_PIXELS / (height * width)) ** 0.5)
    if share < 1:
        size = max(1, round(height * share)), max(1, round(width * share))
        image = resize(np.asarray(image, np.float32), *size)
        note = ", ".join(filter(None, [note, f"shown at {share:.0%}"]))
    pixels = to_dtype(image, np.dtype(np.uint8))
    if pixels.ndim == 3:
        pixels = pixels[..., ::-1]
    kind = "png" if lossless else "jpeg"
    how = (
        [cv2.IMWRITE_PNG_COMPRESSION, 1] if lossless else [cv2.IMWRITE_JPEG_QUALITY, 90]
    )
    data = cv2.imencode(f".{kind}", np.ascontiguousarray(pixels), how)[1]
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    return {
        "name": name,
        "note": note,
        "src": source,
        "ratio": width / height,
        "choose": choose,
    }


def viewer(pictures, key, label, *, wipe=False, sides=("", ""), on_chosen=None):
    """Show pictures.

    Parameters
    ----------
    pictures : list of dict
        See :func:`picture`.
    key : str
        Of the viewer: one that has it keeps its zoom when the pictures change.
    label : str
        What a screen reader says.
    wipe : bool, default=False
        With two of them, one over the other, under a wipe.
    sides : (str, str), default=("", "")
        Names of the pictures to the left and the right of it, at the beginning.
    on_chosen : callable, optional
        Called, before the page is drawn again, when a button "Use" was pressed.

    Returns
    -------
    str or None
        The name of the picture whose button was pressed.
    """
    stamp = hashlib.sha256(repr(pictures).encode()).hexdigest()
    data = {
        "images": pictures,
        "key": key,
        "label": label,
        "wipe": wipe,
        "left": sides[0],
        "right": sides[1],
        "stamp": stamp,
    }
    result = _component()(
        key=key, data=data, on_chosen_change=on_chosen or (lambda: None)
    )
    return result.chosen


def drawing(svg, key) -> None:
    """Show a drawing of ours in the colours of the page.

    Parameters
    ----------
    svg : str
        Markup; names of others are escaped in it.
    key : str
    """
    _drawing()(key=key, data=svg)


@st.cache_resource
def _drawing():
    js = (
        "export default ({ parentElement, data }) => {"
        "parentElement.querySelector('div').innerHTML = data; }"
    )
    css = "@media (max-width: 40rem) { svg text { font-size: 17px; } }"
    return st.components.v2.component(
        "skfusion_drawing", html="<div></div>", css=css, js=js
    )


@st.cache_resource
def _component():
    html, css, js = (
        resources.files(__package__).joinpath(f"viewer.{kind}").read_text("utf-8")
        for kind in ("html", "css", "js")
    )
    return st.components.v2.component("skfusion_viewer", html=html, css=css, js=js)
