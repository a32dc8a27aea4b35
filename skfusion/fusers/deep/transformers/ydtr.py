"""YDTR: token-wise layers for each image and for their sum."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval, StrOptions

from ....learning.maximum import sobel_strength
from ....learning.pair_fuser import PairNetworkFuser
from ....losses import dssim
from ....networks.transformers.datfuse import YDTRNet

__all__ = ["YDTR"]


class YDTR(PairNetworkFuser):
    """Fuse by the same layers for each image and for the sum of their maps.

    Parameters
    ----------
    n_channels : int, default=64
        Maps of every layer.
    tokens : {"pixels", "runs"}, default="pixels"
        What the transformer blocks look at: the maps of a pixel, as the paper means it,
        or, as the published program does by a slip, runs of the flattened maps, which
        mix far places; the published weights need ``"runs"``.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=10
        Each sees one random crop of every pair.
    batch_size : int, default=32
        Crops in a batch.
    crop_size : int, default=128
        Side of the training crops.
    learning_rate, final_learning_rate : float, default=0.001, 0.001
        Of Adam, in the first and in the last epoch.
    decay : str, default="constant"
        The way from one to the other: ``"constant"``, ``"linear"``, ``"late"``
        (constant for half the epochs, then linear), ``"cosine"`` or ``"exponential"``.
    infrared_weight : float, default=1.0
        Weight of one less the similarity to the infrared image.
    visible_weight : float, default=0.05
        Weight of one less the similarity to the visible image.
    infrared_gradient_weight : float, default=0.43
        Weight of the distance to the infrared gradient.
    visible_gradient_weight : float, default=0.18
        Weight of the distance to the visible gradient.
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

    See Also
    --------
    skfusion.fusers.DATFuse : The same blocks, on the pair as a whole.

    Notes
    -----
    The loss is ``a (1 - SSIM(F, I)) + b (1 - SSIM(F, V)) + c |grad F - grad I| + d
    |grad F - grad V|`` with root mean squares of the differences of gradients; the
    published weights, 6e-4 and 2.5e-4, are those of sums over a batch.

    As in DATFuse, windows of one token leave a linear layer of the attention: 16,656
    parameters of the published network are without effect, and those of its unused
    layers as well; 89,946 remain. The maps are weighted by their means over the image,
    so that there are no tiles.

    References
    ----------
    .. [1] W. Tang, F. He and Y. Liu, "YDTR: Infrared and visible image fusion via
       Y-shape dynamic transformer", IEEE Trans. Multimedia 25, 5413-5428, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import YDTR
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = YDTR(n_channels=8, weights=None, max_epochs=1,
    ...     crop_size=16, random_state=0)
    >>> fuser.fit(X).transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **PairNetworkFuser._parameter_constraints,
        "frozen_share": [Interval(Real, 0, 1, closed="both")],
        "n_channels": [Interval(Integral, 8, None, closed="left")],
        "tokens": [StrOptions({"pixels", "runs"})],
        "infrared_weight": [Interval(Real, 0, None, closed="left")],
        "visible_weight": [Interval(Real, 0, None, closed="left")],
        "infrared_gradient_weight": [Interval(Real, 0, None, closed="left")],
        "visible_gradient_weight": [Interval(Real, 0, None, closed="left")],
    }
    _weights_name = "ydtr"
    _architecture = (
        "n_channels",
        "tokens",
    )
    _why_whole = "weighs its maps by means over the whole image"

    def __init__(
        self,
        n_channels=64,
        *,
        tokens="pixels",
        weights="pretrained",
        max_epochs=10,
        batch_size=32,
        crop_size=128,
        learning_rate=0.001,
        final_learning_rate=0.001,
        decay="constant",
        infrared_weight=1.0,
        visible_weight=0.05,
        infrared_gradient_weight=0.43,
        visible_gradient_weight=0.18,
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
        self.tokens = tokens
        self.weights = weights
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.crop_size = crop_size
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.decay = decay
        self.infrared_weight = infrared_weight
        self.visible_weight = visible_weight
        self.infrared_gradient_weight = infrared_gradient_weight
        self.visible_gradient_weight = visible_gradient_weight
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
        return YDTRNet(self.n_channels, runs=self.tokens == "runs")

    def _loss(self, network, pairs):
        ir, vis = pairs[:, :1], pairs[:, 1:]
        fused = network(ir, vis)
        edges = sobel_strength(fused)
        loss = 0
        for image, ssim_weight, gradient_weight in (
            (ir, self.infrared_weight, self.infrared_gradient_weight),
            (vis, self.visible_weight, self.visible_gradient_weight),
        ):
            error = (edges - sobel_strength(image)).square().mean()
            loss = loss + 2 * ssim_weight * dssim(fused, image)
            # The square root has no slope at zero.
            loss = loss + gradient_weight * (error + 1e-12).sqrt()
        return loss
