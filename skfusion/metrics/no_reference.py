"""Quality of one image without its sources: BRISQUE features, NIQE, PaQ-2-PiQ."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import cv2
import numpy as np
from sklearn.base import BaseEstimator

from skfusion.images import as_levels

from ..learning.estimator import WithWeights
from ..learning.weights import load_once, read_weights
from ._brisque import brisque_features
from ._paq2piq import PaQ2PiQ
from ._scene_statistics import (
    block_features,
    halved,
    normalised,
    require,
    warn_undefined,
)

__all__ = ["NIQE", "PaQ2PiQ", "brisque_features", "niqe"]

_PRETRAINED = "niqe_bsds500"
_N_FEATURES = 36


class NIQE(WithWeights, BaseEstimator):
    """Distance of an image's statistics from those of photographs (lower is better).

    Parameters
    ----------
    weights : "pretrained", path or None, default="pretrained"
        Statistics that ship with the package, a safetensors file, or ``None`` to learn
        them from your own photographs in ``fit``.
    block_size : int, default=96
        Side of the blocks that are described, even. The shipped statistics are of 96.
    sharpness : float, default=0.75
        In ``fit``, only blocks with at least this share of an image's greatest local
        deviation count: blurred background is no example.

    Attributes
    ----------
    mean_ : ndarray of shape (36,)
        Mean of the features of the photographs' blocks; after ``fit``.
    covariance_ : ndarray of shape (36, 36)
        Their covariance; after ``fit``.

    Notes
    -----
    ``sqrt((m1 - m2)' ((C1 + C2) / 2)^+ (m1 - m2))`` with the means and covariances of
    the 36 features of all blocks. Values of different statistics do not compare: the
    shipped ones were fitted to other photographs than the authors' and give other
    numbers than published tables. Thermal images are no photographs in this sense.

    References
    ----------
    .. [1] A. Mittal, R. Soundararajan, A. C. Bovik, "Making a 'completely blind' image
       quality analyzer", IEEE Signal Processing Letters 20(3), 209-212, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics.no_reference import NIQE
    >>> photographs = np.random.default_rng(0).random((6, 96, 128))
    >>> model = NIQE(weights=None, block_size=32).fit(photographs)
    >>> model.predict(photographs[:2]).shape
    (2,)
    """

    _learned = "mean_"
    _learns_from = "photographs"

    def __init__(self, weights="pretrained", *, block_size=96, sharpness=0.75):
        self.weights = weights
        self.block_size = block_size
        self.sharpness = sharpness

    def fit(self, X, y=None):
        """Learn the statistics of photographs; keeps those of a file as they are.

        Parameters
        ----------
        X : iterable of image or path
            Sharp, undistorted photographs.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the photographs give fewer than 37 blocks with texture, an image is too
            small, or a parameter is out of its range.
        """
        self._check()
        if self.weights is not None:
            self.mean_, self.covariance_ = self._statistics()
            return self
        rows = np.concatenate([self._features(x, sharp=True) for x in X] or [[]])
        if len(rows) <= _N_FEATURES:
            raise ValueError(
                f"X gives {len(rows)} blocks with texture: at least {_N_FEATURES + 1} "
                "are needed; pass more or larger photographs, or a smaller block_size."
            )
        # Kept as a weights file would give them back.
        self.mean_ = rows.mean(axis=0).astype(np.float32).astype(np.float64)
        covariance = np.cov(rows, rowvar=False)
        self.covariance_ = covariance.astype(np.float32).astype(np.float64)
        return self

    def predict(self, X) -> np.ndarray:
        """Return the distance of each image, shape (n,); lower is better.

        Parameters
        ----------
        X : iterable of image or path
            Images that hold two blocks or more.

        Returns
        -------
        ndarray of float64
            NaN, with a warning, where fewer than two blocks have texture.
        """
        self._check()
        mean, covariance = self._statistics()
        return np.array([self._distance(x, mean, covariance) for x in X])

    def _check(self):
        if self.block_size < 16 or self.block_size % 2:
            raise ValueError(
                f"block_size={self.block_size}: expected an even number of pixels from "
                "16 up, e.g. 96."
            )
        if not 0 <= self.sharpness <= 1:
            raise ValueError(f"sharpness={self.sharpness}: expected 0 to 1.")

    def _statistics(self):
        if self._is_learned():
            return self.mean_, self.covariance_
        self._check_fitted()
        return load_once(_read_statistics, self._source(), "NIQE")

    def _pretrained(self):
        return _PRETRAINED

    def _tensors(self):
        import torch

        tensors = dict(zip(("mean", "covariance"), self._statistics()))
        return {k: torch.tensor(v, dtype=torch.float32) for k, v in tensors.items()}

    def _metadata(self):
        return {"class": "NIQE", "block_size": self.block_size}

    def _features(self, image, sharp=False):
        """Features of the blocks with texture, (n_blocks, 36)."""
        image = as_levels(image)
        size = self.block_size
        require(image, size, "NIQE")
        n_rows, n_columns = (n // size for n in image.shape)
        image = image[: n_rows * size, : n_columns * size]
        blocks = []
        for scale in range(2):
            x, deviation = normalised(np.ascontiguousarray(image), cv2.BORDER_REPLICATE)
            x = x.reshape(n_rows, size, n_columns, size).swapaxes(1, 2)
            blocks.append(
                [block_features(block) for block in x.reshape(-1, size, size)]
            )
            if scale == 0:
                edges = deviation.reshape(n_rows, size, n_columns, size)
                strength = edges.mean(axis=(1, 3)).ravel()
                image = halved(image)
                size //= 2
        rows = np.concatenate(blocks, axis=1)
        keep = np.isfinite(rows).all(axis=1)
        if sharp:
            keep &= strength >= self.sharpness * strength.max()
        return rows[keep]

    def _distance(self, image, mean, covariance):
        rows = self._features(image)
        if len(rows) < 2:
            warn_undefined("NIQE")
            return np.nan
        away = mean - rows.mean(axis=0)
        middle = (covariance + np.cov(rows, rowvar=False)) / 2
        return float(np.sqrt(max(away @ np.linalg.pinv(middle) @ away, 0.0)))


def _read_statistics(source):
    shapes = {"mean": (_N_FEATURES,), "covariance": (_N_FEATURES, _N_FEATURES)}
    tensors = read_weights(source, shapes)
    return tuple(tensors[key].numpy().astype(np.float64) for key in shapes)


def niqe(image, *, weights="pretrained") -> float:
    """Natural image quality evaluator of one image (0 and up; lower is better).

    Parameters
    ----------
    image : array-like or path
        Two blocks of 96 x 96 pixels or more; see :func:`skfusion.images.as_levels`.
    weights : "pretrained" or path, default="pretrained"
        Statistics of photographs; see :class:`NIQE`.

    Returns
    -------
    float
        NaN, with a warning, for an image without texture.

    Raises
    ------
    ValueError
        If a side is under 96 pixels.
    skfusion.weights.WeightsError
        If the file cannot be used.

    See Also
    --------
    NIQE : The estimator, with the equation.

    References
    ----------
    .. [1] A. Mittal, R. Soundararajan, A. C. Bovik, "Making a 'completely blind' image
       quality analyzer", IEEE Signal Processing Letters 20(3), 209-212, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics.no_reference import niqe
    >>> noise = np.random.default_rng(0).random((192, 192))
    >>> niqe(noise) > 10
    True
    """
    return float(NIQE(weights).predict([image])[0])
