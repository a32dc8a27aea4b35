"""The stopwatch, the scene and the thread limit of the benchmarks."""

# SPDX-License-Identifier: BSD-3-Clause
import importlib.util

import cv2
import numpy as np
import pytest
import torch


@pytest.fixture(scope="module")
def harness(root):
    path = root / "benchmarks" / "bench" / "_harness.py"
    spec = importlib.util.spec_from_file_location("_harness", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Clock:
    """Shows the seconds that functions let pass."""

    def __init__(self):
        self.now, self.calls = 0.0, []

    def __call__(self):
        return self.now

    def function(self, name, seconds):
        def run():
            self.calls.append(name)
            self.now += seconds

        return run


def test_functions_are_timed_in_turns_after_a_call_to_warm_up(harness):
    clock = Clock()
    functions = clock.function("a", 1.0), clock.function("b", 2.0)
    times = harness.rounds(*functions, repeats=3, clock=clock)
    assert clock.calls == ["a", "b"] * 4
    np.testing.assert_array_equal(times, [[1.0] * 3, [2.0] * 3])


def test_a_round_goes_on_for_some_seconds(harness):
    clock = Clock()
    times = harness.rounds(clock.function("a", 1.0), within=0.02, clock=clock)
    assert times.shape[1] > 2


def test_what_is_slow_to_warm_up_is_called_once(harness):
    clock = Clock()
    slow = clock.function("a", 2 * harness.SLOW)
    assert harness.rounds(slow, within=0.1, clock=clock) == 2 * harness.SLOW
    assert clock.calls == ["a"]
    assert harness.rounds(slow, clock=clock).shape == (1, 1)


def test_the_scene_is_drawn_the_same_each_time(harness):
    first, second = harness.scene((96, 128))
    again = harness.scene((96, 128))
    assert np.array_equal(first, again[0]) and np.array_equal(second, again[1])
    assert not np.array_equal(first, second)
    assert (first.dtype, first.min(), first.max()) == (np.uint8, 0, 255)
    unit = harness.unit_scene((96, 128))
    assert unit[0].dtype == np.float32 and unit[0].max() == 1


def test_threads_are_limited_and_given_back(harness):
    before = cv2.getNumThreads(), torch.get_num_threads()
    with harness.threads(1):
        assert (cv2.getNumThreads(), torch.get_num_threads()) == (1, 1)
    assert (cv2.getNumThreads(), torch.get_num_threads()) == before


def test_the_machine_is_one_line_with_versions(harness, capsys):
    harness.print_machine(pytest)
    machine, versions = capsys.readouterr().out.splitlines()[:2]
    assert "cores" in machine
    assert "skfusion" in versions and f"pytest {pytest.__version__}" in versions
