"""Dual-branch auto-encoder: detail beside semantic maps."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import torch
from sklearn.utils._param_validation import Interval, StrOptions

from ....networks.autoencoders.dual_branch import DualBranchNet
from ._autoencoder import AutoencoderFuser
from ._join import join_maps

__all__ = ["DualBranch"]


class DualBranch(AutoencoderFuser):
    """Fuse the dense detail maps and the coarse semantic maps of an auto-encoder.

    One branch keeps the size, the other goes down to an eighth of it and back.

    Parameters
    ----------
    n_channels : int, default=16
        Maps of each dense convolution; the other widths are multiples.
    rule : {"channel", "average", "l1"}, default="channel"
        How the maps of the two images are joined: by weights of each channel, equally,
        or by local activity.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=30
    batch_size : int, default=16
    crop_size : int, default=128
        Side of the random training crops.
    learning_rate, final_learning_rate : float, default=0.001, 0.0001
        Of Adam, in the first and the last epoch.
    decay : {"constant", "linear", "late", "cosine", "exponential"}, \
default="exponential"
        How it gets from the one to the other; ``"late"`` stays for half of the way.
    max_seconds : float or None, default=None
        Stop training after this time; the result then depends on the machine.
    ssim_weight : float, default=1.0
        Weight of one less the structural similarity beside the mean squared error.
    gradient_weight : float, default=1.0
        Weight of the squared error of the Laplacian.
    initial_weights : "pretrained", path or None, default=None
        Where training starts; ``None`` draws random parameters.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.
    tile_size : None
        No tiles: the semantic maps are stretched over the whole image.
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
    skfusion.fusers.DenseFuse : The dense branch alone.

    Notes
    -----
    A channel c of the maps f of both images counts by its mean m, Eq. (7) of [1]_:

    .. math::

        f_F^c = (m_I^c f_I^c + m_V^c f_V^c) / (m_I^c + m_V^c)

    The loss is ``MSE + ssim_weight (1 - SSIM) + gradient_weight MSE of the
    Laplacians``; published, it has no similarity, but a term on histograms and one on
    the features of a VGG for ImageNet, for which the similarity stands here. The
    original halves its learning rate when the loss stays. ``fit`` holds all training
    images in memory.

    References
    ----------
    .. [1] Y. Fu and X.-J. Wu, "A dual-branch network for infrared and visible image
       fusion", ICPR 2020, 10675-10680.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import DualBranch
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = DualBranch(2, weights=None, max_epochs=1, crop_size=16,
    ...                 random_state=0).fit(X)
    >>> fuser.transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **AutoencoderFuser._parameter_constraints,
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "rule": [StrOptions({"channel", "average", "l1"})],
        "gradient_weight": [Interval(Real, 0, None, closed="left")],
    }
    _weights_name = "dual_branch"
    _architecture = ("n_channels",)
    _why_whole = "stretches its coarse maps over the whole image"
    _half = "float16"

    def __init__(
        self,
        n_channels=16,
        rule="channel",
        *,
        weights="pretrained",
        max_epochs=30,
        batch_size=16,
        crop_size=128,
        learning_rate=0.001,
        final_learning_rate=0.0001,
        decay="exponential",
        max_seconds=None,
        ssim_weight=1.0,
        gradient_weight=1.0,
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
        self.rule = rule
        self.weights = weights
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.crop_size = crop_size
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.decay = decay
        self.max_seconds = max_seconds
        self.ssim_weight = ssim_weight
        self.gradient_weight = gradient_weight
        self.initial_weights = initial_weights
        self.color = color
        self.tile_size = tile_size
        self.inference_batch_size = inference_batch_size
        self.precision = precision
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _build_network(self):
        return DualBranchNet(self.n_channels)

    def _form_key(self):
        return (self.rule,)

    def _join_reach(self):
        return None

    def _join(self, infrared, visible):
        if self.rule != "channel":
            return join_maps(infrared, visible, self.rule)
        first, second = (z.mean((-2, -1), keepdim=True) for z in (infrared, visible))
        total = first + second
        # Means may have any sign: where they cancel, both images count alike.
        safe = total.abs() > 1e-6
        share = torch.where(safe, first / torch.where(safe, total, 1.0), 0.5)
        return share * infrared + (1 - share) * visible
