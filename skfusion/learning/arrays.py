"""What the fusers with one learned array share: reading, checking, saving it."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import functools
import os

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import StrOptions

from ..base import BaseFuser
from ..images import luma
from ..pairs import as_pairs
from .weights import WeightsError, pretrained_names, read_weights, write_weights

__all__ = ["LearnedArrayFuser", "random_patches"]


class LearnedArrayFuser(BaseFuser):
    """Base class of the fusers around one learned array.

    A subclass sets ``_array_name`` (a parameter of that name hands the array in, the
    attribute with an underscore holds what ``fit`` learned) and implements
    ``_pretrained()`` (the name of the shipped file), ``_expected_shape()`` (its shape,
    ``None`` where any size will do) and ``_learn(pairs)``.
    """

    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "weights": [StrOptions({"pretrained"}), str, os.PathLike, None],
        "random_state": ["random_state"],
    }
    _array_name = "array"

    def fit(self, X=None, y=None):
        """Learn the array, or check that the given one can be read.

        Parameters
        ----------
        X : pairs
            Training pairs, both images of each; not used where the array is given.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        super().fit(X)
        if not self._learns():
            self._array()
            return self
        if X is None:
            raise ValueError(
                "X=None with weights=None: give training pairs, or weights='pretrained'"
            )
        learned = np.asarray(self._learn(as_pairs(X)), dtype=np.float32)
        setattr(self, self._array_name + "_", learned)
        return self

    def save_weights(self, path):
        """Write the array in use as safetensors.

        Parameters
        ----------
        path : path
            Ends in ``.safetensors``; written atomically, the class in its metadata.
        """
        import torch

        array = np.ascontiguousarray(self._array(), dtype=np.float32)
        tensors = {self._array_name: torch.from_numpy(array)}
        write_weights(path, tensors, {"class": type(self).__name__})

    def _learns(self):
        return self.weights is None and getattr(self, self._array_name) is None

    def _array(self):
        """Return the given, learned or shipped array as float64."""
        name = self._array_name
        given = getattr(self, name)
        if given is not None and not isinstance(given, (str, os.PathLike)):
            return self._checked(np.asarray(given, dtype=np.float64), f"{name}=")
        if given is None and self.weights is None:
            if not hasattr(self, name + "_"):
                raise NotFittedError(
                    f"This {type(self).__name__} has weights=None and is not fitted: "
                    "call fit with training pairs, or use weights='pretrained'."
                )
            return getattr(self, name + "_").astype(np.float64)
        source = self.weights if given is None else given
        if source != "pretrained":
            return self._checked(_read(source, name), f"weights {str(source)!r}: ")
        source = self._pretrained()
        if source not in pretrained_names():
            raise WeightsError(
                f"weights='pretrained': {source!r} is not among the shipped "
                f"{pretrained_names()}; use the default sizes, or weights=None and fit."
            )
        return self._checked(_read_shipped(source, name), f"{source}: ")

    def _checked(self, array, where):
        expected = self._expected_shape()
        fits = array.ndim == len(expected) and all(
            want in (None, have) for want, have in zip(expected, array.shape)
        )
        if not fits:
            want = tuple("any" if side is None else side for side in expected)
            raise WeightsError(
                f"{where}{self._array_name} has shape {array.shape}, this "
                f"{type(self).__name__} needs {want}; was it made for another size?"
            )
        if not np.isfinite(array).all():
            raise WeightsError(f"{where}{self._array_name} holds NaN or infinity.")
        return array

    def _pretrained(self):
        raise NotImplementedError

    def _expected_shape(self):
        raise NotImplementedError

    def _learn(self, pairs):
        raise NotImplementedError

    def __sklearn_is_fitted__(self):
        return not self._learns() or hasattr(self, self._array_name + "_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = self._learns()
        return tags


def random_patches(pairs, side, n_patches, rng):
    """Draw square patches, as columns, from both images of pairs.

    Parameters
    ----------
    pairs : ImagePairs
    side : int
    n_patches : int
        Drawn evenly from the images; at most one a place.
    rng : numpy.random.RandomState

    Returns
    -------
    ndarray of float64, shape (side * side, m)
        Row by row within a patch, values in [0, 1]; m <= n_patches.

    Raises
    ------
    ValueError
        If no image holds a patch.
    """
    share = -(-n_patches // max(2 * len(pairs), 1))
    drawn = []
    for i in range(len(pairs)):
        ir, vis = pairs.read(i)
        for image in (ir, luma(vis)):
            rows, columns = (n - side + 1 for n in image.shape)
            if rows < 1 or columns < 1:
                continue
            count = min(share, rows * columns)
            places = rng.choice(rows * columns, count, replace=False)
            windows = np.lib.stride_tricks.sliding_window_view(image, (side, side))
            drawn.append(windows[places // columns, places % columns])
    if not drawn:
        raise ValueError(
            f"X holds {len(pairs)} pairs and none has {side}x{side} pixels to learn "
            "from: give larger images or a smaller patch."
        )
    patches = np.concatenate(drawn).reshape(-1, side * side).astype(np.float64)
    if len(patches) > n_patches:
        patches = patches[rng.permutation(len(patches))[:n_patches]]
    return np.ascontiguousarray(patches.T)


def _read(source, name):
    tensors = read_weights(source)
    if name not in tensors:
        raise WeightsError(
            f"weights {str(source)!r} holds {sorted(tensors)} and no {name!r}: it was "
            "made for another method."
        )
    return tensors[name].numpy().astype(np.float64)


@functools.lru_cache(maxsize=8)
def _read_shipped(source, name):
    array = _read(source, name)
    array.flags.writeable = False
    return array
