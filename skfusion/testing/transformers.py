"""What holds for every image transformer beside what holds for every estimator."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import pathlib
import tempfile

import numpy as np

from ..images import write_image
from .checks import Checks, expect, expect_image, expect_same, raises
from .common import results
from .samples import degenerate_images

__all__ = ["TRANSFORMERS"]

TRANSFORMERS = Checks()


@TRANSFORMERS
def bad_parameters_are_named_without_fit(subject):
    """A parameter of a wrong type is a ValueError that names it, in transform."""
    for name in subject.names():
        with raises(name):
            subject.fresh(**{name: object()}).transform(subject.one)


@TRANSFORMERS
def dense_in_dense_out(subject):
    """An array (n, H, W) gives a float32 array of the same shape."""
    dense = np.stack([subject.samples[0]] * 2)
    out = subject.ready().transform(dense)
    expect(out.shape == dense.shape, f"shape {out.shape}.")
    expect(out.dtype == np.float32, f"{out.dtype}.")
    expect_same(out, results(subject.ready(), subject.one) * 2)


@TRANSFORMERS
def a_single_image_is_refused(subject):
    """One image in place of a sequence is an error that shows X=[image]."""
    with raises(r"X=\[image\]"):
        subject.ready().transform(subject.samples[0])


@TRANSFORMERS
def a_single_path_is_refused(subject):
    """One path in place of a sequence is an error that shows X=[path]."""
    with raises(r"X=\[path\]"):
        subject.ready().transform("image.png")


@TRANSFORMERS
def broken_images_are_named(subject):
    """The error of floats outside [0, 1] says which image it is, X[0]."""
    with raises(r"X\[0\].*scale float images to \[0, 1\]"):
        subject.ready().transform(subject.first(lambda image: image * 200))


@TRANSFORMERS
def files_equal_arrays(subject):
    """Paths of images give what the images give."""
    levels = np.rint(subject.samples[0] * 255).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "image.png")
        write_image(path, levels)
        from_file = results(subject.ready(), [str(path)])
    expect_same(from_file, results(subject.ready(), [levels]))


def _degenerate(image):
    def check(subject):
        expect_image(subject.ready().transform([image])[0], image.shape)

    return check


for case, image in degenerate_images().items():
    TRANSFORMERS.add(
        f"degenerate_{case}",
        f"a finite image in [0, 1] without a warning of an image that is {case}.",
        _degenerate(image),
    )
