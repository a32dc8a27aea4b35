"""RFN-Nest: the maps of NestFuse, fused by trained residual networks."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval
from torch.nn import functional

from ....learning.objectives import reconstruction_loss
from ....learning.pair_fuser import PairNetworkFuser
from ....learning.training import train_network
from ....losses import dssim
from ....networks.autoencoders.nestfuse import RFNNestNet
from .nestfuse import check_widths

__all__ = ["RFNNest"]


class RFNNest(PairNetworkFuser):
    """Fuse the maps of several scales by trained residual networks.

    An auto-encoder as that of NestFuse is trained first; with it fixed, a small network
    a scale learns to join the maps.

    Parameters
    ----------
    widths : sequence of int, default=(64, 112, 160, 208)
        Channels of each scale, finest first.
    n_first : int, default=16
        Channels of the first convolution.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=2
    batch_size : int, default=4
    crop_size : int, default=256
        Side of the random training crops.
    learning_rate, final_learning_rate : float, default=0.0001, 0.0001
        Of Adam, in the first and the last epoch.
    decay : {"constant", "linear", "late", "cosine", "exponential"}, \
default="constant"
        How it gets from the one to the other; ``"late"`` stays for half of the way.
    max_seconds : float or None, default=None
        Stop training after this time; the result then depends on the machine.
    autoencoder_share : float, default=0.5
        Share of ``max_seconds`` that goes to the auto-encoder. Each of the two stages
        has ``max_epochs``.
    ssim_weight : float, default=100.0
        Weight of one less the structural similarity beside the mean squared error.
    detail_weight : float, default=700.0
        Weight of one less the structural similarity to the visible image.
    scale_weights : sequence of float, default=(1.0, 10.0, 100.0, 1000.0)
        Weights of the squared distance of the maps of each scale.
    map_weights : (float, float), default=(0.67, 0.33)
        What the maps of infrared and visible are multiplied by in the sum that the
        fused maps are drawn to: published, 6 and 3, for images that are nine times as
        bright and stretched on saving.
    initial_weights : "pretrained", path or None, default=None
        Where training starts; ``None`` draws random parameters.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.
    tile_size : int or None, default=None
        Fuse images larger than this in overlapping tiles, with the same result.
        A multiple of the coarsest scale, 8 by default.
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
    skfusion.fusers.NestFuse : The same maps, joined by a rule.

    Notes
    -----
    The loss of the second stage is, of grey levels, ``detail_weight (1 - SSIM(F, V)) +
    sum_m w_m MSE(f_m, a i_m + b v_m)`` with the maps f, i and v of the fused network,
    the infrared and the visible image: Eq. (6) to (8) of [1]_. ``loss_curve_`` is that
    of both stages, one after the other. ``fit`` holds all pairs in memory.

    References
    ----------
    .. [1] H. Li, X.-J. Wu and J. Kittler, "RFN-Nest: An end-to-end residual fusion
       network for infrared and visible images", Information Fusion 73, 72-86, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import RFNNest
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = RFNNest((2, 3), scale_weights=(1, 10), weights=None, max_epochs=1,
    ...                 crop_size=16, random_state=0).fit(X)
    >>> fuser.transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **PairNetworkFuser._parameter_constraints,
        "widths": [tuple, list],
        "n_first": [Interval(Integral, 2, None, closed="left")],
        "autoencoder_share": [Interval(Real, 0, 1, closed="neither")],
        "ssim_weight": [Interval(Real, 0, None, closed="left")],
        "detail_weight": [Interval(Real, 0, None, closed="left")],
        "scale_weights": [tuple, list],
        "map_weights": [tuple, list],
    }
    _weights_name = "rfn_nest"
    _half = "float16"

    def __init__(
        self,
        widths=(64, 112, 160, 208),
        *,
        n_first=16,
        weights="pretrained",
        max_epochs=2,
        batch_size=4,
        crop_size=256,
        learning_rate=0.0001,
        final_learning_rate=0.0001,
        decay="constant",
        max_seconds=None,
        autoencoder_share=0.5,
        ssim_weight=100.0,
        detail_weight=700.0,
        scale_weights=(1.0, 10.0, 100.0, 1000.0),
        map_weights=(0.67, 0.33),
        initial_weights=None,
        color="gray",
        tile_size=None,
        inference_batch_size=None,
        precision="auto",
        device="auto",
        random_state=None,
        verbose=False,
    ):
        self.widths = widths
        self.n_first = n_first
        self.weights = weights
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.crop_size = crop_size
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.decay = decay
        self.max_seconds = max_seconds
        self.autoencoder_share = autoencoder_share
        self.ssim_weight = ssim_weight
        self.detail_weight = detail_weight
        self.scale_weights = scale_weights
        self.map_weights = map_weights
        self.initial_weights = initial_weights
        self.color = color
        self.tile_size = tile_size
        self.inference_batch_size = inference_batch_size
        self.precision = precision
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _validate_params(self):
        super()._validate_params()
        check_widths(self.widths, self.crop_size)
        if len(self.scale_weights) != len(self.widths):
            raise ValueError(
                f"scale_weights={self.scale_weights!r}: expected one for each of the "
                f"{len(self.widths)} scales."
            )
        if len(self.map_weights) != 2:
            raise ValueError(
                f"map_weights={self.map_weights!r}: expected two, infrared and visible."
            )

    def _build_network(self):
        return RFNNestNet(tuple(self.widths), self.n_first)

    def _metadata(self):
        widths = "-".join(map(str, self.widths))
        return {"class": "RFNNest", "widths": widths, "n_first": self.n_first}

    def _fit_network(self, network, batches, generator):
        curve = []
        shares = self.autoencoder_share, 1 - self.autoencoder_share
        stages = (
            (network.autoencoder, self._reconstruction_loss),
            (network.fusion, self._loss),
        )
        for share, (part, loss) in zip(shares, stages):
            network.requires_grad_(False)
            part.requires_grad_(True)
            schedule = self._schedule()
            if self.max_seconds is not None:
                schedule["max_seconds"] = share * self.max_seconds
            parameters = [{"params": part.parameters(), "lr": self.learning_rate}]
            curve += train_network(network, batches, loss, parameters, **schedule)
        network.requires_grad_(True)
        return curve

    def _reconstruction_loss(self, network, pairs):
        images = pairs.flatten(0, 1)[:, None]
        output = network.autoencoder(images)
        return reconstruction_loss(
            output, images, levels=255.0, ssim_weight=self.ssim_weight
        )

    def _loss(self, network, pairs):
        ir, vis = (network.autoencoder.encode(x) for x in pairs.split(1, 1))
        joined = network.fuse(ir, vis)
        fused = network.autoencoder.decode(*joined)
        loss = self.detail_weight * 2 * dssim(fused, pairs[:, 1:])
        a, b = self.map_weights
        for weight, f, i, v in zip(self.scale_weights, joined, ir, vis):
            loss = loss + weight * functional.mse_loss(f, a * i + b * v)
        return loss
