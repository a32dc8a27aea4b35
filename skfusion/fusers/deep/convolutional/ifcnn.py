"""IFCNN: convolutions, an elementwise rule, convolutions."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import torch
from sklearn.utils._param_validation import Interval, StrOptions
from torch.nn import functional

from ....learning.objectives import blur, reconstruction_loss
from ....networks.convolutional.ifcnn import IFCNNNet
from ..autoencoders._autoencoder import AutoencoderFuser

__all__ = ["IFCNN"]


class IFCNN(AutoencoderFuser):
    """Fuse the maps of two convolutions by an elementwise rule.

    Made for any kind of images: it learns from photographs, of which it sees two
    copies that are blurred in complementary places.

    Parameters
    ----------
    n_channels : int, default=64
        Maps of each convolution.
    rule : {"max", "average", "sum"}, default="max"
        How the maps of the two images are joined.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=60
    batch_size : int, default=32
    crop_size : int, default=64
        Side of the random training crops.
    learning_rate, final_learning_rate : float, default=0.01, 0.0001
        Of Adam, in the first and the last epoch.
    decay : {"constant", "linear", "late", "cosine", "exponential"}, \
default="exponential"
        How it gets from the one to the other; ``"late"`` stays for half of the way.
    max_seconds : float or None, default=None
        Stop training after this time; the result then depends on the machine.
    ssim_weight : float, default=1.0
        Weight of one less the structural similarity beside the mean squared error.
    gradient_weight : float, default=1.0
        Weight of the squared error of the Laplacian.
    max_blur : float, default=4.0
        Largest standard deviation, in pixels, of the blur of the training copies.
    max_dimming : float, default=0.0
        Largest share of the light that the blurred places also lose. The published
        training has none; with it the brighter image wins as well as the sharper one.
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

    See Also
    --------
    skfusion.fusers.LaplacianPyramid : A pyramid and the larger coefficient.

    Notes
    -----
    The network is made for colour: a gray image stands in all three channels and the
    luma of the output counts, without the mean and scale of ImageNet, as the authors
    do for infrared and visible images. As published, the first convolution is that of
    a ResNet-101 for ImageNet, fixed, and the loss compares features of that network;
    here all convolutions are trained, with the loss ``MSE + ssim_weight (1 - SSIM) +
    gradient_weight MSE of the Laplacians``. The rule is that of training and fusion.

    References
    ----------
    .. [1] Y. Zhang, Y. Liu, P. Sun, H. Yan, X. Zhao and L. Zhang, "IFCNN: A general
       image fusion framework based on convolutional neural network", Information
       Fusion 54, 99-118, 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import IFCNN
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = IFCNN(2, weights=None, max_epochs=1, crop_size=16,
    ...                 random_state=0).fit(X)
    >>> fuser.transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **AutoencoderFuser._parameter_constraints,
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "rule": [StrOptions({"max", "sum", "average"})],
        "gradient_weight": [Interval(Real, 0, None, closed="left")],
        "max_blur": [Interval(Real, 0.5, None, closed="left")],
        "max_dimming": [Interval(Real, 0, 1, closed="both")],
    }
    _weights_name = "ifcnn"
    _architecture = ("n_channels",)
    _half = "float16"

    def __init__(
        self,
        n_channels=64,
        rule="max",
        *,
        weights="pretrained",
        max_epochs=60,
        batch_size=32,
        crop_size=64,
        learning_rate=0.01,
        final_learning_rate=0.0001,
        decay="exponential",
        max_seconds=None,
        ssim_weight=1.0,
        gradient_weight=1.0,
        max_blur=4.0,
        max_dimming=0.0,
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
        self.rule = rule
        self.weights = weights
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.crop_size = crop_size
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.decay = decay
        self.max_seconds = max_seconds
        self.ssim_weight = ssim_weight
        self.gradient_weight = gradient_weight
        self.max_blur = max_blur
        self.max_dimming = max_dimming
        self.initial_weights = initial_weights
        self.color = color
        self.tile_size = tile_size
        self.inference_batch_size = inference_batch_size
        self.precision = precision
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _build_network(self):
        return IFCNNNet(self.n_channels)

    def _form_key(self):
        return (self.rule,)

    def _join(self, infrared, visible):
        if self.rule == "max":
            return torch.maximum(infrared, visible)
        total = infrared + visible
        return total if self.rule == "sum" else total / 2

    def _prepare(self, crops, generator):
        sharp = crops.flatten(0, 1)[:, None]
        return torch.cat([*self._blurred(sharp, generator), sharp], 1)

    def _blurred(self, sharp, generator):
        """Return two copies of images, blurred in complementary places."""
        n, _, height, width = sharp.shape
        sigma = 0.5 + (self.max_blur - 0.5) * float(torch.rand(1, generator=generator))
        light = 1 - self.max_dimming * float(torch.rand(1, generator=generator))
        soft = light * blur(sharp, sigma)
        noise = torch.randn(n, 1, 4, 4, generator=generator).to(sharp.device)
        noise = functional.interpolate(noise, (height, width), mode="bicubic")
        mask = torch.sigmoid(8 * noise)
        return mask * sharp + (1 - mask) * soft, (1 - mask) * sharp + mask * soft

    def _loss(self, network, copies):
        first, second, sharp = copies.split(1, 1)
        (first,), (second,) = network.encode(first), network.encode(second)
        output = network.decode(self._join(first, second))
        return reconstruction_loss(
            output,
            sharp,
            ssim_weight=self.ssim_weight,
            gradient_weight=self.gradient_weight,
        )
