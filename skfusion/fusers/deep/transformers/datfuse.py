"""DATFuse: two attentions and token-wise layers of 10,000 parameters."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import torch
from sklearn.utils._param_validation import Interval, StrOptions
from torch.nn import functional

from ....learning.maximum import sobel_strength
from ....learning.pair_fuser import PairNetworkFuser
from ....losses import dssim
from ....networks.transformers.datfuse import DATFuseNet

__all__ = ["DATFuse"]


class DATFuse(PairNetworkFuser):
    """Fuse by attention to channels and places, in 9,464 parameters.

    Parameters
    ----------
    n_channels : int, default=16
        Maps of every layer.
    tokens : {"pixels", "runs"}, default="pixels"
        What the transformer blocks look at: the maps of a pixel, as the paper means it,
        or, as the published program does by a slip, runs of the flattened maps, which
        mix far places; the published weights need ``"runs"``.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=10
        Each sees one random crop of every pair.
    batch_size : int, default=128
        Crops in a batch.
    crop_size : int, default=120
        Side of the training crops.
    learning_rate, final_learning_rate : float, default=0.001, 0.001
        Of Adam, in the first and in the last epoch.
    decay : str, default="constant"
        The way from one to the other: ``"constant"``, ``"linear"``, ``"late"``
        (constant for half the epochs, then linear), ``"cosine"`` or ``"exponential"``.
    intensity_weight : float, default=1.0
        Weight of the squared distances to both images.
    ssim_weight : float, default=10.0
        Weight of one less the similarity to the larger of both.
    gradient_weight : float, default=100.0
        Weight of the squared distance to the larger gradient.
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
        Not possible here: see Notes.
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

    See Also
    --------
    skfusion.fusers.YDTR : The same blocks, before and after the sum.

    Notes
    -----
    The loss is ``a ((F - I)^2 + (F - V)^2) + b (1 - SSIM(F, max(I, V))) + c (grad F -
    max(grad I, grad V))^2``, means over the pixels.

    The windows of the transformer hold one token, whose attention to itself is one:
    what remains of it is a linear layer, and 1,104 of the published 10,568 parameters
    are without effect and not here.

    The maps are weighted by their means over the image, so that there are no tiles.

    References
    ----------
    .. [1] W. Tang, F. He, Y. Liu, Y. Duan and T. Si, "DATFuse: Infrared and visible
       image fusion via dual attention transformer", IEEE Trans. Circuits Syst. Video
       Technol. 33(7), 3159-3172, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import DATFuse
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = DATFuse(n_channels=4, weights=None, max_epochs=1,
    ...     crop_size=16, random_state=0)
    >>> fuser.fit(X).transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **PairNetworkFuser._parameter_constraints,
        "frozen_share": [Interval(Real, 0, 1, closed="both")],
        "n_channels": [Interval(Integral, 4, None, closed="left")],
        "tokens": [StrOptions({"pixels", "runs"})],
        "intensity_weight": [Interval(Real, 0, None, closed="left")],
        "ssim_weight": [Interval(Real, 0, None, closed="left")],
        "gradient_weight": [Interval(Real, 0, None, closed="left")],
    }
    _weights_name = "datfuse"
    _architecture = (
        "n_channels",
        "tokens",
    )
    _why_whole = "weighs its maps by means over the whole image"

    def __init__(
        self,
        n_channels=16,
        *,
        tokens="pixels",
        weights="pretrained",
        max_epochs=10,
        batch_size=128,
        crop_size=120,
        learning_rate=0.001,
        final_learning_rate=0.001,
        decay="constant",
        intensity_weight=1.0,
        ssim_weight=10.0,
        gradient_weight=100.0,
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
        self.tokens = tokens
        self.weights = weights
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.crop_size = crop_size
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.decay = decay
        self.intensity_weight = intensity_weight
        self.ssim_weight = ssim_weight
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
        return DATFuseNet(self.n_channels, runs=self.tokens == "runs")

    def _loss(self, network, pairs):
        ir, vis = pairs[:, :1], pairs[:, 1:]
        fused = network(ir, vis)
        edges = torch.maximum(sobel_strength(ir), sobel_strength(vis))
        return (
            self.intensity_weight
            * (functional.mse_loss(fused, ir) + functional.mse_loss(fused, vis))
            + 2 * self.ssim_weight * dssim(fused, torch.maximum(ir, vis))
            + self.gradient_weight * functional.mse_loss(sobel_strength(fused), edges)
        )
