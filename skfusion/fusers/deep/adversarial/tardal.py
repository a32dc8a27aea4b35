"""TarDAL: the generator of the target-aware adversarial network."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval, StrOptions

from ....learning.maximum import MaximumFuser
from ....networks.adversarial.tardal import TarDALNet

__all__ = ["TarDAL"]


class TarDAL(MaximumFuser):
    """Fuse by a dense block and four layers that narrow it down.

    Parameters
    ----------
    n_channels : int, default=32
        Maps of the first layer; the others grow with it.
    norm : {"batch", "image"}, default="batch"
        Whose statistics normalise the maps of an image: those of the training, or its
        own, as the published weights called ``tardal`` need it. There are no tiles
        then.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=20
        Each sees one random crop of every pair.
    batch_size : int, default=32
        Crops in a batch.
    crop_size : int, default=224
        Side of the training crops.
    learning_rate, final_learning_rate : float, default=0.001, 0.001
        Of Adam, in the first and in the last epoch.
    decay : str, default="constant"
        The way from one to the other: ``"constant"``, ``"linear"``, ``"late"``
        (constant for half the epochs, then linear), ``"cosine"`` or ``"exponential"``.
    intensity_weight : float, default=1.0
        Weight of the distance to the larger of both intensities.
    gradient_weight : float, default=10.0
        Weight of the distance to the larger of both gradients.
    ssim_weight : float, default=1.0
        Weight of one less the similarity to the images.
    frozen_share : float, default=0.0
        Share of the training, at its end, with the normalisation fixed at its running
        statistics, as it is in use. The published training has none.
    max_seconds : float or None, default=None
        Stop the training after this time, with the rates adapted to it.
    initial_weights : "pretrained", path or None, default=None
        Where training starts; ``None`` draws random parameters.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.
    tile_size : int or None, default=None
        Fuse images larger than this in overlapping tiles, with the same result; only
        with ``norm="batch"``.
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
    The loss is ``a |F - max(I, V)| + b |grad F - max(grad I, grad V)| + c (1 - SSIM)``.
    The published training has two discriminators, for the targets and for the
    gradients, and distances to both images that are weighted by their information;
    neither is done here, and how many epochs it took is not published.

    The published weights ``tardal+`` and ``tardal++`` were tuned for detectors, with
    ``norm="batch"``: they give dark images.

    References
    ----------
    .. [1] J. Liu, X. Fan, Z. Huang, G. Wu, R. Liu, W. Zhong and Z. Luo, "Target-aware
       dual adversarial learning and a multi-scenario multi-modality benchmark to fuse
       infrared and visible for object detection", CVPR 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import TarDAL
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = TarDAL(n_channels=2, weights=None, max_epochs=1,
    ...     crop_size=16, random_state=0)
    >>> fuser.fit(X).transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **MaximumFuser._parameter_constraints,
        "frozen_share": [Interval(Real, 0, 1, closed="both")],
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "norm": [StrOptions({"batch", "image"})],
        "intensity_weight": [Interval(Real, 0, None, closed="left")],
        "gradient_weight": [Interval(Real, 0, None, closed="left")],
        "ssim_weight": [Interval(Real, 0, None, closed="left")],
    }
    _weights_name = "tardal"
    _architecture = (
        "n_channels",
        "norm",
    )
    _why_whole = "with norm='image' normalises by the statistics of the whole image"
    _half = "float16"

    def __init__(
        self,
        n_channels=32,
        *,
        norm="batch",
        weights="pretrained",
        max_epochs=20,
        batch_size=32,
        crop_size=224,
        learning_rate=0.001,
        final_learning_rate=0.001,
        decay="constant",
        intensity_weight=1.0,
        gradient_weight=10.0,
        ssim_weight=1.0,
        frozen_share=0.0,
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
        self.norm = norm
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
        self.frozen_share = frozen_share
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
        return TarDALNet(self.n_channels, self.norm)
