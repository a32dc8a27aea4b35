"""What holds for every fuser beside what holds for every estimator on images."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import importlib.util
import pathlib
import tempfile

import numpy as np

from ..images import luma, write_image
from ..pairs import ImagePairs, pair_array
from .checks import Checks, expect, expect_image, expect_same, raises
from .common import results
from .samples import colour, degenerate_pairs

__all__ = ["FUSERS"]

FUSERS = Checks()


@FUSERS
def fit_refuses_what_is_no_pairs(subject):
    """Method fit refuses what is no pairs of images by the name of the argument, X."""
    with raises("X"):
        subject.fresh().fit(np.zeros((3, 4)))


@FUSERS
def broken_images_are_named(subject):
    """The error of a NaN says whether the infrared or the visible image has it."""
    ir, vis = subject.samples[0]
    broken = vis.copy()
    broken[3, 4] = np.nan
    with raises("visible.*1 NaN or infinite"):
        subject.ready().transform([(ir, broken)])


@FUSERS
def sizes_that_differ_are_named(subject):
    """Images of two sizes are an error that names both and the way out."""
    (ir, _), (_, vis) = subject.samples[:2]
    with raises("24x31.*33x20.*Resize"):
        subject.ready().transform([(ir, vis)])


@FUSERS
def every_form_of_pairs(subject):
    """Lists, ImagePairs, arrays and data frames of pairs give the same results."""
    fuser, pairs = subject.ready(), subject.samples
    expected = results(fuser, pairs)
    for form in _forms(*zip(*pairs)):
        expect_same(results(fuser, form), expected)
    dense = np.array([pairs[0], pairs[0]])
    expect_same(results(fuser, dense), [expected[0]] * 2)


def _forms(irs, viss):
    import pandas as pd

    yield ImagePairs(irs, viss)
    yield ImagePairs(irs, viss).pack()
    yield pair_array(irs, viss)
    yield pd.DataFrame({"visible": viss, "day": 1, "infrared": irs})
    if importlib.util.find_spec("polars"):
        import polars as pl

        columns = {"visible": viss, "infrared": irs}
        yield pl.DataFrame(
            {
                name: pl.Series(column, dtype=pl.Object)
                for name, column in columns.items()
            }
        )


@FUSERS
def files_equal_arrays(subject):
    """Paths of images give what the images give."""
    levels = subject.first(lambda image: np.rint(image * 255).astype(np.uint8))
    fuser = subject.ready()
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder, name) for name in ("ir.png", "vis.png")]
        for path, image in zip(paths, levels[0]):
            write_image(path, image)
        expect_same(results(fuser, [tuple(paths)]), results(fuser, levels))


def _coloured(subject):
    ir, vis = subject.samples[0]
    return ir, colour(vis).astype(np.float32)


@FUSERS
def colour_is_reduced_to_luma(subject):
    """By default a colour visible image is fused by its luma, to a gray image."""
    ir, rgb = _coloured(subject)
    fuser = subject.ready()
    expect_same(results(fuser, [(ir, rgb)]), results(fuser, [(ir, luma(rgb))]))


@FUSERS
def luma_is_another_word_for_gray(subject):
    """color="luma" means color="gray" where there is such a parameter."""
    if "color" in subject.names():
        pairs = [_coloured(subject)]
        gray = results(subject.ready(color="gray"), pairs)
        expect_same(results(subject.ready(color="luma"), pairs), gray)


@FUSERS
def per_channel_keeps_three_channels(subject):
    """color="per_channel" gives colour for colour and gray for gray."""
    if "color" in subject.names():
        fuser = subject.ready(color="per_channel")
        ir, vis = subject.samples[0]
        expect_image(fuser.transform([_coloured(subject)])[0], (*vis.shape, 3))
        expect_image(fuser.transform([(ir, vis)])[0], vis.shape)


@FUSERS
def has_no_score(subject):
    """There is no score: in a pipeline it would compare with the enhanced images."""
    expect(not hasattr(subject.cls, "score"), "a score.")


@FUSERS
def a_dark_pair_is_not_inflated(subject):
    """A pair at a tenth of its brightness stays dark, below 0.35."""
    brightest = subject.ready().transform(subject.first(lambda x: x * 0.1))[0].max()
    expect(brightest < 0.35, f"a pixel of {brightest:.3f}.")


def _degenerate(pair):
    def check(subject):
        fused = subject.ready().transform([pair])[0]
        expect_image(fused, pair[0].shape)

    return check


for case, pair in degenerate_pairs().items():
    FUSERS.add(
        f"degenerate_{case}",
        f"a finite image in [0, 1] without a warning of a pair that is {case}.",
        _degenerate(pair),
    )
