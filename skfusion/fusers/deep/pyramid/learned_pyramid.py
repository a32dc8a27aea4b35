"""Learned pyramid: a small network decides which band to take where."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils._param_validation import Interval

from ....images import luma
from ....learning.crops import random_crop
from ....learning.devices import inference, resolve_device
from ....learning.fuser import NetworkFuser
from ....learning.training import make_generator
from ....learning.transfers import luma_of
from ....losses import MeanRankLoss
from ....networks.pyramid_decisions import PyramidDecisions
from ....pairs import as_pairs
from ._pyramid_form import KernelForm
from ._pyramid_opponents import default_opponents, opponent_table
from ._pyramid_torch import TorchForm
from ._pyramid_training import Objective, PyramidTrainer

__all__ = ["LearnedPyramid"]

# Names of the shipped weights by the numbers of channels.
_SHIPPED = {(20, 16): "learned_pyramid", (12, 0): "learned_pyramid_small"}


class LearnedPyramid(NetworkFuser):
    """Fuse Laplacian pyramids by the decisions of a small network.

    The network sees both pyramids and says, at each place and scale, the share of the
    visible image's band and a gain, at the coarsest scale the share of the visible
    image, and for the whole picture a monotone tone curve. The fused image is rebuilt
    from the bands of its sources: nothing is drawn that neither of them holds.

    Training needs no ground truth. It maximises, smoothly, what a benchmark looks at:
    the mean rank among other methods over a set of metrics, with terms against what
    the eye objects to.

    Parameters
    ----------
    n_channels : int, default=20
        Channels of the network. There are shipped weights for 20 with ``n_hidden=16``
        and for 12 with ``n_hidden=0``, which are twice as fast.
    n_levels : int, default=5
        Bands of the pyramids.
    max_gain : float, default=0.7
        Largest logarithm of a gain, in (0, 4], before its dependence on the height of
        the detail.
    tone_curve : bool, default=True
        Whether the network has a tone curve.
    matching : bool, default=True
        Whether the curve also holds a share, chosen by the network, of the curve that
        gives the fused image the mean histogram of its sources.
    n_hidden : int, default=16
        Channels of a hidden layer between the maps and the decisions; 0 for none.
    strength : float, default=1.0
        How far to follow the decisions, in [0, 1]: 0 is the average of both images
        (and their tone curve), 1 all of it.
    tone : float, default=1.0
        How far to follow the tone curve, in [0, 1].
    guard : float, default=1.0
        How much of the light to give back, in [0, 1], that was lost where the visible
        image is bright and the infrared one dark, as the sky by day, and where the
        fused image got darker than both, as round hot objects by night.
    denoise : float, default=0.0
        How much of the grain to take out of both images before they are fused, in
        [0, 1]. It looks better where a camera is noisy; AG, SF and Qabf, which take
        grain for detail, are lower then.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights (or their name), a safetensors file, or ``None`` to train in
        ``fit``.
    opponents : array-like, sequence of estimators or None, default=None
        Among whom training ranks the fused images: their values, of shape
        ``(n_crops, n_opponents, n_metrics)`` as in `opponent_values_`, or fusers and
        pipelines that ``fit`` measures. ``None``: nineteen methods of this package.
    metrics : str or sequence of str, default="vifb"
        What they are ranked in, as for :func:`skfusion.losses.metric_values`.
    metric_weights : array-like or None, default=None
        How much the rank in each metric counts; ``None``: each the same, one together.
    looks_weight : float, default=1.0
        Weight of the terms against dark skies, lost heat, invented edges and raised
        noise (:func:`skfusion.losses.looks`).
    halo_weight : float, default=15.0
        Weight of a term against rims darker or brighter than both sources around.
    max_epochs : int, default=60
    batch_size : int, default=16
        Crops in a batch.
    crop_size : int, default=192
        Side of the square crops, at least 64. Smaller images are reflected.
    crops_per_pair : int, default=1
        Crops that are cut, once, from each pair.
    learning_rate : float, default=0.004
        Of AdamW; it rises for some steps, then falls to a fiftieth as half a cosine.
    softness : (float, float), default=(0.5, 0.12)
        Width of the comparisons with the opponents, in deviations of their values: at
        the start, and from three quarters of the training on.
    histogram_noise : float, default=0.25
        Noise of the histograms which the network sees in training.
    initial_weights : "pretrained", path or None, default=None
        Where training starts; ``None`` draws random parameters.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`; the decisions for luma serve all channels.
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
        Of the initial parameters, the crops, the batches and the noise.
    verbose : bool or int, default=False
        Show a progress bar in ``fit``.

    Attributes
    ----------
    network_ : torch.nn.Module
        The trained network; only after ``fit`` with ``weights=None``.
    loss_curve_ : list of float
        Mean loss of each epoch; only after ``fit`` with ``weights=None``.
    opponent_values_ : ndarray, shape (n_crops, n_opponents, n_metrics)
        What the opponents reach on the crops; only after ``fit`` with
        ``weights=None``. Given as `opponents`, they spare a second fit of the same
        pairs and ``random_state`` the measuring.

    See Also
    --------
    skfusion.fusers.LaplacianPyramid : The same pyramids, decided by rules.
    skfusion.losses.MeanRankLoss : The rank as a loss.

    Notes
    -----
    With bands ``A_l, V_l`` of the infrared and the visible image, the fused image is
    ``c(sum_l up^l(G_l (W_l V_l + (1 - W_l) A_l)) + up^L(W V + (1 - W) A))``, the last
    term for what the bands leave, ``c`` the curve. ``log W_l / (1 - W_l) = s + p
    (t(V_l) - t(A_l))`` and ``log G_l = g tanh(r) + log(1 + k (m - 0.4))`` with the
    larger height ``m = max(t(A_l), t(V_l))``, where ``t(x) = |x| / (|x| + 0.05)``. The
    maps ``s`` and ``r`` come from the network; ``p`` and ``k`` are learned numbers, one
    of each a level.

    The rank in a metric is one more than the number of opponents that are better, each
    counted by a logistic function of its lead. Half of the objective are ranks of the
    crops, half those of the mean over a batch, as benchmarks have them. The parameters
    kept are a running mean of those trained.

    The guard raises the fused image, from an eighth of the size to the full one, to
    .93, .86, .76 and .6 of the visible image, weighted by how bright that is and how
    dark the infrared one, at half the size also to the darker of both; where it adds
    light nothing gets brighter than both.

    ``denoise`` shrinks the finest band of each image where its local energy is that of
    the grain, whose level the median of diagonal differences tells; images with less
    than three quarters of a grey level of 255 stay as they are.

    On the CPU own kernels run the network: no part of it needs more memory than its
    maps at half the size of the image.

    References
    ----------
    .. [1] P. J. Burt and R. J. Kolczynski, "Enhanced image capture through fusion",
       ICCV 1993, 173-182.
    .. [2] X. Zhang, P. Ye and G. Xiao, "VIFB: a visible and infrared image fusion
       benchmark", CVPR Workshops 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import LearnedPyramid
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((48, 64)), rng.random((48, 64)))]
    >>> fuser = LearnedPyramid(strength=0.8)
    >>> fuser.transform(X)[0].shape
    (48, 64)
    >>> fuser.decisions(X)[0].base.shape
    (2, 2)
    """

    _parameter_constraints: dict = {
        **NetworkFuser._parameter_constraints,
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "n_levels": [Interval(Integral, 1, 12, closed="both")],
        "max_gain": [Interval(Real, 0, 4, closed="right")],
        "tone_curve": ["boolean"],
        "matching": ["boolean"],
        "n_hidden": [Interval(Integral, 0, None, closed="left")],
        "strength": [Interval(Real, 0, 1, closed="both")],
        "tone": [Interval(Real, 0, 1, closed="both")],
        "guard": [Interval(Real, 0, 1, closed="both")],
        "denoise": [Interval(Real, 0, 1, closed="both")],
        "opponents": ["array-like", None],
        "metrics": [str, list, tuple],
        "metric_weights": ["array-like", None],
        "looks_weight": [Interval(Real, 0, None, closed="left")],
        "halo_weight": [Interval(Real, 0, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "crop_size": [Interval(Integral, 64, None, closed="left")],
        "crops_per_pair": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "softness": [tuple, list],
        "histogram_noise": [Interval(Real, 0, None, closed="left")],
    }

    _metadata_parameters = {"tone": "tone_curve to that"}

    def __init__(
        self,
        n_channels=20,
        n_levels=5,
        *,
        max_gain=0.7,
        tone_curve=True,
        matching=True,
        n_hidden=16,
        strength=1.0,
        tone=1.0,
        guard=1.0,
        denoise=0.0,
        weights="pretrained",
        opponents=None,
        metrics="vifb",
        metric_weights=None,
        looks_weight=1.0,
        halo_weight=15.0,
        max_epochs=60,
        batch_size=16,
        crop_size=192,
        crops_per_pair=1,
        learning_rate=4e-3,
        softness=(0.5, 0.12),
        histogram_noise=0.25,
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
        self.n_levels = n_levels
        self.max_gain = max_gain
        self.tone_curve = tone_curve
        self.matching = matching
        self.n_hidden = n_hidden
        self.strength = strength
        self.tone = tone
        self.guard = guard
        self.denoise = denoise
        self.weights = weights
        self.opponents = opponents
        self.metrics = metrics
        self.metric_weights = metric_weights
        self.looks_weight = looks_weight
        self.halo_weight = halo_weight
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.crop_size = crop_size
        self.crops_per_pair = crops_per_pair
        self.learning_rate = learning_rate
        self.softness = softness
        self.histogram_noise = histogram_noise
        self.initial_weights = initial_weights
        self.color = color
        self.tile_size = tile_size
        self.inference_batch_size = inference_batch_size
        self.precision = precision
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def decisions(self, X):
        """Return what the network decides for each pair.

        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes.

        Returns
        -------
        list of PyramidMaps
            Named tuples ``(weights, gains, base, curve)`` of float32 arrays: lists of
            one map a level, fine to coarse, the share of the visible image in what
            the bands leave, and the knots of the tone curve (None without one). They
            are those that `strength` leaves.
        """
        self._validate_params()
        pairs, device = as_pairs(X), resolve_device(self.device)
        form = self._form(device)
        out = []
        for i in range(len(pairs)):
            stack = np.stack([luma(image) for image in pairs.read(i)])
            with inference(device):
                planes = self._prepared(torch.from_numpy(stack)[None].to(device), form)
                out.append(form.maps(planes, self.strength, self._tiles()))
        return out

    def _validate_params(self):
        super()._validate_params()
        if len(self.softness) != 2 or not all(
            isinstance(x, Real) and x > 0 for x in self.softness
        ):
            raise ValueError(
                f"softness={self.softness!r}: expected two numbers above 0, at the "
                "start and at the end of the training."
            )

    def _fuse_batch(self, ir, vis):
        return self._fused(ir, vis)

    def _fuse_batch_channels(self, ir, vis):
        return self._fused(ir, luma_of(vis), vis)[:, 1:]

    def _fused(self, *planes):
        """Return the fused images, then those of further planes of the visible ones."""
        form = self._form(planes[0].device)
        stack = self._prepared(torch.cat(planes, 1), form)
        return form.fuse(stack, self.strength, self.tone, self.guard, self._tiles())

    def _prepared(self, stack, form):
        return form.denoised(stack, self.denoise) if self.denoise else stack

    def _tiles(self):
        """Return size and reach of the tiles.

        They begin where the coarsest pixels do, and see all that reaches them.
        """
        step, size = 2**self.n_levels, self.tile_size
        return None if size is None else -(-size // step) * step, 9 * step

    def _train(self, network, data):
        generator = make_generator(self.random_state)
        self._initialize(network, generator)
        infrared, visible = self._crops(data, generator)
        objective = self._objective(infrared, visible)
        trainer = PyramidTrainer(
            network,
            infrared,
            visible,
            objective,
            generator=generator,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            softness=self.softness,
            histogram_noise=self.histogram_noise,
            device=resolve_device(self.device),
        )
        self.loss_curve_ = trainer.run(self.max_epochs, self.verbose)
        return trainer.finish()

    def _crops(self, data, generator):
        """Return the crops of both images, on the levels of 8 bits."""
        crops = []
        for i in range(len(data)):
            pair = torch.from_numpy(np.stack([luma(image) for image in data.read(i)]))
            crops += [
                random_crop(pair, self.crop_size, generator)
                for _ in range(self.crops_per_pair)
            ]
        crops = (torch.stack(crops) * 255).round() / 255
        return crops[:, 0].contiguous(), crops[:, 1].contiguous()

    def _objective(self, infrared, visible):
        opponents = self.opponents
        if opponents is None:
            opponents = default_opponents()
        if hasattr(opponents[0], "transform"):
            images = infrared.numpy(), visible.numpy()
            table = opponent_table(opponents, *images, self.metrics)
        else:
            table = np.asarray(opponents, dtype=np.float32)
            if table.ndim != 3 or len(table) != len(infrared):
                raise ValueError(
                    f"opponents has shape {table.shape}: expected one row of values "
                    f"for each of the {len(infrared)} crops, (n_crops, n_opponents, "
                    "n_metrics), or a list of fusers."
                )
        self.opponent_values_ = table
        ranks = MeanRankLoss(table, self.metrics)
        weights = np.full(table.shape[2], 1 / table.shape[2])
        if self.metric_weights is not None:
            weights = np.asarray(self.metric_weights, dtype=float)
            if weights.shape != table.shape[2:] or not (weights >= 0).all():
                raise ValueError(
                    f"metric_weights={self.metric_weights!r}: expected one number, 0 "
                    f"or more, for each of the {table.shape[2]} metrics."
                )
        return Objective(
            ranks,
            torch.tensor(weights, dtype=torch.float32),
            looks_weight=self.looks_weight,
            halo_weight=self.halo_weight,
        )

    def _pretrained(self):
        name = _SHIPPED.get((self.n_channels, self.n_hidden))
        if name is None:
            known = " or ".join(f"({c}, {m})" for c, m in _SHIPPED)
            raise ValueError(
                f"n_channels={self.n_channels}, n_hidden={self.n_hidden}: "
                f"weights='pretrained' are shipped for {known}; use one of these, or "
                "weights=None and fit."
            )
        return name

    def _metadata(self):
        return {"class": "LearnedPyramid", **self._architecture()}

    def _architecture(self):
        return {
            "n_channels": self.n_channels,
            "n_levels": self.n_levels,
            "max_gain": self.max_gain,
            "tone": self.tone_curve,
            "matching": self.matching,
            "n_hidden": self.n_hidden,
        }

    def _build_network(self):
        return PyramidDecisions(**self._architecture())

    def _make_form(self, network, device, dtype):
        if device.type == "cpu" and dtype == torch.float32:
            return KernelForm(network)
        return TorchForm(network, device, dtype)

    def _onnx_module(self):
        from ._pyramid_graph import PyramidGraph

        settings = self.strength, self.tone, self.guard, self.denoise
        return PyramidGraph(self._network(), *settings)
