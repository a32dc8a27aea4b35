"""AUIF: base and detail maps by an unrolled optimisation of 11,631 parameters."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import torch
from sklearn.utils._param_validation import Interval
from torch.nn import functional

from ....images import luma
from ....learning.crops import random_resized_crop
from ....learning.devices import resolve_device
from ....learning.training import make_generator, train_network
from ....losses import dssim
from ....networks.autoencoders.auif import AUIFNet
from ....pairs import ImagePairs, as_pairs
from ._auif_collapsed import CollapsedAUIF
from ._auif_device import DeviceAUIF
from ._decomposition import DecompositionFuser, are_single_images

__all__ = ["AUIF"]


class AUIF(DecompositionFuser):
    """Fuse by algorithm unrolling.

    Ten learned gradient steps from a mean filter and ten from a Laplacian split each
    image into a base and a detail map; the maps of both images are joined and decoded.

    Parameters
    ----------
    n_layers : int, default=10
        Steps of each of the two models.
    n_channels : int, default=64
        Kernels in each step. Fusing costs the same for any number.
    rule : {"sum", "average", "l1"}, default="sum"
        How the maps of the two images are joined; ``"sum"`` is that of the published
        images. ``"l1"`` is a mean weighted by local activity.
    base_size, detail_size : int, default=11, 19
        Odd sides of the mean filter and the Laplacian that give the first maps.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=80
    batch_size : int, default=32
        Images (not pairs) in a batch.
    crop_size : int, default=128
        Side of the training crops: random parts resized to it.
    crop_scale : (float, float), default=(0.08, 1.0)
        Range of the area of these parts, as a share of the image.
    learning_rate : float, default=0.01
        Of Adam, for the base model and the decoder.
    detail_learning_rate : float, default=0.001
        Of Adam, for the detail model.
    milestones : sequence of int, default=(41, 81)
        Epochs after which both learning rates are divided by ten.
    dssim_weight : float, default=5.0
        Weight of the structural dissimilarity beside the mean squared error.
    zero_weight : float, default=0.0
        Weight of a term that ties the zero map to the grey ``zero_level``: see Notes.
        The published training has none; 1 was used for the shipped weights.
    zero_level : float, default=0.5
        The grey in (0, 1) which a zero map then decodes to.
    frozen_epochs : int, default=0
        How many of the last epochs train with the normalisation fixed at its running
        statistics, for contrast closer to the images'. The published training has
        none.
    initial_weights : "pretrained", path or None, default=None
        Where training starts; ``None`` draws random parameters.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.
    level : "sources" or None, default=None
        The sum of two logits is darker than both images where one of them is dark,
        in the published images too. ``"sources"`` lifts the result, by one curve for
        the whole image, to grey levels halfway from their mean to the larger of both.
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

    See Also
    --------
    skfusion.fusers.DIDFuse : The same idea with feature maps and 22 times the weights.

    Notes
    -----
    A step is ``Z <- Z - eta (PReLU(BN(K~ * (K * Z))) - theta (X - Z))``. The two
    convolutions are linear, hence *one* convolution by a 5x5 kernel, the sum of the
    autocorrelations of the 64 kernels; the ring of one pixel where reflecting 64 maps
    differs from reflecting the image has kernels of its own. That is exact: 25
    multiplications a pixel in place of 1152, in training and in fusing.

    Reconstruction leaves open which grey the zero map stands for, and with it the
    brightness of a sum of two maps: the logit of the fused image is the sum of those
    of the sources minus that of this grey, which is a matter of the seed. The term
    ``zero_weight (grey - zero_level)^2`` settles it.

    The networks see single images, so ``fit`` also takes a list of images. It holds
    all of them in the memory of the device, where crops are cut. The loss is ``MSE +
    dssim_weight * DSSIM`` (3x3 window), the published code's; the paper writes SSIM for
    its DSSIM. The rule ``"l1"`` of that code divides by zero where both maps are zero;
    here they stay zero.

    Images with fewer than ``detail_size // 2 + 1`` rows or columns are reflected to
    that many, fused and cropped.

    References
    ----------
    .. [1] Z. Zhao, S. Xu, J. Zhang, C. Liang, C. Zhang and J. Liu, "Efficient and
       model-based infrared and visible image fusion via algorithm unrolling", IEEE
       Trans. Circuits Syst. Video Technol. 32(3), 1186-1196, 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import AUIF
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = AUIF(n_layers=2, n_channels=4, weights=None, max_epochs=1,
    ...              crop_size=16, random_state=0).fit(X)
    >>> fuser.transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **DecompositionFuser._parameter_constraints,
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "base_size": [Interval(Integral, 1, None, closed="left")],
        "detail_size": [Interval(Integral, 3, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "crop_size": [Interval(Integral, 3, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "detail_learning_rate": [Interval(Real, 0, None, closed="neither")],
        "crop_scale": [tuple, list],
        "milestones": ["array-like"],
        "frozen_epochs": [Interval(Integral, 0, None, closed="left")],
        "dssim_weight": [Interval(Real, 0, None, closed="left")],
        "zero_weight": [Interval(Real, 0, None, closed="left")],
        "zero_level": [Interval(Real, 0, 1, closed="neither")],
    }
    _base_and_detail = (0, 1)

    def __init__(
        self,
        n_layers=10,
        n_channels=64,
        rule="sum",
        *,
        base_size=11,
        detail_size=19,
        weights="pretrained",
        max_epochs=80,
        batch_size=32,
        crop_size=128,
        crop_scale=(0.08, 1.0),
        learning_rate=1e-2,
        detail_learning_rate=1e-3,
        milestones=(41, 81),
        dssim_weight=5.0,
        zero_weight=0.0,
        zero_level=0.5,
        frozen_epochs=0,
        initial_weights=None,
        color="gray",
        level=None,
        tile_size=None,
        inference_batch_size=None,
        precision="auto",
        device="auto",
        random_state=None,
        verbose=False,
    ):
        self.n_layers = n_layers
        self.n_channels = n_channels
        self.rule = rule
        self.base_size = base_size
        self.detail_size = detail_size
        self.weights = weights
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.crop_size = crop_size
        self.crop_scale = crop_scale
        self.learning_rate = learning_rate
        self.detail_learning_rate = detail_learning_rate
        self.milestones = milestones
        self.dssim_weight = dssim_weight
        self.zero_weight = zero_weight
        self.zero_level = zero_level
        self.frozen_epochs = frozen_epochs
        self.initial_weights = initial_weights
        self.color = color
        self.level = level
        self.tile_size = tile_size
        self.inference_batch_size = inference_batch_size
        self.precision = precision
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X=None, y=None):
        """Train the network, or check that its weights can be read.

        Parameters
        ----------
        X : pairs, or sequence of images
            Every image, infrared or visible, is one training image. Not used where
            ``weights`` is given.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        return super().fit(X)

    def _validate_params(self):
        super()._validate_params()
        for name in ("base_size", "detail_size"):
            if getattr(self, name) % 2 == 0:
                raise ValueError(
                    f"{name}={getattr(self, name)}: the filter needs a centre, so use "
                    "an odd size."
                )
        low, high = self.crop_scale if len(self.crop_scale) == 2 else (0, 0)
        if not 0 < low <= high <= 1:
            raise ValueError(
                f"crop_scale={self.crop_scale}: expected two shares of the image's "
                "area, 0 < smallest <= largest <= 1."
            )

    def _training_data(self, X):
        return X if are_single_images(X) else as_pairs(X)

    def _train(self, network, data):
        smallest = max(network.margin + 1, 3)
        if self.crop_size < smallest:
            raise ValueError(
                f"crop_size={self.crop_size} is too small for filters of "
                f"{self.base_size} and {self.detail_size} pixels: use at least "
                f"{smallest}."
            )
        generator = make_generator(self.random_state)
        self._initialize(network, generator)
        device = resolve_device(self.device)
        images = [
            torch.from_numpy(image[None].copy()).to(device) for image in _read(data)
        ]

        def batches():
            order = torch.randperm(len(images), generator=generator).tolist()
            for start in range(0, len(order), self.batch_size):
                chosen = order[start : start + self.batch_size]
                yield torch.stack(
                    [
                        random_resized_crop(
                            images[i], self.crop_size, generator, self.crop_scale
                        )
                        for i in chosen
                    ]
                )

        decoder = [*network.decoder.parameters(), *network.decoder_norm.parameters()]
        self.loss_curve_ = train_network(
            network,
            batches,
            self._loss,
            [
                {"params": network.base.parameters(), "lr": self.learning_rate},
                {
                    "params": network.detail.parameters(),
                    "lr": self.detail_learning_rate,
                },
                {"params": decoder, "lr": self.learning_rate},
            ],
            max_epochs=self.max_epochs,
            milestones=self.milestones,
            frozen_epochs=self.frozen_epochs,
            device=device,
            verbose=self.verbose,
        )
        return network

    def _loss(self, network, images):
        mixed = network.mix(*network.encode(images))
        rebuilt = torch.sigmoid(network.decoder_norm(mixed))
        loss = functional.mse_loss(rebuilt, images)
        loss = loss + self.dssim_weight * dssim(rebuilt, images, window=3)
        if self.zero_weight:
            grey = torch.sigmoid(_zero(network.decoder_norm, mixed))
            loss = loss + self.zero_weight * (grey - self.zero_level).square().sum()
        return loss

    def _pretrained(self):
        return "auif"

    def _metadata(self):
        names = ("n_layers", "n_channels", "base_size", "detail_size")
        return {"class": "AUIF", **{name: getattr(self, name) for name in names}}

    def _build_network(self):
        return AUIFNet(self.n_layers, self.n_channels, self.base_size, self.detail_size)

    def _make_form(self, network, device, dtype):
        if device.type == "cpu" and dtype == torch.float32:
            return CollapsedAUIF(network)
        return DeviceAUIF(network, device, dtype)

    def _onnx_network(self, network):
        from .._onnx_graphs import AUIFGraph

        return AUIFGraph(network)


def _read(data):
    """Return the images of both columns of pairs, or single images, as luma."""
    if not isinstance(data, ImagePairs):
        return [luma(image, f"X[{i}]") for i, image in enumerate(data)]
    pairs = [data.read(i) for i in range(len(data))]
    return [luma(image) for pair in pairs for image in pair]


def _zero(norm, mixed):
    """Return what a zero beside the values of this batch is normalised to."""
    if norm.training:
        return norm.bias - norm.weight * mixed.mean() / mixed.std()
    return norm(mixed.new_zeros(1, 1, 1, 1))
