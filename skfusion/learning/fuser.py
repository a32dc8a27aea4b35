"""Fusers around a torch network, and those with another form for inference."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
import weakref
from numbers import Integral

from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import Interval, StrOptions

from ..base import BaseFuser
from ..pairs import as_pairs
from .onnx import export_onnx
from .training import resolve_device
from .weights import (
    WeightsError,
    load_network,
    read_metadata,
    read_weights,
    write_weights,
)

__all__ = ["NetworkFuser", "TorchFuser"]

# Forms made from a network for inference, dropped with it.
_FORMS: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


class TorchFuser(BaseFuser):
    """Base class of the fusers around a torch network.

    A subclass implements ``_build_network()`` (the architecture that its parameters
    ask for), ``_pretrained()`` (the name of the shipped weights for them) and
    ``_train(network, data)``, and uses ``self._network()`` in ``_fuse``.

    ``weights`` is ``"pretrained"``, the path of a safetensors file, or ``None`` to
    train in ``fit``. A pretrained fuser reads its file once a process, on first use.
    """

    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "weights": [StrOptions({"pretrained"}), str, os.PathLike, None],
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
        if X is None:
            raise ValueError(
                "X=None with weights=None: give training pairs, or weights='pretrained'"
            )
        if len(data) == 0:
            raise ValueError("X holds no pair: give at least one to train on.")
        self.network_ = self._train(self._build_network(), data).eval()
        return self

    def _training_data(self, X):
        """Return what ``_train`` gets, unread; a subclass may take more than pairs."""
        return as_pairs(X)

    def save_weights(self, path):
        """Write the network's weights as safetensors.

        Parameters
        ----------
        path : path
            Written atomically; class, version and architecture go into its metadata.
        """
        write_weights(path, self._network().state_dict(), self._metadata())

    def export_onnx(self, path, *, dynamic=True, size=(480, 640)):
        """Write the trained fuser as ONNX, for use without torch and skfusion.

        The inputs ``"infrared"`` and ``"visible"`` and the output ``"fused"`` are
        float32 ``(N, 1, H, W)`` in [0, 1]; the visible image is its BT.601 luma, whose
        chroma is put back outside. The file's metadata tell the class, the version,
        this convention and the least height and width, ``min_size``.

        Parameters
        ----------
        path : path
            A file ending in ``.onnx``, replaced if it exists.
        dynamic : bool, default=True
            Any N, H and W; else one image of ``size``.
        size : (int, int), default=(480, 640)
            Height and width of the fixed form.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            With ``weights=None`` before ``fit``.
        ValueError
            If the path does not end in ``.onnx`` or the size is too small.
        ImportError
            If the packages of ``skfusion[onnx]`` are not installed.
        """
        self._validate_params()
        export_onnx(
            self._onnx_module(),
            path,
            dynamic=dynamic,
            size=size,
            metadata=self._metadata(),
        )

    def _onnx_module(self):
        """Return a module from ``(n, 1, h, w)`` infrared and visible to fused."""
        raise NotImplementedError

    def _metadata(self):
        return {"class": type(self).__name__}

    def _pretrained(self):
        raise NotImplementedError

    def _build_network(self):
        raise NotImplementedError

    def _train(self, network, data):
        raise NotImplementedError

    def _network(self):
        """Return the network in eval mode on the CPU, trained or loaded."""
        if self.weights is None:
            if not hasattr(self, "network_"):
                raise NotFittedError(
                    f"This {type(self).__name__} has weights=None and is not fitted: "
                    "call fit with training pairs, or use weights='pretrained'."
                )
            return self.network_
        name = self._pretrained() if self.weights == "pretrained" else self.weights
        return load_network(self._build_network, name, self._metadata())

    def _check_origin(self):
        """Refuse weights made with other fixed filters, which no shape gives away."""
        source = self._pretrained() if self.weights == "pretrained" else self.weights
        origin = read_metadata(source)
        for name, value in self._metadata().items():
            if origin.get(name, str(value)) != str(value):
                raise WeightsError(
                    f"weights={str(self.weights)!r} was made with {name}="
                    f"{origin[name]}, this fuser has {name}={value}."
                )

    def __sklearn_is_fitted__(self):
        return self.weights is not None or hasattr(self, "network_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = self.weights is None
        return tags


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
