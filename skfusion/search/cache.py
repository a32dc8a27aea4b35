"""Enhance each image once in a search: candidates share the steps before the fusion."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import hashlib
import io
import os
import time
import zlib
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils._tags import get_tags

from .._atomic_files import replace_file
from .._version import __version__
from ..base import ImageTransformer
from ..compose import DropChroma, EnhanceByModality, PerChannel, PreserveChroma

__all__ = ["CachedTransformer", "EnhancementCache", "learns", "with_cache"]

_AROUND = (DropChroma, PerChannel, PreserveChroma)
_COMPOSITIONS = (Pipeline, EnhanceByModality, *_AROUND)


class EnhancementCache:
    """A folder of enhanced images.

    Parameters
    ----------
    folder : path
        Made when the first image is written.
    min_gain : float, default=3.0
        An image is kept only if computing it took this many times as long as looking
        it up: the cheap steps of this library would be no faster from a file.

    Notes
    -----
    A file is found by the class and parameters of the step, the version of the
    library, and the image: its pixels, or path, size and time of change. It holds a
    ``.npy`` and its CRC-32; whatever is damaged counts as missing. Files appear by an
    atomic rename, so that any number of processes may share the folder. A class of
    your own that you edit keeps its name: empty the folder then.
    """

    def __init__(self, folder, min_gain=3.0):
        self.folder = Path(folder)
        self.min_gain = min_gain

    def path(self, step_key, image):
        """Return the file of an image enhanced by a step."""
        digest = hashlib.sha256(step_key)
        if isinstance(image, (str, os.PathLike)):
            stat = os.stat(image)
            place = f"{os.path.abspath(image)}|{stat.st_mtime_ns}|{stat.st_size}"
            digest.update(b"path:" + place.encode())
        else:
            image = np.ascontiguousarray(image)
            digest.update(f"pixels:{image.dtype.str}{image.shape}".encode())
            digest.update(image.data)
        name = digest.hexdigest()[:40]
        return self.folder / name[:2] / f"{name[2:]}.npy"

    @staticmethod
    def read(path):
        """Return the image of a file, ``None`` where it is missing or damaged."""
        try:
            content = path.read_bytes()
        except OSError:
            return None
        body, check = memoryview(content)[:-4], content[-4:]
        if len(content) < 4 or zlib.crc32(body).to_bytes(4, "little") != check:
            return None
        return np.lib.format.read_array(io.BytesIO(body), allow_pickle=False)

    @staticmethod
    def write(path, image):
        """Keep an image; a full or read-only disk costs the gain, not the search."""
        file = io.BytesIO()
        np.lib.format.write_array(file, np.asarray(image), allow_pickle=False)
        body = file.getbuffer()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, bytes(body) + zlib.crc32(body).to_bytes(4, "little"))
        except OSError:
            pass


class CachedTransformer:
    """An image transformer that looks into a cache first.

    Parameters
    ----------
    transformer : transformer of single images
    step_key : bytes
        From :func:`step_key`.
    cache : EnhancementCache
    """

    def __init__(self, transformer, step_key, cache):
        self.transformer = transformer
        self.step_key = step_key
        self.cache = cache
        self._worth_it = True

    def transform(self, X):
        """Return the enhanced images, computed or read."""
        images = list(X)
        out = np.empty(len(images), dtype=object)
        # Workers that got the same enhancement begin at different images, so that
        # each later finds what the other has done.
        start = int(len(images) * (os.getpid() * 0.6180339887 % 1.0))
        for i in [*range(start, len(images)), *range(start)]:
            out[i] = self._one(images[i])
        return out

    def _one(self, image):
        if not self._worth_it:
            return self._compute(image)
        begin = time.perf_counter()
        path = self.cache.path(self.step_key, image)
        found = self.cache.read(path)
        if found is not None:
            return found
        looked = time.perf_counter()
        enhanced = self._compute(image)
        done = time.perf_counter()
        if done - looked >= self.cache.min_gain * (looked - begin):
            self.cache.write(path, enhanced)
        else:
            self._worth_it = False
        return enhanced

    def _compute(self, image):
        return self.transformer.transform([image])[0]


def learns(estimator) -> bool:
    """Tell whether an estimator or anything in it needs ``fit``."""
    parts = [estimator, *estimator.get_params(deep=True).values()]
    return any(
        get_tags(part).requires_fit
        for part in parts
        if isinstance(part, BaseEstimator) and type(part) not in _COMPOSITIONS
    )


def step_key(transformer) -> bytes | None:
    """Return what identifies a step, ``None`` for one that must not be cached.

    Cached are :class:`skfusion.base.ImageTransformer` and pipelines of them: what
    they return for an image depends on that image and their parameters only.
    """
    steps = [transformer]
    if type(transformer) is Pipeline:
        steps = [step for _, step in transformer.steps if step not in _NO_STEPS]
    if not steps or not all(isinstance(step, ImageTransformer) for step in steps):
        return None
    try:
        text = repr([__version__, *map(_described, steps)])
    except TypeError:
        return None
    return hashlib.sha256(text.encode()).digest()


_NO_STEPS = ("passthrough", None)


def _described(value):
    if isinstance(value, BaseEstimator):
        if get_tags(value).requires_fit:
            raise TypeError
        cls = type(value)
        params = value.get_params(deep=False)
        if not isinstance(params.get("random_state", 0), int):
            raise TypeError
        return (
            f"{cls.__module__}.{cls.__qualname__}",
            [(name, _described(params[name])) for name in sorted(params)],
        )
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (tuple, list)):
        return [type(value).__name__, *map(_described, value)]
    if isinstance(value, np.ndarray) and value.dtype != object:
        return (value.dtype.str, value.shape, value.tobytes())
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError


def with_cache(estimator, cache):
    """Return the same estimator for ``transform`` only, its enhancement cached."""
    if type(estimator) in _AROUND:
        inner = getattr(estimator, "estimator_", estimator.estimator)
        return type(estimator)(with_cache(inner, cache))
    if type(estimator) is Pipeline:
        return Pipeline([(n, with_cache(step, cache)) for n, step in estimator.steps])
    if type(estimator) is EnhanceByModality:
        slots = {}
        for name, slot in estimator.get_params(deep=False).items():
            slot = getattr(estimator, f"{name}_", slot)
            key = step_key(slot)
            slots[name] = slot if key is None else CachedTransformer(slot, key, cache)
        return EnhanceByModality(**slots)
    return estimator
