"""Search files and tables of people who mean harm: refused in a moment, in words."""

# SPDX-License-Identifier: BSD-3-Clause
import json
import os
import time
import tracemalloc

import pandas as pd
import pytest

from skfusion.datasets import make_scene_pairs
from skfusion.fusers import AverageFuser
from skfusion.metrics.sets import as_entries
from skfusion.search import SearchSpace, read_space, run_search
from skfusion.search.strategies import check_strategy, draw_candidates
from skfusion.search.tables import read_scores

from ..fuzz.search_files import hostile

BASE = "pipeline: average\nparams: {fuse__visible_weight: [0.2, 0.8]}\n"
PARAMS = "pipeline: average\nparams: {fuse__visible_weight: "


def bomb(first, link, n=30):
    """Ten times what stands before, thirty times."""
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{i}: &a{i} {link(f'*a{i - 1}')}" for i in range(1, n)]
    return "\n".join([*lines, f"params: *a{n - 1}\n"])


BOMBS = {
    "lists": bomb("[lol]", lambda alias: f"[{', '.join([alias] * 10)}]"),
    "mappings": bomb(
        "{k: v}", lambda a: f"{{{', '.join(f'{c}: {a}' for c in 'abc')}}}"
    ),
    "merges": bomb("{k: v}", lambda alias: f"{{<<: [{', '.join([alias] * 10)}]}}"),
    "itself": BASE + "color: &a [*a]\n",
    "chain": bomb("[1]", lambda alias: f"[{alias}]", 60),
    "deep": PARAMS + "[" * 50_000,
    "deep mappings": PARAMS + "{a: " * 50_000,
    "deep and whole": PARAMS + "[" * 60 + "]" * 60 + "}",
    "wide": PARAMS + f"[{'1, ' * 80_000}1]}}",
    "long": PARAMS + "[" + "1" * 2**21 + "]}",
    "long number": PARAMS + "[" + "1" * 200_000 + "]}",
    "colons": PARAMS + f"[1{':10' * 60_000}]}}",
    "digits": PARAMS + f"[{'9' * 4000}1e9]}}\nn_candidates: {'9' * 4000}",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_go_off_in_nobodys_hands(tmp_path, name):
    (tmp_path / "space.yaml").write_text(BOMBS[name])
    tracemalloc.start()
    start = time.process_time()
    with pytest.raises(ValueError, match="search file") as error:
        read_space(tmp_path / "space.yaml")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.process_time() - start < 10  # traced; a tenth of it otherwise
    assert peak < 2**26
    assert len(str(error.value)) < 1500


def test_deep_json_is_refused(tmp_path):
    for text in ("[" * 100_000, '{"a": ' * 50 + "1" + "}" * 50, '{"a": 1, "a": 2}'):
        (tmp_path / "space.json").write_text(text)
        with pytest.raises(ValueError, match="is malformed"):
            read_space(tmp_path / "space.json")


def test_aliases_that_spare_writing_are_welcome(tmp_path):
    text = """
pipeline: laplacian_pyramid
params:
  - &both {fuse__n_levels: &levels [2, 3]}
  - {<<: *both, fuse__gain: *levels}
"""
    (tmp_path / "space.yaml").write_text(text)
    grid = read_space(tmp_path / "space.yaml").grid
    assert [len(part) for part in grid] == [1, 2]


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_what_is_no_file_is_not_waited_for(tmp_path, kind):
    path = tmp_path / "space.yaml"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path = "/dev/zero"
    with pytest.raises(ValueError, match="cannot be read"):
        read_space(path)
    with pytest.raises(ValueError, match="the table cannot be read"):
        read_scores(path, as_entries("qabf"))


@pytest.mark.parametrize("strategy", ["grid", "random", "halving"])
def test_grids_of_billions(strategy, small_pairs):
    grid = {f"p{i}": list(range(10)) for i in range(12)}
    start = time.process_time()
    if strategy == "random":
        drawn = draw_candidates(strategy, grid, 3, 0)
        assert len(drawn) == 3 and len(drawn[0]) == 12
    else:
        space = SearchSpace(AverageFuser(), grid, "qabf")
        with pytest.raises(ValueError, match="a grid of 1e\\+12 candidates.*use strat"):
            run_search(small_pairs, space, strategy=strategy)
    assert time.process_time() - start < 5


@pytest.mark.parametrize("n", [30, 400])
def test_lists_that_nobody_can_number(n):
    grid = {f"p{i}": list(range(10)) for i in range(n)}
    with pytest.raises(ValueError, match="write distributions, or fewer values"):
        draw_candidates("random", grid, 3, 0)


def test_no_more_candidates_than_anybody_waits_for():
    with pytest.raises(ValueError, match="at least 1 and at most 100000"):
        check_strategy("random", 10**9, {"a": [1]})


@pytest.mark.parametrize(
    "bounds",
    ["integers: [0, 1" + "0" * 30 + "]", "uniform: [-1.7e308, 1.7e308]"]
    + [f"{kind}: [1, 1{'0' * 400}]" for kind in ("uniform", "loguniform", "integers")],
)
def test_bounds_beyond_the_numbers(tmp_path, bounds):
    (tmp_path / "space.yaml").write_text(PARAMS + f"{{{bounds}}}}}\n")
    with pytest.raises(ValueError, match="expected (finite|whole numbers below)"):
        read_space(tmp_path / "space.yaml")


ADDRESSES = ("http://127.0.0.1:9/t.csv", "https://x.invalid/t.csv", "s3://bucket/t.csv")


@pytest.mark.parametrize("address", [*ADDRESSES, "file:///etc/hostname"])
def test_against_is_a_file_and_no_address(address, monkeypatch):
    def opened(*args, **kwargs):
        raise AssertionError("opened")

    monkeypatch.setattr("urllib.request.urlopen", opened)
    with pytest.raises(ValueError, match=r"cannot be read: .*No such file"):
        read_scores(address, as_entries("qabf"))


def test_against_is_not_unpacked(tmp_path):
    table = pd.DataFrame({"method": ["a"] * 100_000, "qabf": 0.5})
    table.to_csv(tmp_path / "table.csv.gz", index=False)
    with pytest.raises(ValueError, match="the table cannot be read"):
        read_scores(tmp_path / "table.csv.gz", as_entries("qabf"))


def test_against_has_a_greatest_length(tmp_path):
    with open(tmp_path / "table.csv", "wb") as file:
        file.truncate(2**26 + 1)
    with pytest.raises(ValueError, match="longer than 67108864 bytes"):
        read_scores(tmp_path / "table.csv", as_entries("qabf"))


def test_a_table_with_both_words_for_a_pair(tmp_path):
    (tmp_path / "t.csv").write_text("method,image,pair,qabf\na,x,1,0.5\n")
    assert read_scores(tmp_path / "t.csv", as_entries("qabf")).loc["a", "x"]["qabf"]


NUMBER = {"class": "Pipeline", "params": {"steps": [["a", 3], ["b", None]]}}


@pytest.mark.parametrize("fuse", [[None], [NUMBER]])
def test_a_step_that_cannot_fuse_is_named(fuse, tmp_path):
    content = {"pipeline": "average", "params": {"fuse": fuse}, "metrics": ["sd"]}
    (tmp_path / "space.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="candidate {'fuse': .*} cannot fuse: "):
        run_search(
            make_scene_pairs(1, size=(16, 20), random_state=0),
            read_space(tmp_path / "space.json"),
        )


@pytest.mark.parametrize("color", [{}, ["luma"], None, 1])
def test_a_treatment_of_colour_that_is_no_word(color, tmp_path):
    content = {"pipeline": "average", "params": {}, "color": color}
    (tmp_path / "space.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="color=.*use one of luma"):
        read_space(tmp_path / "space.json")


@pytest.mark.parametrize("seed", range(40))
def test_hostile_files_are_read_or_refused_in_words(tmp_path, seed, small_pairs):
    path = tmp_path / ("space.json" if seed % 2 else "space.yaml")
    path.write_bytes(hostile(seed))
    start = time.process_time()
    try:
        space = read_space(path)
        run_search([pair for pair in small_pairs], space)
    except ValueError as error:
        assert str(error).isprintable() or "search file" not in str(error)
        assert "Traceback" not in str(error)
    assert time.process_time() - start < 5
