"""SDNet: squeeze two images into one from which both can be told again."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import torch
from sklearn.utils._param_validation import Interval
from torch.nn import functional

from ....learning.objectives import laplacian
from ....learning.pair_fuser import PairNetworkFuser
from ....networks.convolutional.sdnet import SDNet as SDNetwork

__all__ = ["SDNet"]


class SDNet(PairNetworkFuser):
    """Fuse by squeezing both images into one that can be decomposed again.

    Two paths of dense layers are squeezed into the fused image; in training, a second
    half decomposes it into both images again, so that it has to keep what tells them.

    Parameters
    ----------
    n_channels : int, default=16
        Maps of each layer.
    parity : bool, default=False
        Stretch the fused image to [0, 1], as the authors' program does on saving.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=15
        Each sees one random crop of every pair.
    batch_size : int, default=32
        Crops in a batch.
    crop_size : int, default=120
        Side of the training crops.
    learning_rate, final_learning_rate : float, default=0.0001, 0.0001
        Of Adam, in the first and in the last epoch.
    decay : str, default="constant"
        The way from one to the other: ``"constant"``, ``"linear"``, ``"late"``
        (constant for half the epochs, then linear), ``"cosine"`` or ``"exponential"``.
    infrared_weight : float, default=1.0
        Weight of the squared distance to the infrared image.
    visible_weight : float, default=0.5
        Weight of the squared distance to the visible image.
    gradient_weight : float, default=80.0
        Weight of the squared distance to the stronger gradient.
    decomposition_weight : float, default=1.0
        Weight of the squared error of the images told again.
    max_seconds : float or None, default=None
        Stop the training after this time, with the rates adapted to it.
    initial_weights : "pretrained", path or None, default=None
        Where training starts; ``None`` draws random parameters.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.
    tile_size : int or None, default=None
        Fuse images larger than this in overlapping tiles, with the same result.
    inference_batch_size : int or None, default=None
        Pairs of one size that the network fuses together; ``None`` chooses: one on a
        CPU, as many as fill it on a GPU. (``batch_size`` is that of the training.)
    precision : {"auto", "float32", "bfloat16", "float16"}, default="auto"
        What the network computes in. ``"auto"``: exact float32 on a CPU; on a GPU
        float16 where that moves no pixel by more than one grey level of 255.
    device : str, default="auto"
        ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda"``, ...; several, with
        commas between, share the pairs: ``"cuda:0,cuda:1"``.
    random_state : int, RandomState instance or None, default=None
        Of the initial parameters, the shuffles and the crops.
    verbose : bool or int, default=False
        Show a progress bar in ``fit``.

    Attributes
    ----------
    network_ : torch.nn.Module
        The trained network; only after ``fit`` with ``weights=None``.
    loss_curve_ : list of float
        Mean loss of each epoch; only after ``fit`` with ``weights=None``.

    Notes
    -----
    The loss is ``a (F - I)^2 + b (F - V)^2 + c (lap F - lap S)^2 + d ((I' - I)^2 + (V'
    - V)^2)``: ``lap`` is the Laplacian, ``S`` pixel by pixel the image whose Laplacian
    is stronger over 7x7 pixels, ``I'`` and ``V'`` the images told from ``F``.

    Inside, images lie in [-1, 1], and beyond the border is the mid grey 0.

    References
    ----------
    .. [1] H. Zhang and J. Ma, "SDNet: A versatile squeeze-and-decomposition network for
       real-time image fusion", International Journal of Computer Vision 129, 2761-2785,
       2021.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import SDNet
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = SDNet(n_channels=2, weights=None, max_epochs=1,
    ...     crop_size=16, random_state=0)
    >>> fuser.fit(X).transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **PairNetworkFuser._parameter_constraints,
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "parity": ["boolean"],
        "infrared_weight": [Interval(Real, 0, None, closed="left")],
        "visible_weight": [Interval(Real, 0, None, closed="left")],
        "gradient_weight": [Interval(Real, 0, None, closed="left")],
        "decomposition_weight": [Interval(Real, 0, None, closed="left")],
    }
    _weights_name = "sdnet"
    _architecture = ("n_channels",)
    _half = "float16"

    def __init__(
        self,
        n_channels=16,
        *,
        parity=False,
        weights="pretrained",
        max_epochs=15,
        batch_size=32,
        crop_size=120,
        learning_rate=0.0001,
        final_learning_rate=0.0001,
        decay="constant",
        infrared_weight=1.0,
        visible_weight=0.5,
        gradient_weight=80.0,
        decomposition_weight=1.0,
        max_seconds=None,
        initial_weights=None,
        color="gray",
        tile_size=None,
        inference_batch_size=None,
        precision="auto",
        device="auto",
        random_state=None,
        verbose=False,
    ):
        self.n_channels = n_channels
        self.parity = parity
        self.weights = weights
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.crop_size = crop_size
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.decay = decay
        self.infrared_weight = infrared_weight
        self.visible_weight = visible_weight
        self.gradient_weight = gradient_weight
        self.decomposition_weight = decomposition_weight
        self.max_seconds = max_seconds
        self.initial_weights = initial_weights
        self.color = color
        self.tile_size = tile_size
        self.inference_batch_size = inference_batch_size
        self.precision = precision
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _build_network(self):
        return SDNetwork(self.n_channels)

    def _loss(self, network, pairs):
        ir, vis = pairs[:, :1], pairs[:, 1:]
        fused = network(ir, vis)
        told = network.decompose(fused)
        edges = [laplacian(image, "replicate") for image in (ir, vis)]
        size = [functional.avg_pool2d(edge.abs(), 7, 1, 3) for edge in edges]
        edge = laplacian(fused, "replicate")
        stronger = torch.where(size[0] > size[1], *edges)
        return (
            self.infrared_weight * functional.mse_loss(fused, ir)
            + self.visible_weight * functional.mse_loss(fused, vis)
            + self.gradient_weight * functional.mse_loss(edge, stronger)
            + self.decomposition_weight
            * (functional.mse_loss(told[0], ir) + functional.mse_loss(told[1], vis))
        )
