"""ReCoNet: a fused image refined three times by the same layers."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval
from torch.nn import functional

from ....learning.pair_fuser import PairNetworkFuser
from ....losses import dssim
from ....networks.convolutional.reconet import ReCoNet as ReCoNetwork

__all__ = ["ReCoNet"]


class ReCoNet(PairNetworkFuser):
    """Fuse by refining the larger of both images with the same few layers.

    The fused image starts as the larger of both. Each step looks where either image
    says more, and mixes both and the fused one at three dilations.

    Parameters
    ----------
    n_channels : int, default=64
        Maps of each dilation.
    n_steps : int, default=3
        How often the image is refined.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=30
        Each sees one random crop of every pair.
    batch_size : int, default=16
        Crops in a batch.
    crop_size : int, default=128
        Side of the training crops.
    learning_rate, final_learning_rate : float, default=0.001, 0.001
        Of Adam, in the first and in the last epoch.
    decay : str, default="constant"
        The way from one to the other: ``"constant"``, ``"linear"``, ``"late"``
        (constant for half the epochs, then linear), ``"cosine"`` or ``"exponential"``.
    intensity_weight : float, default=1.0
        Weight of the distances to both images.
    ssim_weight : float, default=1.0
        Weight of one less the similarity to both.
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

    Notes
    -----
    The loss is ``a (|F - I| + |F - V|) + b (2 - SSIM(F, I) - SSIM(F, V))``. The
    published network also registers the images first, which is not done here; the
    schedule is ours.

    References
    ----------
    .. [1] Z. Huang, J. Liu, X. Fan, R. Liu, W. Zhong and Z. Luo, "ReCoNet: Recurrent
       correction network for fast and efficient multi-modality image fusion", ECCV
       2022.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import ReCoNet
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = ReCoNet(n_channels=2, n_steps=1, weights=None, max_epochs=1,
    ...     crop_size=16, random_state=0)
    >>> fuser.fit(X).transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **PairNetworkFuser._parameter_constraints,
        "frozen_share": [Interval(Real, 0, 1, closed="both")],
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "intensity_weight": [Interval(Real, 0, None, closed="left")],
        "ssim_weight": [Interval(Real, 0, None, closed="left")],
    }
    _weights_name = "reconet"
    _architecture = (
        "n_channels",
        "n_steps",
    )

    def __init__(
        self,
        n_channels=64,
        n_steps=3,
        *,
        weights="pretrained",
        max_epochs=30,
        batch_size=16,
        crop_size=128,
        learning_rate=0.001,
        final_learning_rate=0.001,
        decay="constant",
        intensity_weight=1.0,
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
        self.n_steps = n_steps
        self.weights = weights
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.crop_size = crop_size
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.decay = decay
        self.intensity_weight = intensity_weight
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
        return ReCoNetwork(self.n_channels, self.n_steps)

    def _loss(self, network, pairs):
        ir, vis = pairs[:, :1], pairs[:, 1:]
        fused = network(ir, vis)
        distance = functional.l1_loss(fused, ir) + functional.l1_loss(fused, vis)
        unlike = 2 * (dssim(fused, ir) + dssim(fused, vis))
        return self.intensity_weight * distance + self.ssim_weight * unlike
