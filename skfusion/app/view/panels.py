"""What stands below the picture: maps, histograms, metrics, gallery, downloads."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import streamlit as st

from ..._text import number, printable
from ...metrics import metric_sets
from ..charts import histogram_svg
from ..choices import build
from ..downloads import model_bytes, picture_bytes
from ..results import FAST, histograms
from ..script import command_line, python_lines
from .viewer import drawing, picture, viewer

__all__ = ["PANELS", "use_chosen"]


def maps_panel(page):
    """Show what the method decides."""
    with st.spinner("Looking at the decisions"):
        found = page.session.maps(page.choices, page.pairs)
    if not found:
        st.info(f"{page.choices.method} weights no pixels, so there is no map of it.")
        return
    st.caption("White: from the visible image. Black: from the infrared one.")
    pictures = [picture(name, image) for name, image in found.items()]
    viewer(pictures, "maps", "Weight maps and decisions")


def histograms_panel(page):
    """Show the grey levels of the three images."""
    table = histograms(page.result)
    drawing(histogram_svg(table), "histograms")
    rows = {}
    for name, shares in table.items():
        total = shares.cumsum()
        rows[name] = {
            "mean": f"{(shares * table.index).sum() / 100:.1f}",
            "median": int((total >= 50).idxmax()),
            "1 % below": int((total >= 1).idxmax()),
            "1 % above": int((total >= 99).idxmax()),
        }
    st.table([{"image": name, **row} for name, row in rows.items()])


def metrics_panel(page):
    """Show the metrics and which way each is better."""
    chosen = st.selectbox("Set of metrics", metric_sets(), key="metrics")
    with st.spinner("Measuring; the first time, kernels are compiled"):
        table = page.session.metrics(page.choices, page.pairs, chosen)
    arrows = {"higher": "↑ higher", "lower": "↓ lower"}
    st.table(
        [
            {
                "metric": name,
                "value": number(row["value"]),
                "better": arrows.get(row["better"], row["better"]),
                "what it is": row["title"],
            }
            for name, row in table.iterrows()
        ]
    )
    st.caption(
        "Compared with the images as they came. No metric is the truth: they disagree, "
        "and reward different things."
    )


def gallery_panel(page):
    """Run all fast methods on the pair."""
    made = page.session.has_gallery(page.choices, page.pairs)
    if not made and not st.button(f"Run {len(FAST)} fast methods", key="run gallery"):
        st.caption("Each with its own parameters, and the steps around it as chosen.")
        return
    bar = None if made else st.progress(0.0, "Fusing")

    def tell(done, name):
        if bar is not None:
            bar.progress(done / len(FAST), name)

    found = page.session.gallery(page.choices, page.pairs, tell)
    if bar is not None:
        bar.empty()
    good = [(name, result) for name, result in found if not isinstance(result, str)]
    if good:
        first = good[0][1]
        pictures = [
            picture("infrared", first.infrared, lossless=False),
            picture("visible", first.visible, lossless=False),
        ]
        pictures += [
            picture(name, r.fused, f"{r.seconds:.2f} s", choose=True, lossless=False)
            for name, r in good
        ]
        viewer(pictures, "gallery", "Gallery of methods", on_chosen=use_chosen)
    for name, sentence in found:
        if isinstance(sentence, str):
            st.warning(printable(f"{name}: {sentence}"))


def use_chosen():
    """Take over the method whose picture was chosen, before the page is drawn."""
    state = st.session_state.get("gallery")
    if state is not None and state.chosen:
        st.session_state["method"] = state.chosen


def downloads_panel(page):
    """Hand out the picture, the pipeline, and what repeats it."""
    estimator = build(page.choices)
    stem = page.name
    files = [
        ("PNG", f"{stem}_fused.png", "image/png", lambda: _png(page)),
        ("16-bit TIFF", f"{stem}_fused.tif", "image/tiff", lambda: _tiff(page)),
        (
            "Pipeline (JSON)",
            "pipeline.json",
            "application/json",
            lambda: model_bytes(estimator),
        ),
    ]
    infrared, visible = page.file_names()
    lines = python_lines(estimator, infrared, visible, video=page.videos is not None)
    files.append(("Python", "fuse.py", "text/x-python", lambda: lines.encode() + b"\n"))
    for column, (label, name, mime, data) in zip(st.columns(4), files):
        column.download_button(
            label, data(), name, mime, on_click="ignore", width="stretch"
        )
    if page.videos is not None:
        _video(page, estimator)
    st.subheader("The same from Python")
    st.code(lines, language="python", wrap_lines=True)
    st.subheader("The same from a shell, with the pipeline's file")
    st.code(
        command_line(
            infrared, visible, page.choices.color, video=page.videos is not None
        ),
        language="sh",
        wrap_lines=True,
    )


def _png(page):
    return picture_bytes(page.result.fused)


def _tiff(page):
    return picture_bytes(page.result.fused, suffix=".tif", bit_depth=16)


def _video(page, estimator):
    if st.button("Fuse the whole video", key="fuse video"):
        with st.spinner("Fusing all frames"):
            page.session.video(page.choices, page.videos)
    if page.session.has_video(page.choices, page.videos):
        data = page.session.video(page.choices, page.videos)
        st.download_button("MP4", data, "fused.mp4", "video/mp4", on_click="ignore")


PANELS = {
    "Maps": maps_panel,
    "Histograms": histograms_panel,
    "Metrics": metrics_panel,
    "Gallery": gallery_panel,
    "Download": downloads_panel,
}
