"""Liu's siamese network: which image is sharper, patch by patch, and pyramids."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from torch.nn import functional

from ....images import luma
from ....images.notices import Notices
from ....learning.objectives import blur
from ....learning.transfers import luma_of
from ....networks.blocks import FusionNetwork
from ....networks.convolutional.siamese import SiameseNet
from ....pairs import as_pairs
from ..._filters import box_mean
from ...multiscale._pyramid import (
    gaussian_pyramid,
    laplacian_pyramid,
    rebuild,
)
from ..autoencoders._autoencoder import SingleImageFuser

__all__ = ["LiuCNN"]


class LiuCNN(SingleImageFuser):
    """Weight pyramids by which image a siamese network finds sharper.

    The decision on each patch of 16 pixels, 2 apart, is spread over the patch. Where
    the bands of both pyramids look alike they are averaged with these weights;
    elsewhere the stronger one is taken.

    Parameters
    ----------
    n_channels : int, default=64
        Maps of the first convolution, doubled by each further one.
    classifier : {"siamese", "six-path", "three-path"} or estimator, default="siamese"
        Who decides: the siamese network, one of :class:`SharpnessClassifier` with its
        shipped weights, or a fitted classifier with its ``score_map``.
    match_threshold : float, default=0.6
        How alike, from -1 to 1, the bands are to be for an average.
    n_levels : int or None, default=None
        Bands of the pyramids; ``None``: down to a pixel on the shorter side.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=10
    batch_size : int, default=128
    crop_size : int, default=16
        Side of the random training crops.
    learning_rate, final_learning_rate : float, default=0.001, 1e-05
        Of Adam, in the first and the last epoch.
    decay : {"constant", "linear", "late", "cosine", "exponential"}, \
default="exponential"
        How it gets from the one to the other; ``"late"`` stays for half of the way.
    max_seconds : float or None, default=None
        Stop training after this time; the result then depends on the machine.
    max_blur : float, default=4.0
        Largest standard deviation, in pixels, of the blur of the training copies.
    parity : bool, default=False
        Round to 8 bits, as the published program does before it writes.
    initial_weights : "pretrained", path or None, default=None
        Where training starts; ``None`` draws random parameters.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`; the weights are those of luma.
    tile_size : None
        No tiles: the pyramids go down to a pixel.
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
    skfusion.fusers.SharpnessFuser : Networks that see gradients, in larger windows.

    Notes
    -----
    The network tells two copies of a patch apart of which one is blurred; the loss is
    the cross entropy. In fusing, the weight of the infrared image is what it gives that
    one, averaged over the patches over a pixel. With the bands I and V of the Laplacian
    pyramids, the Gaussian pyramid w of that weight and [ ] for sums over 3 x 3 pixels,

    .. math::

        F = w I + (1 - w) V

    is the fused band, Sec. 3.3 of [1]_, where `match_threshold` is below

    .. math::

        M = 2 [I V] / ([I^2] + [V^2])

    and elsewhere that of the larger energy, :math:`[I^2]` or :math:`[V^2]`. As
    published, five degrees of blur are learned from photographs of ImageNet; here the
    degree is drawn.

    References
    ----------
    .. [1] Y. Liu, X. Chen, J. Cheng, H. Peng and Z. Wang, "Infrared and visible image
       fusion with convolutional neural networks", Int. J. Wavelets Multiresolut. Inf.
       Process. 16(3), 1850018, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import LiuCNN
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = LiuCNN(2, weights=None, max_epochs=1, crop_size=16,
    ...                 random_state=0).fit(X)
    >>> fuser.transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **SingleImageFuser._parameter_constraints,
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "classifier": [
            StrOptions({"siamese", "six-path", "three-path"}),
            HasMethods(["score_map"]),
        ],
        "match_threshold": [Interval(Real, -1, 1, closed="both")],
        "n_levels": [Interval(Integral, 1, None, closed="left"), None],
        "max_blur": [Interval(Real, 0.5, None, closed="left")],
        "parity": ["boolean"],
    }
    _weights_name = "liu_cnn"
    _architecture = ("n_channels",)
    _why_whole = "builds pyramids down to a pixel"
    _half = "float16"

    def __init__(
        self,
        n_channels=64,
        classifier="siamese",
        *,
        match_threshold=0.6,
        n_levels=None,
        weights="pretrained",
        max_epochs=10,
        batch_size=128,
        crop_size=16,
        learning_rate=0.001,
        final_learning_rate=1e-05,
        decay="exponential",
        max_seconds=None,
        max_blur=4.0,
        parity=False,
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
        self.classifier = classifier
        self.match_threshold = match_threshold
        self.n_levels = n_levels
        self.weights = weights
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.crop_size = crop_size
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.decay = decay
        self.max_seconds = max_seconds
        self.max_blur = max_blur
        self.parity = parity
        self.initial_weights = initial_weights
        self.color = color
        self.tile_size = tile_size
        self.inference_batch_size = inference_batch_size
        self.precision = precision
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def weight_map(self, X):
        """Return the weight of the visible image for each pair.

        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes.

        Returns
        -------
        ndarray of object, shape (n,)
            float32 ``(H, W)`` maps in [0, 1]; the infrared weight is one minus them.
        """
        self._validate_params()
        pairs = as_pairs(X)
        out = np.empty(len(pairs), dtype=object)
        with Notices():
            for i in range(len(pairs)):
                ir, vis = (torch.from_numpy(luma(x))[None, None] for x in pairs.read(i))
                with torch.inference_mode():
                    weight = 1 - self._infrared_weights(ir, vis)[0]
                out[i] = self._result(weight, pairs, i)
        return out

    def fit(self, X=None, y=None):
        """Train the siamese network, or check that its weights can be read.

        Parameters
        ----------
        X : pairs, or sequence of images
            Every image, infrared or visible, is one training image. Not used where
            ``weights`` or another ``classifier`` is given.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        self._validate_params()
        if self.classifier == "siamese":
            return super().fit(X)
        if X is not None:
            self._training_data(X)
        return self

    def _validate_params(self):
        super()._validate_params()
        if self.crop_size < SiameseNet.patch:
            raise ValueError(
                f"crop_size={self.crop_size}: the network judges patches of "
                f"{SiameseNet.patch} pixels; use that or more."
            )

    def _build_network(self):
        return SiameseNet(self.n_channels)

    def _prepare(self, crops, generator):
        sharp = crops.flatten(0, 1)[:, None]
        sigma = 0.5 + (self.max_blur - 0.5) * float(torch.rand(1, generator=generator))
        soft = blur(sharp, sigma)
        first = torch.randint(2, (len(sharp), 1, 1, 1), generator=generator)
        first = first.to(sharp).expand_as(sharp)
        swapped = (
            torch.where(first > 0, sharp, soft),
            torch.where(first > 0, soft, sharp),
        )
        return torch.cat([*swapped, first], 1)

    def _loss(self, network, copies):
        first, second, answer = copies.split(1, 1)
        logits = network(first, second)
        answer = answer[:, 0, :1, :1].long().expand(-1, *logits.shape[2:])
        return functional.cross_entropy(logits, answer)

    # Fusing ---------------------------------------------------------------------------

    def _paired(self, network):
        return PatchWeights(network)

    def _form(self, device=None):
        return super()._form(device) if self.classifier == "siamese" else None

    def _infrared_weights(self, ir, vis):
        """Return the maps ``(n, h, w)`` of ``(n, 1, h, w)`` planes."""
        if self.classifier == "siamese":
            return self._fused(ir, vis)[:, 0].cpu().numpy()
        classifier = self._ready_classifier()
        pairs = zip(ir[:, 0].cpu().numpy(), vis[:, 0].cpu().numpy())
        return [1 - classifier.score_map(*pair) for pair in pairs]

    def _ready_classifier(self):
        if not isinstance(self.classifier, str):
            return self.classifier
        from ..sharpness.classifier import SharpnessClassifier

        return SharpnessClassifier(self.classifier, device=self.device)

    def _fuse_batch(self, ir, vis):
        return self._blended_planes(ir, vis, self._infrared_weights(ir, vis))

    def _fuse_batch_channels(self, ir, vis):
        """One weight map, from luma, for all channels."""
        weights = self._infrared_weights(ir, luma_of(vis))
        return self._blended_planes(ir, vis, weights)

    def _blended_planes(self, ir, vis, weights):
        """Blend on the CPU, in double precision, plane by plane."""
        images = ir[:, 0].cpu().numpy(), vis.cpu().numpy(), weights
        blended = [
            np.stack([self._blended(infrared, plane, weight) for plane in planes])
            for infrared, planes, weight in zip(*images)
        ]
        return torch.from_numpy(np.stack(blended)).float()

    def _blended(self, ir, vis, weight):
        weight = weight.astype(np.float64)
        n_levels = self.n_levels
        if n_levels is None:
            n_levels = max(int(np.log2(min(ir.shape))) - 1, 0)
        pyramids = [
            laplacian_pyramid(image.astype(np.float64), n_levels, "reflect")
            for image in (ir, vis)
        ]
        # As many levels as there are bands, and the base.
        weights = gaussian_pyramid(weight, len(pyramids[0][0]), "reflect")
        bands = [
            self._joined(*band)
            for band in zip(*([*bands, base] for bands, base in pyramids), weights)
        ]
        fused = rebuild(bands[:-1], bands[-1], ir.shape, "reflect")
        if self.parity:
            return np.floor(255 * np.clip(fused, 0, 1) + 0.5) / 255
        return fused

    def _joined(self, ir, vis, weight):
        """Fuse a band: an average where both are alike, else the stronger one."""
        energies = [box_mean(band * band, 3, "mirror") for band in (ir, vis)]
        total = energies[0] + energies[1]
        match = np.divide(
            2 * box_mean(ir * vis, 3, "mirror"),
            total,
            out=np.ones_like(total),
            where=total > 0,
        )
        stronger = np.where(energies[0] > energies[1], ir, vis)
        average = weight * ir + (1 - weight) * vis
        return np.where(match > self.match_threshold, average, stronger)

    def _onnx_module(self):
        raise ValueError(
            "LiuCNN cannot be exported: how many levels its pyramids have follows from "
            "the size of the image; export a SharpnessFuser with blend='pixel'."
        )


class PatchWeights(FusionNetwork):
    """A siamese network as a map of how surely the first image is the sharper one.

    Parameters
    ----------
    network : SiameseNet
    """

    def __init__(self, network):
        super().__init__()
        self.network, self.min_size = network, network.min_size
        self.register_buffer("patch", torch.ones(1, 1, network.patch, network.patch))

    def forward(self, infrared, visible):
        """Map two ``(n, 1, h, w)`` images to a map in [0, 1] of that size."""
        share = torch.softmax(self.network(infrared, visible), 1)[:, 1:]
        total, count = (
            functional.conv_transpose2d(x, self.patch, stride=self.network.stride)
            for x in (share, torch.ones_like(share))
        )
        height, width = infrared.shape[2:]
        return (total / count)[:, :, :height, :width]
