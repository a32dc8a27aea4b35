"""Fusers around a torch network, and those with another form for inference."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
import threading
import weakref
from numbers import Integral

<<<<<<< HEAD
from sklearn.utils._param_validation import Interval, StrOptions

=======
import numpy as np
import torch
from sklearn.utils._param_validation import Interval, StrOptions

from ..base import BaseFuser, as_result
from ..images.notices import Notices
>>>>>>> dfec858 (Batches of networks are finite too)
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

    def _make_ready(self, device):
        self._form(device)

<<<<<<< HEAD
    def _form(self, device=None):
        """Return what fuses on a device."""
=======
        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes; images of one pair
            agree in size, pairs may differ.

        Returns
        -------
        ndarray of object, shape (n,)
            Fused images in the order of the pairs, float32 in [0, 1]: ``(H, W)``, or
            ``(H, W, 3)`` for a colour visible image where the colour is fused.

        Raises
        ------
        ValueError
            If a pair cannot be read or its sizes differ, a parameter is out of its
            range, or the result is not finite.
        """
        self._validate_params()
        pairs = as_pairs(X)
        out = np.empty(len(pairs), dtype=object)
        with Notices():
            samples = (Sample(i, *pairs.read_stored(i)) for i in range(len(pairs)))
            for i, fused in self._fuse_samples(samples):
                out[i] = self._result(fused, pairs, i)
        return out

    def _fuse_samples(self, samples, *, alone=False):
        """Fuse pairs as they come, for who reads and writes them elsewhere.

        Parameters
        ----------
        samples : iterable of skfusion.learning.batches.Sample
            Drawn while the device works, in another thread.
        alone : bool, default=False
            Hand back the error of a pair in place of its image, and go on.

        Yields
        ------
        key : object
            Of the sample.
        image : ndarray of float32, shape (H, W) or (H, W, 3), or Exception
            In the order in which batches are done.
        """
        devices = resolve_devices(self.device)
        for device in dict.fromkeys(devices):
            self._form(device)  # what is wrong with the weights is said before all
        workers = [
            (
                device,
                self._fuse_on_device,
                BatchSizes(device, self.inference_batch_size),
            )
            for device in devices
        ]
        if len(devices) > 1 or devices[0].type != "cpu":
            samples = ahead(samples)
        fused = fuse_samples(samples, workers, alone=alone)
        if not alone:
            return fused
        return ((key, self._or_error(image, key)) for key, image in fused)

    def _or_error(self, fused, key):
        """Return an image, or the error that it is not finite."""
        if isinstance(fused, Exception):
            return fused
        try:
            return as_result(fused, self, key)
        except ValueError as error:
            return error

    def _fuse_on_device(self, ir, vis):
        """Fuse stored planes ``(n, 1 or 3, h, w)`` on their device."""
        with inference(ir.device):
            fused = self._fuse_batch_any(luma_of(ir), vis)
            # Infinity is no white: it is refused, like NaN, where the image is taken.
            return torch.where(fused.isfinite(), fused.clamp(0, 1), torch.nan)

    def _fuse_batch_any(self, ir, vis):
        """Fuse gray with gray or colour planes."""
        if vis.shape[1] == 3 and self.color == "per_channel":
            return self._fuse_batch_channels(ir, vis)
        return self._fuse_batch(ir, luma_of(vis))

    def _fuse_batch_channels(self, ir, vis):
        """Fuse colour planes channel by channel: three pairs of a batch each."""
        infrared = ir.expand_as(vis).flatten(0, 1)[:, None]
        fused = self._fuse_batch(infrared, vis.flatten(0, 1)[:, None])
        return fused.view_as(vis)

    def _fuse_batch(self, ir, vis):
>>>>>>> dfec858 (Batches of networks are finite too)
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
        return load_network(self._build_network, self._source(), self._metadata())


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

    def _form_key(self):
        """Return the parameters on which the form depends, beside the device."""
        return ()

    def _make_form(self, network, device, dtype):
        raise NotImplementedError
