"""One name, one idea: the table of parameters holds, and old names are still taken."""

# SPDX-License-Identifier: BSD-3-Clause
import inspect
import json
import re

import pytest

from skfusion import fusers, transforms
from skfusion.base import current_names
from skfusion.fusers import GTF, SAIF
from skfusion.model_files import ModelFileError, load_pipeline, save_pipeline
from skfusion.pipelines import get_pipeline

from .estimators import FUSERS, PAIR_TRANSFORMERS, TRANSFORMERS
from .names import INSTEAD, OTHER, OWN, SHARED

CLASSES = {cls.__name__: cls for cls in (*FUSERS, *TRANSFORMERS, *PAIR_TRANSFORMERS)}
USERS = {}
for _name, _cls in CLASSES.items():
    for _parameter in inspect.signature(_cls).parameters:
        USERS.setdefault(_parameter, []).append(_name)


def described(cls, parameter):
    """Return the paragraph on a parameter in the docstring of its class."""
    lines = inspect.getdoc(cls).splitlines()
    found = None
    for line in lines[lines.index("Parameters") + 2 :]:
        head = re.match(r"(\w+(?:, \w+)*) : ", line)
        if found and (head or line and not line.startswith(" ")):
            break
        if head and parameter in head[1].split(", "):
            found = []  # of several names, the last one says it
        elif found is not None and line.startswith("    "):
            found.append(line.strip())
    return " ".join(found or [])


def test_every_parameter_is_in_the_table_and_nothing_else():
    shared = {name for name, users in USERS.items() if len(users) > 1}
    assert shared == set(SHARED), (
        f"{shared ^ set(SHARED)}: names of two classes or more stand in SHARED of "
        "tests/common/names.py, with what they mean"
    )
    single = {(users[0], name) for name, users in USERS.items() if len(users) == 1}
    own = {(cls, name) for cls, names in OWN.items() for name in names}
    assert single == own, (
        f"{single ^ own}: take a name of SHARED for an idea that has one, else write "
        "the name under its class in OWN of tests/common/names.py"
    )


@pytest.mark.parametrize("name", SHARED)
def test_one_name_has_one_meaning(name):
    meaning, said = SHARED[name]
    for cls in USERS[name]:
        text = described(CLASSES[cls], name)
        agrees = re.search(said, text) is not None
        if (cls, name) in OTHER:
            assert not agrees, f"{cls}: no exception is needed"
        else:
            assert agrees, f"{name} means {meaning!r}; {cls} says {text!r}"


def test_an_exception_names_a_parameter_of_its_class():
    for cls, name in OTHER:
        assert cls in USERS[name] and name in SHARED


def test_no_parameter_is_called_by_another_word():
    for word, name in INSTEAD.items():
        assert word not in USERS, f"{USERS[word]}: call {word} {name}"


RENAMED = [
    (cls, old, new)
    for cls in CLASSES.values()
    for old, new in cls._renamed_parameters.items()
]


def test_what_was_renamed_is_still_public():
    for cls, old, new in RENAMED:
        names = inspect.signature(cls).parameters
        assert new in names and old not in names
        assert old in INSTEAD, f"{old}: say in INSTEAD what it is called"
        assert cls.__name__ in (*fusers.__all__, *transforms.__all__)
    assert len(RENAMED) >= 4


@pytest.mark.parametrize("cls, old, new", RENAMED)
def test_set_params_takes_an_old_name(cls, old, new):
    marked = object()
    with pytest.warns(FutureWarning, match=f"{old} is now called {new}: use {new}"):
        estimator = cls().set_params(**{old: marked})
    assert estimator.get_params()[new] is marked and not hasattr(estimator, old)


def test_get_pipeline_takes_an_old_name():
    with pytest.warns(FutureWarning, match="GTF: .* n_iterations is now called n_iter"):
        assert get_pipeline("gtf", n_iterations=2)[-1].n_iter == 2
    with pytest.warns(FutureWarning, match="use n_iter"):
        assert get_pipeline("gtf", fuse__n_iterations=2)[-1].n_iter == 2


def test_a_model_file_with_an_old_name_is_read(tmp_path):
    path = tmp_path / "m.json"
    save_pipeline(GTF(n_iter=2), path)
    assert json.loads(path.read_text())["estimator"]["params"]["n_iter"] == 2
    path.write_text(path.read_text().replace("n_iter", "n_iterations"))
    with pytest.warns(FutureWarning, match="n_iterations"):
        assert load_pipeline(path).n_iter == 2
    path.write_text(path.read_text().replace("n_iterations", "n_times"))
    with pytest.raises(ModelFileError, match="GTF has no parameter 'n_times'"):
        load_pipeline(path)


def test_both_names_at_once_are_refused():
    with pytest.raises(ValueError, match="n_iterations is now n_iter: give n_iter onl"):
        SAIF().set_params(n_iterations=1, n_iter=2)


def test_names_that_are_new_or_of_others_stay():
    params = {"n_iter": 1, "n_iterations_": 2}
    assert current_names(GTF, params) is params
    assert current_names(dict, {"n_iterations": 1}) == {"n_iterations": 1}
