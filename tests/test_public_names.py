"""The names that users rely on: one that goes or changes is a decision, not a slip."""

import importlib
import inspect
import json

import pytest

from .conftest import ROOT

FILE = ROOT / "tests" / "public_names.json"
MODULES = (
    "skfusion",
    "skfusion.base",
    "skfusion.batch",
    "skfusion.compose",
    "skfusion.datasets",
    "skfusion.fused_files",
    "skfusion.fusers",
    "skfusion.images",
    "skfusion.inspection",
    "skfusion.leaderboard",
    "skfusion.losses",
    "skfusion.metrics",
    "skfusion.metrics.downstream",
    "skfusion.model_files",
    "skfusion.pairs",
    "skfusion.pipelines",
    "skfusion.presets",
    "skfusion.ranking",
    "skfusion.registration",
    "skfusion.search",
    "skfusion.testing",
    "skfusion.transforms",
    "skfusion.video",
    "skfusion.weights",
    "skfusion.workers",
)


def surface():
    """Return the public names by module, callables with their parameters."""
    found = {}
    for name in MODULES:
        module = importlib.import_module(name)
        found[name] = {
            key: _parameters(getattr(module, key)) for key in sorted(module.__all__)
        }
    return found


def _parameters(value):
    if not callable(value):
        return None
    try:
        return list(inspect.signature(value).parameters)
    except ValueError:
        return None


@pytest.mark.parametrize("module", MODULES)
def test_public_names_and_parameters_are_locked(module):
    locked = json.loads(FILE.read_text())[module]
    assert surface()[module] == locked, (
        "a public name or parameter changed; if it is meant, write the new ones with "
        "`python -m tests.test_public_names` and a line in CHANGELOG.md"
    )


def test_registered_pipelines_are_locked():
    from skfusion.pipelines import pipeline_names

    assert pipeline_names() == json.loads(FILE.read_text())["pipelines"]


if __name__ == "__main__":
    from skfusion.pipelines import pipeline_names

    content = {**surface(), "pipelines": pipeline_names()}
    FILE.write_text(json.dumps(content, indent=1) + "\n")
