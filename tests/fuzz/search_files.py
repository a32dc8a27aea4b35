"""Search files of people who mean harm, and what damage makes of them."""

# SPDX-License-Identifier: BSD-3-Clause
import json
import random

from skfusion.search import read_space

from .campaign import Target

VALUES = (
    None, True, -1, 0, 10**30, 1e308, float("nan"), "", "x", "=cmd|' /C calc'!A0",
    "\x1b[2J", "\u202e", "../../etc/passwd", [], {}, [[]], {"class": "AverageFuser"},
    {"class": "os.system", "params": ["ls"]}, {"class": "Pipeline"}, {"class": ["x"]},
    {"class": "AverageFuser", "params": 3}, {"class": "PreserveChroma"}, {"tuple": 3},
    {"class": "Pipeline", "params": {"steps": [1, {}]}}, {"uniform": [0, {}]},
    {"class": "Pipeline", "params": {"steps": [["a", 3], ["a", None]]}},
    [["Q", "qabf", {"variant": "x"}]], [["Q", "qabf", 3]], [["Q"]], [[["Q"], "qabf"]],
    [["Q", "qabf", {"magic": 1}]], [{"class": "HDRC"}], "qabf", ["en", "en"], "random",
)  # fmt: skip


def hostile(seed) -> bytes:
    """A search file that is right but for a few values, all of them of the list."""
    rng = random.Random(seed)
    content = {
        "pipeline": "average",
        "params": {"fuse__visible_weight": [0.2, 0.8]},
        "metrics": ["qabf"],
        "objective": "qabf",
        "strategy": "grid",
        "color": "luma",
    }
    more = ["refit", "against", "n_candidates", "random_state"]
    for key in rng.sample([*content, *more], rng.choice((1, 1, 2))):
        content[key] = rng.choice(VALUES)
    if rng.random() < 0.5:
        name = rng.choice(
            ("fuse", "fuse__color", "fuse__visible_weight", "x", "fuse__x")
        )
        value = rng.choice(VALUES)
        values = [value, 0.5] if rng.random() < 0.7 else value
        content["params"] = {name: values}
    if rng.random() < 0.2:
        content["params"] = [content["params"], rng.choice(VALUES)]
    text = json.dumps(content)
    if rng.random() < 0.2:
        place = rng.randrange(len(text))
        text = text[:place] + rng.choice("{}[]:,&*!|>%@`#\x00\ud800\t\n") + text[place:]
    return text.encode("utf-8", "surrogatepass")


GOOD = (
    b"pipeline: average\nparams: {fuse__visible_weight: [1e-6, &a 0.5, *a]}\n",
    b"""
pipeline: {class: Pipeline, params: {steps: [
  [enhance, {class: EnhanceByModality, params: {visible: {class: HDRC}}}],
  [fuse, {class: LaplacianPyramid}]]}}
params:
  - &few {fuse__n_levels: [2, 3], enhance__visible: [passthrough, {class: HDRC}]}
  - {<<: *few, fuse__gain: {loguniform: [1e-1, 1e1]}}
metrics: [[Q, qabf, {variant: liu}], en]
refit: Q
strategy: random
n_candidates: 3
random_state: 7
color: per_channel
""",
    b"pipeline: tif\nparams: {fuse__size: {integers: [3, 9]}}\nmetrics: vifb\n",
)


def seeds() -> list:
    """Return good files, and as many that are not."""
    return [*GOOD * 13, *map(hostile, range(40))]


def read(path) -> str | None:
    """Read a search file."""
    space = read_space(path)
    return None if hasattr(space.estimator, "transform") else "no estimator"


TARGET = Target(
    name="search_files", seeds=seeds, read=read, allowed=(ValueError,), suffix=".yaml"
)
