"""The registry: what is known about each metric."""

import importlib
import inspect
import math
import pickle
import pkgutil
import re
import subprocess
import sys

import numpy as np
import pytest

from skfusion import metrics
from skfusion.metrics import Metric, registry

KEYS = (
    "en ce mi nmi qte qncie fmi ag df ei sf sd qabf labf nabf qm qsf qp ssim ms_ssim "
    "mef_ssim qs qw qe qy qc cc scd mse rmse psnr vif viff qcv qcb dark_sky sky_level "
    "marred_heat dark_ring false_edges marred_detail raised_noise"
).split()
LOWER_IS_BETTER = {"ce", "labf", "nabf", "mse", "rmse", "qcv", "dark_sky"}
LOWER_IS_BETTER |= {"marred_heat", "dark_ring", "false_edges", "marred_detail"}
LOWER_IS_BETTER |= {"raised_noise"}


def test_the_keys_are_complete():
    assert set(registry) == set(KEYS) and len(registry) == len(KEYS)
    assert "qabf" in registry and "nope" not in registry
    assert repr(registry).startswith("registry(en")


def test_it_is_read_only():
    with pytest.raises(TypeError):
        registry["en"] = None


def test_an_unknown_key_names_the_choices():
    with pytest.raises(KeyError, match="qabf"):
        registry["nope"]


@pytest.mark.parametrize("key", KEYS)
def test_each_record_is_complete(key):
    record = registry[key]
    assert isinstance(record, Metric) and record.name == key
    assert record.higher_is_better is (key not in LOWER_IS_BETTER)
    assert record.default in record.variants
    assert record.range[0] < record.range[1]
    assert record.citation and record.title
    assert callable(getattr(metrics, key))
    assert getattr(metrics, key).__doc__


@pytest.mark.parametrize("key", KEYS)
def test_records_are_small_to_send(key):
    again = pickle.loads(pickle.dumps(registry[key]))
    assert again == registry[key]
    assert len(pickle.dumps(registry[key])) < 1000


SECTIONS = ["Parameters", "Returns", "See Also", "Notes", "Examples"]


# The looks are defined in skfusion.losses, not by a formula.
WITH_FORMULA = [k for k in KEYS if not registry[k].__module__.endswith(".looks")]


@pytest.mark.parametrize("key", WITH_FORMULA)
def test_each_docstring_has_its_formula_and_its_neighbours(key):
    text = inspect.getdoc(registry[key])
    found = re.findall(r"^(\w[\w ]*)\n-{3,}$", text, re.M)
    assert [name for name in found if name in SECTIONS] == SECTIONS
    assert "``" in text.split("Notes\n-----")[1].split("\n\n", 1)[0]
    see_also = text.split("See Also\n--------\n")[1].split("\n\n")[0]
    for names in re.findall(r"^([\w, ]+) :", see_also, re.M):
        assert set(names.split(", ")) <= set(metrics.__all__) - {key}


def test_better_turns_values_into_scores():
    assert registry["qabf"].better(0.5) == 0.5
    assert registry["nabf"].better(0.5) == -0.5
    assert registry["qsf"].better(-0.25) == registry["qsf"].better(0.25) == -0.25


def modules():
    return [m.name for m in pkgutil.iter_modules(metrics.__path__)]


def test_no_module_has_the_name_of_a_public_function():
    # The import system would put the module in the function's place.
    assert not set(modules()) & set(metrics.__all__)


def test_every_metric_of_every_module_is_registered_and_public():
    defined = {}
    for name in modules():
        module = importlib.import_module(f"skfusion.metrics.{name}")
        rows = [x for x in vars(module).values() if isinstance(x, Metric)]
        defined |= {row.name: row for row in rows}
    assert defined == dict(registry)
    for name, row in registry.items():
        assert getattr(metrics, name) is row


def test_a_metric_loads_what_it_needs_only():
    heavy = "{'numba', 'torch', 'cv2', 'scipy', 'pandas'} & set(sys.modules)"
    code = (
        "import sys\nfrom skfusion.metrics import FusionScorer, psnr, registry\n"
        f"assert not {heavy}\n"
        f"len(registry)\nassert {heavy} <= {{'numba', 'cv2', 'scipy'}}\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_values_are_python_floats():
    image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    for key in ("en", "mi", "qabf", "psnr", "cc"):
        value = registry[key](image, image, image)
        assert type(value) is float and not (value == 0 and math.copysign(1, value) < 0)
