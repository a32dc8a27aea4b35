"""What the fusers with one learned array share: reading, checking, saving it."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os

import numpy as np

from ..base import BaseFuser
from ..images import luma
from ..pairs import as_pairs
from .estimator import WithWeights
from .weights import WeightsError, load_once, read_weights

__all__ = ["LearnedArrayFuser", "random_patches"]


class LearnedArrayFuser(WithWeights, BaseFuser):
    """Base class of the fusers around one learned array.

    A subclass sets ``_array_name`` (a parameter of that name hands the array in, the
    attribute with an underscore holds what ``fit`` learned) and implements
    ``_pretrained()`` (the name of the shipped file), ``_expected_shape()`` (its shape,
    ``None`` where any size will do) and ``_learn(pairs)``.
    """

    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        **WithWeights._weights_constraints,
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
        self._require_data(X)
        learned = np.asarray(self._learn(as_pairs(X)), dtype=np.float32)
        setattr(self, self._learned, learned)
        return self

    @property
    def _learned(self):
        return self._array_name + "_"

    def _learns(self):
        return self.weights is None and getattr(self, self._array_name) is None

    def _tensors(self):
        import torch

        array = np.ascontiguousarray(self._array(), dtype=np.float32)
        return {self._array_name: torch.from_numpy(array)}

    def _array(self):
        """Return the given, learned or shipped array as float64."""
        name = self._array_name
        given = getattr(self, name)
        if given is not None and not isinstance(given, (str, os.PathLike)):
            return self._checked(np.asarray(given, dtype=np.float64), f"{name}=")
        self._check_fitted()
        if self._learns():
            return getattr(self, self._learned).astype(np.float64)
        source = self._source() if given is None else given
        array = load_once(lambda path: _read(path, name), source, name)
        return self._checked(array, f"weights {str(source)!r}: ")

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
        bad = np.count_nonzero(~np.isfinite(array))
        if bad:
            raise WeightsError(
                f"{where}{self._array_name} holds {bad} NaN or infinite values."
            )
        return array

    def _expected_shape(self):
        raise NotImplementedError

    def _learn(self, pairs):
        raise NotImplementedError


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
    array = tensors[name].numpy().astype(np.float64)
    array.flags.writeable = False
    return array
