"""Find the infrared-visible pairs of a folder, in the layouts the public sets use."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import warnings
from pathlib import Path

from .._urls import as_path, is_url
from ..images.cells import FileChannels
from ..pairs import ImagePairs
from ._search import FoundPairs, Search, some

__all__ = ["FoundPairs", "UnpairedImageWarning", "find_pairs", "load_pairs"]

_RGBT = 3, (0, 1, 2)  # channels of the infrared and of the visible image


class UnpairedImageWarning(UserWarning):
    """Images of one modality have no partner and were left out."""


def load_pairs(
    folder=None,
    *,
    infrared=None,
    visible=None,
    split=None,
    by_position=False,
    channels=None,
):
    """Load the infrared-visible pairs of a folder.

    Parameters
    ----------
    folder : str or path-like, optional
        Root of the data set, also an address of a store such as ``s3://bucket/set``
        (extra ``remote``). Two sister folders (``ir`` and ``vis``, ``infrared`` and
        ``visible``, ``thermal`` and ``visual``, ...; above or below folders such as
        ``train``), or one folder with marked names (``Camp_IR.png`` and
        ``Camp_Vis.png``, ``IR1.png`` and ``VIS1.png``), or one folder a scene.
    infrared, visible : str or path-like, optional
        The two folders themselves, where their names say nothing; relative to
        ``folder`` if that is given. Both or none.
    split : str, optional
        Keep the pairs below a folder with this word in its name (``"test"``), or
        listed in a text file of that name.
    by_position : bool, default=False
        Pair the two sorted lists of a folder by position, whatever their names. The
        lists must be equally long. Without it, only names pair.
    channels : {"rgbt"}, optional
        Each file of the folder holds a pair: three channels of colour and a fourth of
        thermal infrared, as MFNet and some cameras write PNG and TIFF.

    Returns
    -------
    ImagePairs
        Lazy: no image is opened here. In natural order (2 before 10).

    Raises
    ------
    ValueError
        If no pair is found; the message says what was seen. If names can be read in
        two ways; the message shows both.

    Warns
    -----
    UnpairedImageWarning
        If images without a partner were left out.

    See Also
    --------
    skfusion.datasets.find_pairs : The same, with what is unpaired and ignored.

    Notes
    -----
    Known by their layout: RoadScene, MSRS, LLVIP, M3FD, TNO (the whole tree, its
    sequences and the numbered subsets), VIFB, FLIR ADAS (aligned; of version 2 the
    videos, by the list of frames that comes with them), KAIST, CVC-14, LasHeR,
    RGBT234, GTOT, VT821, VT1000, VT5000, DroneVehicle, DroneRGBT, RGBT-CC, VEDAI,
    Freiburg, EPFL's near infrared, M3SVD, the folders of FusionGAN, DenseFuse, AUIF,
    DIDFuse and IFCNN, the cameras of FLIR (``X.jpg`` with ``X_visible.jpg``) and DJI
    (``_T`` with ``_V``, ``_W`` or ``_Z``, in this order), and the MRI-CT, MRI-PET and
    MRI-SPECT sets (PET and SPECT, whose colour is kept, as visible; CT as infrared).
    A modality may stand anywhere in the name of a folder (``Thermal Images``,
    ``images_rgb_train``, ``testIR``); numbers pair with and without leading zeros.

    Where a set holds a modality twice, the aligned and undegraded one is taken
    (``crop_LR_visible`` before ``crop_HR_visible``). Where nothing tells which of two
    is meant, neither is.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import skfusion
    >>> root = pathlib.Path(tempfile.mkdtemp())
    >>> for name in ("ir/1.png", "vis/1.jpg", "ir/2.png", "vis/2.jpg"):
    ...     (root / name).parent.mkdir(exist_ok=True)
    ...     (root / name).touch()
    >>> skfusion.load_pairs(root).names.tolist()
    ['1', '2']
    """
    found = find_pairs(
        folder,
        infrared=infrared,
        visible=visible,
        split=split,
        by_position=by_position,
        channels=channels,
    )
    if found.unpaired:
        count = len(found.unpaired)
        warnings.warn(
            f"{count} image{'s' if count > 1 else ''} without a partner left out: "
            f"{some(found.unpaired)}; find_pairs lists them all.",
            UnpairedImageWarning,
            stacklevel=2,
        )
    columns = found.infrared, found.visible
    if channels is not None:
        columns = (
            [FileChannels(path, taken) for path in paths]
            for paths, taken in zip(columns, _RGBT)
        )
    return ImagePairs(*columns, names=found.names)


def find_pairs(
    folder=None,
    *,
    infrared=None,
    visible=None,
    split=None,
    by_position=False,
    channels=None,
) -> FoundPairs:
    """Find pairs as :func:`load_pairs` does and report everything that was seen.

    Parameters
    ----------
    folder, infrared, visible, split, by_position, channels
        As for :func:`load_pairs`.

    Returns
    -------
    FoundPairs

    Raises
    ------
    ValueError
        If no pair is found.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from skfusion.datasets import find_pairs
    >>> root = pathlib.Path(tempfile.mkdtemp())
    >>> for name in ("a_IR.png", "a_VIS.png", "b_IR.png", "notes.txt"):
    ...     (root / name).touch()
    >>> found = find_pairs(root)
    >>> found.names, [path.name for path in found.unpaired]
    (['a'], ['b_IR.png'])
    """
    if channels not in (None, "rgbt"):
        raise ValueError(f"channels={channels!r}: use 'rgbt' or None.")
    if channels is not None and (infrared is not None or visible is not None):
        raise ValueError(
            "channels='rgbt' with infrared= or visible=: such a file is both; pass its "
            "folder alone."
        )
    if (infrared is None) != (visible is None):
        given = "infrared" if visible is None else "visible"
        raise ValueError(f"only {given}= is given: pass both folders, or folder alone.")
    if infrared is not None:
        root = as_path(folder) if folder is not None else Path()
        search = Search(root, by_position)
        tops = (
            _folder(_below(root, infrared), "infrared"),
            _folder(_below(root, visible), "visible"),
        )
        if tops[0].samefile(tops[1]):
            raise ValueError(
                f"infrared and visible are one folder, {str(tops[0])!r}: pass it as "
                "folder= if the names say which image is which."
            )
        search.pair_folders(*tops)
    elif folder is not None:
        root = _folder(folder, "folder")
        search = Search(root, by_position)
        if channels is None:
            search.pair_tree()
        else:
            search.pair_channels()
    else:
        raise ValueError("nothing to load: pass folder, or infrared and visible.")
    if split is not None:
        search.keep_split(split)
    search.check_doubts()
    if not search.pairs and channels is not None:
        part = f" with split={split!r}" if split is not None else ""
        raise ValueError(f"no PNG, JPEG, TIFF or BMP image in {str(root)!r}{part}.")
    if not search.pairs:
        raise ValueError(search.nothing_found(split))
    return search.result()


def _below(root, path):
    return as_path(path) if is_url(path) else root / path


def _folder(path, name):
    path = as_path(path)
    if not path.is_dir():
        raise ValueError(f"{name}={str(path)!r} is no folder that exists.")
    return path
