"""Fusers around a torch network, and those with another form for inference."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
import threading
import weakref
from numbers import Integral

from sklearn.utils._param_validation import Interval, StrOptions

from ..pairs import as_pairs
from .device_fuser import DeviceFuser
from .devices import resolve_device
from .estimator import WithWeights
from .onnx import ExportsONNX
from .weights import load_network, read_weights

__all__ = ["NetworkFuser", "TorchFuser"]

# Forms made from a network for inference, dropped with it.
_FORMS: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
_forming = threading.RLock()


class TorchFuser(ExportsONNX, WithWeights, DeviceFuser):
    """Base class of the fusers around a torch network.

    A subclass implements ``_build_network()`` (the architecture that its parameters
    ask for), ``_pretrained()`` (the name of the shipped weights for them),
    ``_metadata()`` (those parameters), ``_train(network, data)``, ``_form(device)``
    (what it calls to fuse there), and ``_fuse_batch(ir, vis)``.
    """

    _parameter_constraints: dict = {
        **DeviceFuser._parameter_constraints,
        **WithWeights._weights_constraints,
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "tile_size": [Interval(Integral, 32, None, closed="left"), None],
    }
    _cache_tile: int | None = None  # what tile_size="auto" is on a CPU
    # What to set where the metadata have another name for it than the parameter.
    _metadata_parameters: dict[str, str] = {}

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
        self._remember_form()
        self.network_ = self._train(self._build_network(), data).eval()
        return self

    def _tile_size_on(self, device):
        """Return the side of the tiles on a device; tiles for the cache are a CPU's."""
        if self.tile_size != "auto":
            return self.tile_size
        return self._cache_tile if device.type == "cpu" else None

    def _make_ready(self, device):
        self._form(device)

    def _form(self, device=None):
        """Return what fuses on a device."""
        raise NotImplementedError

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
        return load_network(
            self._build_network,
            self._source(),
            self._metadata(),
            self._metadata_parameters,
        )


class NetworkFuser(TorchFuser):
    """Base class of the fusers that train from drawn or given weights.

    A subclass implements ``_make_form(network, device, dtype)``: what it calls to fuse.
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

    def _form(self, device=None):
        """Return the network in the form for inference on a device, cached.

        Without a device on that of the parameter.
        """
        network, device = self._network(), device or resolve_device(self.device)
        dtype = self._precision(device)
        with _forming:
            forms = _FORMS.setdefault(network, {})
            key = (device, dtype, self._form_key())
            if key not in forms:
                forms[key] = self._make_form(network, device, dtype)
            return forms[key]

    def _replayed_for(self):
        return self._network()

    def _form_key(self):
        """Return the parameters on which the form depends, beside the device."""
        return ()

    def _make_form(self, network, device, dtype):
        raise NotImplementedError
