"""Ratings that people would give, predicted by PaQ-2-PiQ."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import copy

import numpy as np
from sklearn.base import BaseEstimator

from skfusion.images import as_float

from ._scene_statistics import require

__all__ = ["PaQ2PiQ"]


class PaQ2PiQ(BaseEstimator):
    """How people would rate an image, predicted by a network (higher is better).

    Parameters
    ----------
    weights : path
        Safetensors file with the published parameters under their published names. None
        ships with the package and none is ever downloaded.
    device : str, default="cpu"
        Where the network runs.

    Notes
    -----
    The network was written from its description; it was not compared with scores of the
    published weights.

    References
    ----------
    .. [1] Z. Ying, H. Niu, P. Gupta, D. Mahajan, D. Ghadiyaram, A. Bovik, "From patches
       to pictures (PaQ-2-PiQ): mapping the perceptual space of picture quality", CVPR
       2020.

    Examples
    --------
    >>> from skfusion.metrics.no_reference import PaQ2PiQ
    >>> PaQ2PiQ("paq2piq.safetensors")
    PaQ2PiQ(weights='paq2piq.safetensors')
    """

    def __init__(self, weights=None, *, device="cpu"):
        self.weights = weights
        self.device = device

    def predict(self, X) -> np.ndarray:
        """Return the score of each image, about 0 to 100, shape (n,).

        Parameters
        ----------
        X : iterable of image or path
            32 x 32 pixels or more; gray images are repeated in the three channels.

        Returns
        -------
        ndarray of float64

        Raises
        ------
        ValueError
            If no weights are given or an image is too small.
        skfusion.weights.WeightsError
            If the file does not hold this network.
        """
        import torch

        from skfusion.networks.paq2piq import PaQ2PiQNet

        from ..learning.weights import load_network

        if self.weights is None:
            raise ValueError(
                "weights=None: PaQ2PiQ needs a safetensors file with the published "
                "parameters; none ships with the package."
            )
        network = load_network(PaQ2PiQNet, self.weights, {"class": "PaQ2PiQ"})
        if self.device != "cpu":
            network = copy.deepcopy(network).to(self.device)
        scores = []
        for image in X:
            image = as_float(image)
            require(image, 32, "PaQ2PiQ")
            if image.ndim == 2:
                image = np.repeat(image[:, :, None], 3, axis=2)
            tensor = torch.tensor(image.transpose(2, 0, 1)[None], device=self.device)
            with torch.inference_mode():
                scores.append(float(network(tensor)))
        return np.array(scores)
