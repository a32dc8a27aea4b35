"""LRRNet: a low-rank and a sparse part of each image by unrolled shrinkage."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval

from ....learning.maximum import MaximumFuser
from ....networks.convolutional.lrrnet import LRRNet as LRRNetwork

__all__ = ["LRRNet"]


class LRRNet(MaximumFuser):
    """Fuse by a learned low-rank and sparse decomposition of each image.

    Four steps of shrinkage give a code of each image, half of it low-rank, half sparse;
    the parts of both are mixed one by one and added.

    Parameters
    ----------
    n_channels : int, default=128
        Of the low-rank part and of the sparse part.
    n_steps : int, default=4
        Steps of shrinkage.
    normalize : bool, default=False
        Stretch each image to [0, 1] before it is decomposed, as published; the
        published weights need it. There are no tiles then.
    parity : bool, default=False
        Stretch the fused image to [0, 1], as the authors' program does on saving.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=4
        Each sees one random crop of every pair.
    batch_size : int, default=8
        Crops in a batch.
    crop_size : int, default=128
        Side of the training crops.
    learning_rate, final_learning_rate : float, default=0.0001, 0.0001
        Of Adam, in the first and in the last epoch.
    decay : str, default="constant"
        The way from one to the other: ``"constant"``, ``"linear"``, ``"late"``
        (constant for half the epochs, then linear), ``"cosine"`` or ``"exponential"``.
    intensity_weight : float, default=1.0
        Weight of the distance to the larger of both intensities.
    gradient_weight : float, default=2.0
        Weight of the distance to the larger of both gradients.
    ssim_weight : float, default=0.0
        Weight of one less the similarity to the images.
    max_seconds : float or None, default=None
        Stop the training after this time, with the rates adapted to it.
    initial_weights : "pretrained", path or None, default=None
        Where training starts; ``None`` draws random parameters.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.
    tile_size : int or None, default=None
        Fuse images larger than this in overlapping tiles, with the same result; only
        without ``normalize``.
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
    A step is ``z <- soft(eta z + W2 (x - W1 z), lambda)``. The loss is ``a |F - max(I,
    V)| + b |grad F - max(grad I, grad V)| + c (1 - SSIM)``. The published one compares
    features of a VGG network, which is not shipped, at a learning rate of 1e-5.

    With stretched images the brightness of a dark pair is lost, which is why
    ``normalize`` and ``parity`` are off.

    References
    ----------
    .. [1] H. Li, T. Xu, X.-J. Wu, J. Lu and J. Kittler, "LRRNet: A novel representation
       learning guided fusion network for infrared and visible images", IEEE Trans.
       Pattern Analysis and Machine Intelligence 45(9), 11040-11052, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import LRRNet
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = LRRNet(n_channels=2, n_steps=1, weights=None, max_epochs=1,
    ...     crop_size=16, random_state=0)
    >>> fuser.fit(X).transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **MaximumFuser._parameter_constraints,
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "normalize": ["boolean"],
        "parity": ["boolean"],
        "intensity_weight": [Interval(Real, 0, None, closed="left")],
        "gradient_weight": [Interval(Real, 0, None, closed="left")],
        "ssim_weight": [Interval(Real, 0, None, closed="left")],
    }
    _weights_name = "lrrnet"
    _architecture = (
        "n_channels",
        "n_steps",
        "normalize",
    )
    _why_whole = "with normalize=True stretches the whole image"

    def __init__(
        self,
        n_channels=128,
        n_steps=4,
        *,
        normalize=False,
        parity=False,
        weights="pretrained",
        max_epochs=4,
        batch_size=8,
        crop_size=128,
        learning_rate=0.0001,
        final_learning_rate=0.0001,
        decay="constant",
        intensity_weight=1.0,
        gradient_weight=2.0,
        ssim_weight=0.0,
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
        self.n_steps = n_steps
        self.normalize = normalize
        self.parity = parity
        self.weights = weights
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.crop_size = crop_size
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.decay = decay
        self.intensity_weight = intensity_weight
        self.gradient_weight = gradient_weight
        self.ssim_weight = ssim_weight
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
        return LRRNetwork(self.n_channels, self.n_steps, self.normalize)
