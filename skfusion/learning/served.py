"""Fusers that compute nothing: they ask the one process that holds the devices."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import contextlib
import errno
import math
import os
import tempfile
import threading
from multiprocessing.connection import Client
from typing import NamedTuple

import numpy as np

from ..base import BaseFuser

__all__ = ["Form", "Line", "ServedFuser"]

_ALIGNED = 64  # bytes: where an image may begin


class Line(NamedTuple):
    """How a thread, of whatever process, reaches a server of devices.

    Attributes
    ----------
    address : str or tuple
    key : bytes
        Who has it may ask.
    folders : tuple of str
        Where images are laid down; the next where one is full.
    """

    address: object
    key: bytes
    folders: tuple[str, ...]


class Form(NamedTuple):
    """An image in a file.

    Attributes
    ----------
    start : int
        Its first byte.
    shape : tuple of int
    dtype : str
    """

    start: int
    shape: tuple[int, ...]
    dtype: str

    @property
    def stop(self):
        """The byte behind it."""
        return self.start + math.prod(self.shape) * np.dtype(self.dtype).itemsize


class ServedFuser(BaseFuser):
    """Stands for a fuser of another process, which holds its network and its devices.

    Small to send, and without torch.

    Parameters
    ----------
    line : Line
        To a :class:`skfusion.learning.serving.FusionServer`.
    name : str
        What the fuser is called in messages.
    color : str, default="gray"
        As that fuser has it.
    """

    _parameter_constraints: dict = {"line": [tuple], "name": [str], "color": [str]}

    def __init__(self, line, name, *, color="gray"):
        super().__init__(color=color)
        self.line = line
        self.name = name

    def __repr__(self, N_CHAR_MAX=700):
        return self.name

    def _fuse_pairs(self, pairs):
        for i in range(len(pairs)):
            with _asked(self.line) as asking:
                fused = asking.fuse(*pairs.read_stored(i))
            if isinstance(fused, Exception):
                raise fused
            yield i, self._result(fused, pairs, i)


# Connections that wait to be used again, by the address they go to.
_waiting: dict[object, list[_Asking]] = {}
_lock = threading.Lock()
if hasattr(os, "register_at_fork"):
    # Those of the parent are the parent's: two that ask on one would mix the answers.
    os.register_at_fork(after_in_child=_waiting.clear)


@contextlib.contextmanager
def _asked(line):
    """Lend a connection, which comes back only where nothing went wrong with it."""
    with _lock:
        for address in [a for a in _waiting if a != line.address]:  # have ended
            for asking in _waiting.pop(address):
                asking.close()
        mine = _waiting.setdefault(line.address, [])
        asking = mine.pop() if mine else None
    asking = asking or _Asking(line)
    try:
        yield asking
    except BaseException:
        asking.close()
        raise
    with _lock:
        _waiting.setdefault(line.address, []).append(asking)


class _Asking:
    """One connection, and the file in which its images go and come."""

    def __init__(self, line):
        self._folders, self._file, self._size = line.folders, None, 0
        try:
            self._connection = Client(line.address, authkey=line.key)
        except (OSError, EOFError) as error:
            raise _ended() from error

    def fuse(self, infrared, visible):
        """Return the fused image, or the error that it met.

        Parameters
        ----------
        infrared, visible : ndarray of uint8, uint16 or float32

        Returns
        -------
        ndarray of float32, shape (H, W) or (H, W, 3), or ValueError
        """
        images, forms, end = (infrared, visible), [], 0
        for image in images:
            forms.append(Form(end, image.shape, image.dtype.str))
            end = -(-forms[-1].stop // _ALIGNED) * _ALIGNED
        self._reserve(end + 4 * visible.size)
        for image, form in zip(images, forms):
            self._file.seek(form.start)
            np.ascontiguousarray(image).tofile(self._file)
        try:
            self._connection.send((self._file.name, forms, end))
            answer = self._connection.recv()
        except (OSError, EOFError) as error:
            raise _ended() from error
        if isinstance(answer, str):
            return ValueError(answer)
        self._file.seek(end)
        return np.fromfile(self._file, np.float32, math.prod(answer)).reshape(answer)

    def close(self):
        """Hang up; the file goes with the folder."""
        self._connection.close()
        if self._file is not None:
            self._file.close()

    def _reserve(self, size):
        """Have a file of at least so many bytes."""
        if size <= self._size:
            return
        if self._file is not None:
            self._file.close()
            os.unlink(self._file.name)
            self._file, self._size = None, 0
        *roomy, last = self._folders
        for folder in roomy:
            with contextlib.suppress(_NoRoomError):
                self._file = _new_file(folder, size)
                break
        else:
            self._file = _new_file(last, size)
        self._size = size


class _NoRoomError(OSError):
    """A folder has no room for a file."""


def _new_file(folder, size):
    """Return a new file, open for both ways, that has all of its bytes."""
    handle, path = tempfile.mkstemp(dir=folder)
    os.close(handle)
    file = open(path, "r+b", buffering=0)
    try:
        # A file of memory without this would end the process that touches it.
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.truncate(size)
    except OSError as error:
        file.close()
        os.unlink(path)
        if error.errno != errno.ENOSPC:
            raise
        raise _NoRoomError(*error.args, folder) from error
    return file


def _ended():
    return RuntimeError("the process that holds the devices has ended")
