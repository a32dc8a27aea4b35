"""Encoder-decoder network trained on the fusion quality itself."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import functools
import math
from numbers import Integral, Real

import cv2
import numpy as np
import torch
from sklearn.utils._param_validation import Interval, StrOptions

from ....base import COLORS
from ....images import luma
from ....learning.crops import random_crop
from ....learning.devices import resolve_device
from ....learning.fuser import NetworkFuser
from ....learning.pair_fuser import reflect_by
from ....learning.tiling import map_tiles
from ....learning.training import generator_on, make_generator, train_network
from ....learning.transfers import luma_of
from ....learning.weights import WeightsError
from ....losses import fusion_quality_loss
from ....networks.autoencoders.encoder_decoder import (
    STRIDE,
    EncoderDecoderNet,
    leaky_relu,
)
from ....workers import ahead
from ._encoder_decoder_form import InferenceForm

__all__ = ["EncoderDecoderFuser"]

_ACTIVATIONS = {None: None, "leaky_relu": leaky_relu}

# (activation, base_channels, channels of the visible image) of the shipped weights.
_SHIPPED = {
    (None, 64, 1): "encoder_decoder",
    ("leaky_relu", 64, 1): "encoder_decoder_activated_64",
    ("leaky_relu", 32, 1): "encoder_decoder_activated",
    ("leaky_relu", 16, 1): "encoder_decoder_small",
}

# How far a pixel reaches, through the coarsest maps and back: three cells of 32.
_REACH = 96


class EncoderDecoderFuser(NetworkFuser):
    r"""Fuse by an encoder-decoder network trained on the qualities Qw and Qe.

    Each image has an encoder of five scales; 1x1 convolutions join the two at each
    scale, and a decoder with skip connections goes back up. The loss is the fusion
    quality of Piella and Heijmans itself, so no reference image is needed.

    Parameters
    ----------
    activation : {None, "leaky_relu"}, default=None
        ``None``, as published: without one the network is *affine* in the two images
        up to its last tanh, one fixed linear filter for each image. With
        ``"leaky_relu"`` it adapts to the content.
    base_channels : int, default=64
        Channels at half the size, a multiple of 16; they double with each scale.
        Time and weights go with the square. Shipped: 64 without an activation, 32
        and 16 with it.
    color : {"gray", "per_channel", "hsv", "rgb"}, default="gray"
        See :class:`skfusion.base.BaseFuser`. Also: fuse V of HSV and keep hue and
        saturation; or give all three channels to a network of three (no weights
        ship for it).
    pad : {"reflect", "zero", "resize"}, default="reflect"
        How the size becomes a multiple of 32: mirrored beyond the lower and right
        border and cropped again, likewise with the zero of the network's range
        (grey 1/2), or, as the published code does, shrunk to the next multiple and
        enlarged again (bicubic), which blurs.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    quality_weight, edge_weight, error_weight : float, default=1.0, 1.0, 0.0
        Weights of ``1 - Qw``, of ``1 - Qe`` and of the mean squared error: alpha,
        beta and gamma of the paper, which does not state them.
    error_target : {"both", "infrared", "visible", "brighter"}, default="both"
        What the squared error compares with; see
        :func:`skfusion.losses.fusion_quality_loss`.
    variant : {"uiqi_blocks", "ssim"}, default="uiqi_blocks"
        Form of the two qualities in the loss; see :func:`skfusion.losses.qw_loss`.
    max_epochs : int, default=30
    batch_size : int, default=10
    crop_size : int, default=256
        Side of the random training crops, a multiple of 32.
    learning_rate : float, default=1e-3
    optimizer : {"adam", "sgd"}, default="adam"
        ``"sgd"``: with a momentum of 0.9, as in the published configurations.
    milestones : sequence of int, default=(10, 20, 30)
        Epochs after which the learning rate is halved.
    noise : float, default=1/255
        Standard deviation of Gaussian noise on the inputs; the targets stay clean.
    blur : float, default=0.2
        Standard deviation, in pixels, of a Gaussian blur of the inputs before it.
    flip : bool, default=True
        Mirror crops at random, both images alike.
    mixed_precision : bool, default=False
        Train the convolutions in bfloat16.
    initial_weights : "pretrained", path or None, default=None
        Where training starts; ``None`` draws random parameters.
    tile_size : int or None, default=None
        Fuse images larger than this in overlapping tiles (rounded up to a multiple
        of 32), with the same result.
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
        Of the initial parameters, the shuffles, the crops and the noise.
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
    The loss is, Eq. (3) of [1]_,

    .. math::

        \alpha\, (1 - Q_w) + \beta\, (1 - Q_e) +
        \frac{\gamma}{2} (\text{MSE}(F, I) + \text{MSE}(F, V))

    with :func:`~skfusion.losses.qw_loss` and :func:`~skfusion.losses.qe_loss`. The
    weights are `quality_weight`, `edge_weight` and `error_weight`.

    Inference convolves and pools in one step, and composes what is linear. The
    published code flips the two images of a pair independently, cuts the gradient of
    colour outputs, compares the error with the infrared image alone and raises Qe to
    0.7; none of it is repeated here: see ``compat`` of
    :func:`skfusion.losses.fusion_quality_loss` for the values.

    References
    ----------
    .. [1] F. C. Ataman and G. Bozdagi Akar, "Visible and infrared image fusion using
       encoder-decoder network", arXiv:2412.08073.
    .. [2] G. Piella and H. Heijmans, "A new quality metric for image fusion", IEEE
       International Conference on Image Processing, III-173-176, 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import EncoderDecoderFuser
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 40)), rng.random((24, 40)))]
    >>> fuser = EncoderDecoderFuser("leaky_relu", 16, weights=None, max_epochs=1,
    ...                             crop_size=32, random_state=0).fit(X)
    >>> fuser.transform(X)[0].shape
    (24, 40)
    """

    _parameter_constraints: dict = {
        **NetworkFuser._parameter_constraints,
        "activation": [StrOptions({"leaky_relu"}), None],
        "base_channels": [Interval(Integral, 16, None, closed="left")],
        "color": [StrOptions({*COLORS, "hsv", "rgb"})],
        "pad": [StrOptions({"reflect", "zero", "resize"})],
        "quality_weight": [Interval(Real, 0, None, closed="left")],
        "edge_weight": [Interval(Real, 0, None, closed="left")],
        "error_weight": [Interval(Real, 0, None, closed="left")],
        "error_target": [StrOptions({"both", "infrared", "visible", "brighter"})],
        "variant": [StrOptions({"uiqi_blocks", "ssim"})],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "crop_size": [Interval(Integral, STRIDE, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "optimizer": [StrOptions({"adam", "sgd"})],
        "milestones": ["array-like"],
        "noise": [Interval(Real, 0, None, closed="left")],
        "blur": [Interval(Real, 0, None, closed="left")],
        "flip": ["boolean"],
        "mixed_precision": ["boolean"],
    }
    _half = "float16"
    _metadata_parameters = {
        "visible_channels": "color='rgb' for 3 and another one for 1"
    }

    def __init__(
        self,
        activation=None,
        base_channels=64,
        *,
        color="gray",
        pad="reflect",
        weights="pretrained",
        quality_weight=1.0,
        edge_weight=1.0,
        error_weight=0.0,
        error_target="both",
        variant="uiqi_blocks",
        max_epochs=30,
        batch_size=10,
        crop_size=256,
        learning_rate=1e-3,
        optimizer="adam",
        milestones=(10, 20, 30),
        noise=1 / 255,
        blur=0.2,
        flip=True,
        mixed_precision=False,
        initial_weights=None,
        tile_size=None,
        inference_batch_size=None,
        precision="auto",
        device="auto",
        random_state=None,
        verbose=False,
    ):
        self.activation = activation
        self.base_channels = base_channels
        self.color = color
        self.pad = pad
        self.weights = weights
        self.quality_weight = quality_weight
        self.edge_weight = edge_weight
        self.error_weight = error_weight
        self.error_target = error_target
        self.variant = variant
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.crop_size = crop_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.milestones = milestones
        self.noise = noise
        self.blur = blur
        self.flip = flip
        self.mixed_precision = mixed_precision
        self.initial_weights = initial_weights
        self.tile_size = tile_size
        self.inference_batch_size = inference_batch_size
        self.precision = precision
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _validate_params(self):
        super()._validate_params()
        for name, step in (("base_channels", 16), ("crop_size", STRIDE)):
            if getattr(self, name) % step:
                raise ValueError(
                    f"{name}={getattr(self, name)}: the network needs a multiple of "
                    f"{step}."
                )
        if not self.quality_weight + self.edge_weight + self.error_weight:
            raise ValueError(
                "quality_weight, edge_weight and error_weight are all 0: the loss "
                "needs one of them."
            )

    # Fusing --------------------------------------------------------------------------

    def _fuse_batch_any(self, ir, vis):
        if self.color == "rgb":
            fused = self._fuse_planes(ir, vis.expand(-1, 3, -1, -1))
            return luma_of(fused.clamp(0, 1)) if vis.shape[1] == 1 else fused
        if self.color == "hsv" and vis.shape[1] == 3:
            value = vis.amax(1, keepdim=True)
            fused = self._fuse_batch(ir, value).clamp(0, 1)
            # Scaling a colour keeps its hue and saturation; black has neither.
            black = value == 0
            scaled = vis * (fused / torch.where(black, 1.0, value))
            return torch.where(black, fused, scaled)
        return super()._fuse_batch_any(ir, vis)

    def _fuse_batch(self, ir, vis):
        return self._fuse_planes(ir, vis)

    def _fuse_planes(self, ir, vis):
        """Fuse ``(n, 1, h, w)`` and ``(n, c, h, w)`` in [0, 1] to ``(n, c, h, w)``."""
        height, width = ir.shape[2:]
        form = self._form(ir.device)
        padded = _to_multiple(torch.cat([ir, vis], 1), self.pad)
        tile_size = self.tile_size
        if tile_size is not None:
            tile_size = -(-tile_size // STRIDE) * STRIDE
        fused = map_tiles(form, padded, tile_size, _REACH)
        if self.pad == "resize":
            return _resized(fused, height, width)
        return fused[..., :height, :width]

    def _make_form(self, network, device, dtype):
        return InferenceForm(network, device, dtype)

    # Training ------------------------------------------------------------------------

    def _train(self, network, data):
        generator = make_generator(self.random_state)
        self._initialize(network, generator)
        network.to(memory_format=torch.channels_last)
        if self.optimizer == "adam":
            optimizer = functools.partial(torch.optim.Adam, betas=(0.9, 0.99))
        else:
            optimizer = functools.partial(torch.optim.SGD, momentum=0.9)

        device = resolve_device(self.device)
        on_cpu = device.type == "cpu"

        def drawn():
            order = torch.randperm(len(data), generator=generator).tolist()
            for start in range(0, len(order), self.batch_size):
                chosen = order[start : start + self.batch_size]
                yield torch.stack([self._crop(data, i, generator) for i in chosen])

        def batches():
            # Read while the device works, which has a generator of its own.
            return drawn() if on_cpu else ahead(drawn())

        self.loss_curve_ = train_network(
            network,
            batches,
            functools.partial(self._loss, generator=generator_on(device, generator)),
            [{"params": network.parameters(), "lr": self.learning_rate}],
            optimizer=optimizer,
            max_epochs=self.max_epochs,
            milestones=self.milestones,
            gamma=0.5,
            device=device,
            verbose=self.verbose,
        )
        return network

    def _crop(self, data, i, generator):
        """Return a random crop of a pair: infrared first, ``(1 + c, size, size)``."""
        ir, vis = data.read(i)
        if self.color == "rgb":
            vis = np.moveaxis(vis, 2, 0) if vis.ndim == 3 else np.stack([vis] * 3)
        elif self.color == "hsv":
            vis = vis.max(axis=2)[None] if vis.ndim == 3 else vis[None]
        else:
            vis = luma(vis)[None]
        pair = torch.from_numpy(np.concatenate([ir[None], vis]))
        pair = random_crop(pair, self.crop_size, generator)
        if self.flip:
            flips = torch.randint(2, (2,), generator=generator).tolist()
            pair = pair.flip([dim for dim, yes in zip((1, 2), flips) if yes])
        return pair

    def _loss(self, network, pairs, generator):
        inputs = 2 * _degraded(pairs, self.blur, self.noise, generator) - 1
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        with torch.autocast(
            pairs.device.type, torch.bfloat16, enabled=self.mixed_precision
        ):
            fused = network.linear_output(inputs[:, :1], inputs[:, 1:], folded=True)
        fused = (torch.tanh(fused.float()) + 1) / 2
        return fusion_quality_loss(
            pairs[:, :1],
            pairs[:, 1:],
            fused,
            alpha=self.quality_weight,
            beta=self.edge_weight,
            gamma=self.error_weight,
            target=self.error_target,
            variant=self.variant,
        )

    # Weights -------------------------------------------------------------------------

    def _channels(self):
        return 3 if self.color == "rgb" else 1

    def _pretrained(self):
        key = self.activation, self.base_channels, self._channels()
        if key not in _SHIPPED:
            raise WeightsError(
                f"weights='pretrained' with activation={self.activation!r}, "
                f"base_channels={self.base_channels} and color={self.color!r}: none "
                "are shipped; there are (None, 64), and 'leaky_relu' with 64, 32 "
                "and 16, for one channel. Train with weights=None."
            )
        return _SHIPPED[key]

    def _metadata(self):
        return {
            "class": "EncoderDecoderFuser",
            "activation": self.activation,
            "base_channels": self.base_channels,
            "visible_channels": self._channels(),
        }

    def _build_network(self):
        activation = _ACTIVATIONS[self.activation]
        return EncoderDecoderNet(self._channels(), self.base_channels, activation)

    def _onnx_module(self):
        from .._onnx_graphs import EncoderDecoderGraph

        if self.pad == "resize":
            raise ValueError(
                "pad='resize' cannot be exported: use pad='reflect' or 'zero'."
            )
        network = self._network()
        return EncoderDecoderGraph(network, self.pad)


def _to_multiple(planes, pad):
    """Bring ``(n, c, h, w)`` planes to multiples of 32."""
    height, width = planes.shape[2:]
    if pad == "resize":
        return _resized(
            planes, *(max(n // STRIDE, 1) * STRIDE for n in (height, width))
        )
    below, right = -height % STRIDE, -width % STRIDE
    if pad == "reflect":
        return reflect_by(planes, below, right)
    return torch.nn.functional.pad(planes, (0, right, 0, below), value=0.5)


def _resized(planes, height, width):
    """Resize as OpenCV does, and by it: published images were made that way."""
    if planes.shape[2:] == (height, width):
        return planes
    resized = [
        [
            cv2.resize(plane, (width, height), interpolation=cv2.INTER_CUBIC)
            for plane in x
        ]
        for x in planes.cpu().numpy()
    ]
    return torch.from_numpy(np.array(resized)).to(planes)


def _degraded(images, blur, noise, generator):
    """Blur images a little and add noise drawn from the generator."""
    if blur:
        radius = math.ceil(4 * blur)
        taps = torch.arange(-radius, radius + 1).to(images)
        taps = torch.exp(-0.5 * (taps / blur) ** 2)
        taps = taps / taps.sum()
        c = images.shape[1]
        pad = torch.nn.functional.pad(images, [radius] * 4, mode="reflect")
        for shape in ((1, 1, -1, 1), (1, 1, 1, -1)):
            kernel = taps.reshape(shape).expand(c, *[-1] * 3)
            pad = torch.nn.functional.conv2d(pad, kernel, groups=c)
        images = pad
    if noise:
        drawn = torch.randn(images.shape, generator=generator, device=generator.device)
        images = images + noise * drawn.to(images)
    return images
