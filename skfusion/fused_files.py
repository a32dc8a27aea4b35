"""Where fused images lie on disk: one file a pair, in the folders its name asks for."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from ._lists import MadeList
from ._urls import URLPath, as_path, at_hand
from .images.files import READABLE_SUFFIXES, check_format

__all__ = ["check_names", "check_not_input", "find_fused", "output_paths"]


def check_not_input(outputs, sources, call="output") -> None:
    """Refuse results that would replace one of their sources, links followed.

    Parameters
    ----------
    outputs : iterable of path
        They need not exist.
    sources : iterable of path
        What is read; ``None`` for an image in memory.
    call : str, default="output"
        What to call a result in the error.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> from skfusion.fused_files import check_not_input
    >>> check_not_input(["vis/../ir/1.png"], ["ir/1.png"])
    Traceback (most recent call last):
    ...
    ValueError: output 'vis/../ir/1.png' is a source, which would be lost: write to...
    """
    known = {key for source in sources if source is not None for key in _places(source)}
    for output in outputs:
        if known & _places(output):
            raise ValueError(
                f"{call} {str(output)!r} is a source, which would be lost: write to "
                "another place."
            )


def _places(path):
    """Return what tells a file from others: its real path, and its number on disk."""
    path = at_hand(path)
    if isinstance(path, URLPath):
        return {str(path)}
    places = {os.path.realpath(path)}
    try:
        found = os.stat(path)
    except OSError:
        return places
    return places | {(found.st_dev, found.st_ino)}


def check_names(names) -> None:
    """Refuse names of pairs that cannot stand for one file each in a folder.

    Parameters
    ----------
    names : sequence of str

    Raises
    ------
    ValueError
        For a name that leads outside of the folder, and two names that would meet in
        one file, also where the file system does not tell capitals from small letters.

    Examples
    --------
    >>> from skfusion.fused_files import check_names
    >>> check_names(["day/1", "night/1"])
    >>> check_names(["Day", "day"])
    Traceback (most recent call last):
    ...
    ValueError: pairs 'Day' and 'day' would both be written to 'day': give them...
    """
    seen = {}
    for name in map(str, names):
        path = "/".join(_parts(name))
        key = path.casefold()
        if key in seen:
            raise ValueError(
                f"pairs {seen[key]!r} and {name!r} would both be written to {path!r}: "
                "give them different names."
            )
        seen[key] = name


def output_paths(pairs, folder, suffix=".png", bit_depth=8) -> Sequence[Path]:
    """Return the file of each pair's fused image, refusing what cannot be written.

    Parameters
    ----------
    pairs : ImagePairs, length n
        Only the names count: the pair ``a/b`` lies in ``folder/a/b.png``.
    folder : path or address of a store
        It need not exist, and nothing is made.
    suffix : {".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp"}, default=".png"
        File format.
    bit_depth : {8, 16}, default=8
        Bits a channel that the files shall hold; 16 needs PNG or TIFF.

    Returns
    -------
    sequence of Path, length n
        Each is made when it is asked for.

    Raises
    ------
    ValueError
        For a suffix that is not written, or not with so many bits, and for names that
        :func:`check_names` refuses.

    See Also
    --------
    find_fused : The way back.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion import ImagePairs
    >>> from skfusion.fused_files import output_paths
    >>> dark = np.zeros((4, 5))
    >>> X = ImagePairs([dark, dark], [dark, dark], names=["day/1", "night/1"])
    >>> [path.as_posix() for path in output_paths(X, "fused", ".tif", 16)]
    ['fused/day/1.tif', 'fused/night/1.tif']
    """
    check_format(suffix, bit_depth, f"suffix={suffix!r}")
    check_names(pairs.names)
    return _OutputPaths(pairs.names, as_path(folder), suffix)


class _OutputPaths(MadeList):
    """One file a name."""

    def __init__(self, names, folder, suffix):
        self._names, self._folder, self._suffix = names, folder, suffix

    def __len__(self):
        return len(self._names)

    def _make(self, i):
        *above, name = _parts(str(self._names[i]))
        return self._folder.joinpath(*above, name + self._suffix)


def find_fused(names, folder) -> dict[str, Path]:
    """Return the fused image of each pair that has one in a folder.

    Parameters
    ----------
    names : sequence of str
        Names of pairs: ``a/b`` is looked for as ``folder/a/b`` with any suffix that
        :func:`skfusion.images.read_image` reads, in capitals or small letters.
    folder : path or address of a store

    Returns
    -------
    dict of str to Path
        In the order of the names; those without an image are left out.

    Raises
    ------
    ValueError
        If a name leaves the folder, or fits two files such as ``a.jpg`` and ``a.png``.

    See Also
    --------
    output_paths : Where :func:`skfusion.batch.fuse_folder` writes them.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from skfusion.fused_files import find_fused
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> (folder / "day").mkdir()
    >>> (folder / "day" / "1.png").touch()
    >>> {name: path.name for name, path in find_fused(["day/1", "2"], folder).items()}
    {'day/1': '1.png'}
    """
    listings, found = {}, {}
    for name in map(str, names):
        path = as_path(folder).joinpath(*_parts(name))
        if path.parent not in listings:
            listings[path.parent] = _images_by_stem(path.parent)
        files = listings[path.parent].get(path.name, ())
        if len(files) > 1:
            raise ValueError(
                f"pair {name!r} has {len(files)} fused images in "
                f"{str(path.parent)!r}: {' and '.join(file.name for file in files)}; "
                "keep the one that is meant."
            )
        if files:
            found[name] = files[0]
    return found


def _parts(name):
    """Return the folders that a pair's name asks for, and the name in the last."""
    relative = PurePosixPath(name.replace("\\", "/"))
    if relative.is_absolute() or ".." in relative.parts or not relative.parts:
        raise ValueError(
            f"pair name {name!r} leads outside of the folder: rename it, e.g. "
            "ImagePairs(..., names=[...])."
        )
    return relative.parts


def _images_by_stem(folder):
    if not folder.is_dir():
        return {}
    images = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in READABLE_SUFFIXES:
            images.setdefault(path.stem, []).append(path)
    return images
