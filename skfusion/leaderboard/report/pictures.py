"""Pictures for the page: small enough to live in one file."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import base64

import cv2
import numpy as np

from ...images import as_float, to_dtype
from ...images.files import read_image
from ...images.notices import Notices

__all__ = ["embed_pictures"]

# Longest side in pixels and JPEG quality, tried in turn until the budget holds.
_STEPS = ((800, 88), (640, 80), (512, 75), (400, 70), (320, 60))


def embed_pictures(pairs, pictures, labels, *, budget=17_000_000):
    """Encode sources and fused images as data URIs, within a budget.

    Parameters
    ----------
    pairs : ImagePairs
    pictures : dict of str to dict of str to Path
        The fused image of each method and pair.
    labels : list of str
        The methods, in the order of the result.
    budget : int, default=17_000_000
        Bytes before base64, which adds a third.

    Returns
    -------
    shown : list of dict
        ``"pair"`` (index), ``"infrared"``, ``"visible"`` and ``"fused"``, one data URI
        or ``None`` for each of `labels`.
    note : str
        What was done to the pictures, a sentence or two.
    """
    for side, quality in _STEPS:
        encoded, total = [], 0
        last = (side, quality) == _STEPS[-1]
        for i in range(len(pairs)):
            encoded.append(_encode_pair(pairs, i, pictures, labels, side, quality))
            total += _size(encoded[-1])
            if total > budget and not last:
                break
        else:
            break
    note = (
        f"Shown as JPEG of quality {quality}, at most {side} pixels wide or high; "
        "measured are the files themselves."
    )
    if total > budget:
        keep = max(1, int(len(encoded) * budget / total))
        indices = np.linspace(0, len(encoded) - 1, keep).round().astype(int)
        note += f" To keep this page small it shows {keep} of {len(encoded)} pairs."
        encoded = [encoded[i] for i in indices]
    return [_as_uris(item) for item in encoded], note


def _encode_pair(pairs, i, pictures, labels, side, quality):
    with Notices(quiet=True):
        infrared, visible = pairs.read(i)
    name = str(pairs.names[i])
    fused = [pictures.get(label, {}).get(name) for label in labels]
    return {
        "pair": i,
        "infrared": _jpeg(infrared, side, quality),
        "visible": _jpeg(visible, side, quality),
        "fused": [
            None if path is None else _jpeg(read_image(path), side, quality)
            for path in fused
        ],
    }


def _jpeg(image, side, quality):
    image = to_dtype(as_float(image), np.uint8)
    scale = side / max(image.shape[:2])
    if scale < 1:
        size = [max(1, round(n * scale)) for n in image.shape[1::-1]]
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    if image.ndim == 3:
        image = image[..., ::-1]
    image = np.ascontiguousarray(image)
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()


def _size(item):
    fused = sum(len(data) for data in item["fused"] if data is not None)
    return len(item["infrared"]) + len(item["visible"]) + fused


def _as_uris(item):
    return {
        "pair": item["pair"],
        "infrared": _uri(item["infrared"]),
        "visible": _uri(item["visible"]),
        "fused": [None if data is None else _uri(data) for data in item["fused"]],
    }


def _uri(data):
    return "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii")
