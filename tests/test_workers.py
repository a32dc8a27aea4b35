"""Workers: results as they come, one thread each, and what was before comes back."""

# SPDX-License-Identifier: BSD-3-Clause
import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import cv2
import joblib
import pytest
import torch
from joblib import delayed
from threadpoolctl import threadpool_info

from skfusion.workers import (
    WorkerEndedError,
    end_with_parent,
    keep_freed_memory,
    one_thread,
    stream,
    worker_count,
)


def waited(seconds):
    time.sleep(seconds)
    return seconds


@pytest.mark.parametrize("n_jobs", [None, 1, 2])
def test_every_task_is_done_once(n_jobs):
    tasks = (delayed(abs)(-number) for number in range(7))
    assert sorted(stream(tasks, n_jobs)) == list(range(7))


def test_results_come_as_they_finish():
    tasks = [delayed(waited)(0.5), delayed(waited)(0.0)]
    with joblib.parallel_config(backend="threading"):
        assert list(stream(tasks, 2, batch_size=1)) == [0.0, 0.5]


def test_a_generator_of_tasks_sees_the_results_before_it():
    done = []

    def tasks():
        for number in range(6):
            assert len(done) >= number - 1  # the one under way, and the next
            yield delayed(abs)(number)

    for result in stream(tasks(), 1, batch_size=1, pre_dispatch="n_jobs"):
        done.append(result)
    assert done == list(range(6))


def test_an_error_of_a_task_is_raised():
    with pytest.raises(ZeroDivisionError):
        list(stream([delayed(divmod)(1, 0)]))


def test_workers_that_stay_follow_to_another_folder(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        seen = set(stream((delayed(os.getcwd)() for _ in range(8)), 2))
        assert seen == {str(tmp_path / name)}


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_worker_that_is_gone_is_one_sentence():
    with pytest.raises(OSError, match="the system ended a worker, .* fewer workers"):
        list(stream([delayed(killed)(), delayed(waited)(0.1)], 2))


def threads():
    blas = max(pool["num_threads"] for pool in threadpool_info())
    return cv2.getNumThreads(), torch.get_num_threads(), blas


@pytest.fixture
def three_threads():
    before = threads()
    cv2.setNumThreads(3)
    torch.set_num_threads(3)
    yield
    cv2.setNumThreads(before[0])
    torch.set_num_threads(before[1])


def test_one_thread_holds_and_is_undone(three_threads):
    before = threads()
    assert before[:2] == (3, 3)
    with pytest.raises(RuntimeError), one_thread():
        assert threads() == (1, 1, 1)
        raise RuntimeError
    assert threads() == before


def test_one_thread_without_torch(monkeypatch, three_threads):
    monkeypatch.delitem(sys.modules, "torch")
    with one_thread():
        assert cv2.getNumThreads() == 1
    assert cv2.getNumThreads() == 3


def test_threads_that_overlap_leave_what_was_before(three_threads):
    first, second = threading.Event(), threading.Event()

    def work():
        with one_thread():
            first.set()
            second.wait(10)
            assert cv2.getNumThreads() == 1

    thread = threading.Thread(target=work)
    with one_thread():
        thread.start()
        first.wait(10)
    # The one that began is gone, the other is still at work.
    assert cv2.getNumThreads() == 1
    second.set()
    thread.join()
    assert (cv2.getNumThreads(), torch.get_num_threads()) == (3, 3)


class Library:
    def __init__(self):
        self.calls = []

    def mallopt(self, option, value):
        self.calls.append((option, value))


@pytest.mark.parametrize(
    ("process", "platform", "calls"),
    [
        ("LokyProcess-1", "linux", 2),
        ("MainProcess", "linux", 0),
        ("LokyProcess-1", "darwin", 0),
    ],
)
def test_only_workers_on_linux_keep_freed_memory(monkeypatch, process, platform, calls):
    library = Library()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    monkeypatch.setattr(multiprocessing.current_process(), "_name", process)
    monkeypatch.setattr(sys, "platform", platform)
    keep_freed_memory()
    assert len(library.calls) == calls


def test_a_libc_without_the_switch_is_left_alone(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    monkeypatch.setattr(multiprocessing.current_process(), "_name", "LokyProcess-1")
    monkeypatch.setattr(sys, "platform", "linux")
    keep_freed_memory()


def test_many_workers_asked_for_are_not_more_than_cores():
    assert worker_count(4000) == max(2, joblib.cpu_count())
    with joblib.parallel_config(backend="threading"):
        assert worker_count(40) == 40


def test_a_worker_that_ends_while_they_are_counted_is_none(monkeypatch):
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    counts = iter([TerminatedWorkerError("gone"), 3])

    def effective_n_jobs(n_jobs):
        found = next(counts)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(joblib, "effective_n_jobs", effective_n_jobs)
    with joblib.parallel_config("threading"):
        assert worker_count(3) == 3


ORPHAN = """
import os, sys, time
from joblib import delayed
from skfusion.workers import end_with_parent, stream

def work(number):
    end_with_parent()
    print(os.getpid(), flush=True)
    time.sleep(60)

if __name__ == "__main__":
    list(stream((delayed(work)(i) for i in range(2)), 2))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_workers_end_with_the_process_that_started_them(tmp_path):
    script = tmp_path / "orphan.py"
    script.write_text(ORPHAN)
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        workers = {int(process.stdout.readline()) for _ in range(2)}
        process.kill()
    for _ in range(100):
        if not any(map(is_running, workers)):
            break
        time.sleep(0.1)
    assert not any(map(is_running, workers))


def is_running(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_this_process_is_no_worker():
    threads = threading.active_count()
    end_with_parent()
    assert threading.active_count() == threads


def ended_at_two(number):
    if number == 2:
        import distributed

        raise distributed.KilledWorker("task", SimpleNamespace(address="here"), 0)
    return number


def test_dask_gives_results_as_they_come_and_says_that_a_worker_ended():
    distributed = pytest.importorskip("distributed")
    drawn = []

    def tasks(function, n):
        for number in range(n):
            drawn.append(number)
            yield delayed(function)(number)

    options = {"threads_per_worker": 1, "processes": False, "dashboard_address": ":0"}
    with distributed.LocalCluster(1, **options) as cluster:
        with distributed.Client(cluster), joblib.parallel_config(backend="dask"):
            assert sorted(stream(tasks(abs, 9), 1)) == list(range(9))
            drawn.clear()
            first = next(results := stream(tasks(abs, 9), 1))
            assert first == 0 and drawn == [0, 1, 2]  # two at once, one for the first
            results.close()
            with pytest.raises(WorkerEndedError, match="ended a worker"):
                list(stream(tasks(ended_at_two, 5), 1))
