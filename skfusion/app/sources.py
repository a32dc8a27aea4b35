"""Where the pairs come from: a drawn scene, uploads, paths; images or videos."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from pathlib import Path

from .. import datasets
from .._text import printable
from ..fingerprints import file_state
from ..images.files import READABLE_SUFFIXES, ImageReadError, file_bytes, write_image
from ..images.formats import plan_decoding
from ..pairs import ImagePairs

__all__ = [
    "MAX_FILES",
    "MAX_PIXELS",
    "MAX_UPLOAD_MB",
    "VIDEO_SUFFIXES",
    "Source",
    "check_pixels",
    "drawn_source",
    "frame_pair",
    "paths_source",
    "state",
    "uploaded_source",
]

MAX_UPLOAD_MB = 200  # a file
MAX_FILES = 64  # in one upload
MAX_PIXELS = 2**25  # an image: 33 megapixels
VIDEO_SUFFIXES = frozenset((".mp4", ".mov", ".mkv", ".avi", ".webm"))


@dataclass(frozen=True)
class Source:
    """Pairs to choose from, or two videos.

    Attributes
    ----------
    pairs : ImagePairs
        Of paths; none of a video.
    videos : tuple of (Path, Path) or None
        Infrared and visible.
    """

    pairs: ImagePairs | None = None
    videos: tuple | None = None

    @property
    def names(self):
        """Names of the pairs, harmless where they are shown."""
        return [] if self.pairs is None else [printable(n) for n in self.pairs.names]


def drawn_source(folder) -> Source:
    """Draw a scene by night and one by day, to begin with.

    Parameters
    ----------
    folder : path
        Where their images are written.

    Returns
    -------
    Source
    """
    folder, names, columns = Path(folder), ("night", "day"), ([], [])
    for name in names:
        pair = datasets.make_scene_pairs(
            1, (384, 512), night=name == "night", random_state=7
        )[0]
        for column, image, role in zip(columns, pair, ("ir", "vis")):
            column.append(folder / f"{name}_{role}.png")
            write_image(column[-1], image)
    return Source(ImagePairs(*columns, names=names))


def paths_source(infrared, visible="") -> Source:
    """Find pairs below a folder or two, or take two files.

    Parameters
    ----------
    infrared : str
        A folder of pairs, a folder of infrared images, or an infrared file.
    visible : str, default=""
        What belongs to the latter two.

    Returns
    -------
    Source

    Raises
    ------
    ValueError
        If there is no such file or folder, or no pair in it.
    """
    infrared, visible = _expanded(infrared), _expanded(visible)
    for path, name in ((infrared, "infrared"), (visible, "visible")):
        if path is not None and not path.exists():
            raise ValueError(f"{name} path {str(path)!r}: there is no such file.")
    if infrared is None:
        raise ValueError("infrared path: type the path of a folder or of a file.")
    if infrared.is_dir() and (visible is None or visible.is_dir()):
        how = {"infrared": infrared, "visible": visible}
        found = datasets.find_pairs(
            **({"folder": infrared} if visible is None else how)
        )
        return Source(ImagePairs(found.infrared, found.visible, names=found.names))
    if visible is None or infrared.is_dir() or visible.is_dir():
        raise ValueError(
            f"infrared path {str(infrared)!r}: give one folder of pairs, two folders, "
            "or two files."
        )
    return _two_files(infrared, visible)


def uploaded_source(infrared, visible, folder, *, by_position=False) -> Source:
    """Store uploaded files and find the pairs among them.

    Parameters
    ----------
    infrared, visible : sequence of file
        With ``name`` and ``getbuffer()``. One of each is a pair, whatever their
        names; of more, those of one name are.
    folder : path
        An empty one.
    by_position : bool, default=False
        Pair several files by their order.

    Returns
    -------
    Source

    Raises
    ------
    ValueError
        If there are too many files, one is too large or of another kind, or none is
        a pair.
    """
    if max(len(infrared), len(visible)) > MAX_FILES:
        raise ValueError(
            f"{max(len(infrared), len(visible))} files: at most {MAX_FILES} of each "
            "kind are taken; type the path of a folder for more."
        )
    place = Path(folder)
    columns = [
        _store(files, place / role)
        for files, role in ((infrared, "infrared"), (visible, "visible"))
    ]
    if len(infrared) == len(visible) == 1:
        return _two_files(columns[0][0], columns[1][0])
    found = datasets.find_pairs(
        infrared=place / "infrared", visible=place / "visible", by_position=by_position
    )
    return Source(ImagePairs(found.infrared, found.visible, names=found.names))


def check_pixels(path) -> None:
    """Refuse an image of too many pixels before one of them is decoded.

    Parameters
    ----------
    path : path
        An image file.

    Raises
    ------
    ImageReadError
        A ValueError that names the file and the limit.
    """
    try:
        plan_decoding(file_bytes(path, MAX_PIXELS), MAX_PIXELS)
    except ImageReadError:
        raise
    except ValueError as error:
        raise ImageReadError(f"{Path(path).name} {error}.") from error


def frame_pair(videos, number) -> ImagePairs:
    """Return one pair of frames of two videos.

    Parameters
    ----------
    videos : (path, path)
    number : int
        From 0.

    Returns
    -------
    ImagePairs
        One pair, in memory.

    Raises
    ------
    ValueError
        If the videos end before, or cannot be read.
    """
    from ..video import iter_video

    frames = iter_video(*videos)
    try:
        pair = next(itertools.islice(frames, number, None), None)
    finally:
        frames.close()
    if pair is None:
        raise ValueError(f"frame {number}: the videos end before it.")
    return ImagePairs([pair[0]], [pair[1]], names=[f"frame {number}"])


def state(pairs) -> list:
    """Return what tells one pair from another, and one state of its files.

    Parameters
    ----------
    pairs : ImagePairs
        One pair.

    Returns
    -------
    list
        JSON holds it.
    """
    return [
        [str(cell), file_state(cell)] if _is_path(cell) else file_state(cell)
        for cell in pairs[0]
    ]


def _is_path(cell):
    return isinstance(cell, (str, os.PathLike))


def _expanded(text):
    text = str(text).strip().strip("\"'")
    return Path(text).expanduser() if text else None


def _two_files(infrared, visible):
    both = (infrared, visible)
    kinds = {path.suffix.lower() in VIDEO_SUFFIXES for path in both}
    if kinds == {True}:
        return Source(videos=both)
    if len(kinds) > 1:
        raise ValueError(
            f"{infrared.name!r} and {visible.name!r}: one is a video and one is not; "
            "give two of a kind."
        )
    return Source(ImagePairs([infrared], [visible], names=[visible.stem]))


def _store(files, folder):
    """Write uploads under names that only their stems are taken over from."""
    folder.mkdir()
    stored = []
    for file in files:
        name = Path(printable(file.name).replace("\\", "/")).name
        suffix = Path(name).suffix.lower()
        if suffix not in READABLE_SUFFIXES | VIDEO_SUFFIXES:
            raise ValueError(
                f"{name!r}: PNG, JPEG, TIFF and BMP are read, and of videos "
                f"{', '.join(sorted(VIDEO_SUFFIXES))}."
            )
        data = file.getbuffer()
        if len(data) > MAX_UPLOAD_MB * 2**20:
            raise ValueError(
                f"{name!r} has {len(data) / 2**20:.0f} MB: at most {MAX_UPLOAD_MB} are "
                "taken; type its path instead."
            )
        path = folder / f"{Path(name).stem[:100] or 'image'}{suffix}"
        if path.exists():
            raise ValueError(f"{name!r} is there twice: give each file its own name.")
        path.write_bytes(data)
        stored.append(path)
    return stored
