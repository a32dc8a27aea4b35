"""The sidebar: which pair, which method, which parameters."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import streamlit as st

from ...images.files import READABLE_SUFFIXES
from ...pipelines import registry
from ..choices import (
    AS_METHOD,
    ENHANCEMENTS,
    NOTHING,
    Choices,
    StepChoice,
    method_fields,
    step_fields,
)
from ..server import LOOPBACK
from ..sources import MAX_FILES, MAX_UPLOAD_MB, VIDEO_SUFFIXES, paths_source

__all__ = ["choose_method", "choose_source"]

_DRAWN, _UPLOAD, _PATHS = "Drawn", "Upload", "Paths"
_NUMBER = "a number"
_COLORS = {
    "luma": "keep the visible colours",
    "gray": "gray",
    "per_channel": "fuse each channel",
}
_GRIDS = {
    "": "as they are",
    "visible": "resize the infrared image",
    "infrared": "resize the visible image",
    "Register": "register: two cameras",
}


def choose_source(session):
    """Draw the widgets that find pairs; return one pair, or two videos and a frame.

    Parameters
    ----------
    session : Session

    Returns
    -------
    pairs : ImagePairs or None
        One pair; None while there is none.
    videos : (Path, Path) or None
    """
    st.header("Images")
    local = st.get_option("server.address") in LOOPBACK
    kinds = [_DRAWN, _UPLOAD, *([_PATHS] if local else [])]
    kind = st.radio(
        "Where they come from",
        kinds,
        key="source",
        horizontal=True,
        help="Drawn: two scenes to begin with. Nothing that you upload or name "
        "leaves the machine that runs the app.",
    )
    if kind == _DRAWN:
        source = session.drawn()
    elif kind == _UPLOAD:
        source = _uploaded(session)
    else:
        source = _typed()
    if source is None:
        return None, None
    if source.videos is not None:
        number = st.number_input("Frame", 0, 10**6, 0, key="frame")
        return session.frame(source.videos, number), source.videos
    index = 0
    if len(source.names) > 1:
        index = st.selectbox(
            "Pair",
            range(len(source.names)),
            format_func=lambda i: source.names[i],
            key=f"pair {kind}",
        )
    return source.pairs[index : index + 1], None


def _uploaded(session):
    kinds = sorted(suffix[1:] for suffix in READABLE_SUFFIXES | VIDEO_SUFFIXES)
    files = [
        st.file_uploader(
            f"{role} files",
            type=kinds,
            accept_multiple_files=True,
            key=f"upload {role}",
            help=f"Up to {MAX_FILES} images of {MAX_UPLOAD_MB} MB, or one video.",
        )
        for role in ("Infrared", "Visible")
    ]
    several = max(map(len, files)) > 1
    by_position = several and st.checkbox(
        "Pair them by their order", help="Else those of one name are a pair."
    )
    if not all(files):
        st.info("Choose at least one infrared and one visible file.")
        return None
    return session.uploaded(*files, by_position=by_position)


def _typed():
    infrared = st.text_input(
        "Infrared path, or a folder of pairs",
        key="path infrared",
        help="A file, a folder of infrared images, or a data set that holds both.",
    )
    visible = st.text_input(
        "Visible path",
        key="path visible",
        help="The other file or folder; empty for a folder of pairs.",
    )
    if not infrared.strip():
        st.info("Type the path of a folder, or of two files, and press Enter.")
        return None
    return paths_source(infrared, visible)


def choose_method() -> Choices:
    """Draw the widgets that choose a method and what stands around it."""
    st.header("Method")
    method = st.selectbox(
        "Method",
        list(registry),
        key="method",
        format_func=lambda name: f"{name}: {registry[name].title}",
    )
    with st.expander("Parameters of the method"):
        own = method_fields(method)
        params = _values(own, method)
        if not own:
            st.caption("It has none to choose.")
    st.header("Before and behind")
    infrared = _step("Enhance infrared", "infrared", ENHANCEMENTS)
    visible = _step("Enhance visible", "visible", ENHANCEMENTS)
    retinex = _step("Retinex behind", "retinex", ("SSR",))
    color = st.selectbox("Colour", list(_COLORS), format_func=_COLORS.get, key="color")
    return Choices(method, params, infrared, visible, retinex, color, _align())


def _align():
    how = st.selectbox(
        "Size and place",
        list(_GRIDS),
        format_func=_GRIDS.get,
        key="align",
        help="Resize two sizes of one field of view; register what two cameras see.",
    )
    if how == "Register":
        with st.expander("Parameters of Register"):
            return StepChoice("Register", _values(step_fields(how), "align"))
    return StepChoice("Resize", {"to": how}) if how else StepChoice(NOTHING)


def _step(label, role, names):
    name = st.selectbox(label, [AS_METHOD, NOTHING, *names], key=role)
    if name in (AS_METHOD, NOTHING):
        return StepChoice(name)
    with st.expander(f"Parameters of {name}, {role}"):
        return StepChoice(name, _values(step_fields(name), f"{role} {name}"))


def _values(fields, place):
    """Draw a widget a field and return the values that are not the defaults."""
    values = {field.name: _widget(field, f"{place} {field.name}") for field in fields}
    return {
        field.name: values[field.name]
        for field in fields
        if not _same(values[field.name], field.default)
    }


def _same(value, default):
    """Return whether two values are one; 1 and 1.0 are, 1 and True are not."""
    return isinstance(value, bool) == isinstance(default, bool) and value == default


def _widget(field, key):
    if field.words == (False, True) and not field.number:
        return st.checkbox(field.name, field.default, key, help=field.help)
    if not field.words:
        return _number(field, key)
    words = {str(word): word for word in field.words}
    default = str(field.default) if field.default in field.words else _NUMBER
    options = [*words, *([_NUMBER] if field.number else [])]
    spelled = st.selectbox(
        field.name, options, options.index(default), key=key, help=field.help
    )
    return words[spelled] if spelled in words else _number(field, f"{key} number")


def _number(field, key):
    kind = int if field.number == "int" else float
    low, high = (None if x is None else kind(x) for x in (field.low, field.high))
    default = field.default
    if isinstance(default, (str, type(None))):
        default = low or 1
    form = {"step": kind(field.step), "key": key, "help": field.help}
    if kind is float:
        form["format"] = "%g"
        if low is not None and high is not None and high - low <= 4:
            form["step"] = 0.01
            return st.slider(field.name, low, high, float(default), **form)
    return st.number_input(field.name, low, high, kind(default), **form)
