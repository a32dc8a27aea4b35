"""Files behind addresses such as ``s3://bucket/a.png``, by way of fsspec."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import contextlib
import os
import re
import uuid
from pathlib import Path, PurePosixPath

__all__ = ["URLPath", "as_path", "at_hand", "file_state", "is_url", "listed", "walk"]

_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]+)://")
_LOCAL = ("file", "local")
# Stores that show an upload when it is complete; in others it is renamed into place.
_WHOLE = frozenset("s3 s3a gs gcs abfs abfss az oci memory".split())
_TIMES = ("mtime", "LastModified", "last_modified", "updated", "created")


class URLPath(PurePosixPath):
    """An address with the methods of a path: names without a word to the store, files
    through fsspec.

    Notes
    -----
    Nothing is remembered between calls but what :func:`listed` lists. Parts that are
    empty (``bucket//a.png``) or a dot cannot be told from those left out.
    """

    __slots__ = ()

    def __str__(self):
        return re.sub(r"^([a-z][a-z0-9+.-]+):(/(?!/)|$)", r"\1://", super().__str__())

    def __fspath__(self):
        return str(self)

    def relative_to(self, other):
        """Return the way from another address to this one, which is none itself."""
        return PurePosixPath(*super().relative_to(other).parts)

    def _store(self):
        """Return the file system of fsspec and the path in it."""
        try:
            from fsspec.core import url_to_fs
        except ImportError:
            raise ImportError(
                f"{str(self)!r} is an address, which needs fsspec and the package of "
                'its store: pip install "skfusion[remote]".'
            ) from None
        with _named(self):
            return url_to_fs(str(self), use_listings_cache=False)

    def _asked(self, what, *args, **kwargs):
        files, path = self._store()
        with _named(self):
            return getattr(files, what)(path, *args, **kwargs)

    def exists(self):
        """Return whether a file or a folder is there."""
        return self._asked("exists")

    def is_dir(self):
        """Return whether anything lies below."""
        return self._asked("isdir")

    def is_file(self):
        """Return whether it is a file."""
        return self._asked("isfile")

    def samefile(self, other):
        """Return whether another path is the same address."""
        return self == as_path(other)

    def resolve(self):
        """Return the path: an address has no links."""
        return self

    def mkdir(self, parents=True, exist_ok=True):
        """Make a folder, where the store has folders."""
        files, path = self._store()
        if not _is_whole(files):
            with _named(self):
                files.makedirs(path, exist_ok=True)

    def entries(self):
        """Return what lies in a folder.

        Returns
        -------
        dict of str to dict
            Name to what fsspec tells of it.
        """
        found = {}
        for entry in self._asked("ls", detail=True):
            name = entry["name"].rstrip("/").rsplit("/", 1)[-1]
            if name != self.name or entry["type"] == "directory":
                found[name] = entry
        return found

    def iterdir(self):
        """Yield the paths in a folder."""
        yield from (self / name for name in self.entries())

    def read_bytes(self, limit=None):
        """Return the content, or no more than so many bytes of it."""
        return self._asked("cat_file", end=limit)

    def read_text(self, encoding="utf-8", errors="strict"):
        """Return the content as text."""
        return self.read_bytes().decode(encoding, errors)

    def write_bytes(self, data):
        """Put a file there whole: nobody sees a part of it."""
        files, path = self._store()
        data = bytes(data)
        with _named(self):
            if _is_whole(files):
                files.pipe_file(path, data)
                return
            temporary = f"{path}.skfusion-{uuid.uuid4().hex}.tmp"
            try:
                files.pipe_file(temporary, data)
                files.mv(temporary, path)
            except BaseException:
                with contextlib.suppress(Exception):
                    files.rm(temporary)
                raise


def _is_whole(files):
    protocol = files.protocol
    return bool(
        _WHOLE.intersection([protocol] if isinstance(protocol, str) else protocol)
    )


@contextlib.contextmanager
def _named(path):
    """Let every error of a store name the address and be an ``OSError``."""
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(f"{str(path)!r} is not there.") from None
    except ImportError as error:
        raise ImportError(f"{str(path)!r}: {error}") from None
    except PermissionError as error:
        raise PermissionError(f"{str(path)!r}: access is denied: {error}.") from error
    except Exception as error:  # stores have exceptions of their own
        said = " ".join(str(error).split()) or type(error).__name__
        raise OSError(f"{str(path)!r}: {type(error).__name__}: {said}.") from error


def is_url(path) -> bool:
    """Return whether a path is an address of another place than this machine's files.

    Parameters
    ----------
    path : object
        Anything; only strings and paths can be one.

    Returns
    -------
    bool

    Examples
    --------
    >>> from skfusion._urls import is_url
    >>> is_url("s3://bucket/a.png"), is_url("file:///a.png"), is_url("a.png")
    (True, False, False)
    """
    return _scheme(path) not in (None, *_LOCAL)


def _scheme(path):
    if isinstance(path, Path) or not isinstance(path, (str, os.PathLike)):
        return None
    text = os.fspath(path)
    found = _SCHEME.match(text) if isinstance(text, str) else None
    return None if found is None else found[1]


def as_path(path):
    """Return a path with methods: of this machine, or :class:`URLPath`.

    Parameters
    ----------
    path : str or path-like
        ``file://`` becomes what it says.

    Returns
    -------
    pathlib.Path or URLPath

    Examples
    --------
    >>> from skfusion._urls import as_path
    >>> print(as_path("s3://bucket/day").parent / "night" / "1.png")
    s3://bucket/night/1.png
    """
    scheme = _scheme(path)
    if scheme is None:
        return Path(path)
    if scheme in _LOCAL:
        return Path(os.fspath(path)[len(scheme) + len("://") :])
    return URLPath(os.fspath(path))


def at_hand(path):
    """Return a path that the functions of ``os`` take, or :class:`URLPath`.

    Parameters
    ----------
    path : str or path-like
        Without a scheme it is returned as it is.

    Returns
    -------
    str, path-like or URLPath
    """
    return path if _scheme(path) is None else as_path(path)


_states = None  # of `listed`: folder to name to state


@contextlib.contextmanager
def listed(paths):
    """List the folders of addresses once, in place of a question a file.

    Inside, :func:`file_state` answers from the lists: what changes meanwhile is not
    seen. Paths of this machine are asked for as ever.

    Parameters
    ----------
    paths : iterable of path or None

    Yields
    ------
    None
    """
    global _states
    folders = {}
    for path in paths:
        if is_url(path):
            parent = as_path(path).parent
            folders[parent] = folders.get(parent, 0) + 1
    before, _states = _states, {**(_states or {}), **_lists(folders)}
    try:
        yield
    finally:
        _states = before


def _lists(folders):
    lists = {}
    for folder, count in folders.items():
        if count > 1:
            entries = {}
            with contextlib.suppress(FileNotFoundError):
                entries = folder.entries()
            lists[folder] = {name: _told(entry) for name, entry in entries.items()}
    return lists


def file_state(path) -> tuple[int, str]:
    """Return what tells one state of a file behind an address from another.

    Parameters
    ----------
    path : str or URLPath

    Returns
    -------
    tuple
        Bytes, and the store's mark of its content or the time of its change.

    Raises
    ------
    OSError
        If the file is not there, or the store does not answer.
    """
    path = as_path(path)
    if _states is not None and path.parent in _states:
        state = _states[path.parent].get(path.name)
        if state is None:
            raise FileNotFoundError(f"{str(path)!r} is not there.")
        return state
    return _told(path._asked("info"))


def _told(entry):
    mark = entry.get("ETag") or entry.get("etag")
    if mark is None:
        mark = next((entry[name] for name in _TIMES if entry.get(name)), "")
        mark = mark.timestamp() if hasattr(mark, "timestamp") else mark
    return int(entry.get("size") or 0), str(mark).strip('"')


def walk(top):
    """Yield the folders below one, as :func:`os.walk` does, links followed once.

    Parameters
    ----------
    top : Path or URLPath

    Yields
    ------
    here : Path or URLPath
    folders, files : list of str
        Names; a folder that is taken out of the list is not entered.
    """
    if isinstance(top, URLPath):
        yield from _walk_store(top)
        return
    visited = set()
    for here, folders, files in os.walk(top, followlinks=True):
        real = os.path.realpath(here)
        if real in visited:  # a link that leads back
            folders[:] = []
            continue
        visited.add(real)
        yield Path(here), folders, files


def _walk_store(top):
    entries = top.entries()
    folders = [name for name, entry in entries.items() if entry["type"] == "directory"]
    yield top, folders, [name for name in entries if name not in set(folders)]
    for name in folders:
        yield from _walk_store(top / name)
