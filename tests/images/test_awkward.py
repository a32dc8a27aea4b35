"""Awkward files from cameras, archives and broken downloads: each does as it should.

One test a row of ``data/awkward/index.csv`` of the shared folder beside the repository.
"""

# SPDX-License-Identifier: BSD-3-Clause
import contextlib
import csv
import warnings
from pathlib import Path

import numpy as np
import pytest

import skfusion
from skfusion import ImagePairs
from skfusion.datasets import UnpairedImageWarning, find_pairs, load_pairs
from skfusion.images import (
    FalseColourWarning,
    ImageReadError,
    ImageWarning,
    NarrowRangeWarning,
    read_image,
)
from skfusion.transforms import LinearStretch, Resize

AWKWARD = Path(__file__).resolve().parents[3] / "shared" / "data" / "awkward"
INDEX = AWKWARD / "index.csv"


def rows(case):
    if not INDEX.exists():
        return [
            pytest.param("", id="absent", marks=pytest.mark.skip(reason=str(INDEX)))
        ]
    with open(INDEX, encoding="utf-8", newline="") as file:
        found = [row["name"] for row in csv.DictReader(file) if row["case"] == case]
    assert found, f"index.csv has no case {case}"
    return found


def each(case):
    return pytest.mark.parametrize("name", rows(case))


def paths(case, stem, first="ir", second="vis"):
    """Return the infrared and the visible file of a case."""
    pair = []
    for folder in (first, second):
        match = [p for p in (AWKWARD / case / folder).iterdir() if p.stem == stem]
        if len(match) != 1:
            pytest.skip(f"{case}/{folder}/{stem} is not here")
        pair += match
    return pair


def read_pair(case, stem, **folders):
    return ImagePairs(*([path] for path in paths(case, stem, **folders))).read(0)


@each("diff_size_real")
def test_different_sizes_are_a_clear_error(name):
    with pytest.raises(ValueError, match=rf"pair '{name}': infrared is .*Resize"):
        read_pair("diff_size_real", name)
    X = ImagePairs(*([path] for path in paths("diff_size_real", name)))
    infrared, visible = Resize(to="visible").transform(X).read(0)
    assert infrared.shape == visible.shape[:2]


@each("misregistered_known_flow")
def test_misregistered_pair_reads(name):
    infrared, visible = read_pair("misregistered_known_flow", name)
    aligned = read_image(paths("misregistered_known_flow", name, "ir_aligned")[0])
    assert infrared.shape == visible.shape[:2] == aligned.shape == (480, 640)


@each("radiometric16_real")
def test_radiometric_counts_keep_16_bits(name):
    case = "radiometric16_real"
    png, vis = paths(case, name, "ir_png16")
    tiff, _ = paths(case, name, "ir_tiff16")
    celsius, _ = paths(case, name, "ir_tiff_float32_celsius")
    rjpeg, _ = paths(case, name, "rjpeg")
    counts, degrees = read_image(png), read_image(celsius)
    assert counts.dtype == np.uint16
    assert 11_000 < counts.min() < counts.max() < 18_000
    np.testing.assert_array_equal(read_image(tiff), counts)
    assert degrees.dtype == np.float32
    assert degrees.shape == counts.shape
    # More counts are more heat: the temperature is a monotone function of the counts.
    order = np.argsort(counts, axis=None)
    assert np.all(np.diff(degrees.ravel()[order]) >= -0.01)
    with pytest.raises(ValueError, match="scale float images"):
        ImagePairs([celsius], [celsius]).read(0)
    stretched = LinearStretch().transform([counts])[0]
    assert stretched.max() - stretched.min() > 0.9
    assert read_image(rjpeg).shape == (240, 320, 3)
    assert read_image(vis).shape == (480, 640, 3)
    with (
        pytest.raises(ValueError, match="Resize"),
        pytest.warns(NarrowRangeWarning, match=png.name),
    ):
        ImagePairs([png], [vis]).read(0)


@each("bit16_made")
def test_deep_images_are_scaled_by_their_dtype_or_refused(name):
    infrared, visible = paths("bit16_made", name)
    image = read_image(infrared)
    if name.startswith("float32"):
        assert image.dtype == np.float32
        reason = "NaN or infinite" if "nan" in name else "values from -5 to"
        with pytest.raises(ValueError, match=f"float32_.*{reason}"):
            ImagePairs([infrared], [visible]).read(0)
        return
    assert image.dtype == np.uint16
    narrow = contextlib.nullcontext()
    if name != "full16":
        narrow = pytest.warns(
            NarrowRangeWarning, match=r"1\.[56] % of its range, 7\d{3}"
        )
    with narrow:
        ir, vis = ImagePairs([infrared], [visible]).read(0)
    np.testing.assert_allclose(ir, image / 65535, atol=1e-7)
    assert vis.shape == (480, 640, 3)
    if name == "full16":
        deep = read_image(visible)
        assert deep.dtype == np.uint16
        assert deep.max() > 255  # read through 8 bits it would not be
    else:
        assert 7192 <= image.min() < image.max() <= 8250


@each("alpha_modes")
def test_modes(name):
    infrared, visible = paths("alpha_modes", name)
    hides = {"rgba": visible, "la_ir": infrared}
    if name in hides:
        with pytest.warns(ImageWarning, match=hides[name].name):
            image = read_image(hides[name])
        assert image.shape[:2] == (480, 640)
        with pytest.warns(ImageWarning):
            ImagePairs([infrared], [visible]).read(0)
        return
    told = contextlib.nullcontext()
    if name == "pseudocolour_ir":
        told = pytest.warns(FalseColourWarning, match="is in false colour")
    with told:
        ir, vis = ImagePairs([infrared], [visible]).read(0)
    assert ir.ndim == 2  # pseudocolour, too, is fused as its luma
    assert ir.shape == vis.shape[:2]
    size = (576, 768) if name == "colour_vs_gray_vis" else (480, 640)
    assert ir.shape == size
    if name == "onebit":
        assert set(np.unique(ir)) == {0.0, 1.0}
    if name == "colour_vs_gray_vis":
        assert vis.ndim == 2  # three equal channels are one
    elif name in ("palette", "cmyk", "exif_orientation6", "progressive"):
        assert vis.ndim == 3
    if name == "exif_orientation6":
        plain = ImagePairs(*([p] for p in paths("alpha_modes", "progressive"))).read(0)
        difference = np.abs(vis - plain[1]).mean()
        assert difference < 0.05, "the picture is turned the wrong way"
    if name in ("rgb_gray_ir", "multipage", "palette", "progressive"):
        plain, _ = read_pair("alpha_modes", "cmyk")
        np.testing.assert_array_equal(ir, plain)
    if name == "black_hot":
        plain, _ = read_pair("alpha_modes", "cmyk")
        np.testing.assert_allclose(ir, 1 - plain, atol=1e-6)


@each("odd_sizes")
def test_odd_sizes_fuse_at_their_size(name):
    infrared, visible = paths("odd_sizes", name)
    ir, vis = ImagePairs([infrared], [visible]).read(0)
    rows, columns = (int(n) for n in name.split("_")[0].split("x"))
    if name == "2400x9_wide":
        rows, columns = columns, rows
    assert ir.shape == vis.shape[:2] == (rows, columns)
    fused = skfusion.fuse(infrared, visible, method="average")
    assert fused.shape == vis.shape
    assert fused.dtype == np.uint8


@each("degenerate")
def test_degenerate_pairs_fuse(name):
    infrared, visible = paths("degenerate", name)
    ir, vis = ImagePairs([infrared], [visible]).read(0)
    fused = skfusion.fuse(ir, vis, method="average")
    assert np.isfinite(fused).all()
    assert fused.min() >= 0
    assert fused.max() <= 1
    gray = vis if vis.ndim == 2 else vis @ np.float32([0.299, 0.587, 0.114])
    if name in ("both_black", "both_white", "identical") and vis.ndim == 2:
        np.testing.assert_allclose(fused, ir, atol=1e-6)
    if name == "vis_black":
        np.testing.assert_allclose(fused, ir / 2, atol=1e-6)
    if name == "ir_black":
        got = fused @ np.float32([0.299, 0.587, 0.114])
        np.testing.assert_allclose(got.mean(), gray.mean() / 2, atol=0.02)


@each("broken")
def test_broken_files_name_themselves_and_the_others_load(name):
    infrared, visible = paths("broken", name)
    if name in ("png_named", "trailing_garbage"):
        ir, vis = ImagePairs([infrared], [visible]).read(0)
        assert ir.shape == vis.shape[:2] == (233, 504)
        return
    broken = infrared if name.startswith("png") else visible
    intact = visible if name.startswith("png") else infrared
    assert read_image(intact).size
    with pytest.raises(ImageReadError) as caught:
        read_image(broken)
    assert str(broken) in str(caught.value)
    with pytest.raises(ImageReadError, match=broken.name):
        ImagePairs([infrared], [visible]).read(0)
    reason = {
        "truncated_half": "truncated",
        "truncated_last_bytes": "truncated",
        "header_only": "truncated",
        "zero_bytes": r"empty \(0 bytes\)",
        "text_named": "is no PNG, JPEG, TIFF or BMP",
        "png_bad_crc": "checksum",
        "png_truncated": "truncated",
    }
    assert caught.match(reason[name])


@each("names")
def test_names(name):
    folder = AWKWARD / "names"
    with pytest.warns(UnpairedImageWarning) as seen:
        X = load_pairs(folder)
    found = find_pairs(folder)
    if "only" in name:
        assert [p.name for p in found.unpaired] == ["only_ir.png", "only_vis.png"]
        assert "2 images" in str(seen[0].message)
        assert not {"only_ir", "only_vis", "only"} & set(found.names)
        return
    if "Thumbs" in name:
        kinds = {p.name for p in found.ignored}
        assert {"Thumbs.db", "notes.txt"} <= kinds
        return
    stem = Path(name).stem if "." in name else name
    index = [i for i, n in enumerate(found.names) if n.startswith(stem)]
    assert len(index) == 1
    ir, vis = X.read(index[0])
    assert ir.shape == vis.shape[:2] == (120, 160)
    if name == "mixed_ext":
        assert [p.suffix for p in X.paths(index[0])] == [".png", ".jpg"]


@each("real_modes")
def test_real_modes(name):
    infrared, visible = paths("real_modes", name)
    ir, vis = ImagePairs([infrared], [visible]).read(0)
    assert ir.shape == vis.shape[:2]
    if name == "Bosnia":  # 8-bit palette of grays
        assert read_image(infrared).ndim == read_image(visible).ndim == 2
    else:  # channels that differ by a few levels stay three
        image = read_image(infrared).astype(int)
        assert image.ndim == 3
        assert 0 < np.ptp(image, axis=2).max()


def test_every_row_has_its_test():
    if not INDEX.exists():
        pytest.skip("the shared folder is not here")
    with open(INDEX, encoding="utf-8", newline="") as file:
        cases = {row["case"] for row in csv.DictReader(file)}
    assert cases == {
        "alpha_modes",
        "bit16_made",
        "broken",
        "degenerate",
        "diff_size_real",
        "misregistered_known_flow",
        "names",
        "odd_sizes",
        "radiometric16_real",
        "real_modes",
    }


def test_pairs_of_the_whole_set_are_found_without_noise():
    if not INDEX.exists():
        pytest.skip("the shared folder is not here")
    for case in ("alpha_modes", "broken", "bit16_made", "odd_sizes", "degenerate"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            X = load_pairs(AWKWARD / case)
        assert len(X) == len(list((AWKWARD / case / "ir").iterdir()))
