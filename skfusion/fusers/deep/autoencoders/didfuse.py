"""DIDFuse: base and detail feature maps, alike and unlike between the images."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils._param_validation import Interval, StrOptions
from torch.nn import functional

from ....images import luma
from ....learning.crops import center_crop, random_crop
from ....learning.devices import resolve_device
from ....learning.training import make_generator, train_network
from ....losses import dssim
from ....networks.autoencoders.didfuse import DIDFuseNet
from ._decomposition import DecompositionFuser, TorchForm

__all__ = ["DIDFuse"]


class DIDFuse(DecompositionFuser):
    """Fuse by an auto-encoder that learns what the two images share.

    The encoder gives base maps, trained to be alike for infrared and visible, detail
    maps, trained to differ, and two shallower maps that skip to the decoder. The maps
    of both images are joined and decoded.

    Parameters
    ----------
    n_channels : int, default=64
        Channels of each of the four maps.
    rule : {"sum", "average", "l1"}, default="sum"
        How the maps of the two images are joined; ``"sum"`` is that of the published
        images. ``"l1"`` is a mean weighted by local activity over all channels.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=120
    batch_size : int, default=24
        Pairs in a batch.
    crop_size : int, default=128
        Side of the training crops.
    augment : bool, default=False
        Crop at random places and shuffle. As published, training sees the middle of
        each pair, in the order of X.
    learning_rate : float, default=0.001
        Of Adam.
    milestones : sequence of int, default=(40, 80)
        Epochs after which the learning rate is divided by ten.
    dssim_weight : float, default=5.0
        Weight of the structural dissimilarity beside the mean squared error.
    reconstruction_weight : float, default=2.0
        Weight of the reconstruction of each image.
    base_weight, detail_weight : float, default=1.0, 0.5
        Weights of the terms that make base maps alike and detail maps differ.
    gradient_weight : float, default=10.0
        Weight of the error of the visible image's gradient.
    zero_weight : float, default=0.0
        Weight of a term on the brightness of the sum of maps, in the frozen epochs:
        see Notes. The published training has none; 1 was used for the shipped
        weights.
    zero_level : float, default=0.5
        The grey in (0, 1) that makes no difference to such a sum.
    distance : {"l1", "l2"}, default="l1"
        Distance of the maps inside the tanh: mean magnitude, as in the published code,
        or mean square, as the paper writes it.
    frozen_epochs : int, default=0
        How many of the last epochs train with the normalisation fixed at its running
        statistics, for contrast closer to the images'. The published training has
        none.
    initial_weights : "pretrained", path or None, default=None
        Where training starts; ``None`` draws random parameters.
    mixed_precision : bool, default=False
        Train with bfloat16 convolutions: three to six times as fast on a processor
        with bfloat16 instructions, slower on others.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.
    level : "sources" or None, default=None
        The sum of two maps comes out darker than both images where one of them is
        dark, in the published images too. ``"sources"`` lifts the result, by one curve
        for the whole image, to grey levels halfway from their mean to the larger.
    tile_size : int, "auto" or None, default="auto"
        Fuse images larger than this in overlapping tiles, with the same result: the
        maps take some 2 kB a pixel. ``"auto"``: 128 on a CPU, whose cache holds the
        maps of such tiles, whole images on a GPU.
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
    skfusion.fusers.AUIF : Single maps from an unrolled optimisation, far cheaper.

    Notes
    -----
    The loss of a pair is ``a (R_I + R_V) + b tanh(d(B_I, B_V)) - c tanh(d(D_I, D_V))
    + g |grad V - grad V'|`` with ``R = MSE + dssim_weight * DSSIM`` (11x11 window).
    None of these terms sees a fused image, so that the brightness of a sum of maps is
    a matter of the seed. With ``zero_weight``, the mean logit of the fused image is
    drawn to the sum of those of its sources, less that of ``zero_level``. It needs
    ``frozen_epochs``: a sum of maps has not the batch statistics of an image.
    ``fit`` holds all training pairs in memory.

    The rule ``"l1"`` of the published code divides by zero where the maps of both
    images are zero; here they stay zero.

    References
    ----------
    .. [1] Z. Zhao, S. Xu, C. Zhang, J. Liu, J. Zhang and P. Li, "DIDFuse: Deep image
       decomposition for infrared and visible image fusion", IJCAI 2020, 970-976.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import DIDFuse
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = DIDFuse(n_channels=2, weights=None, max_epochs=1, crop_size=16,
    ...                 random_state=0).fit(X)
    >>> fuser.transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **DecompositionFuser._parameter_constraints,
        "tile_size": [
            Interval(Integral, 32, None, closed="left"),
            StrOptions({"auto"}),
            None,
        ],
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "crop_size": [Interval(Integral, 6, None, closed="left")],
        "augment": ["boolean"],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "milestones": ["array-like"],
        "frozen_epochs": [Interval(Integral, 0, None, closed="left")],
        "dssim_weight": [Interval(Real, 0, None, closed="left")],
        "reconstruction_weight": [Interval(Real, 0, None, closed="left")],
        "base_weight": [Interval(Real, 0, None, closed="left")],
        "detail_weight": [Interval(Real, 0, None, closed="left")],
        "gradient_weight": [Interval(Real, 0, None, closed="left")],
        "zero_weight": [Interval(Real, 0, None, closed="left")],
        "zero_level": [Interval(Real, 0, 1, closed="neither")],
        "distance": [StrOptions({"l1", "l2"})],
        "mixed_precision": ["boolean"],
    }
    _base_and_detail = (2, 3)
    _half = "float16"
    _cache_tile = 128

    def __init__(
        self,
        n_channels=64,
        rule="sum",
        *,
        weights="pretrained",
        max_epochs=120,
        batch_size=24,
        crop_size=128,
        augment=False,
        learning_rate=1e-3,
        milestones=(40, 80),
        dssim_weight=5.0,
        reconstruction_weight=2.0,
        base_weight=1.0,
        detail_weight=0.5,
        gradient_weight=10.0,
        zero_weight=0.0,
        zero_level=0.5,
        distance="l1",
        frozen_epochs=0,
        initial_weights=None,
        mixed_precision=False,
        color="gray",
        level=None,
        tile_size="auto",
        inference_batch_size=None,
        precision="auto",
        device="auto",
        random_state=None,
        verbose=False,
    ):
        self.n_channels = n_channels
        self.rule = rule
        self.weights = weights
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.crop_size = crop_size
        self.augment = augment
        self.learning_rate = learning_rate
        self.milestones = milestones
        self.dssim_weight = dssim_weight
        self.reconstruction_weight = reconstruction_weight
        self.base_weight = base_weight
        self.detail_weight = detail_weight
        self.gradient_weight = gradient_weight
        self.zero_weight = zero_weight
        self.zero_level = zero_level
        self.distance = distance
        self.frozen_epochs = frozen_epochs
        self.initial_weights = initial_weights
        self.mixed_precision = mixed_precision
        self.color = color
        self.level = level
        self.tile_size = tile_size
        self.inference_batch_size = inference_batch_size
        self.precision = precision
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _train(self, network, data):
        generator = make_generator(self.random_state)
        self._initialize(network, generator)
        network.to(memory_format=torch.channels_last)
        device = resolve_device(self.device)
        read = [
            torch.from_numpy(np.stack([luma(x) for x in data.read(i)])).to(device)
            for i in range(len(data))
        ]
        size = self.crop_size

        def batches():
            if self.augment:
                order = torch.randperm(len(read), generator=generator).tolist()
            else:
                order = range(len(read))
            for start in range(0, len(order), self.batch_size):
                yield torch.stack(
                    [
                        random_crop(read[i], size, generator)
                        if self.augment
                        else center_crop(read[i], size, size)
                        for i in order[start : start + self.batch_size]
                    ]
                )

        self.loss_curve_ = train_network(
            network,
            batches,
            self._loss,
            [{"params": network.parameters(), "lr": self.learning_rate}],
            max_epochs=self.max_epochs,
            milestones=self.milestones,
            frozen_epochs=self.frozen_epochs,
            device=device,
            verbose=self.verbose,
        )
        return network

    def _loss(self, network, pairs):
        ir, vis = pairs[:, :1], pairs[:, 1:]
        with torch.autocast(
            pairs.device.type, torch.bfloat16, enabled=self.mixed_precision
        ):
            maps = [network.encode(image) for image in (vis, ir)]
            rebuilt = [network.decode(*z) for z in maps]
        rebuilt = [image.float() for image in rebuilt]
        (_, _, base_vis, detail_vis), (_, _, base_ir, detail_ir) = maps
        apart = self._apart(detail_ir, detail_vis)
        gradients = [_gradient(image) for image in (vis, rebuilt[0])]
        loss = (
            self.reconstruction_weight
            * (self._rebuilt(rebuilt[0], vis) + self._rebuilt(rebuilt[1], ir))
            + self.base_weight * self._apart(base_ir, base_vis)
            - self.detail_weight * apart
            + self.gradient_weight * functional.l1_loss(*gradients)
        )
        if self.zero_weight and not network.merge.norm.training:
            loss = loss + self.zero_weight * self._misplaced(network, maps, pairs)
        return loss

    def _misplaced(self, network, maps, pairs):
        """Squared error of the mean logit of the fused crops."""
        with torch.autocast(
            pairs.device.type, torch.bfloat16, enabled=self.mixed_precision
        ):
            fused = network.decode(*(a + b for a, b in zip(*maps)))
        mean = torch.logit(fused.float(), eps=1e-3).mean((1, 2, 3))
        sources = torch.logit(pairs, eps=1e-2).mean((2, 3)).sum(1)
        return (
            (mean - sources + math.log(self.zero_level / (1 - self.zero_level)))
            .square()
            .mean()
        )

    def _rebuilt(self, image, target):
        distance = functional.mse_loss(image, target)
        return distance + self.dssim_weight * dssim(image, target, window=11)

    def _apart(self, first, second):
        difference = first.float() - second.float()
        size = difference.abs() if self.distance == "l1" else difference.square()
        return torch.tanh(size.mean())

    def _pretrained(self):
        return "didfuse"

    def _metadata(self):
        return {"class": "DIDFuse", "n_channels": self.n_channels}

    def _build_network(self):
        return DIDFuseNet(self.n_channels)

    def _make_form(self, network, device, dtype):
        return TorchForm(network.folded(), device, dtype)

    def _onnx_network(self, network):
        return network.folded()


def _gradient(image):
    """Sobel differences along rows and columns, a unit step giving at most 1/2."""
    step = image.new_tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
    kernels = torch.stack([step, step.T])[:, None]
    padded = functional.pad(image, (1, 1, 1, 1), mode="replicate")
    return functional.conv2d(padded, kernels)
