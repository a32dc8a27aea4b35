"""The campaign of damaged files notices whatever can go wrong, and repeats it."""

import os
import time
import warnings

import pytest

from tests.fuzz import campaign
from tests.fuzz.__main__ import TARGETS, main
from tests.fuzz.campaign import Target, case, run
from tests.fuzz.mutations import mutated

# A child of a process with threads: none of ours are held while it forks.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


class Bad(ValueError):
    pass


def target(read, **options):
    return Target(
        "drawn", lambda: [b"intact file" * 9, b"another"], read, (Bad,), **options
    )


def kinds(read, cases=3, **options):
    tally = run(target(read), cases=cases, log=lambda text: None, **options)
    return [(finding.number, finding.kind) for finding in tally.findings], tally


def by_number(numbers):
    """Make a reader that does as the number of the case says."""
    count = iter(numbers)
    return lambda path: next(count)(path)


def refuse(path):
    raise Bad(f"{path} is bad")


def accept(path):
    return None


def test_what_is_accepted_or_refused_is_counted():
    found, tally = kinds(by_number([accept, refuse, accept]))
    assert not found
    assert (tally.accepted, tally.refused) == (2, 1)


def test_other_exceptions_wrong_results_and_warnings_are_found():
    def other(path):
        raise KeyError("x")

    def nameless(path):
        raise Bad("bad")

    def warned(path):
        warnings.warn("odd", stacklevel=1)

    found, _ = kinds(by_number([other, nameless, warned, lambda path: "it is blue"]), 4)
    assert found == [(0, "exception"), (1, "wrong"), (2, "warning"), (3, "wrong")]


def test_a_crash_and_a_hang_cost_their_own_case_alone(monkeypatch):
    monkeypatch.setattr(campaign, "_PATIENCE", 1.0)
    found, tally = kinds(lambda path: os._exit(3), 2)
    assert found == [(0, "crash"), (1, "crash")]
    assert "code 3" in tally.findings[0].what
    found, _ = kinds(lambda path: time.sleep(60), 1)
    assert found == [(0, "hang")]


def test_slow_and_hungry_readers_are_found(monkeypatch):
    monkeypatch.setattr(campaign, "_SECONDS", 0.05)
    monkeypatch.setattr(campaign, "_MEMORY", 50e6)

    def slow(path):
        end = time.process_time() + 0.1
        while time.process_time() < end:
            pass

    def hungry(path):
        bytearray(os.urandom(1) * 200_000_000)

    assert kinds(slow, 1)[0] == [(0, "slow")]
    monkeypatch.setattr(campaign, "_SECONDS", 60)
    assert kinds(hungry, 1)[0] == [(0, "memory")]


def test_a_case_is_the_same_in_every_run_and_goes_on_where_told():
    drawn = target(accept)
    assert case(drawn, 0, 7) == case(drawn, 0, 7)
    assert len({case(drawn, seed, 7) for seed in range(5)}) > 1
    found, tally = kinds(lambda path: "wrong", 2, first=5)
    assert found == [(5, "wrong"), (6, "wrong")]


def test_damage_is_damage():
    rng = campaign.generator(0, "x", 0)
    data = bytes(range(256))
    assert sum(mutated(data, rng) != data for _ in range(100)) > 90


@pytest.mark.parametrize("name", TARGETS)
def test_a_few_cases_of_every_target_find_nothing(name, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(os, "nice", lambda n: n)
    assert main([name, "--cases", "40", "--out", str(tmp_path / "found")]) == 0
    assert "0 findings" in capfd.readouterr().out
    assert not (tmp_path / "found").exists()


def test_findings_are_written(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(os, "nice", lambda n: n)
    monkeypatch.setattr("tests.fuzz.images.TARGET", target(lambda path: "wrong"))
    out = tmp_path / "found"
    assert main(["images", "--cases", "2", "--out", str(out), "--minutes", "1"]) == 1
    assert sorted(path.name for path in out.iterdir()) == [
        "images-0-0.bin",
        "images-0-1.bin",
    ]
    with pytest.raises(SystemExit):
        main(["nothing"])
