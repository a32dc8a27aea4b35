"""Fusers whose maps are normalised, by running averages or by the image itself."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from sklearn.utils._param_validation import StrOptions

from ....learning.pair_fuser import PairNetworkFuser

__all__ = ["NormalizedFuser"]


class NormalizedFuser(PairNetworkFuser):
    """Base class of the fusers with batch normalisation as TensorFlow 1 left it.

    A subclass has the parameters ``n_channels`` and ``parity``; its network takes the
    first and the name of the normalisation.
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

    def _form_key(self):
        return (self._norm(),)

    def _paired(self, network):
        other = type(network)(self.n_channels, self._norm())
        other.load_state_dict(network.state_dict())
        return other.eval()
