"""Fusers whose network has another form for inference, made once a device."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
import weakref

from sklearn.utils._param_validation import StrOptions

from .._training import resolve_device
from ..base import TorchFuser
from ..weights import read_weights

__all__ = ["NetworkFuser"]

# Forms made from a network for inference, dropped with it.
_FORMS: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


class NetworkFuser(TorchFuser):
    """Base class of the fusers that train from drawn or given weights.

    A subclass implements ``_make_form(network, device)``: what it calls to fuse.
    """

    _parameter_constraints: dict = {
        **TorchFuser._parameter_constraints,
        "initial_weights": [StrOptions({"pretrained"}), str, os.PathLike, None],
    }

    def _initialize(self, network, generator):
        """Give a network the parameters from which training starts."""
        network.initialize(generator)
        if self.initial_weights is not None:
            start = self.initial_weights
            source = self._pretrained() if start == "pretrained" else start
            network.load_state_dict(read_weights(source, network.state_dict()))

    def _form(self):
        """Return the network in the form for inference on the device, cached."""
        network, device = self._network(), resolve_device(self.device)
        forms = _FORMS.setdefault(network, {})
        if device not in forms:
            if self.weights is not None:
                self._check_origin()
            forms[device] = self._make_form(network, device)
        return forms[device]

    def _make_form(self, network, device):
        raise NotImplementedError
