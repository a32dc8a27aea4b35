"""U2Fusion: similarity to both images, by what each has to tell."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval, StrOptions

from ....learning.objectives import similarity_loss, source_shares
from ....learning.pair_fuser import PairNetworkFuser
from ....networks.convolutional.u2fusion import U2FusionNet

__all__ = ["U2Fusion"]


class U2Fusion(PairNetworkFuser):
    """Fuse by a densely connected network that keeps similar to both images.

    How similar it is to be to which of the two is decided pair by pair, by how much
    detail each has.

    Parameters
    ----------
    n_channels : int, default=44
        Maps of the first convolution and of each dense one.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=3
    batch_size : int, default=18
    crop_size : int, default=64
        Side of the random training crops.
    learning_rate, final_learning_rate : float, default=0.0001, 0.0001
        Of Adam, in the first and the last epoch.
    decay : {"constant", "linear", "late", "cosine", "exponential"}, \
default="constant"
        How it gets from the one to the other; ``"late"`` stays for half of the way.
    max_seconds : float or None, default=None
        Stop training after this time; the result then depends on the machine.
    mse_weight : float, default=20.0
        Weight of the squared error beside one less the structural similarity.
    share_scale : float, default=300.0
        What the squared Laplacians, in grey levels, are divided by before the softmax
        that gives the shares; the smaller, the more the sharper image counts.
    parity : bool, default=False
        Stretch the result from its least to its largest value.
    initial_weights : "pretrained", path or None, default=None
        Where training starts; ``None`` draws random parameters.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.
    tile_size : int, "auto" or None, default="auto"
        Fuse images larger than this in overlapping tiles, with the same result: the
        maps take some 2 kB a pixel. ``"auto"``: 256 on a CPU, whose cache holds the
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
    skfusion.fusers.PMGI : Fixed shares of intensity and gradient.

    Notes
    -----
    The loss is ``sum_k s_k (1 - SSIM(F, k) + mse_weight MSE(F, k))`` over both images,
    Eq. (5) of [1]_. As published, the shares s come from the features of a VGG-16 for
    ImageNet, divided by 3200; here they come from the image at three scales, in need of
    no other network. Elastic weight consolidation, for several tasks in a row, is left
    out: the published settings give it the weight zero. The original stretches the
    result from zero to its largest value on saving. ``fit`` holds all pairs in memory.

    References
    ----------
    .. [1] H. Xu, J. Ma, J. Jiang, X. Guo and H. Ling, "U2Fusion: A unified unsupervised
       image fusion network", IEEE Trans. Pattern Anal. Mach. Intell. 44(1), 502-518,
       2022.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import U2Fusion
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = U2Fusion(4, weights=None, max_epochs=1, crop_size=16,
    ...                 random_state=0).fit(X)
    >>> fuser.transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **PairNetworkFuser._parameter_constraints,
        "tile_size": [
            Interval(Integral, 32, None, closed="left"),
            StrOptions({"auto"}),
            None,
        ],
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "mse_weight": [Interval(Real, 0, None, closed="left")],
        "share_scale": [Interval(Real, 0, None, closed="neither")],
        "parity": ["boolean"],
    }
    _weights_name = "u2fusion"
    _architecture = ("n_channels",)
    _half = "float16"
    _cache_tile = 256

    def __init__(
        self,
        n_channels=44,
        *,
        weights="pretrained",
        max_epochs=3,
        batch_size=18,
        crop_size=64,
        learning_rate=0.0001,
        final_learning_rate=0.0001,
        decay="constant",
        max_seconds=None,
        mse_weight=20.0,
        share_scale=300.0,
        parity=False,
        initial_weights=None,
        color="gray",
        tile_size="auto",
        inference_batch_size=None,
        precision="auto",
        device="auto",
        random_state=None,
        verbose=False,
    ):
        self.n_channels = n_channels
        self.weights = weights
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.crop_size = crop_size
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.decay = decay
        self.max_seconds = max_seconds
        self.mse_weight = mse_weight
        self.share_scale = share_scale
        self.parity = parity
        self.initial_weights = initial_weights
        self.color = color
        self.tile_size = tile_size
        self.inference_batch_size = inference_batch_size
        self.precision = precision
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _build_network(self):
        return U2FusionNet(self.n_channels)

    def _loss(self, network, pairs):
        ir, vis = pairs.split(1, 1)
        shares = source_shares(ir, vis, self.share_scale)
        return similarity_loss(network(ir, vis), ir, vis, shares, self.mse_weight)
