"""The plan: what holds from earlier runs, and questions that change nothing."""

# SPDX-License-Identifier: BSD-3-Clause
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from skfusion.fingerprints import file_state
from skfusion.fusers import AverageFuser
from skfusion.images import write_image
from skfusion.leaderboard.plan import image_holds, make_plan, values_hold
from skfusion.leaderboard.request import read_request
from skfusion.leaderboard.work import do_unit

from .conftest import NAMES, write_published


@pytest.fixture
def request_(pairs, tmp_path):
    old = write_published(tmp_path / "old", "A", pairs)
    write_published(old, "B", pairs, names=["second"])
    methods = {"average": None, "mine": AverageFuser(0.2)}
    return read_request(pairs, methods, old, ["en"], "gray", "drawn")


def test_one_unit_a_method_and_pair_in_the_order_of_the_request(request_, tmp_path):
    plan = make_plan(request_, tmp_path / "fused", {})
    found = [unit.record.identity for unit in plan.units]
    methods = [("pipeline", "average"), ("estimator", "mine"), ("published", "A")]
    assert found == [(*who, name) for who in methods for name in NAMES]
    assert plan.todo == plan.units and plan.done == []
    for unit in plan.units:
        assert (unit.estimator is None) == (unit.record.source == "published")
        assert unit.pair.names.tolist() == [unit.record.pair]
    assert plan.units[0].fused == str(tmp_path / "fused" / "average" / "first.png")
    assert plan.units[-1].fused == str(tmp_path / "old" / "A" / "third.png")
    assert sum(unit.with_memory for unit in plan.units) in (0, 2)  # one a method
    assert len({unit.record.fuse_key for unit in plan.units[:6]}) == 6
    assert not (tmp_path / "fused").exists()
    shuffled = [unit.record for unit in reversed(plan.units)]
    assert plan.in_order(shuffled) == [unit.record for unit in plan.units]


@pytest.fixture
def done(request_, tmp_path):
    """A unit of the plan, and the record of its work."""
    unit = make_plan(request_, tmp_path / "fused", {}).units[0]
    return unit, do_unit(unit)


def test_the_work_leaves_the_unit_as_it_was(done):
    unit, record = done
    assert record.values and record.fused == file_state(unit.fused)
    assert record.seconds > 0 and record.elapsed >= record.seconds
    assert not unit.record.values and not unit.record.fused
    assert np.isnan(unit.record.seconds)
    with pytest.raises(FrozenInstanceError):
        unit.estimator = None


def test_what_an_earlier_record_is_good_for(request_, done, tmp_path):
    unit, record = done
    before = repr((unit.record, record))  # Python 3.13 finds no NaN equal to itself

    def outcome(earlier):
        plan = make_plan(request_, tmp_path / "fused", {record.identity: earlier})
        if earlier in plan.done:
            return "done"
        again = next(u for u in plan.todo if u.record.identity == record.identity)
        if again.estimator is not None:
            return "fuse"
        assert again.record.seconds == record.seconds
        assert again.record.values == {}
        return "measure"

    changed = {
        "fuse_key": "fuse",
        "measure_key": "measure",
        "error": "fuse",
    }
    assert outcome(record) == "done"
    for name, expected in changed.items():
        assert outcome(replace(record, **{name: "other"})) == expected
    assert outcome(replace(record, fused=[0, 0])) == "fuse"
    write_image(unit.fused, np.zeros((40, 56)))
    assert outcome(record) == "fuse"
    assert repr((unit.record, record)) == before


def test_no_record_and_no_image_hold_nothing(done):
    unit, record = done
    assert not image_holds(unit, None) and not values_hold(unit, None)
    assert image_holds(unit, record) and values_hold(unit, record)
    gone = replace(unit, fused=unit.fused + ".gone")
    assert not image_holds(gone, record) and not values_hold(gone, record)


def test_an_error_is_in_the_record(done, tmp_path):
    unit, record = done
    (tmp_path / "scenes" / "vis" / "first.png").write_bytes(b"nothing")
    failed = do_unit(unit)
    assert failed.error and failed.values == {}
    assert record.values and not record.error
