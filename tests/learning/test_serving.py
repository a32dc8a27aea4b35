"""A server of devices: whoever asks is answered, whatever becomes of the others."""

# SPDX-License-Identifier: BSD-3-Clause
import errno
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client

import numpy as np
import pytest

from skfusion import ImagePairs
from skfusion.fusers import EncoderDecoderFuser
from skfusion.learning import served as served_module
from skfusion.learning import serving
from skfusion.learning.serving import FusionServer


class Fuser(EncoderDecoderFuser):
    """The infrared image; white ones it cannot fuse, and black ones give NaN."""

    def _fuse_batch_any(self, ir, vis):
        self.seen.append((threading.current_thread().name, len(ir)))
        if (ir.amin((1, 2, 3)) == 1).any():
            raise RuntimeError("white heat")
        return ir / (ir.amax((1, 2, 3), keepdim=True) > 0)


def fuser_on(device="cpu", batch=None):
    fuser = Fuser(device=device, inference_batch_size=batch)
    fuser.seen = []
    return fuser


def pair(level, shape=(4, 6), dtype=np.uint8):
    return ImagePairs([np.full(shape, level, dtype)], [np.zeros(shape, dtype)])


@pytest.fixture
def server():
    with FusionServer(fuser_on()) as served:
        yield served


def level_of(images):
    (image,) = images
    (level,) = np.unique(image)
    return round(float(level) * 255)


@pytest.mark.parametrize("device", ["cpu", "cpu,cpu"])
@pytest.mark.parametrize("batch", [None, 3])
def test_many_threads_are_answered_each_with_its_own(device, batch):
    shapes = [(4, 6), (5, 3), (40, 60)]
    fuser = fuser_on(device, batch)
    with FusionServer(fuser) as served, ThreadPoolExecutor(8) as pool:

        def ask(level):
            return level_of(served.transform(pair(level, shapes[level % 3])))

        assert list(pool.map(ask, range(1, 100))) == list(range(1, 100))
    names, sizes = zip(*fuser.seen)
    assert sum(sizes) == 99 and max(sizes) <= (batch or 1)
    assert len(set(names)) == len(device.split(","))


def test_those_that_wait_are_fused_together():
    gate, fuser = threading.Event(), fuser_on(batch=64)
    fuse = fuser._fuse_batch_any
    fuser._fuse_batch_any = lambda ir, vis: gate.wait(60) and fuse(ir, vis)
    with FusionServer(fuser) as served, ThreadPoolExecutor(9) as pool:
        answers = [pool.submit(served.transform, pair(i)) for i in range(1, 10)]
        while len(os.listdir(served.line.folders[0])) < 9:
            threading.Event().wait(0.01)
        threading.Event().wait(0.2)  # their words follow
        gate.set()
        assert [level_of(a.result()) for a in answers] == list(range(1, 10))
    assert max(size for _, size in fuser.seen) > 1 and len(fuser.seen) < 9


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_pixels_come_as_they_were_sent(server, dtype):
    top = 1 if dtype == np.float32 else np.iinfo(dtype).max
    image = (np.random.default_rng(0).random((7, 9)) * top).astype(dtype)
    X = ImagePairs([image], [np.zeros((7, 9, 3), np.uint8)])
    expected = image / np.float32(top)
    np.testing.assert_allclose(server.transform(X)[0], expected, rtol=0, atol=1e-7)
    assert server.transform(X)[0].flags.writeable


def test_a_larger_image_takes_the_place_of_a_smaller_one(server):
    for shape in ((4, 6), (300, 400), (4, 6), (500, 600)):
        assert level_of(server.transform(pair(9, shape))) == 9
    assert len(os.listdir(server.line.folders[0])) == 1


def test_what_cannot_be_fused_costs_itself(server):
    with pytest.raises(ValueError, match="^RuntimeError: white heat$"):
        server.transform(pair(255))
    with pytest.raises(ValueError, match=r"Fuser\(.*made 24 NaN .* of pair 0"):
        server.transform(pair(0))
    assert level_of(server.transform(pair(7))) == 7


def test_another_process_asks_without_torch(server, tmp_path):
    path = tmp_path / "served.pickle"
    path.write_bytes(pickle.dumps(server))
    code = (
        "import pickle, sys, numpy as np\n"
        f"served = pickle.load(open({str(path)!r}, 'rb'))\n"
        "image = np.full((4, 6), 51, np.uint8)\n"
        "print(served.transform([(image, image)])[0].sum())\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) == pytest.approx(24 * 0.2)


def test_a_process_that_is_killed_while_it_waits_costs_no_other(tmp_path):
    gate, fuser = threading.Event(), fuser_on()
    fuse = fuser._fuse_batch_any
    fuser._fuse_batch_any = lambda ir, vis: gate.wait(60) and fuse(ir, vis)
    path = tmp_path / "served.pickle"
    code = (
        "import os, pickle, numpy as np\n"
        f"served = pickle.load(open({str(path)!r}, 'rb'))\n"
        "from skfusion.learning.served import Form, _Asking\n"
        "asking, form = _Asking(served.line), Form(0, (4, 6), '|u1')\n"
        "asking._reserve(200)\n"
        "asking._connection.send((asking._file.name, [form] * 2, 64))\n"
        "os._exit(9)"
    )
    with FusionServer(fuser) as served:
        path.write_bytes(pickle.dumps(served))
        done = subprocess.run([sys.executable, "-c", code], check=False)
        assert done.returncode == 9
        gate.set()
        assert level_of(served.transform(pair(7))) == 7


def test_who_has_not_the_key_is_not_let_in(server):
    with pytest.raises((AuthenticationError, OSError, EOFError)):
        Client(server.line.address, authkey=b"guessed")
    assert level_of(server.transform(pair(7))) == 7


def test_a_server_that_has_ended_is_said_and_leaves_nothing():
    threads = threading.active_count()
    with FusionServer(fuser_on()) as served:
        served.transform(pair(7))
    assert not any(map(os.path.exists, served.line.folders))
    assert threading.active_count() == threads
    for _ in range(2):  # on the connection that there was, and on a new one
        with pytest.raises(RuntimeError, match="holds the devices has ended"):
            served.transform(pair(7))
    with FusionServer(fuser_on()) as served:
        assert level_of(served.transform(pair(8))) == 8


def test_who_comes_at_the_very_end_holds_nobody_up(monkeypatch):
    server, at_the_door = FusionServer(fuser_on()), threading.Event()
    admit = serving._Desk.admit

    def late(desk, connection):
        at_the_door.set()
        while connection is not None and not server._over:
            threading.Event().wait(0.01)
        admit(desk, connection)

    monkeypatch.setattr(serving._Desk, "admit", late)
    with ThreadPoolExecutor(1) as pool:
        with server as served:
            answer = pool.submit(served.transform, pair(7))
            assert at_the_door.wait(60)
        try:  # whichever of the two is first
            assert level_of(answer.result(60)) == 7
        except RuntimeError as error:
            assert "holds the devices has ended" in str(error)


def test_one_who_waits_when_the_desk_breaks_learns_it(monkeypatch):
    def broken(samples, workers, alone):
        next(iter(samples))
        raise MemoryError("all of it")

    monkeypatch.setattr(serving, "fuse_samples", broken)
    with (
        pytest.raises(MemoryError, match="all of it"),
        FusionServer(fuser_on()) as served,
    ):
        for _ in range(2):  # who is there, and who comes later
            with pytest.raises(RuntimeError, match="holds the devices has ended"):
                served.transform(pair(7))


def test_devices_that_are_not_here_are_said_on_entering(tmp_path):
    with pytest.raises(ValueError, match="cuda:99"), FusionServer(fuser_on("cuda:99")):
        pass


def full(monkeypatch, folders):
    """Let folders have no room."""
    allocate = os.posix_fallocate

    def posix_fallocate(file, start, size):
        if os.path.dirname(os.readlink(f"/proc/self/fd/{file}")) in folders:
            raise OSError(errno.ENOSPC, "No space left on device")
        allocate(file, start, size)

    monkeypatch.setattr(os, "posix_fallocate", posix_fallocate)


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="asks Linux")
def test_where_memory_is_full_files_lie_on_the_disk(monkeypatch):
    with FusionServer(fuser_on()) as served:
        memory, disk = served.line.folders
        full(monkeypatch, [memory])
        assert level_of(served.transform(pair(7))) == 7
        assert not os.listdir(memory) and len(os.listdir(disk)) == 1
        full(monkeypatch, [memory, disk])
        with pytest.raises(OSError, match="No space left"):
            served.transform(pair(7, (600, 800)))
        assert not os.listdir(disk)


def test_without_a_call_that_reserves_files_are_as_long(monkeypatch):
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    with FusionServer(fuser_on()) as served:
        assert level_of(served.transform(pair(7))) == 7


def test_a_child_of_fork_asks_on_connections_of_its_own(server):
    server.transform(pair(7))
    assert served_module._waiting[server.line.address]
    if not hasattr(os, "fork"):
        pytest.skip("no fork")
    child = os.fork()
    if child == 0:
        os._exit(len(served_module._waiting))
    assert os.waitpid(child, 0)[1] == 0


def test_what_killed_servers_left_is_removed(monkeypatch, tmp_path):
    monkeypatch.setattr(serving, "_MEMORY", str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = serving.temporary_beside(tmp_path / "x").name
    old = tmp_path / left.replace(f"-{os.getpid()}-", f"-{gone.pid}-")
    old.mkdir()
    (old / "image").write_bytes(b"1")
    with FusionServer(fuser_on()) as served:
        assert os.path.dirname(served.line.folders[0]) == str(tmp_path)
        assert not old.exists()
    assert not list(tmp_path.iterdir())
