"""What the names of folders and files say about the modality of an image."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

__all__ = ["FolderRole", "NameRole", "folder_role", "name_role", "natural_key"]

# Words that name a modality in a folder, at any place between separators or in
# CamelCase: Thermal Images, ir_img, fl_rgb, ImagesIR, images_thermal_train.
_WORDS = {
    "infrared": (
        *("ir", "infrared", "lwir", "tir", "fir", "thermal", "therm", "thermo"),
    ),
    "visible": (*("vi", "vis", "visible", "visual", "rgb", "color", "colour"),),
}
_WORD_TABLE = {word: side for side, words in _WORDS.items() for word in words}
# These say so only where they are the whole name.
_FOLDERS = {
    "infrared": ("inf", "rad", "i", "t"),
    "visible": ("dhv", "v"),
}
_FOLDER_TABLE = {
    name: (side, 0) for side, names in _FOLDERS.items() for name in names
} | {word: (side, 0) for word, side in _WORD_TABLE.items()}
# Where a data set ships a modality twice, the smaller rank is taken; of two of one
# rank none is. RoadScene's crop_LR_visible has the size of its infrared crops,
# crop_HR_visible has not; degraded copies come last, near infrared is a makeshift.
_FOLDER_TABLE |= {
    "cropinfrared": ("infrared", -1),
    "crop_lr_visible": ("visible", -1),
    "infrared_enhance": ("infrared", 2),
    "visible_enhance": ("visible", 2),
    "infrared_noise": ("infrared", 3),
    "visible_blur": ("visible", 3),
    "ir_degraded": ("infrared", 3),
    "vi_degraded": ("visible", 3),
    "vis_degraded": ("visible", 3),
    "nir": ("infrared", 4),
    "crop_hr_visible": ("visible", 5),
}
_SPLITS = "train|test|valid|validation|val|eval"
# A split glued to its modality, testir or visTrain, and DroneVehicle's trainimg, whose
# infrared sister is trainimgr.
_GLUED_FOLDER = re.compile(
    rf"^(?:(?P<split>{_SPLITS})(?P<end>{{0}})|(?P<begin>{{0}})(?P<split2>{_SPLITS}))$".format(
        "|".join(sorted(_WORD_TABLE, key=len, reverse=True))
    )
)
_DRONE_VEHICLE = re.compile(rf"^(?P<split>{_SPLITS})img(?P<infrared>r?)$")
# Files below these describe images; they are not images of a scene.
SKIPPED_FOLDERS = {
    *("labels", "label", "annotations", "annotation", "segmentation_labels", "meta"),
    *("mask", "masks", "edge", "edges", "gt", "__macosx", "@eadir"),
}
# What the two sides of a set need not share: fl_ir_aligned beside fl_rgb. Of two
# versions the aligned one is taken.
_NEUTRAL = {"aligned", "registered", "warped"}
_ALIGNED = 0.5
# FLIR ADAS v1: thermal_8_bit and thermal_16_bit beside RGB.
_BITS = re.compile(r"(?i)[_\-. ]?(?:8|14|16)[_\-. ]?bits?")

_TOKENS = {
    "infrared": (
        *("ir", "lwir", "tir", "infrared", "thermal", "therm", "inf", "rad"),
        *("fir", "thrm"),
    ),
    "visible": ("vis", "vi", "visible", "visual", "dhv", "color", "colour"),
}
_TOKEN_TABLE = {
    token: (modality, 0) for modality, tokens in _TOKENS.items() for token in tokens
}
# FLIR ADAS: FLIR_08865_PreviewData.jpeg is thermal, FLIR_08865_RGB.jpg visible. In
# TNO an RGB file is a false-colour composite beside the visible one: last choice.
_TOKEN_TABLE |= {"previewdata": ("infrared", 20), "rgb": ("visible", 20)}
# 1800i.bmp with 1800v.bmp, or scene_i with scene_v: at the end of a name only.
# RGBT-CC writes _T beside _RGB, VEDAI _ir beside _co; DJI's cameras are _T (thermal),
# _V (visible), _W (wide, nearest to the thermal field of view) and _Z (zoom).
_LAST_TOKENS = {
    "i": ("infrared", 10),
    "t": ("infrared", 11),
    "v": ("visible", 10),
    "w": ("visible", 11),
    "wide": ("visible", 12),
    "co": ("visible", 13),
    "z": ("visible", 14),
    "zoom": ("visible", 15),
}
# DJI_20240501101530_0001_T.JPG: date, time of day, number.
_DJI = re.compile(r"(?i)^(DJI_\d{8})(\d{2})(\d{2})(\d{2})(_\d{4})")
# v00001.jpg with i00001.jpg (LasHeR): where it is all of the name.
_LETTERED = re.compile(r"^([iv])(\d+)$")
_PLAIN = re.compile(r"^([a-z]+?)(\d*)$")
_NUMBERED = re.compile(r"^(\d+)([iv])$")
# RADheli20 with DHVheli20: only these two run into the word.
_GLUED = re.compile(r"^(rad|dhv)(\w+)$")
_SEPARATORS = re.compile(r"[_\-. ]+")
# campIR, 01VIS, ImagesRGB, IRImages: capitals that begin or end a word.
_CAMEL = re.compile(
    r"(?<=[a-z0-9])(?=[A-Z])|(?<=IR)(?=[A-Z][a-z])|(?<=(?:RGB|VIS))(?=[A-Z][a-z])"
)
_CAMEL_END = re.compile(r"(?<=[a-z0-9])(?=(?:[LT]?IR|VIS?|RGB)$)")
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
    """Return the :class:`FolderRole` of one path component, or None.

    A name that speaks of both modalities, such as ir_vis or RGBT, says nothing.
    """
    lowered = name.lower()
    if lowered in _FOLDER_TABLE:
        return FolderRole(*_FOLDER_TABLE[lowered], "")
    drone = _DRONE_VEHICLE.match(lowered)
    if drone:
        side = "infrared" if drone["infrared"] else "visible"
        return FolderRole(side, 0, drone["split"])
    glued = _GLUED_FOLDER.match(lowered)
    if glued:
        side = _WORD_TABLE[glued["end"] or glued["begin"]]
        return FolderRole(side, 0, glued["split"] or glued["split2"])
    words = folder_words(_BITS.sub("", name))
    sides = {_WORD_TABLE.get(word.lower()) for word in words} - {None}
    if len(sides) != 1 or any(word.lower() in SKIPPED_FOLDERS for word in words):
        return None
    rest = [w for w in words if w.lower() not in {*_WORD_TABLE, *_NEUTRAL}]
    rank = -_ALIGNED if _is_aligned(words) else 0
    return FolderRole(sides.pop(), rank, "_".join(rest))


def _is_aligned(words):
    return any(word.lower() in _NEUTRAL for word in words)


def folder_words(name):
    """Return the words of a folder's name: at separators and in CamelCase."""
    words = _SEPARATORS.split(name)
    return [part for word in words for part in _CAMEL.split(word) if part]


def describes_images(name):
    """Tell whether a folder holds labels, masks or the like, not images of scenes."""
    if name.lower() in SKIPPED_FOLDERS:
        return True
    words = {word.lower() for word in folder_words(name)}
    return bool(words & SKIPPED_FOLDERS and words & set(_WORD_TABLE))


def in_split(name, wanted):
    """Tell whether a folder's name has the word of a split, also glued to another."""
    role = folder_role(name)
    words = {word.lower() for word in folder_words(name)}
    return wanted in words or bool(role) and role.rest.lower() == wanted


def name_role(stem):
    """Return the :class:`NameRole` of a file name without suffix, or None.

    The first word decides, then the last, then those between: IR_hei_vis_g is an
    infrared image. NIR is neither of the two.
    """
    words = _SEPARATORS.split(_CAMEL_END.sub("_", stem))
    lowered = [word.lower() for word in words]
    lettered = _LETTERED.match(stem.lower())
    if lettered:
        return NameRole(*_LAST_TOKENS[lettered[1]], lettered[2], False)
    if any(re.match(r"^nir\d*$", word) for word in lowered):
        return None
    last = len(words) - 1
    for i in dict.fromkeys([0, last, *range(1, last)]):
        found = _word_role(lowered[i], first=i == 0, last=i == last)
        if found is None:
            continue
        modality, rank, start, stop = found
        rank -= _ALIGNED * _is_aligned(words)
        rest = [*words[:i], words[i][start:stop], *words[i + 1 :]]
        rest = [word for word in rest if word.lower() not in _NEUTRAL]
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


def without_padding(text):
    """Return text whose numbers have no leading zeros."""
    return re.sub(r"\d+", lambda number: number[0].lstrip("0") or "0", text)


def dji_flight(text):
    """Return a DJI name without its time of day, in which its cameras differ."""
    return _DJI.sub(r"\1\5", text)


def dji_seconds(text):
    """Return the time of day in a DJI name in seconds, or None."""
    found = _DJI.match(text)
    if found is None:
        return None
    hours, minutes, seconds = map(int, found.groups()[1:4])
    return 3600 * hours + 60 * minutes + seconds


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
