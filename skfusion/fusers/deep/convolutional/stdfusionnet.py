"""STDFusionNet: hot targets from the infrared image, all else from the visible one."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval

from ....images import as_float, luma
from ....learning.maximum import sobel_strength
from ....learning.pair_fuser import PairNetworkFuser
from ....networks.convolutional.stdfusionnet import STDFusionNet as STDFusionNetwork
from ....pairs import as_pairs

__all__ = ["STDFusionNet"]


class STDFusionNet(PairNetworkFuser):
    """Fuse by a network that was told what the salient targets are.

    Trained with masks of the hot targets: inside them the infrared image is wanted,
    outside the visible one. No mask is needed to fuse.

    Parameters
    ----------
    n_channels : int, default=16
        Maps of the first layer; the others grow with it.
    parity : bool, default=False
        Stretch the fused image to [0, 1], as the authors' program does on saving.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=30
        Each sees one random crop of every pair.
    batch_size : int, default=32
        Crops in a batch.
    crop_size : int, default=128
        Side of the training crops.
    learning_rate, final_learning_rate : float, default=0.001, 1e-5
        Of Adam, in the first and in the last epoch.
    decay : str, default="late"
        The way from one to the other: ``"constant"``, ``"linear"``, ``"late"``
        (constant for half the epochs, then linear), ``"cosine"`` or ``"exponential"``.
    salient_weight : float, default=7.0
        Weight of the targets beside the rest.
    gradient_weight : float, default=1.0
        Weight of the distances of gradients beside those of intensities.
    threshold : float, default=1.5
        Where ``fit`` gets no masks: a target is what is hotter than the mean of its
        infrared image by this many standard deviations.
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
    The loss is ``w m d(F, I) + (1 - m) d(F, V)``, a mean over the pixels, with the mask
    ``m`` and ``d`` the distance ``|a - b| + g |grad a - grad b|``. The published masks
    were drawn by hand. The learning rate falls to a hundredth, not to zero.

    References
    ----------
    .. [1] J. Ma, L. Tang, M. Xu, H. Zhang and G. Xiao, "STDFusionNet: An infrared and
       visible image fusion network based on salient target detection", IEEE Trans.
       Instrumentation and Measurement 70, 5009513, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import STDFusionNet
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = STDFusionNet(n_channels=2, weights=None, max_epochs=1,
    ...     crop_size=16, random_state=0)
    >>> fuser.fit(X).transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **PairNetworkFuser._parameter_constraints,
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "parity": ["boolean"],
        "salient_weight": [Interval(Real, 0, None, closed="left")],
        "gradient_weight": [Interval(Real, 0, None, closed="left")],
        "threshold": [Interval(Real, None, None, closed="neither")],
    }
    _weights_name = "stdfusionnet"
    _architecture = ("n_channels",)
    _half = "float16"

    def __init__(
        self,
        n_channels=16,
        *,
        parity=False,
        weights="pretrained",
        max_epochs=30,
        batch_size=32,
        crop_size=128,
        learning_rate=0.001,
        final_learning_rate=1e-5,
        decay="late",
        salient_weight=7.0,
        gradient_weight=1.0,
        threshold=1.5,
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
        self.salient_weight = salient_weight
        self.gradient_weight = gradient_weight
        self.threshold = threshold
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
        return STDFusionNetwork(self.n_channels)

    def fit(self, X=None, y=None):
        """Train the network, or check that its weights can be read.

        Parameters
        ----------
        X : pairs
            Training pairs; not used where ``weights`` is given.
        y : sequence of array-like (H, W), optional
            Masks of the targets, one a pair: uint8, or float in [0, 1]. Without them,
            ``threshold`` finds targets.

        Returns
        -------
        self
        """
        return super().fit(X if y is None or X is None else _MaskedPairs(X, y))

    def _training_data(self, X):
        return X if isinstance(X, _MaskedPairs) else as_pairs(X)

    def _training_stack(self, data, i):
        stack = super()._training_stack(data, i)
        if isinstance(data, _MaskedPairs):
            mask = data.mask(i, stack.shape[1:])
        else:
            ir = stack[0]
            mask = ir > ir.mean() + self.threshold * ir.std()
        return np.concatenate([stack, mask[None].astype(np.float32)])

    def _loss(self, network, pairs):
        ir, vis, mask = pairs[:, :1], pairs[:, 1:2], pairs[:, 2:]
        fused = network(ir, vis)
        edges = sobel_strength(fused)
        distances = [
            (fused - image).abs()
            + self.gradient_weight * (edges - sobel_strength(image)).abs()
            for image in (ir, vis)
        ]
        weighted = self.salient_weight * mask * distances[0] + (1 - mask) * distances[1]
        return weighted.mean()


class _MaskedPairs:
    """Pairs with the masks of their targets."""

    def __init__(self, X, masks):
        self.pairs, self.masks = as_pairs(X), list(masks)
        if len(self.pairs) != len(self.masks):
            raise ValueError(
                f"y holds {len(self.masks)} masks for {len(self.pairs)} pairs: give "
                "one a pair."
            )

    def __len__(self):
        return len(self.pairs)

    def read(self, i):
        return self.pairs.read(i)

    def mask(self, i, shape):
        mask = luma(as_float(self.masks[i], f"y[{i}]"))
        if mask.shape != shape:
            raise ValueError(
                f"y[{i}] has shape {mask.shape}, its pair has {shape}: give a mask of "
                "the same size."
            )
        return mask
