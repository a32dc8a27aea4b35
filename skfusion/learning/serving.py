"""Devices that serve: other processes read, prepare and write around them."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
import threading
from multiprocessing import AuthenticationError, Pipe
from multiprocessing.connection import Client, Listener, wait
from pathlib import Path
from queue import SimpleQueue

import numpy as np

from .._atomic_files import remove_leftovers, temporary_beside
from .._text import sentence
from .batches import Sample, fuse_samples
from .served import Line, ServedFuser

__all__ = ["FusionServer"]

# Files of memory, where the system has a folder of them.
_MEMORY = "/dev/shm"
# Callers that the system lets wait until they are answered.
_BACKLOG = 128


class FusionServer:
    """Fuse, on the devices of a fuser, what threads of any process send.

    What is there is fused at once, in batches; more comes meanwhile. Images go and come
    in files of memory, one for each that asks, and only words by a connection.

    Parameters
    ----------
    fuser : DeviceFuser
        Fitted, or one that needs no fitting.

    Raises
    ------
    ValueError
        On entering, if there is no such device, or the weights are not to be used.

    Examples
    --------
    >>> from skfusion.datasets import make_scene_pairs
    >>> from skfusion.fusers import AUIF
    >>> from skfusion.learning.serving import FusionServer
    >>> with FusionServer(AUIF()) as served:
    ...     served.transform(make_scene_pairs(1, (32, 40), random_state=0))[0].shape
    (32, 40)
    """

    def __init__(self, fuser):
        self.fuser = fuser

    def __enter__(self) -> ServedFuser:
        workers = self.fuser._workers()
        name = " ".join(repr(self.fuser).split())
        with contextlib.ExitStack() as undo:
            line = self._open(undo)
            desks = [_Desk(worker) for worker in workers]
            for desk in desks:
                undo.callback(desk.close)
            door = threading.Thread(target=self._admit, args=(desks,), daemon=True)
            door.start()
            undo.callback(door.join)
            undo.callback(self._knock, line)
            self._undo = undo.pop_all()
        return ServedFuser(line, name, color=self.fuser.color)

    def __exit__(self, *error):
        self._undo.close()

    def _open(self, undo):
        """Return the line to this server."""
        key, folders = secrets.token_bytes(32), []
        for parent in (_MEMORY, tempfile.gettempdir()):
            if os.access(parent, os.W_OK):
                remove_leftovers(parent)
                folder = temporary_beside(Path(parent, "images"))
                folder.mkdir(0o700)
                undo.callback(shutil.rmtree, folder, ignore_errors=True)
                folders.append(str(folder))
        self._listener = Listener(backlog=_BACKLOG, authkey=key)
        undo.callback(self._listener.close)
        return Line(self._listener.address, key, tuple(folders))

    def _admit(self, desks):
        """Give each caller a desk, in turn, until it is over."""
        turn = 0
        while not self._over:
            try:
                connection = self._listener.accept()
            except (AuthenticationError, OSError, EOFError):
                continue  # somebody else, one who has ended, or the knock
            desks[turn].admit(connection)
            turn = (turn + 1) % len(desks)

    _over = False

    def _knock(self, line):
        """End the wait for callers, without a word: nobody may be there to answer."""
        self._over = True
        Client(line.address).close()


class _Desk:
    """One device, a thread that works with it, and the callers it serves."""

    def __init__(self, worker):
        self._worker = worker
        self._new, self._ended, self._error = SimpleQueue(), False, None
        self._bell, self._cord = Pipe(duplex=False)
        self._callers = {}
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def admit(self, connection):
        """Serve another caller; ``None`` ends the work."""
        self._new.put(connection)
        self._cord.send_bytes(b"!")
        if self._ended:
            self._dismiss()

    def close(self):
        """End the work; what broke it is raised here."""
        self.admit(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _work(self):
        try:
            answers = fuse_samples(self._samples(), [self._worker], alone=True)
            for caller, fused in answers:
                caller.answer(fused)
        except BaseException as error:  # told to the one who waits for this thread
            self._error = error
        finally:
            self._ended = True
            self._dismiss()

    def _dismiss(self):
        """Hang up on everybody: who waits for an answer learns that none will come."""
        while not self._new.empty():
            connection = self._new.get()
            if connection is not None:
                connection.close()
        for caller in self._callers.values():
            caller.close()

    def _samples(self):
        """Yield what callers want fused, and ``None`` when all of them wait."""
        asked = False
        while True:
            ready = wait([self._bell, *self._callers], 0 if asked else None)
            if not ready:
                asked = False
                yield None
            for connection in ready:
                if connection is self._bell:
                    self._bell.recv_bytes()
                    admitted = self._new.get()
                    if admitted is None:
                        return
                    self._callers[admitted] = _Caller(admitted)
                    continue
                try:
                    sample = self._callers[connection].sample()
                except (EOFError, OSError):  # has hung up
                    self._callers.pop(connection).close()
                else:
                    asked = True
                    yield sample


class _Caller:
    """Who asks by one connection, and the file with the images."""

    def __init__(self, connection):
        self._connection = connection
        self._file = self._bytes = None

    def sample(self):
        """Return the pair that is to be fused."""
        path, forms, self._start = self._connection.recv()
        if self._file is None or self._file.name != path:
            self.forget()
            self._file = open(path, "r+b", buffering=0)
            self._bytes = np.memmap(self._file, np.uint8, "r")
        return Sample(self, *(_image(self._bytes, form) for form in forms))

    def answer(self, fused):
        """Hand over the fused image, or say why there is none."""
        if self._file is None:  # has hung up meanwhile
            return
        if isinstance(fused, Exception):
            words = sentence(fused)
        else:
            try:
                self._file.seek(self._start)
                np.ascontiguousarray(fused, np.float32).tofile(self._file)
                words = fused.shape
            except OSError as error:
                words = sentence(error)
        with contextlib.suppress(OSError):  # just now
            self._connection.send(words)

    def forget(self):
        """Leave the file."""
        if self._file is not None:
            self._file.close()
            self._file = self._bytes = None

    def close(self):
        """Hang up."""
        self._connection.close()
        self.forget()


def _image(memory, form):
    stored = memory[form.start : form.stop].view(form.dtype)
    return np.asarray(stored).reshape(form.shape)
