"""The documentation: a page for every public name, no page lost, code that runs."""

# SPDX-License-Identifier: BSD-3-Clause
import json
import re
import subprocess
import sys

import pytest

from .conftest import ROOT

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def api_pages():
    """The module that writes the pages of the API reference."""
    sys.path.insert(0, str(DOCS / "_ext"))
    import api_pages

    yield api_pages
    sys.path.remove(str(DOCS / "_ext"))


@pytest.fixture(scope="module")
def written(api_pages, tmp_path_factory):
    """All pages of the reference by their names."""
    folder = tmp_path_factory.mktemp("api")
    api_pages.write_pages(folder)
    return {path.stem: path.read_text() for path in folder.glob("*.rst")}


def public_names():
    locked = json.loads((ROOT / "tests" / "public_names.json").read_text())
    for module, names in locked.items():
        if isinstance(names, dict):
            yield from ((module, name) for name in names)


def test_every_public_name_has_a_page(api_pages, written):
    names, files = api_pages.canonical_names(), api_pages.file_names()
    for module, name in public_names():
        full = f"{module}.{name}"
        if full in names:
            own = names[full].rsplit(".", 1)[1]
            page = written[files[names[full]]]
            assert re.search(rf"^\.\. auto\w+:: {own}$", page, re.M), full
            assert f"<{names[full]}>`" in written[module], full
        elif full != "skfusion.__version__":  # the other names are modules
            pages = [page for page in written if page.startswith(full)]
            assert pages, full


def test_a_class_is_documented_with_the_methods_of_its_own(written):
    page = written["skfusion.fusers.GFF"]
    for method in ("fit", "transform", "weight_maps", "set_params"):
        assert f".. automethod:: GFF.{method}\n" in page
    assert "set_transform_request" not in page  # scikit-learn's, as get_params is
    assert "get_params" not in page
    assert ".. autoproperty:: ImagePairs.shape\n" in written["skfusion.ImagePairs"]


def test_a_metric_says_its_direction_range_variants_and_paper(written):
    for line in (
        ":better: higher",
        ":range: 0 to 1, of the default variant",
        ":variants: ``'hong'``, ``'liu'``, ``'pyf'``, ``'petrovic_kumar'``",
        ":published: Xydeas, Petrovic, Electron. Lett. 36(4), 2000",
    ):
        assert f"\n{line}\n" in written["skfusion.metrics.qabf"]
    assert ":better: lower\n" in written["skfusion.metrics.nabf"]
    assert ":better: near 0\n" in written["skfusion.metrics.qsf"]
    assert ":range: -1 to ∞," in written["skfusion.metrics.qsf"]
    assert ":better:" not in written["skfusion.metrics.evaluate"]


def test_a_fuser_shows_its_named_pipelines(written):
    page = written["skfusion.fusers.LatLRR"]
    assert page.count(".. figure:: ") == 1
    assert ".. figure:: ../images/methods/latlrr.jpg\n" in page
    assert ".. figure:: " not in written["skfusion.fusers.ModuleFuser"]


def test_every_page_of_the_reference_is_reached(written):
    listed = {
        entry
        for text in written.values()
        for entry in re.findall(r"^   (?:\w+ <)?([\w.]+)>?$", text, re.M)
    }
    assert set(written) - listed == {"index", "building_blocks"}


def test_no_two_pages_differ_in_capitals_only(written):
    assert len({name.lower() for name in written}) == len(written)


def test_pages_that_stay_are_left_and_others_go(api_pages, tmp_path):
    api_pages.write_pages(tmp_path)
    kept = tmp_path / "index.rst"
    stamp = kept.stat().st_mtime_ns
    (tmp_path / "skfusion.gone.rst").write_text("gone")
    api_pages.write_pages(tmp_path)
    assert kept.stat().st_mtime_ns == stamp
    assert not (tmp_path / "skfusion.gone.rst").exists()


def test_every_card_of_weights_is_a_page(api_pages, written, tmp_path):
    import card_pages

    card_pages.write_pages(api_pages.canonical_names().values(), tmp_path)
    pages = {path.stem: path.read_text() for path in tmp_path.iterdir()}
    index = pages.pop("index")
    weights = ROOT / "skfusion" / "weights"
    assert set(pages) == {path.stem for path in weights.glob("*.safetensors")}
    for name, page in pages.items():
        card = (weights / f"{name}.md").read_text().rstrip()
        owner = card_pages.owners()[name]
        assert page.startswith(card)
        assert re.search(rf"\n\nOf {{py:obj}}`{owner} <skfusion\.[\w.]+>`", page)
        assert f"| {{doc}}`{name}` | {{py:obj}}`{owner} <" in index
        assert f"\n{name}\n" in index  # in the table of contents
    page = written["skfusion.fusers.EncoderDecoderFuser"]
    assert page.count("* :doc:`../weights/encoder_decoder") == 4
    assert "../weights/" not in written["skfusion.fusers.GFF"]


def test_every_page_is_in_a_table_of_contents():
    text = "\n".join(path.read_text() for path in DOCS.glob("*.md"))
    blocks = re.findall(r"^```\{toctree\}\n(.*?)^```", text, re.M | re.S)
    listed = {line.split("<")[-1].strip("> ") for b in blocks for line in b.split("\n")}
    pages = {path.stem for path in DOCS.glob("*.md")}
    assert pages - listed == {"index"}, "name the page in docs/user_guide.md"


def test_every_named_pipeline_is_in_the_table_of_methods():
    text = (DOCS / "methods.md").read_text()
    locked = json.loads((ROOT / "tests" / "public_names.json").read_text())
    written = re.findall(r"^\| `(\w+)` \|.*images/methods/(\w+)\.jpg", text, re.M)
    assert written == [(name, name) for name in locked["pipelines"]], "make tables"
    for name in locked["pipelines"]:
        assert (DOCS / "images" / "methods" / f"{name}.jpg").is_file()


def test_the_gallery_begins_with_your_own_two_images(api_pages):
    pytest.importorskip("docutils")
    import house

    names = [path.name for path in (ROOT / "examples").glob("*.py")]
    assert set(house.GALLERY) <= set(names)
    first, *_ = ordered = sorted(names, key=house.GalleryOrder("examples"))
    assert first == "plot_fuse_two_images.py"
    assert ordered[: len(house.GALLERY)] == list(house.GALLERY)


PAGE = r"""
Title
=====

.. py:module:: skfusion

.. py:function:: fuse(infrared, visible)

.. py:function:: load_pairs(folder)

:func:`skfusion.pipelines.fuse` :func:`skfusion.fuze` :math:`\bar p`

.. py:currentmodule:: skfusion.datasets

:func:`load_pairs` :class:`skfusion.fusers.Gff`

.. math:: a^2
"""
CONF = f"""
import sys
sys.path.insert(0, {str(DOCS / "_ext")!r})
extensions = ["house_names"]
html_math_renderer = "mathml"
"""
EXTENSION = """
import api_pages, house
def setup(app):
    app.canonical_names = api_pages.canonical_names()
    house.add_to(app)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """One page, built in the way of the documentation, and what Sphinx says of it."""
    pytest.importorskip("sphinx")
    folder = tmp_path_factory.mktemp("built")
    for name, text in (
        ("conf.py", CONF),
        ("house_names.py", EXTENSION),
        ("index.rst", PAGE),
    ):
        (folder / name).write_text(text)
    command = [sys.executable, "-m", "sphinx", "-n", "-q", "-b", "html", ".", "out"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return (folder / "out" / "index.html").read_text(), run.stderr


def test_a_name_is_found_by_each_of_its_paths(built):
    page, _ = built
    for name in ("fuse", "load_pairs"):  # the mark of its own, and the reference
        assert page.count(f'href="#skfusion.{name}"') == 2


def test_a_name_that_is_not_there_is_a_warning(built):
    _, said = built
    found = re.findall(r"reference target not found: ([\w.]+)", said)
    assert found == ["skfusion.fuze", "skfusion.fusers.Gff"]
    assert said.count("WARNING") == 2


def test_equations_are_written_as_mathml(built):
    page, _ = built
    assert page.count("<math") == 2 and 'display="block"' in page
    assert "mathjax" not in page.lower()
