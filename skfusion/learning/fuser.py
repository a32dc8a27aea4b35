"""Fusers around a torch network, and those with another form for inference."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
import weakref
from numbers import Integral

from sklearn.utils._param_validation import Interval, StrOptions

from ..base import BaseFuser
from ..pairs import as_pairs
from .estimator import WithWeights
from .onnx import ExportsONNX
from .training import resolve_device
from .weights import load_network, read_weights

__all__ = ["NetworkFuser", "TorchFuser"]

# Forms made from a network for inference, dropped with it.
_FORMS: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


class TorchFuser(ExportsONNX, WithWeights, BaseFuser):
    """Base class of the fusers around a torch network.

    A subclass implements ``_build_network()`` (the architecture that its parameters
    ask for), ``_pretrained()`` (the name of the shipped weights for them),
    ``_metadata()`` (those parameters) and ``_train(network, data)``, and uses
    ``self._network()`` in ``_fuse``.
    """

    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        **WithWeights._weights_constraints,
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "tile_size": [Interval(Integral, 32, None, closed="left"), None],
    }

    def fit(self, X=None, y=None):
        """Train the network, or check that its weights can be read.

        Parameters
        ----------
        X : pairs
            Training pairs; not used where ``weights`` is given.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        self._validate_params()
        data = None if X is None else self._training_data(X)
        if self.weights is not None:
            self._network()
            return self
        self._require_data(X)
        if len(data) == 0:
            raise ValueError("X holds no pair: give at least one to train on.")
        self.network_ = self._train(self._build_network(), data).eval()
        return self

    def _training_data(self, X):
        """Return what ``_train`` gets, unread; a subclass may take more than pairs."""
        return as_pairs(X)

    def _tensors(self):
        return self._network().state_dict()

    def _build_network(self):
        raise NotImplementedError

    def _train(self, network, data):
        raise NotImplementedError

    def _network(self):
        """Return the network in eval mode on the CPU, trained or loaded."""
        self._check_fitted()
        if self._learns():
            return self.network_
        return load_network(self._build_network, self._source(), self._metadata())


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
        forms, key = _FORMS.setdefault(network, {}), (device, self._form_key())
        if key not in forms:
            forms[key] = self._make_form(network, device)
        return forms[key]

    def _form_key(self):
        """Return the parameters on which the form depends, beside the device."""
        return ()

    def _make_form(self, network, device):
        raise NotImplementedError
