"""NestFuse: nested connections and attention over several scales."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral

import torch
from sklearn.utils._param_validation import Interval, StrOptions

from ....networks.autoencoders.nestfuse import NestFuseNet
from ._autoencoder import AutoencoderFuser
from ._join import join_maps

__all__ = ["NestFuse"]


class NestFuse(AutoencoderFuser):
    """Fuse the maps of several scales by attention, decoded by a nested network.

    The encoder halves the size from block to block. The maps of each scale are joined
    by the mean of two rules: weights for each place and weights for each channel.

    Parameters
    ----------
    widths : sequence of int, default=(64, 112, 160, 208)
        Channels of each scale, finest first.
    rule : {"attention", "spatial", "channel", "average"}, default="attention"
        How the maps of a scale are joined: by weights of each place, of each channel,
        or the mean of both results.
    n_first : int, default=16
        Channels of the first convolution.
    pooling : {"mean", "max", "nuclear"}, default="mean"
        What tells how much a channel counts: mean, maximum or nuclear norm.
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
    ssim_weight : float, default=100.0
        Weight of one less the structural similarity beside the mean squared error.
    initial_weights : "pretrained", path or None, default=None
        Where training starts; ``None`` draws random parameters.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.
    tile_size : int or None, default=None
        Fuse images larger than this in overlapping tiles, with the same result.
        Not with the rules ``"attention"`` and ``"channel"``, whose weights are those of
        the whole image.
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
    skfusion.fusers.RFNNest : The same maps, fused by a trained network.

    Notes
    -----
    With ``m`` the mean over the channels, the weight of a place is ``exp(m_k)`` and,
    with ``p`` what is pooled of a channel, that of a channel is ``p_k``, over their
    sums for both images: Sec. III-B of [1]_. The loss is that of
    :class:`~skfusion.fusers.DenseFuse`. ``fit`` holds all training images in memory;
    crops halve as often as there are scales.

    References
    ----------
    .. [1] H. Li, X.-J. Wu and T. Durrani, "NestFuse: An infrared and visible image
       fusion architecture based on nest connection and spatial/channel attention
       models", IEEE Trans. Instrum. Meas. 69(12), 9645-9656, 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import NestFuse
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = NestFuse((2, 3), weights=None, max_epochs=1, crop_size=16,
    ...                 random_state=0).fit(X)
    >>> fuser.transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **AutoencoderFuser._parameter_constraints,
        "widths": [tuple, list],
        "rule": [StrOptions({"attention", "spatial", "channel", "average"})],
        "n_first": [Interval(Integral, 2, None, closed="left")],
        "pooling": [StrOptions({"mean", "max", "nuclear"})],
    }
    _weights_name = "nestfuse"
    _architecture = ("widths", "n_first")
    _levels = 255.0
    _why_whole = "weights channels by the whole image"
    _half = "float16"

    def __init__(
        self,
        widths=(64, 112, 160, 208),
        rule="attention",
        *,
        n_first=16,
        pooling="mean",
        weights="pretrained",
        max_epochs=2,
        batch_size=4,
        crop_size=256,
        learning_rate=0.0001,
        final_learning_rate=0.0001,
        decay="constant",
        max_seconds=None,
        ssim_weight=100.0,
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
        self.rule = rule
        self.n_first = n_first
        self.pooling = pooling
        self.weights = weights
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.crop_size = crop_size
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.decay = decay
        self.max_seconds = max_seconds
        self.ssim_weight = ssim_weight
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

    def _build_network(self):
        return NestFuseNet(tuple(self.widths), self.n_first)

    def _metadata(self):
        widths = "-".join(map(str, self.widths))
        return {"class": "NestFuse", "widths": widths, "n_first": self.n_first}

    def _onnx_module(self):
        if self.pooling == "nuclear" and self.rule in ("attention", "channel"):
            raise ValueError(
                "pooling='nuclear' cannot be exported: ONNX has no singular values; "
                "use pooling='mean' or 'max'."
            )
        return super()._onnx_module()

    def _form_key(self):
        return self.rule, self.pooling

    def _join_reach(self):
        return 0 if self.rule in ("spatial", "average") else None

    def _join(self, infrared, visible):
        if self.rule == "average":
            return join_maps(infrared, visible, "average")
        joined = []
        if self.rule != "channel":
            shares = [z.mean(-3, keepdim=True) for z in (infrared, visible)]
            shares = torch.softmax(torch.stack(shares), 0)
            joined.append(shares[0] * infrared + shares[1] * visible)
        if self.rule != "spatial":
            first, second = (self._pooled(z) for z in (infrared, visible))
            share = first / (first + second + 1e-5)
            joined.append(share * infrared + (1 - share) * visible)
        return sum(joined) / len(joined)

    def _pooled(self, maps):
        if self.pooling == "mean":
            return maps.mean((-2, -1), keepdim=True)
        if self.pooling == "max":
            return maps.amax((-2, -1), keepdim=True)
        return torch.linalg.svdvals(maps).sum(-1)[..., None, None]


def check_widths(widths, crop_size):
    """Refuse other than positive even widths of scales that the crops halve to."""
    if len(widths) < 2 or any(int(n) != n or n < 2 for n in widths):
        raise ValueError(
            f"widths={widths!r}: expected the channels of two scales at least, each 2 "
            "or more."
        )
    smallest = 2 ** len(widths)
    if crop_size % (smallest // 2) or crop_size < smallest:
        raise ValueError(
            f"crop_size={crop_size}: crops for {len(widths)} scales are multiples of "
            f"{smallest // 2}, {smallest} at least."
        )
