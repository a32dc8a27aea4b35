"""Folders are fused and measured by the processes of a dask cluster, some killed."""

import os
import signal
from pathlib import Path

import joblib
import numpy as np
import pytest

from skfusion import load_pairs
from skfusion.batch import BatchError, fuse_folder
from skfusion.fusers import AverageFuser
from skfusion.images import read_image, to_dtype, write_image
from skfusion.metrics import evaluate

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")


@pytest.fixture
def cluster():
    """joblib's work goes to two processes of a cluster."""
    options = {"threads_per_worker": 1, "dashboard_address": ":0", "processes": True}
    options["silence_logs"] = 50
    # dask itself does not try again what a dead worker had; a new one takes its time.
    settings = {
        "distributed.scheduler.allowed-failures": 0,
        "distributed.comm.timeouts.connect": "120s",
    }
    with dask.config.set(settings), distributed.LocalCluster(2, **options) as cluster:
        with distributed.Client(cluster):
            with joblib.parallel_config(backend="dask", wait_for_workers_timeout=240):
                yield


@pytest.fixture
def pairs(tmp_path):
    rng = np.random.default_rng(0)
    for side in ("ir", "vis"):
        (tmp_path / side).mkdir()
        for i in range(8):
            image = rng.integers(0, 256, (24, 20), np.uint8)
            write_image(tmp_path / side / f"{i:03d}.png", image)
    return load_pairs(tmp_path)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


class Deadly(AverageFuser):
    """Ends its worker at pair 003 and, the first time, at pair 005."""

    def transform(self, X):
        name, path = X.names[0], Path(X.infrared[0])
        if name == "003":
            die()
        if name == "005" and not (path.parent / "died").exists():
            (path.parent / "died").touch()
            die()
        return super().transform(X)


class DeadlyImage:
    """An image that ends whoever looks at it in another process."""

    def __init__(self):
        self.home = os.getpid()

    def __array__(self, dtype=None, copy=None):
        if os.getpid() != self.home:
            die()
        return np.zeros((24, 20), np.uint8)


def test_processes_fuse_and_measure(cluster, pairs, tmp_path):
    out = tmp_path / "out"
    (tmp_path / "ir" / "004.png").write_bytes(b"no image")
    with pytest.raises(BatchError, match=r"7 written.*1 failed\n  004: .*004\.png"):
        fuse_folder(AverageFuser(), pairs, out, n_jobs=2)
    good = pairs[[0, 1, 2, 3, 5, 6, 7]]
    for name, fused in zip(good.names, AverageFuser().transform(good)):
        written = read_image(out / f"{name}.png")
        np.testing.assert_array_equal(written, to_dtype(fused, np.uint8))
    table = evaluate(pairs, out, ["en"], n_jobs=2, on_error="skip")
    assert table.index.tolist() == good.names.tolist()
    assert [failure["pair"] for failure in table.attrs["failures"]] == ["004"]


def test_a_killed_worker_costs_the_pair_that_ends_it_again(cluster, pairs, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(BatchError) as caught:
        fuse_folder(Deadly(), pairs, out, n_jobs=2)
    (failed,) = caught.value.report.failed
    assert failed.name == "003" and "ended the worker that had it" in failed.error
    expected = {f"{i:03d}.png" for i in range(8)} - {"003.png"}
    assert {path.name for path in out.glob("*.png")} == expected

    images = [DeadlyImage() if i == 2 else np.zeros((24, 20)) for i in range(8)]
    table = evaluate(pairs, images, ["en"], n_jobs=2, on_error="skip")
    assert len(table) == 7
    (failure,) = table.attrs["failures"]
    assert failure["pair"] == "002" and "ended the worker" in failure["error"]
