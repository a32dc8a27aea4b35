"""SFDFusion: the spatial and the frequency domain side by side."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval

from ....learning.maximum import MaximumFuser
from ....networks.convolutional.sfdfusion import SFDFusionNet

__all__ = ["SFDFusion"]


class SFDFusion(MaximumFuser):
    """Fuse in space and in frequency side by side.

    In space, attention and gradients refine the maps of each image; in frequency,
    amplitudes and phases of both are mixed and turned back.

    Parameters
    ----------
    n_channels : int, default=8
        Maps of the first layer; the others grow with it.
    parity : bool, default=False
        Stretch each output to [0, 1] inside the network, in training too, as published;
        the published weights need it.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=50
        Each sees one random crop of every pair.
    batch_size : int, default=4
        Crops in a batch.
    crop_size : int, default=320
        Side of the training crops.
    learning_rate, final_learning_rate : float, default=0.0005, 5e-5
        Of Adam, in the first and in the last epoch.
    decay : str, default="linear"
        The way from one to the other: ``"constant"``, ``"linear"``, ``"late"``
        (constant for half the epochs, then linear), ``"cosine"`` or ``"exponential"``.
    intensity_weight : float, default=5.0
        Weight of the distance to the larger of both intensities.
    gradient_weight : float, default=10.0
        Weight of the distance to the larger of both gradients.
    ssim_weight : float, default=1.0
        Weight of one less the similarity to the images.
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

    Notes
    -----
    The loss is ``a |F - max(I, V)| + b |grad F - max(grad I, grad V)| + c (1 - SSIM)``;
    the published training also wants the infrared image in the masks that a saliency
    network draws, and the spectrum to be correlated.

    The Fourier transform sees the whole image, so that there are no tiles. An image of
    odd width is mirrored by one column, where the published program loses its last one.

    References
    ----------
    .. [1] K. Hu, Q. Zhang, M. Yuan and Y. Zhang, "SFDFusion: An efficient spatial-
       frequency domain fusion network for infrared and visible image fusion", ECAI
       2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import SFDFusion
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = SFDFusion(n_channels=2, weights=None, max_epochs=1,
    ...     crop_size=16, random_state=0)
    >>> fuser.fit(X).transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **MaximumFuser._parameter_constraints,
        "n_channels": [Interval(Integral, 2, None, closed="left")],
        "parity": ["boolean"],
        "intensity_weight": [Interval(Real, 0, None, closed="left")],
        "gradient_weight": [Interval(Real, 0, None, closed="left")],
        "ssim_weight": [Interval(Real, 0, None, closed="left")],
    }
    _weights_name = "sfdfusion"
    _architecture = (
        "n_channels",
        "parity",
    )
    _why_whole = "transforms the whole image to frequencies"

    def __init__(
        self,
        n_channels=8,
        *,
        parity=False,
        weights="pretrained",
        max_epochs=50,
        batch_size=4,
        crop_size=320,
        learning_rate=0.0005,
        final_learning_rate=5e-5,
        decay="linear",
        intensity_weight=5.0,
        gradient_weight=10.0,
        ssim_weight=1.0,
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

    def _validate_params(self):
        super()._validate_params()
        if self.precision in ("bfloat16", "float16"):
            raise ValueError(
                f"precision={self.precision!r}: SFDFusion transforms to frequencies, "
                "which is done in float32: use 'auto' or 'float32'."
            )

    def _build_network(self):
        return SFDFusionNet(self.n_channels, stretch=self.parity)

    def _stretches(self):
        return False  # the network does

    def _onnx_module(self):
        raise ValueError(
            "SFDFusion cannot be exported: ONNX has no operator for the angles of a "
            "Fourier transform; use another network."
        )
