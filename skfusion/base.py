"""The contracts: image transformers, fusers, fusers with a weight map or a network."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import Interval, StrOptions

from .images import as_float, luma
from .pairs import as_pairs

__all__ = ["BaseFuser", "ImageTransformer", "TorchFuser", "WeightMapFuser"]


class _Stateless:
    """Parameters are checked at use; nothing is learned, so ``fit`` is optional."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.no_validation = True
        return tags

    def __sklearn_is_fitted__(self):
        return True


class ImageTransformer(_Stateless, TransformerMixin, BaseEstimator):
    """Base class of the enhancement steps: images in, images out.

    A subclass declares ``_parameter_constraints`` and implements
    ``_transform_image(image)``: float32 ``(H, W)`` or ``(H, W, 3)`` in [0, 1] in, the
    same out.
    """

    _parameter_constraints: dict = {}

    def fit(self, X=None, y=None):
        """Check the parameters; there is nothing to learn.

        Parameters
        ----------
        X : sequence of images, optional
        y : None
            Ignored.

        Returns
        -------
        self
        """
        self._validate_params()
        if X is not None:
            self._images(X)
        return self

    def transform(self, X):
        """Transform each image.

        Parameters
        ----------
        X : sequence of array-like or path, or dense array (n, H, W) or (n, H, W, 3)
            Images: uint8, uint16 or float in [0, 1].

        Returns
        -------
        ndarray
            float32 in [0, 1]; dense for a dense X, else an object array ``(n,)``.

        Raises
        ------
        ValueError
            If X is not a sequence of images or a parameter is out of its range.
        """
        self._validate_params()
        images, dense = self._images(X)
        out = np.empty(len(images), dtype=object)
        for i, image in enumerate(images):
            out[i] = self._transform_image(as_float(image, f"X[{i}]"))
        if dense and len(out):
            return np.stack(list(out))
        return out

    def _transform_image(self, image):
        raise NotImplementedError

    @staticmethod
    def _images(X):
        if isinstance(X, np.ndarray) and X.dtype != object:
            if X.ndim in (3, 4):
                return list(X), True
            raise ValueError(
                f"X has shape {X.shape}: expected images (n, H, W) or (n, H, W, 3); a "
                "single image is X=[image]."
            )
        if isinstance(X, (str, os.PathLike)):
            raise ValueError(f"X={str(X)!r} is one path: a single image is X=[path].")
        if isinstance(X, np.ndarray) and X.ndim != 1:
            raise ValueError(
                f"X is an object array of shape {X.shape}: expected (n,) images; pairs "
                "go through skfusion.compose.EnhanceByModality."
            )
        try:
            return list(X), False
        except TypeError:
            raise ValueError(
                f"X is a {type(X).__name__}: expected a sequence of images."
            ) from None


class BaseFuser(_Stateless, TransformerMixin, BaseEstimator):
    """Base class of the fusion methods: pairs in, fused images out.

    A subclass declares ``_parameter_constraints`` and implements ``_fuse(ir, vis)``
    on two float32 ``(H, W)`` images in [0, 1]; it may return values outside [0, 1],
    which ``transform`` clips.

    Notes
    -----
    There is deliberately no ``score``: at the end of a pipeline it would compare with
    the *enhanced* images. Use :class:`skfusion.metrics.FusionScorer`.
    """

    _parameter_constraints: dict = {"color": [StrOptions({"luma", "per_channel"})]}

    def fit(self, X=None, y=None):
        """Check the parameters and the form of X.

        Parameters
        ----------
        X : pairs, optional
            Any form that :func:`skfusion.pairs.as_pairs` takes.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        self._validate_params()
        if X is not None:
            as_pairs(X)
        return self

    def transform(self, X):
        """Fuse each pair.

        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes; images of one pair
            agree in size, pairs may differ.

        Returns
        -------
        ndarray of object, shape (n,)
            Fused images, float32 in [0, 1]: ``(H, W)``, or ``(H, W, 3)`` for a colour
            visible image under ``color="per_channel"``.

        Raises
        ------
        ValueError
            If a pair cannot be read or its sizes differ, or a parameter is out of its
            range.
        """
        self._validate_params()
        pairs = as_pairs(X)
        out = np.empty(len(pairs), dtype=object)
        for i in range(len(pairs)):
            fused = self._fuse_any(*pairs.read(i))
            fused = np.asarray(fused, dtype=np.float32)
            out[i] = np.ascontiguousarray(np.clip(fused, 0, 1))
        return out

    def _fuse_any(self, ir, vis):
        if vis.ndim == 2:
            return self._fuse(ir, vis)
        if getattr(self, "color", "luma") == "luma":
            return self._fuse(ir, luma(vis))
        return self._fuse_channels(ir, vis)

    def _fuse(self, ir, vis):
        raise NotImplementedError

    def _fuse_channels(self, ir, vis):
        """Fuse a colour visible image channel by channel."""
        channels = [self._fuse(ir, np.ascontiguousarray(vis[..., c])) for c in range(3)]
        return np.stack(channels, axis=-1)


class WeightMapFuser(BaseFuser):
    """Base class of the fusers that are a weighted mean of the two images.

    A subclass implements ``_weight(ir, vis)``: the weight of the visible image, float
    ``(H, W)`` in [0, 1].
    """

    def weight_map(self, X):
        """Return the weight of the visible image for each pair.

        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes.

        Returns
        -------
        ndarray of object, shape (n,)
            float32 ``(H, W)`` maps in [0, 1]; the infrared weight is one minus them.
        """
        self._validate_params()
        pairs = as_pairs(X)
        out = np.empty(len(pairs), dtype=object)
        for i in range(len(pairs)):
            ir, vis = pairs.read(i)
            out[i] = np.asarray(self._weight(ir, luma(vis)), dtype=np.float32)
        return out

    def _weight(self, ir, vis):
        raise NotImplementedError

    def _fuse(self, ir, vis):
        w = self._weight(ir, vis)
        return w * vis + (1 - w) * ir

    def _fuse_channels(self, ir, vis):
        """One weight map, from luma, for all channels."""
        w = self._weight(ir, luma(vis))[..., None]
        return w * vis + (1 - w) * ir[..., None]


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
        from .weights import write_weights

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
        from .onnx_export import export_onnx

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
        from .weights import load_network

        name = self._pretrained() if self.weights == "pretrained" else self.weights
        return load_network(self._build_network, name, self._metadata())

    def _check_origin(self):
        """Refuse weights made with other fixed filters, which no shape gives away."""
        from .weights import WeightsError, read_metadata

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
