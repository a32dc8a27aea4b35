"""Fusers whose maps are normalised, by running averages or by the image itself."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from sklearn.utils._param_validation import StrOptions

from ...learning.pair_fuser import PairNetworkFuser
from ...learning.weights import load_network

__all__ = ["NormalizedFuser"]


class NormalizedFuser(PairNetworkFuser):
    """Base class of the fusers with batch normalisation as TensorFlow 1 left it.

    A subclass builds its network with the normalisation ``self._norm()``.
    """

    _parameter_constraints: dict = {
        **PairNetworkFuser._parameter_constraints,
        "statistics": [StrOptions({"running", "image"})],
    }
    _why_whole = "normalises its maps by the whole image"

    def _norm(self):
        if self.parity:
            return "bare"
        return "image" if self.statistics == "image" else "batch"

    def _network(self):
        if self.weights is None:
            return super()._network()
        name = self._pretrained() if self.weights == "pretrained" else self.weights
        # The same file gives another network for another normalisation.
        key = {**self._metadata(), "norm": self._norm()}
        return load_network(self._build_network, name, key)
