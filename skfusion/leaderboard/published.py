"""Fused images that others published: which methods hold which of the pairs."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..fused_files import find_fused
from ..images.files import READABLE_SUFFIXES

__all__ = ["PublishedMethod", "find_published"]


@dataclass(frozen=True)
class PublishedMethod:
    """One folder of published fused images.

    Attributes
    ----------
    name : str
        Name of the method's folder.
    folder : Path
        Where its images lie: the method's folder, or that of the data set in it.
    files : dict of str to Path
        The fused image of each pair that has one.
    missing : list of str
        Names of the pairs without one.
    """

    name: str
    folder: Path
    files: dict = field(default_factory=dict)
    missing: list = field(default_factory=list)


def find_published(folder, dataset, names) -> list[PublishedMethod]:
    """Find published results in ``folder/METHOD[/DATASET]/NAME.ext``.

    Or in ``folder/DATASET/METHOD/NAME.ext``, as IVIF_ZOO lays them out.

    Parameters
    ----------
    folder : path
        One folder a method in it, or one folder a data set with such folders.
    dataset : str
        Name of the data set: a folder of this name in a method's folder is taken in
        place of the method's folder. A folder of this name that holds folders is
        taken in place of `folder`.
    names : sequence of str
        Names of the pairs; a name ``a/b`` is looked for as ``a/b.ext``.

    Returns
    -------
    list of PublishedMethod
        By name; folders that hold no image at all, for any data set, are left out.

    Raises
    ------
    ValueError
        If `folder` is none, nothing in it belongs to any of the pairs, or two files of
        one method belong to one pair.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from skfusion.leaderboard.published import find_published
    >>> root = pathlib.Path(tempfile.mkdtemp())
    >>> (root / "GFF" / "VIFB").mkdir(parents=True)
    >>> (root / "GFF" / "VIFB" / "man.jpg").touch()
    >>> method = find_published(root, "VIFB", ["man", "kettle"])[0]
    >>> method.name, method.files["man"].name, method.missing
    ('GFF', 'man.jpg', ['kettle'])
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(
            f"published={str(folder)!r} is no folder: give the one that holds a folder "
            "of fused images for each method."
        )
    methods = []
    for path in _folders(folder / dataset) or _folders(folder):
        images = path / dataset if (path / dataset).is_dir() else path
        files = find_fused(names, images)
        if files or _holds_an_image(path):
            missing = [name for name in names if name not in files]
            methods.append(PublishedMethod(path.name, images, files, missing))
    if not any(method.files for method in methods):
        raise ValueError(
            f"published={str(folder)!r} holds no fused image of these pairs: expected "
            f"METHOD/NAME.png, METHOD/{dataset}/NAME.png or {dataset}/METHOD/NAME.png "
            f"with the names of the pairs, e.g. {names[0]!r}."
        )
    return methods


def _folders(folder):
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _holds_an_image(folder):
    return any(path.suffix.lower() in READABLE_SUFFIXES for path in folder.rglob("*"))
