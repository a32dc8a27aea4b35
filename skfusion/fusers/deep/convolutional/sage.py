"""SAGE: the student, a U-Net of 135,617 parameters."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import torch
from sklearn.utils._param_validation import Interval
from torch.nn import functional

from ....learning.maximum import sobel_strength
from ....learning.pair_fuser import PairForm, PairNetworkFuser
from ....networks.convolutional.sage import SAGENet

__all__ = ["SAGE"]


class SAGE(PairNetworkFuser):
    """Fuse by a small U-Net.

    Parameters
    ----------
    n_channels : int, default=32
        Maps of every layer.
    parity : bool, default=False
        As the authors' program: a row or column that halving leaves over is dropped at
        the coarser scales, which are stretched over it. There are no tiles then.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=100
        Each sees one random crop of every pair.
    batch_size : int, default=4
        Crops in a batch.
    crop_size : int, default=192
        Side of the training crops.
    learning_rate, final_learning_rate : float, default=0.002, 1e-5
        Of Adam, in the first and in the last epoch.
    decay : str, default="cosine"
        The way from one to the other: ``"constant"``, ``"linear"``, ``"late"``
        (constant for half the epochs, then linear), ``"cosine"`` or ``"exponential"``.
    infrared_weight : float, default=6.0
        Weight of the squared distance to the infrared image.
    visible_weight : float, default=9.0
        Weight of the squared distance to the visible image.
    intensity_weight : float, default=12.0
        Weight of the squared distance to the larger of both intensities, which stands
        for the image that the published training has from its teacher.
    gradient_weight : float, default=27.0
        Weight of the distance to the larger of both gradients.
    frozen_share : float, default=0.0
        Share of the training, at its end, with the normalisation fixed at its running
        statistics, as it is in use. The published training has none.
    max_seconds : float or None, default=None
        Stop the training after this time, with the rates adapted to it.
    initial_weights : "pretrained", path or None, default=None
        Where training starts; ``None`` draws random parameters.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.
    tile_size : int or None, default=None
        Fuse images larger than this, a multiple of 4, in overlapping tiles, with the
        same result; only without ``parity``.
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
    The loss is ``a (F - I)^2 + b (F - V)^2 + c (F - max(I, V))^2 + d |grad F - max(grad
    I, grad V)|``. The published training compares with the image of a teacher that
    knows segments in place of the larger of both, by the same weight, and also with its
    gradients and features. Published crops are 192x256.

    By default the image is mirrored to multiples of 4, where the scales lie on each
    other.

    References
    ----------
    .. [1] G. Wu, H. Liu, H. Fu, Y. Peng, J. Liu, X. Fan and R. Liu, "Every SAM drop
       counts: Embracing semantic priors for multi-modality image fusion and beyond",
       CVPR 2025.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import SAGE
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = SAGE(n_channels=2, weights=None, max_epochs=1,
    ...     crop_size=16, random_state=0)
    >>> fuser.fit(X).transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **PairNetworkFuser._parameter_constraints,
        "frozen_share": [Interval(Real, 0, 1, closed="both")],
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "parity": ["boolean"],
        "infrared_weight": [Interval(Real, 0, None, closed="left")],
        "visible_weight": [Interval(Real, 0, None, closed="left")],
        "intensity_weight": [Interval(Real, 0, None, closed="left")],
        "gradient_weight": [Interval(Real, 0, None, closed="left")],
    }
    _weights_name = "sage"
    _architecture = ("n_channels",)
    _why_whole = "with parity=True stretches its coarser scales over the whole image"

    _half = "float16"

    def __init__(
        self,
        n_channels=32,
        *,
        parity=False,
        weights="pretrained",
        max_epochs=100,
        batch_size=4,
        crop_size=192,
        learning_rate=0.002,
        final_learning_rate=1e-5,
        decay="cosine",
        infrared_weight=6.0,
        visible_weight=9.0,
        intensity_weight=12.0,
        gradient_weight=27.0,
        frozen_share=0.0,
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
        self.intensity_weight = intensity_weight
        self.gradient_weight = gradient_weight
        self.frozen_share = frozen_share
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
        return SAGENet(self.n_channels)

    def _form_key(self):
        return self.parity

    def _make_form(self, network, device, dtype):
        form = PairForm(network, device, dtype)
        form.network.pad = not self.parity
        form.reach = None if self.parity else network.reach
        return form

    def _stretches(self):
        return False

    def _onnx_module(self):
        graph = super()._onnx_module()
        graph.network.pad = not self.parity
        return graph

    def _loss(self, network, pairs):
        ir, vis = pairs[:, :1], pairs[:, 1:]
        fused = network(ir, vis)
        edges = torch.maximum(sobel_strength(ir), sobel_strength(vis))
        return (
            self.infrared_weight * functional.mse_loss(fused, ir)
            + self.visible_weight * functional.mse_loss(fused, vis)
            + self.intensity_weight * functional.mse_loss(fused, torch.maximum(ir, vis))
            + self.gradient_weight * functional.l1_loss(sobel_strength(fused), edges)
        )
