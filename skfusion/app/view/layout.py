"""The page as a whole: the picture in the middle, what was chosen at its side."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from ..._text import printable
from ...pairs import ImagePairs
from ..choices import Choices
from ..results import Result
from ..session import Session
from ..sources import check_pixels
from ..words import in_words
from .panels import PANELS
from .sidebar import choose_method, choose_source
from .viewer import picture, viewer

__all__ = ["Page", "draw"]

# The picture, not the title, is what one came for.
_STYLE = """<style>
.stMainBlockContainer { padding: 4rem 3rem 3rem; }
.stMainBlockContainer h1 { font-size: 1.6rem; padding: 0; }
.stMainBlockContainer h3 { font-size: 1.15rem; }
@media (max-width: 40rem) { .stMainBlockContainer { padding: 4rem .8rem 2rem; } }
</style>"""


@dataclass
class Page:
    """What the panels need: who looks, at what, and what came out."""

    session: Session
    choices: Choices
    pairs: ImagePairs
    videos: tuple | None
    result: Result

    @property
    def name(self):
        """Name of the pair, as a part of the name of a file."""
        return Path(printable(self.pairs.names[0])).name.replace(" ", "_")

    def file_names(self):
        """Return what to call the two sources in a program: whole paths as typed."""
        sources = self.videos or self.pairs.paths(0)
        own = self.session.folder
        return [
            path.name if path.is_relative_to(own) else str(path) for path in sources
        ]


def draw() -> None:
    """Draw the page once."""
    st.set_page_config("skfusion", layout="wide", initial_sidebar_state="auto")
    session = st.session_state.setdefault("session", Session())
    st.html(_STYLE)
    st.title("Infrared-visible image fusion")
    try:
        with st.sidebar:
            pairs, videos = choose_source(session)
            choices = choose_method()
        if pairs is None:
            st.info("Two images are fused here as soon as they are chosen.")
            return
        _draw_pair(session, choices, pairs, videos)
    except (ValueError, OSError, ImportError) as error:
        st.error(printable(in_words(str(error))))


def _draw_pair(session, choices, pairs, videos):
    for path in pairs.paths(0):
        if path is not None:
            check_pixels(path)
    with st.spinner("Fusing; the first time, kernels are compiled: up to a minute"):
        result = session.fused(choices, pairs)
    height, width = result.fused.shape[:2]
    said = f"{printable(pairs.names[0])}: {choices.method}, {width} x {height} pixels"
    if result.quality is not None:
        said += f", quality of the registration {result.quality:.2f}"
    st.caption(f"{said}, {result.seconds:.2f} s")
    for notice in result.notices:
        st.warning(printable(in_words(notice)))
    images = [
        picture(name, getattr(result, name))
        for name in ("infrared", "visible", "fused")
    ]
    viewer(
        images,
        "pair",
        "Comparison of the infrared, the visible and the fused image",
        wipe=True,
        sides=("visible", "fused"),
    )
    panel = st.radio("More about it", list(PANELS), horizontal=True, key="panel")
    PANELS[panel](Page(session, choices, pairs, videos, result))
