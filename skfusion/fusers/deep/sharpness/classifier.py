"""Which of two windows is the sharper one: a classifier on pairs of patches."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import copy
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils._param_validation import Interval, StrOptions

from ...._limits import check_limits
from ....images import as_float, luma
from ....learning.estimator import WithWeights
from ....learning.onnx import ExportsONNX
from .windows import WINDOW, pad_to_grid, spread

__all__ = ["SharpnessClassifier"]

# Pixels of an image that a window's planes depend on: one for Sobel, one for the stem.
_CONTEXT = 2
# Pairs that run together: their widest maps stay at some 25 MB.
_BATCH = 16


class SharpnessClassifier(ExportsONNX, WithWeights, ClassifierMixin, BaseEstimator):
    """Tell which of two windows of 32 pixels is the sharper one.

    A residual network of 1x1 convolutions reads both windows and their gradients. It
    is trained on windows of photographs and blurred copies of them, and used on the
    windows of an infrared and a visible image.

    Parameters
    ----------
    network : {"six-path", "three-path"}, default="six-path"
        :class:`skfusion.networks.sharpness.SixPathNet`, which shares one path among all
        planes, or :class:`skfusion.networks.sharpness.ThreePathNet`, with a path of its
        own for gray and each gradient.
    weights : "pretrained", path or None, default="pretrained"
        Where the network starts: the shipped weights, a safetensors file, or drawn at
        random. With the first two it can be used without ``fit``; ``fit`` and
        ``partial_fit`` train on from there.
    width : int, default=64
        Channels of the first layer. The shipped weights have 64.
    gradients : {"clipped", "signed", "magnitude"}, default="clipped"
        The Sobel planes: clipped to [0, 1] as in the papers' 8-bit files, signed, or
        absolute values. The shipped weights are for ``"clipped"``.
    border : {"context", "zero"}, default="context"
        What the 3x3 stem sees beyond a window: the image there, or zeros as in the
        originals (and, in the three-path network, the other window across the seam
        of the two).
    max_epochs : int, default=30
        Of ``fit``.
    batch_size : int, default=64
    learning_rate : float, default=2e-4
        Of stochastic gradient descent.
    momentum : float, default=0.9
    weight_decay : float, default=5e-4
    gamma : float, default=0.9
        Factor of the learning rate after each epoch of ``fit``.
    early_stopping : bool, default=False
        Set a share of the samples aside, stop when the loss on them has not fallen
        for ``n_iter_no_change`` epochs, and keep the best network.
    validation_fraction : float, default=0.1
        The share set aside.
    n_iter_no_change : int, default=5
    device : str, default="auto"
        A torch device; ``"auto"`` is a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Draws the first parameters, the batches and the validation samples.
    verbose : bool or int, default=False
        Show a progress bar.

    Attributes
    ----------
    classes_ : ndarray, shape (2,)
        0, the first window is sharper, and 1, the second; the sorted labels of ``y``
        after a fit.
    network_ : torch.nn.Module
        After ``fit`` or ``partial_fit``.
    loss_curve_ : list of float
        The mean training loss of each epoch.
    validation_curve_ : list of float
        The loss on the samples set aside, with ``early_stopping``.

    See Also
    --------
    skfusion.datasets.make_sharpness_patches : Training data from photographs.
    SharpnessFuser : Fuses images by the decisions of such a classifier.

    Notes
    -----
    The defaults of the training are those of the papers; the shipped weights were
    trained in another way, which their card tells. ``predict_proba`` is for one order
    of the windows; ``score_map`` means both.

    References
    ----------
    .. [1] Infrared and visible image fusion with enhancement before and after a
       residual sharpness network, Neurocomputing 2024,
       doi:10.1016/j.neucom.2024.127353.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.datasets import make_sharpness_patches
    >>> from skfusion.fusers import SharpnessClassifier
    >>> image = np.random.default_rng(0).random((128, 128))
    >>> X, y = make_sharpness_patches([image], n=8, random_state=0)
    >>> SharpnessClassifier().predict(X)
    array([0, 1, 0, 1, 0, 1, 0, 1])
    >>> small = SharpnessClassifier(weights=None, width=4, max_epochs=2, random_state=0)
    >>> len(small.fit(X, y).loss_curve_)
    2
    """

    _onnx_output = "score"
    _learns_from = "pairs of patches"
    _parameter_constraints: dict = {
        "network": [StrOptions({"six-path", "three-path"})],
        **WithWeights._weights_constraints,
        "width": [Interval(Integral, 1, None, closed="left")],
        "gradients": [StrOptions({"clipped", "signed", "magnitude"})],
        "border": [StrOptions({"context", "zero"})],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "gamma": [Interval(Real, 0, 1, closed="right")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        network="six-path",
        *,
        weights="pretrained",
        width=64,
        gradients="clipped",
        border="context",
        max_epochs=30,
        batch_size=64,
        learning_rate=2e-4,
        momentum=0.9,
        weight_decay=5e-4,
        gamma=0.9,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=5,
        device="auto",
        random_state=None,
        verbose=False,
    ):
        self.network = network
        self.weights = weights
        self.width = width
        self.gradients = gradients
        self.border = border
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.gamma = gamma
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _validate_params(self):
        super()._validate_params()
        check_limits(self)

    @property
    def classes_(self):
        """The two labels: the first window is sharper, the second is."""
        return getattr(self, "_classes", np.array([0, 1]))

    def fit(self, X, y):
        """Train the network, from the start that ``weights`` gives.

        Parameters
        ----------
        X : array-like, shape (n, 2, 32, 32) or (n, 2, 36, 36)
            Pairs of gray windows: uint8, uint16 or float in [0, 1]; with two pixels of
            context on each side, or mirrored there.
        y : array-like, shape (n,)
            Two labels: the smaller one where the first window is sharper.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X or y is not of that form, or a parameter is out of its range.
        FloatingPointError
            If the loss is NaN or infinite.
        """
        from .training import train_epochs

        self._validate_params()
        X, target = self._check_samples(X, y, reset=True)
        self._start()
        train_epochs(self, X, target, self.max_epochs)
        return self

    def partial_fit(self, X, y, classes=None):
        """Train for one pass over more samples, without a schedule.

        Parameters
        ----------
        X, y : as in ``fit``
        classes : array-like, shape (2,), default=None
            All labels; needed at the first call where y may hold one label only.

        Returns
        -------
        self
        """
        from .training import train_epochs

        self._validate_params()
        fresh = not hasattr(self, "network_")
        if fresh and classes is not None:
            self._classes = _two_labels(classes)
        known = not fresh or classes is not None
        X, target = self._check_samples(X, y, reset=not known)
        if fresh:
            self._start()
        train_epochs(self, X, target, 1, partial=True)
        return self

    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like, shape (n, 2, 32, 32) or (n, 2, 36, 36)

        Returns
        -------
        ndarray of float32, shape (n, 2)
        """
        import torch

        from .training import pair_planes

        self._validate_params()
        X = _check_patches(X)
        network, device = self._ready()
        out = np.empty((len(X), 2), dtype=np.float32)
        with torch.inference_mode():
            for start in range(0, len(X), _BATCH):
                part = torch.from_numpy(X[start : start + _BATCH]).to(device)
                planes = pair_planes(self, part)
                out[start : start + _BATCH] = network(*planes).softmax(1).cpu().numpy()
        return out

    def predict(self, X):
        """Return the label of each pair.

        Parameters
        ----------
        X : array-like, shape (n, 2, 32, 32) or (n, 2, 36, 36)

        Returns
        -------
        ndarray, shape (n,)
        """
        return self.classes_[self.predict_proba(X).argmax(1)]

    def window_scores(
        self, infrared, visible, *, stride=8, orders="both", tile_size=None
    ):
        """Return how surely the visible image is the sharper one, window by window.

        Parameters
        ----------
        infrared, visible : array-like or path, shape (H, W)
            Images of one size; colour is reduced to luma.
        stride : int, default=8
            Pixels from one window to the next. Multiples of 8 take one run of the
            network.
        orders : {"both", "first", "each"}, default="both"
            The mean of the probabilities for the visible window before the infrared
            one and after it; the first of these alone; or the two, one by one.
        tile_size : int, default=None
            Rows of pixels that are in memory at once; the result does not depend on
            it. ``None`` chooses.

        Returns
        -------
        ndarray of float32, shape (n_rows, n_columns)
            In [0, 1], of shape (2, n_rows, n_columns) for ``orders="each"``. Window
            (i, j) begins at pixel (stride * i, stride * j); beyond the border the
            images are mirrored.
        """
        self._validate_params()
        if orders not in ("both", "first", "each"):
            raise ValueError(f"orders={orders!r}: use 'both', 'first' or 'each'.")
        scores = self._order_scores(
            infrared, visible, stride, orders != "first", tile_size
        )
        return scores if orders == "each" else scores.mean(axis=0)

    def score_map(self, infrared, visible, *, stride=8, orders="both", tile_size=None):
        """Return how surely the visible image is the sharper one, pixel by pixel.

        The mean of :meth:`window_scores` over the windows that cover a pixel.

        Parameters
        ----------
        infrared, visible : array-like or path, shape (H, W)
        stride : int, default=8
        orders : {"both", "first"}, default="both"
        tile_size : int, default=None
            As in :meth:`window_scores`.

        Returns
        -------
        ndarray of float32, shape (H, W)
            In [0, 1].

        Examples
        --------
        >>> import numpy as np
        >>> from skfusion.fusers import SharpnessClassifier
        >>> texture = np.random.default_rng(0).random((40, 64))
        >>> flat = np.full((40, 64), 0.5)
        >>> bool(SharpnessClassifier().score_map(flat, texture).min() > 0.9)
        True
        """
        if orders not in ("both", "first"):
            raise ValueError(f"orders={orders!r}: use 'both' or 'first'.")
        scores = self.window_scores(
            infrared, visible, stride=stride, orders=orders, tile_size=tile_size
        )
        shape = luma(visible, "visible").shape
        total, count = spread(scores, shape, stride)
        return (total / count).astype(np.float32)

    def score_module(self, *, orders="both"):
        """Return :meth:`score_map` as a torch module, for export or another graph.

        Parameters
        ----------
        orders : {"both", "first"}, default="both"

        Returns
        -------
        torch.nn.Module
            From ``(n, 1, h, w)`` infrared and visible images to the score of the
            visible one, at a stride of 8.

        Raises
        ------
        ValueError
            With ``border="zero"``: every window then has edges of its own.
        """
        from .._onnx_graphs import ScoreGraph

        if self.border != "context":
            raise ValueError(
                f"border={self.border!r} cannot be exported, as every window has edges "
                "of its own: use border='context'."
            )
        return ScoreGraph(self._ready()[0], self.gradients, orders == "both")

    def load_weights(self):
        """Read the weights now and not at first use, and check them.

        Returns
        -------
        self

        Raises
        ------
        sklearn.exceptions.NotFittedError
            With ``weights=None`` before ``fit``.
        skfusion.weights.WeightsError
            If the file is missing, damaged or of another form.
        """
        self._ready()
        return self

    def _onnx_module(self):
        return self.score_module()

    def _order_scores(self, infrared, visible, stride, both_orders, tile_size):
        """Return the visible scores with the visible window first, and second."""
        import torch

        from .dense_scores import dense_logits

        infrared, visible = luma(infrared, "infrared"), luma(visible, "visible")
        if infrared.shape != visible.shape:
            raise ValueError(
                f"infrared is {infrared.shape} and visible {visible.shape} (rows, "
                "columns): resize or register them first."
            )
        network, device = self._ready()
        with torch.inference_mode():
            logits = dense_logits(
                network,
                *(
                    torch.from_numpy(pad_to_grid(image, stride)).to(device)
                    for image in (visible, infrared)
                ),
                stride=stride,
                border=self.border,
                gradients=self.gradients,
                both_orders=both_orders,
                strip=tile_size,
            )
            scores = logits.softmax(1).cpu().numpy()
        return np.stack([scores[k, k] for k in range(1 + both_orders)])

    def _check_samples(self, X, y, *, reset):
        X = _check_patches(X)
        y = np.asarray(y)
        if y.shape != (len(X),):
            raise ValueError(
                f"y has shape {y.shape}: expected one label for each of the "
                f"{len(X)} pairs of X."
            )
        if len(X) < 2:
            raise ValueError("X holds 1 pair: batch normalisation needs at least 2.")
        if reset:
            self._classes = _two_labels(np.unique(y))
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(
                f"y holds the label {unknown[0]!r}: expected {self.classes_.tolist()}."
            )
        return X, np.searchsorted(self.classes_, y)

    def _start(self):
        """Give ``network_`` its first parameters."""
        from ....learning.training import make_generator

        self._generator = make_generator(self.random_state)
        if self.weights is None:
            self.network_ = self._build_network().initialize(self._generator)
        else:
            self.network_ = copy.deepcopy(self._loaded()).requires_grad_(True)
        self._remember_form()
        self.loss_curve_ = []
        self._optimizer_state = None

    def _build_network(self):
        from ....networks.sharpness import SixPathNet, ThreePathNet

        networks = {"six-path": SixPathNet, "three-path": ThreePathNet}
        return networks[self.network](self.width)

    def _loaded(self):
        from ....learning.weights import load_network

        return load_network(self._build_network, self._source(), self._metadata())

    def _pretrained(self):
        return f"clarity_{self.network.replace('-', '_')}"

    def _tensors(self):
        return self._ready()[0].state_dict()

    def _uses_learned(self):
        return self._is_learned()

    def _metadata(self):
        names = ("network", "width", "gradients")
        own = {name: getattr(self, name) for name in names}
        return {"class": "SharpnessClassifier", **own}

    def _ready(self):
        """Return the network, folded, on its device, and the device."""
        from ....learning.devices import resolve_device

        device = resolve_device(self.device)
        self._check_fitted()
        network = self.cpu_network()
        if device.type != "cpu":
            network = copy.deepcopy(network).to(device)
        return network.fold(), device

    def cpu_network(self):
        """Return the network in use on the CPU: shared, do not change it."""
        self._check_fitted()
        return self.network_ if self._is_learned() else self._loaded()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.classifier_tags.multi_class = False
        tags.no_validation = True
        return tags


def _check_patches(X):
    X = np.asarray(X)
    sides = (WINDOW, WINDOW + 2 * _CONTEXT)
    if X.ndim != 4 or X.shape[1] != 2 or X.shape[2] != X.shape[3]:
        raise ValueError(
            f"X has shape {X.shape}: expected pairs of windows (n, 2, {sides[0]}, "
            f"{sides[0]})."
        )
    if X.shape[2] not in sides:
        raise ValueError(
            f"X holds windows of {X.shape[2]} pixels: expected {sides[0]}, or "
            f"{sides[1]} with {_CONTEXT} pixels of context on each side."
        )
    if len(X) == 0:
        raise ValueError("X holds no pair.")
    return as_float(X.reshape(-1, X.shape[3]), "X").reshape(X.shape)


def _two_labels(labels):
    labels = np.unique(labels)
    if len(labels) != 2:
        raise ValueError(
            f"there are {len(labels)} different labels, {labels.tolist()}: expected "
            "two, the smaller for 'the first window is sharper'."
        )
    return labels
