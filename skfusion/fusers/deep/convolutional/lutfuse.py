"""LUT-Fuse: a table that another fuser taught."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from torch.nn import functional

from ....base import COLORS
from ....images import luma
from ....learning.maximum import maximum_loss
from ....learning.pair_fuser import PairForm, PairNetworkFuser, reflect_to
from ....learning.transfers import luma_of
from ....losses import dssim
from ....networks.convolutional.lutfuse import LUTFuseNet

__all__ = ["LUTFuse"]


class LUTFuse(PairNetworkFuser):
    """Fuse by looking up a table that was learned from another fuser.

    The fused grey of a pixel stands in a table of four coordinates: the visible image's
    luma, its gradient, a context that a small network sees, and the infrared image.
    Whatever fuser is given as the ``teacher``, its images are what the table learns.

    Parameters
    ----------
    n_nodes : int, default=16
        Nodes of the table along each coordinate.
    n_channels : int, default=16
        Maps of the context network.
    teacher : fuser, Pipeline or None, default=None
        Whose fused images ``fit`` learns, ready for ``transform``; ``None`` learns the
        larger intensity and gradient.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=60
        Each sees one random crop of every pair.
    batch_size : int, default=8
        Crops in a batch.
    crop_size : int, default=96
        Side of the training crops.
    learning_rate, final_learning_rate : float, default=0.001, 5e-5
        Of Adam, in the first and in the last epoch.
    decay : str, default="exponential"
        The way from one to the other: ``"constant"``, ``"linear"``, ``"late"``
        (constant for half the epochs, then linear), ``"cosine"`` or ``"exponential"``.
    ssim_weight : float, default=1.0
        Weight of one less the similarity to the teacher's image.
    gradient_weight : float, default=10.0
        Weight of the distance to the larger gradient; only without a teacher.
    monotony_weight : float, default=10.0
        Weight of decreases of the table along both intensities.
    smoothness_weight : float, default=0.0001
        Weight of the differences between neighbours in the table.
    max_seconds : float or None, default=None
        Stop the training after this time, with the rates adapted to it.
    initial_weights : "pretrained", path or None, default=None
        Where training starts; ``None`` draws random parameters.
    color : {"gray", "per_channel", "rgb"}, default="gray"
        See :class:`skfusion.base.BaseFuser`. Also: show the colours to the context
        network and keep the chroma.
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
    The loss is ``|F - T| + a (1 - SSIM(F, T))`` for the teacher's image ``T``, and, of
    the table alone, ``c`` times the mean decrease along luma and infrared and ``d``
    times the sum of squared differences of neighbours. Training starts from the table
    of the larger image. The published similarity has a window of 48 pixels, this one
    11; the published schedule starts from a first table, at a rate of 5e-5. What a
    coordinate from 0 to 1 means in the table is ``255/256`` of its nodes, as published.

    With ``color="rgb"`` the context network sees the visible image's colours and the
    result has its chroma, as in the authors' program, which first resizes to multiples
    of 16; that is not done here. Maps and gradients are normalised over the whole
    image, so that there are no tiles.

    References
    ----------
    .. [1] X. Yi, Y. Zhang, X. Xiang, Q. Yan, H. Xu and J. Ma, "LUT-Fuse: Towards
       extremely fast infrared and visible image fusion via distillation to learnable
       look-up tables", ICCV 2025.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import LUTFuse
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = LUTFuse(n_nodes=4, n_channels=2, weights=None, max_epochs=1,
    ...     crop_size=16, random_state=0)
    >>> fuser.fit(X).transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **PairNetworkFuser._parameter_constraints,
        "color": [StrOptions({*COLORS, "rgb"})],
        "n_nodes": [Interval(Integral, 2, None, closed="left")],
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "teacher": [HasMethods(["transform"]), None],
        "ssim_weight": [Interval(Real, 0, None, closed="left")],
        "gradient_weight": [Interval(Real, 0, None, closed="left")],
        "monotony_weight": [Interval(Real, 0, None, closed="left")],
        "smoothness_weight": [Interval(Real, 0, None, closed="left")],
    }
    _weights_name = "lutfuse"
    _architecture = (
        "n_nodes",
        "n_channels",
    )
    _why_whole = "normalises the maps of its context network over the whole image"
    _half = "float16"

    def __init__(
        self,
        n_nodes=16,
        n_channels=16,
        *,
        teacher=None,
        weights="pretrained",
        max_epochs=60,
        batch_size=8,
        crop_size=96,
        learning_rate=0.001,
        final_learning_rate=5e-5,
        decay="exponential",
        ssim_weight=1.0,
        gradient_weight=10.0,
        monotony_weight=10.0,
        smoothness_weight=0.0001,
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
        self.n_nodes = n_nodes
        self.n_channels = n_channels
        self.teacher = teacher
        self.weights = weights
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.crop_size = crop_size
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.decay = decay
        self.ssim_weight = ssim_weight
        self.gradient_weight = gradient_weight
        self.monotony_weight = monotony_weight
        self.smoothness_weight = smoothness_weight
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
        return LUTFuseNet(self.n_nodes, self.n_channels)

    def _make_form(self, network, device, dtype):
        return _Form(network, device, dtype)

    def _fuse_batch_any(self, ir, vis):
        if self.color != "rgb" or vis.shape[1] == 1:
            return super()._fuse_batch_any(ir, vis)
        form, grey = self._form(ir.device), luma_of(vis)
        self._check_tiles(form)
        height, width = ir.shape[2:]
        fused = form(reflect_to(torch.cat([ir, grey, vis], 1), form.min_size))
        # To keep the chroma is to change all colours by the change of luma.
        return vis + (fused[..., :height, :width] - grey)

    def _training_stack(self, data, i):
        stack = super()._training_stack(data, i)
        if self.teacher is None:
            return stack
        taught = self.teacher.transform(data[[i]])[0]
        return np.concatenate([stack, luma(taught)[None]])

    def _loss(self, network, pairs):
        ir, vis = pairs[:, :1], pairs[:, 1:2]
        fused = network(ir, vis)
        if pairs.shape[1] == 2:
            loss = maximum_loss(fused, ir, vis, gradient_weight=self.gradient_weight)
        else:
            taught = pairs[:, 2:]
            loss = functional.l1_loss(fused, taught)
            loss = loss + 2 * self.ssim_weight * dssim(fused, taught)
        return loss + self._roughness(network.table)

    def _roughness(self, table):
        """Return what the table is fined for by itself."""
        steps = [table.diff(dim=dim) for dim in range(4)]
        falls = sum(functional.relu(-steps[dim]).mean() for dim in (0, 3))
        roughness = sum(step.square().sum() for step in steps)
        return self.monotony_weight * falls + self.smoothness_weight * roughness


class _Form(PairForm):
    """Also from five planes: infrared, luma and the visible image's colours."""

    def __call__(self, stack):
        ir, vis, color = stack.to(self.dtype).split([1, 1, stack.shape[1] - 2], 1)
        return self.network(ir, vis, color if color.shape[1] else None).float()
