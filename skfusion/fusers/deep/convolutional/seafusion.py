"""SeAFusion: gradient residual dense blocks, trained for the larger of both images."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval

from ....learning.maximum import MaximumFuser
from ....networks.convolutional.seafusion import SeAFusionNet

__all__ = ["SeAFusion"]


class SeAFusion(MaximumFuser):
    """Fuse by two encoders that keep gradients and one decoder.

    Gradient residual dense blocks carry the edges of both images past the convolutions;
    a decoder of four layers joins them.

    Parameters
    ----------
    n_channels : int, default=16
        Maps of the first layer; the others grow with it.
    parity : bool, default=False
        Stretch the fused image to [0, 1], as the authors' program does on saving.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=10
        Each sees one random crop of every pair.
    batch_size : int, default=8
        Crops in a batch.
    crop_size : int, default=256
        Side of the training crops.
    learning_rate, final_learning_rate : float, default=0.001, 7.5e-5
        Of Adam, in the first and in the last epoch.
    decay : str, default="exponential"
        The way from one to the other: ``"constant"``, ``"linear"``, ``"late"``
        (constant for half the epochs, then linear), ``"cosine"`` or ``"exponential"``.
    intensity_weight : float, default=1.0
        Weight of the distance to the larger of both intensities.
    gradient_weight : float, default=10.0
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
    skfusion.fusers.MMDRFuse : The same loss and 113 parameters.

    Notes
    -----
    The loss is ``a |F - max(I, V)| + b |grad F - max(grad I, grad V)|`` with Sobel's
    ``|gx| + |gy|``, the first round of the published training; the three rounds after
    it, in which a segmentation network judges the fused images, are left out. The
    published training sees whole images, 480x640 pixels.

    The published program skips the normalisation whose parameters its checkpoint holds;
    so does the network here. 166,657 parameters are used.

    References
    ----------
    .. [1] L. Tang, J. Yuan and J. Ma, "Image fusion in the loop of high-level vision
       tasks: A semantic-aware real-time infrared and visible image fusion network",
       Information Fusion 82, 28-42, 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import SeAFusion
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = SeAFusion(n_channels=2, weights=None, max_epochs=1,
    ...     crop_size=16, random_state=0)
    >>> fuser.fit(X).transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **MaximumFuser._parameter_constraints,
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "parity": ["boolean"],
        "intensity_weight": [Interval(Real, 0, None, closed="left")],
        "gradient_weight": [Interval(Real, 0, None, closed="left")],
        "ssim_weight": [Interval(Real, 0, None, closed="left")],
    }
    _weights_name = "seafusion"
    _architecture = ("n_channels",)
    _half = "float16"

    def __init__(
        self,
        n_channels=16,
        *,
        parity=False,
        weights="pretrained",
        max_epochs=10,
        batch_size=8,
        crop_size=256,
        learning_rate=0.001,
        final_learning_rate=7.5e-5,
        decay="exponential",
        intensity_weight=1.0,
        gradient_weight=10.0,
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
        return SeAFusionNet(self.n_channels)
