"""Metric ascent: the pixels themselves moved towards better metrics."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import copy
import importlib
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from ...base import BaseFuser
from ...images import luma
from ...images.notices import Notices
from ...learning.devices import resolve_device
from ...learning.training import make_generator
from ...losses import MeanRankLoss, Sources, metric_values
from ...losses.registry import as_columns
from ...pairs import as_pairs
from ._ascent import Ascent, Moving, Ranks, WeightedSum, columns_for

__all__ = ["MetricAscent"]

_OPPONENTS = (
    "average",
    "laplacian_pyramid",
    "ratio_pyramid",
    "wavelet",
    "tif",
    "gff",
    "mgff",
    "adf",
    "fpde",
    "msvd",
    "hmsd_gf",
    "gfce",
)


class MetricAscent(BaseFuser):
    """Move the pixels of a fused image along the gradient of metrics.

    It starts from what another method fused and takes small steps that raise any sum
    of differentiable metrics, or lower the expected mean rank among other methods. What
    it reaches tells how much of a metric there is to have on a pair at all, and what
    the picture then looks like; it is no method for real time.

    Parameters
    ----------
    start : str or estimator, default="balanced"
        What to start from: a name of :func:`skfusion.pipelines.pipeline_names`, or a
        fuser or pipeline that needs no fit, or is fitted.
    objective : "mean-rank", dict or MeanRankLoss, default="mean-rank"
        ``"mean-rank"``: the mean rank over `metrics` among the `opponents`, which fuse
        the same pair. A dict ``{"qabf": 1.0, "ssim": 2.0}``: the weighted sum of
        metrics, those where lower is better with the sign turned; names as for
        :func:`skfusion.losses.metric_values`. A
        :class:`skfusion.losses.MeanRankLoss`: the mean rank in its table, whose rows
        belong to the pairs of X in their order, or whose only row to every pair.
    metrics : str or sequence, default="vifb"
        Metrics of the ``"mean-rank"``.
    opponents : sequence of str or estimator, optional
        Methods for ``"mean-rank"``, as for `start`. By default twelve fast ones.
    together : bool, default=False
        For ranks: move all images of X together, so that the mean values over X are
        ranked, as published tables do it. An image then depends on the others.
    n_iter : int, default=200
        Steps at most.
    step : float, default=0.8
        First step of a pixel, in grey levels of 255; it falls to a tenth.
    softness : (float, float), default=(0.35, 0.06)
        First and last width of a rank's step from worse to better; see
        :class:`skfusion.losses.MeanRankLoss`.
    looks : float, default=0.5
        Weight of what the eye objects to, see :func:`skfusion.losses.looks`. 0 lets
        the metrics alone decide.
    n_iter_no_change : int, default=50
        Stop after so many steps without a better value.
    device : str, default="auto"
        ``"auto"``, ``"cpu"``, ``"cuda"`` or another name of a torch device.
    random_state : int, RandomState or None, default=0
        Seed of the noise of half a grey level that parts equal pixels at the start.
    verbose : bool or int, default=False
        Show a progress bar in ``transform``.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.

    See Also
    --------
    skfusion.search.MeanRank : The same mean rank, to choose among methods.

    Notes
    -----
    Adam [1]_ on the pixels, kept within [0, 1]. The image of the best step is returned,
    judged by the objective without softness; the start itself, if no step is better. A
    metric that needs a larger image than the pair's does not count.

    The terms of looks count 1.5 (dark sky), 1.5 (heat), 4 (false edges), 3 (detail) and
    1.5 (noise), times `looks`.

    References
    ----------
    .. [1] D. P. Kingma, J. Ba, "Adam: A method for stochastic optimization", ICLR 2015.

    Examples
    --------
    >>> from skfusion.datasets import make_scene_pairs
    >>> from skfusion.fusers import MetricAscent
    >>> from skfusion.metrics import qabf
    >>> X = make_scene_pairs(1, size=(48, 64), random_state=0)
    >>> ascent = MetricAscent("average", {"qabf": 1.0}, n_iter=5)
    >>> before = MetricAscent("average", {"qabf": 1.0}, n_iter=1, step=1e-6)
    >>> scores = [qabf(*X[0], f.transform(X)[0]) for f in (before, ascent)]
    >>> bool(scores[1] > scores[0])
    True
    """

    _parameter_constraints: dict = {
        **BaseFuser._parameter_constraints,
        "start": [str, HasMethods("transform")],
        "objective": [StrOptions({"mean-rank"}), dict, HasMethods("ranks_of_means")],
        "metrics": [str, "array-like"],
        "opponents": [list, tuple, None],
        "together": ["boolean"],
        "n_iter": [Interval(Integral, 1, None, closed="left")],
        "step": [Interval(Real, 0, None, closed="neither")],
        "softness": [list, tuple],
        "looks": [Interval(Real, 0, None, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        start="balanced",
        objective="mean-rank",
        *,
        metrics="vifb",
        opponents=None,
        together=False,
        n_iter=200,
        step=0.8,
        softness=(0.35, 0.06),
        looks=0.5,
        n_iter_no_change=50,
        device="auto",
        random_state=0,
        verbose=False,
        color="gray",
    ):
        self.start = start
        self.objective = objective
        self.metrics = metrics
        self.opponents = opponents
        self.together = together
        self.n_iter = n_iter
        self.step = step
        self.softness = softness
        self.looks = looks
        self.n_iter_no_change = n_iter_no_change
        self.device = device
        self.random_state = random_state
        self.verbose = verbose
        self.color = color

    def fit(self, X=None, y=None):
        """Check the parameters and the form of X.

        Parameters
        ----------
        X : pairs, optional
            Any form that :func:`skfusion.pairs.as_pairs` takes.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        super().fit(X, y)
        self._check()
        return self

    def transform(self, X):
        """Fuse each pair, and move what came of it.

        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes; images of one pair
            agree in size, pairs may differ.

        Returns
        -------
        ndarray of object, shape (n,)
            Fused images, float32 in [0, 1]: ``(H, W)``, or ``(H, W, 3)`` for a colour
            visible image under ``color="per_channel"``.

        Raises
        ------
        ValueError
            If a pair cannot be read or its sizes differ, a parameter is out of its
            range, or the objective's table has not a row for each pair.
        """
        self._validate_params()
        self._check()
        pairs = as_pairs(X)
        table_rows = self._table_rows(len(pairs))
        groups = [[i] for i in range(len(pairs))]
        if self.together and len(pairs):
            groups = [list(range(len(pairs)))]
        out = np.empty(len(pairs), dtype=object)
        with Notices(), self._progress(len(groups)) as progress:
            for group in groups:
                planes = [self._planes(*pairs.read(i)) for i in group]
                rows = [table_rows[i] for i, x in zip(group, planes) for _ in x]
                moved = iter(
                    self._moved([p for x in planes for p in x], rows, progress)
                )
                for i, x in zip(group, planes):
                    fused = [next(moved) for _ in x]
                    fused = fused[0] if len(x) == 1 else np.stack(fused, axis=-1)
                    out[i] = self._result(fused, pairs, i)
        return out

    def _fuse(self, ir, vis):
        with self._progress(1) as progress:
            return self._moved([(ir, vis)], self._table_rows(1), progress)[0]

    def _planes(self, ir, vis):
        """Return the pairs of gray images that are fused."""
        if vis.ndim == 3 and self.color == "per_channel":
            return [(ir, np.ascontiguousarray(vis[..., c])) for c in range(3)]
        return [(ir, luma(vis))]

    def _moved(self, pairs, rows, progress):
        """Return the fused images of gray pairs that are moved together."""
        device = resolve_device(self.device)
        starts = [_fused(self.start, "start", pair) for pair in pairs]
        objective = self._objective_of(pairs, rows, device)
        if objective is None:
            return starts
        seed = make_generator(self.random_state).initial_seed()
        movings = [
            Moving.from_start(*pair, start, _noise(start.shape, seed), device)
            for pair, start in zip(pairs, starts)
        ]
        ascent = Ascent(movings, objective, self.looks)
        ascent.run(self.n_iter, self.step / 255, self.n_iter_no_change, progress)
        return [x.best[0].cpu().numpy() for x in movings]

    def _objective_of(self, pairs, rows, device):
        """Return what is lowered; None if the images are too small for all of it."""
        if not isinstance(self.objective, (str, dict)):
            loss = copy.deepcopy(self.objective).to(device)
            rows = torch.tensor(rows, device=device)
            return Ranks(loss, rows, self.softness, self.together)
        weights = self.objective if isinstance(self.objective, dict) else None
        size = min(min(ir.shape) for ir, _ in pairs)
        metrics = columns_for(list(weights) if weights else self.metrics, size)
        if not metrics:
            return None
        if weights:
            return WeightedSum(weights, metrics)
        table = [self._values_of_opponents(pair, metrics) for pair in pairs]
        loss = MeanRankLoss(torch.stack(table), metrics).to(device)
        rows = torch.arange(len(pairs), device=device)
        return Ranks(loss, rows, self.softness, self.together)

    def _values_of_opponents(self, pair, metrics):
        sources = Sources(*(torch.tensor(x)[None] for x in pair))
        values = []
        for method in self.opponents or _OPPONENTS:
            fused = torch.from_numpy(_fused(method, "opponents", pair))[None]
            values.append(metric_values(fused, sources, metrics)[0])
        return torch.stack(values)

    def _table_rows(self, n):
        """Return the row of the objective's table for each pair."""
        if isinstance(self.objective, (str, dict)):
            return [0] * n
        n_rows = len(self.objective.scores)
        if n_rows not in (1, n):
            raise ValueError(
                f"objective: its table has {n_rows} rows for {n} pairs: give one for "
                "each pair of X in their order, or a single one."
            )
        return [0] * n if n_rows == 1 else list(range(n))

    def _check(self):
        if isinstance(self.objective, dict):
            as_columns(list(self.objective))
            for name, weight in self.objective.items():
                if not (isinstance(weight, Real) and np.isfinite(weight)):
                    raise ValueError(
                        f"objective[{name!r}]={weight!r}: expected a finite number, "
                        "the weight of the metric."
                    )
        elif self.objective == "mean-rank":
            as_columns(self.metrics)
            if self.opponents is not None and not len(self.opponents):
                raise ValueError(
                    "opponents is empty: name at least one method, or None for a "
                    "choice of fast ones."
                )
        widths = np.asarray(self.softness, dtype=object)
        if len(widths) != 2 or not all(isinstance(x, Real) and x > 0 for x in widths):
            raise ValueError(
                f"softness={self.softness!r}: expected two positive numbers, the first "
                "and the last width, e.g. (0.35, 0.06)."
            )

    def _progress(self, n_groups):
        from tqdm import tqdm

        return tqdm(total=n_groups * (self.n_iter + 1), disable=not self.verbose)


def _fused(method, parameter, pair):
    """Return what a method given by name or as estimator makes of a gray pair."""
    if isinstance(method, str):
        # Named pipelines stand above the fusers of which they are made, and only one
        # that a user asks for by name is looked up there, when it is used.
        named = importlib.import_module("skfusion.pipelines")
        if method not in named.pipeline_names():
            raise ValueError(
                f"{parameter}={method!r} is no named method: use an estimator or one "
                f"of {', '.join(named.pipeline_names())}."
            )
        method = named.get_pipeline(method)
    fused = np.asarray(method.transform([pair])[0], dtype=np.float32)
    if fused.shape != pair[0].shape:
        raise ValueError(
            f"{parameter}={method!r} made an image of shape {fused.shape} of a gray "
            f"pair of shape {pair[0].shape}: give a method that keeps the size."
        )
    return np.array(fused)  # writable and contiguous


def _noise(shape, seed):
    noise = torch.rand(shape, generator=make_generator(seed)) - 0.5
    return noise.numpy() / 255
