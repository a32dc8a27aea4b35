"""The page: one file, safe whatever the names, within its size."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from skfusion.datasets import make_scene_pairs
from skfusion.images import write_image
from skfusion.leaderboard import run_bench
from skfusion.leaderboard.report import page
from skfusion.leaderboard.report.pictures import embed_pictures
from skfusion.pairs import ImagePairs

# What would run if it were not escaped, in each place that a name can come to.
HOSTILE = '"><script>document.body.dataset.hacked=1<'
CLOSING = "</script><img src=x onerror=document.body.dataset.hacked=2>"


def hostile_report(folder):
    scenes = make_scene_pairs(2, size=(40, 56), random_state=0)
    pairs = ImagePairs(
        list(scenes.infrared), list(scenes.visible), names=[HOSTILE, CLOSING]
    )
    out = folder / "report"
    method = "<b>`|method"
    for i, name in enumerate(pairs.names):
        path = folder / "old" / "<i>&'\"" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_image(path, pairs.read(i)[0])
    from skfusion.fusers import AverageFuser

    board = run_bench(
        pairs,
        methods={method: AverageFuser(), "average": None, "tif": None},
        published=folder / "old",
        metrics=["en", "rmse"],
        dataset=CLOSING,
        out=out,
    )
    return board, out


class Elements(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    return hostile_report(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def text(hostile):
    return (hostile[1] / "index.html").read_text(encoding="utf-8")


def test_names_are_text_and_never_markup(text):
    parser = Elements()
    parser.feed(text)
    tags = [tag for tag, _ in parser.seen]
    assert tags.count("script") == 2  # the data and the script of the page
    assert not {"img", "b", "i"} & set(tags)  # pictures are made by the script
    assert not [a for _, attrs in parser.seen for a in attrs if a.startswith("on")]


def test_data_survive_as_they_are(text, hostile):
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', text)
    assert not set(block[1]) & set("<>&")
    data = json.loads(block[1])
    assert data["pairs"] == [HOSTILE, CLOSING]
    names = [method["name"] for method in data["methods"]]
    assert names == hostile[0].table.index.tolist()
    assert "<i>&'\"" in names and "<b>`|method" in names
    for i, name in enumerate(names):
        for k, metric in enumerate(("en", "rmse")):
            mean = hostile[0].table.loc[name, metric]
            assert data["methods"][i]["means"][k] == pytest.approx(mean, rel=1e-5)
            assert len(data["values"][i]) == 2
    assert len(data["pictures"]) == 2
    assert all(
        uri.startswith("data:image/jpeg") for uri in data["pictures"][0]["fused"]
    )


def test_page_asks_for_nothing_from_elsewhere(text):
    assert "default-src 'none'" in text
    parser = Elements()
    parser.feed(text)
    for tag, attributes in parser.seen:
        assert tag not in ("link", "iframe", "object", "embed")
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#")
    assert not re.search(r"(?:https?:)?//[a-z]", re.sub(r'">.*?</script>', "", text))


def test_marks_in_names_are_not_filled_in():
    filled = page._fill("<{{a}}|{{b}}>", {"a": "{{b}}", "b": r"\1"})
    assert filled == r"<{{b}}|\1>"


def test_markdown_keeps_its_table(hostile):
    text = (hostile[1] / "leaderboard.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    counts = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
    assert counts == {8} and len(rows) == 5
    assert "<" not in text


def test_sort_keys_of_the_table(text):
    assert text.count('aria-sort="ascending"') == 1  # by rank, to begin with
    assert re.search(
        r'<th scope="col" data-kind="number" data-first="descending"', text
    )
    keys = re.findall(r'<td data-value="([^"]*)"', text)
    assert len(keys) == 4 * 6
    assert all(key == "" or np.isfinite(float(key)) for key in keys)


def test_undefined_and_infinite_values_reach_the_page():
    assert 'data-value=""' in page._cell(np.nan, "–")
    assert 'data-value="Infinity"' in page._cell(np.inf, "∞")
    assert 'data-value="-Infinity"' in page._cell(-np.inf, "-∞")
    assert page._rounded(np.nan) is None and page._rounded(np.inf) == "inf"


# ---- the size


def noisy(n, shape=(90, 120)):
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, shape, np.uint8) for _ in range(n)]
    return ImagePairs(images, images, names=[str(i) for i in range(n)])


def size(shown):
    return sum(
        len(uri) * 3 / 4
        for item in shown
        for uri in [item["infrared"], item["visible"], *item["fused"]]
        if uri is not None
    )


def test_pictures_within_the_budget_lose_nothing():
    shown, note = embed_pictures(noisy(2), {}, ["a"])
    assert [item["pair"] for item in shown] == [0, 1]
    assert shown[0]["fused"] == [None]
    assert "quality 88" in note and "pairs" not in note


def test_pictures_get_smaller_and_then_fewer():
    pairs = noisy(6, (500, 400))
    shown, note = embed_pictures(pairs, {}, [], budget=1_000_000)
    assert len(shown) == 6 and size(shown) <= 1_001_000
    assert "quality 88" not in note
    shown, note = embed_pictures(pairs, {}, [], budget=200_000)
    assert 1 <= len(shown) < 6 and size(shown) <= 210_000
    assert f"shows {len(shown)} of 6 pairs" in note
    shown, _ = embed_pictures(pairs, {}, [], budget=10)
    assert len(shown) == 1
