"""What the names of folders and files say about the modality of an image."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

__all__ = ["FolderRole", "NameRole", "folder_role", "name_role", "natural_key"]

# Best name first: where a data set ships a modality twice, the earlier one is taken.
# RoadScene's crop_LR_visible has the size of its infrared images, crop_HR_visible
# has not; degraded copies come last.
_FOLDERS = {
    "infrared": (
        *("cropinfrared", "ir", "inf", "infrared", "lwir", "tir", "thermal", "therm"),
        *("rad", "i", "infrared_enhance", "infrared_noise", "ir_degraded"),
    ),
    "visible": (
        *("crop_lr_visible", "vi", "vis", "visible", "visual", "rgb", "dhv", "v"),
        *("visible_enhance", "visible_blur", "vi_degraded", "vis_degraded"),
        "crop_hr_visible",
    ),
}
_FOLDER_TABLE = {
    name: (modality, rank)
    for modality, names in _FOLDERS.items()
    for rank, name in enumerate(names)
}
# Train_LLVIP_ir, Test_vi: the part before says which images, the end which modality.
_FOLDER_END = re.compile(r"^(?P<rest>.+[_\-. ])(?P<end>ir|vi|vis|infrared|visible)$")
# Files below these describe images; they are not images of a scene.
SKIPPED_FOLDERS = {
    *("labels", "label", "annotations", "annotation", "segmentation_labels", "meta"),
    *("mask", "masks", "edge", "edges", "__macosx", "@eadir"),
}

_TOKENS = {
    "infrared": ("ir", "lwir", "tir", "infrared", "thermal", "therm", "inf", "rad"),
    "visible": ("vis", "vi", "visible", "visual", "dhv"),
}
_TOKEN_TABLE = {
    token: (modality, rank)
    for modality, tokens in _TOKENS.items()
    for rank, token in enumerate(tokens)
}
# FLIR ADAS: FLIR_08865_PreviewData.jpeg is thermal, FLIR_08865_RGB.jpg visible. In
# TNO an RGB file is a false-colour composite beside the visible one: last choice.
_TOKEN_TABLE |= {"previewdata": ("infrared", 20), "rgb": ("visible", 20)}
# 1800i.bmp with 1800v.bmp, or scene_i with scene_v: at the end of a name only.
_LAST_TOKENS = {"i": ("infrared", 10), "v": ("visible", 10)}
_PLAIN = re.compile(r"^([a-z]+?)(\d*)$")
_NUMBERED = re.compile(r"^(\d+)([iv])$")
# RADheli20 with DHVheli20: only these two run into the word.
_GLUED = re.compile(r"^(rad|dhv)(\w+)$")
_SEPARATORS = re.compile(r"[_\-. ]+")
_BY_THE_WAY = {"rg", "photo", "ref", "rgb", "daylight", "ii"}


class FolderRole(NamedTuple):
    """What a folder's name says: ``rest`` is what is left without the modality."""

    modality: str
    rank: int
    rest: str


class NameRole(NamedTuple):
    """What a file's name says: ``rest`` is what is left without the modality."""

    modality: str
    rank: int
    rest: str
    composite: bool  # carries a word that marks a by-product, such as a photo


def folder_role(name):
    """Return the :class:`FolderRole` of one path component, or None."""
    lowered = name.lower()
    if lowered in _FOLDER_TABLE:
        return FolderRole(*_FOLDER_TABLE[lowered], "")
    match = _FOLDER_END.match(lowered)
    if match:
        modality, rank = _FOLDER_TABLE[match["end"]]
        return FolderRole(modality, rank, name[: match.end("rest")])
    return None


def name_role(stem):
    """Return the :class:`NameRole` of a file name without suffix, or None.

    The first word decides, then the last, then those between: IR_hei_vis_g is an
    infrared image. NIR is neither of the two.
    """
    words = _SEPARATORS.split(stem)
    lowered = [word.lower() for word in words]
    if any(re.match(r"^nir\d*$", word) for word in lowered):
        return None
    last = len(words) - 1
    for i in dict.fromkeys([0, last, *range(1, last)]):
        found = _word_role(lowered[i], first=i == 0, last=i == last)
        if found is None:
            continue
        modality, rank, start, stop = found
        rest = [*words[:i], words[i][start:stop], *words[i + 1 :]]
        composite = any(word in _BY_THE_WAY for k, word in enumerate(lowered) if k != i)
        return NameRole(modality, rank, "_".join(filter(None, rest)), composite)
    return None


def _word_role(word, *, first, last):
    """Return modality, rank and the part of the word that is no modality."""
    plain = _PLAIN.match(word)
    if plain and plain[1] in _TOKEN_TABLE:
        return (*_TOKEN_TABLE[plain[1]], len(plain[1]), len(word))
    if last and word in _LAST_TOKENS and not first:
        return (*_LAST_TOKENS[word], len(word), len(word))
    numbered = _NUMBERED.match(word)
    if last and numbered:
        return (*_LAST_TOKENS[numbered[2]], 0, len(word) - 1)
    glued = _GLUED.match(word)
    if first and glued:
        return (*_TOKEN_TABLE[glued[1]], 3, len(word))
    return None


def folded(text):
    """Return text for comparison: one Unicode form, no case."""
    return unicodedata.normalize("NFC", text).casefold()


def without_channel(rest):
    """Drop the letter of a colour channel, such as the r of VIS_meting003_r."""
    words = _SEPARATORS.split(rest)
    return "_".join(word for word in words if word.lower() not in ("r", "g", "b"))


def natural_key(text):
    """Sort key in which image2 comes before image10."""
    parts = re.split(r"(\d+)", str(text))
    return (
        [(int(p), "") if p.isdecimal() else (-1, p.casefold()) for p in parts],
        str(text),
    )
