"""Fusion by which image is sharper: the decisions of a classifier as weights."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
import threading
import weakref
from numbers import Integral, Real

import cv2
import numpy as np
import torch
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from ....base import WeightMapFuser
from ....images import luma
from ....learning.device_fuser import DeviceFuser
from ....learning.devices import resolve_device
from ....learning.onnx import ExportsONNX
from ....learning.transfers import luma_of
from ....pairs import ImagePairs
from ....transforms import distance_transform
from ...multiscale._pyramid import gaussian_pyramid, laplacian_pyramid, rebuild
from .vote_maps import distance_weight, ratio_weight, refine_weight, without_specks
from .windows import WINDOW, grid_shape, pad_to_grid, spread

__all__ = ["SharpnessFuser"]

# Forms for a device, dropped with their network.
_FORMS: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
_forming = threading.Lock()

_BATCH = 1024


class SharpnessFuser(ExportsONNX, DeviceFuser, WeightMapFuser):
    """Weight two images by which of them a classifier finds sharper.

    Every window of 32 pixels is put to the classifier; the windows over a pixel decide
    together which image it is taken from, and the two regions become a weight map.

    Parameters
    ----------
    classifier : {"six-path", "three-path"} or estimator, default="six-path"
        A network of :class:`SharpnessClassifier`, or any classifier on pairs of
        windows ``(n, 2, 32, 32)`` with ``predict_proba``, ready for use: class 0 is
        "the first is sharper".
    weights : "pretrained" or path, default="pretrained"
        The weights of a named network.
    weighting : {"score", "distance", "vote", "ratio"}, default="score"
        ``"score"``: the mean probability itself. ``"distance"``: a ramp across the
        border of the two regions. ``"vote"``: 0 or 1. ``"ratio"``: the formula of the
        published code, artefact included (Notes).
    softness : float, default=8.0
        In pixels: of ``"distance"``, from the border to the full weight; of
        ``"score"``, the standard deviation of a Gaussian that smooths the scores. 0
        is none.
    floor : float, default=0.3
        The least weight of either image, to which the weights are compressed. A
        network that knows photographs is surer of itself than an infrared image
        warrants, and what it decides against, a warm body against leaves, should not
        vanish.
    both_orders : bool, default=True
        Ask twice, visible before infrared and after it, and take the mean.
    clean : float, default=0.002
        Regions smaller than this share of the image go to their surroundings; not for
        ``"score"``.
    refine : int, default=None
        Radius of a guided filter that moves the edges of the weight map to those of
        the images.
    blend : {"pyramid", "pixel"}, default="pyramid"
        Apply the weights to the levels of Laplacian pyramids, each smoothed as much
        as its level is, or to the pixels.
    n_levels : int, default=8
        Of the pyramids. With many, differences of brightness between the regions are
        spread over the image and leave no patches.
    stride : int, default=8
        From one window to the next. Multiples of 8 take one run of the network.
    compat : bool, default=False
        As the published code does: hard votes, ties and disagreement of the two
        orders to the visible image, ``"ratio"`` weights on 8-bit images, a stretch of
        the result to [0, 1] cut to 8 bits. ``weighting``, ``softness``, ``floor``,
        ``clean``, ``refine`` and ``blend`` are then ignored, and ``both_orders`` is
        what the code of the network does: both for ``"three-path"`` only.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`; the weights of luma serve all channels.
    tile_size : int, default=None
        Rows of pixels that the network holds in memory at once; the result does not
        depend on it. ``None`` chooses.
    inference_batch_size : int or None, default=None
        Pairs of one size that the network fuses together; ``None`` chooses: one on a
        CPU, as many as fill it on a GPU. (``batch_size`` is that of the training.)
    precision : {"auto", "float32", "bfloat16", "float16"}, default="auto"
        What the network computes in; ``"auto"`` is exact float32. bfloat16 takes half
        the time on a CPU that has instructions for it, and moves no pixel by half a
        grey level of 255.
    device : str, default="auto"
        Where a named network runs: ``"auto"`` (a GPU if there is one), ``"cpu"``,
        ``"cuda"``, ...; several, with commas between, share the pairs. On a GPU the
        default form runs there from end to end; others take the scores from it.

    See Also
    --------
    SharpnessClassifier : The classifier.
    skfusion.pipelines.get_pipeline : ``"relative_clarity"`` and
        ``"image_enhancement"`` are whole systems around this fuser.

    Notes
    -----
    The papers weight with the distances W_v and W_i of a pixel of one region to the
    other. One of them is always 0, so alone they give a hard 0 or 1; the published
    code adds the distance D to the nearest black pixel of the composed image, ``(D +
    W_v) / (2 D + W_v + W_i)``. Images without black pixels are common, D is then the
    distance to a point outside the image, and the result is close to the mean of the
    two. ``"distance"`` keeps the idea, a weight by the distance to the border.

    A classifier that was fitted in place is lost where scikit-learn clones the fuser,
    as in a search: save its weights and name the file in ``weights``, or wrap it in
    ``sklearn.frozen.FrozenEstimator``.

    References
    ----------
    .. [1] Infrared and visible image fusion with enhancement before and after a
       residual sharpness network, Neurocomputing 2024,
       doi:10.1016/j.neucom.2024.127353.
    .. [2] Y. Liu, X. Chen, J. Cheng, H. Peng, Z. Wang, "Infrared and visible image
       fusion with convolutional neural networks", IJWMIP 16(3), 2018: weights applied
       to pyramids.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import SharpnessFuser
    >>> texture = np.random.default_rng(0).random((48, 64))
    >>> flat = np.full((48, 64), 0.5)
    >>> fuser = SharpnessFuser(weighting="vote", floor=0.0)
    >>> fused = fuser.transform([(flat, texture)])[0]
    >>> bool(np.allclose(fused, texture, atol=1e-5))
    True
    >>> float(fuser.weight_map([(texture, flat)])[0].max())
    0.0
    """

    _parameter_constraints: dict = {
        **DeviceFuser._parameter_constraints,
        "classifier": [
            StrOptions({"six-path", "three-path"}),
            HasMethods(["predict_proba"]),
        ],
        "weights": [StrOptions({"pretrained"}), str, os.PathLike],
        "weighting": [StrOptions({"score", "distance", "vote", "ratio"})],
        "softness": [Interval(Real, 0, None, closed="left")],
        "floor": [Interval(Real, 0, 0.5, closed="left")],
        "both_orders": ["boolean"],
        "clean": [Interval(Real, 0, 1, closed="left")],
        "refine": [Interval(Integral, 1, None, closed="left"), None],
        "blend": [StrOptions({"pyramid", "pixel"})],
        "n_levels": [Interval(Integral, 1, None, closed="left")],
        "stride": [Interval(Integral, 1, WINDOW, closed="both")],
        "compat": ["boolean"],
        "tile_size": [Interval(Integral, 8, None, closed="left"), None],
    }

    _half = "float16"

    def __init__(
        self,
        classifier="six-path",
        *,
        weights="pretrained",
        weighting="score",
        softness=8.0,
        floor=0.3,
        both_orders=True,
        clean=0.002,
        refine=None,
        blend="pyramid",
        n_levels=8,
        stride=8,
        compat=False,
        color="gray",
        tile_size=None,
        inference_batch_size=None,
        precision="auto",
        device="auto",
    ):
        self.classifier = classifier
        self.weights = weights
        self.weighting = weighting
        self.softness = softness
        self.floor = floor
        self.both_orders = both_orders
        self.clean = clean
        self.refine = refine
        self.blend = blend
        self.n_levels = n_levels
        self.stride = stride
        self.compat = compat
        self.color = color
        self.tile_size = tile_size
        self.inference_batch_size = inference_batch_size
        self.precision = precision
        self.device = device

    def fit(self, X=None, y=None):
        """Check the parameters, the form of X and that the weights can be read.

        Parameters
        ----------
        X : pairs, optional
        y : None
            Ignored.

        Returns
        -------
        self
        """
        super().fit(X, y)
        classifier = self._ready_classifier()
        if isinstance(self.classifier, str):
            classifier.load_weights()
        return self

    def maps(self, infrared, visible):
        """Return the maps that lead to the weights of one pair.

        Parameters
        ----------
        infrared, visible : array-like or path
            Images of one size.

        Returns
        -------
        dict of str to ndarray, shape (H, W)
            ``"score"``: mean over the windows, or vote, for the visible image, in
            [0, 1]; ``"chosen"``: the binary map; ``"visible_distance"`` and
            ``"infrared_distance"``: how far inside its region a pixel lies;
            ``"weight"``, of the visible image.
        """
        self._validate_params()
        ir, vis = ImagePairs([infrared], [visible]).read(0)
        vis = luma(vis)
        score, chosen = self._decide(ir, vis)
        return {
            "score": score,
            "chosen": chosen,
            "visible_distance": distance_transform(chosen, phantom=self.compat),
            "infrared_distance": distance_transform(~chosen, phantom=self.compat),
            "weight": self._weigh(score, chosen, ir, vis),
        }

    def _onnx_module(self):
        from .._onnx_graphs import WeightedGraph

        needed = {"compat": False, "weighting": "score", "blend": "pixel"}
        for name, value in {**needed, "refine": None, "stride": 8}.items():
            if getattr(self, name) != value:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} cannot be exported: use {name}="
                    f"{value!r}, or export the scores of the classifier, "
                    "SharpnessClassifier().export_onnx."
                )
        classifier = self._ready_classifier()
        if not hasattr(classifier, "score_module"):
            raise ValueError(
                f"classifier={classifier!r} cannot be exported: only a "
                "SharpnessClassifier can."
            )
        score = classifier.score_module(orders="both" if self.both_orders else "first")
        return WeightedGraph(score, self.softness, self.floor)

    def _weight(self, ir, vis):
        return self._weigh(*self._decide(ir, vis), ir, vis)

    def _decide(self, ir, vis):
        """Return the score of the visible image and where it is chosen."""
        if self.compat:
            return self._hard_votes(ir, vis)
        scores = np.mean(self._order_scores(ir, vis, self.both_orders), axis=0)
        total, count = spread(scores, vis.shape, self.stride)
        score = (total / count).astype(np.float32)
        # A tie, the rounding of a mean apart, is the visible image's.
        return score, without_specks(score > 0.5 - 1e-6, self.clean * score.size)

    def _weigh(self, score, chosen, ir, vis):
        if self.compat:
            return ratio_weight(chosen, *_eight_bits(ir, vis))
        if self.weighting == "score":
            weight = score
            if self.softness > 0:
                weight = cv2.GaussianBlur(
                    score, (0, 0), self.softness, borderType=cv2.BORDER_REPLICATE
                )
        elif self.weighting == "ratio":
            weight = ratio_weight(chosen, ir, vis)
        else:
            softness = self.softness if self.weighting == "distance" else 0
            weight = distance_weight(chosen, softness)
        if self.refine is not None:
            weight = refine_weight(weight, ir, vis, self.refine)
        return self.floor + (1 - 2 * self.floor) * weight

    def _fuse(self, ir, vis):
        return self._combine(self._weight(ir, vis), ir, vis)

    def _fuse_batch(self, ir, vis):
        return self._weighted(ir, vis, vis)

    def _fuse_batch_channels(self, ir, vis):
        return self._weighted(ir, luma_of(vis), vis)

    def _weighted(self, ir, vis, planes):
        """Fuse planes ``(n, c, h, w)`` by the weights of gray visible ones."""
        if self._runs_on(ir.device) and min(ir.shape[2:]) >= WINDOW:
            form = self._device_form(ir.device)
            weight = form.weights(ir, vis)
            n_levels = self.n_levels if self.blend == "pyramid" else None
            fused = [
                form.blend(weight, ir[:, 0], x, n_levels) for x in planes.unbind(1)
            ]
            return torch.stack(fused, 1)
        images = (x.cpu().numpy() for x in (ir[:, 0], vis[:, 0], planes))
        fused = []
        for infrared, visible, colours in zip(*images):
            weight = self._weight(infrared, visible)
            fused.append([self._combine(weight, infrared, x) for x in colours])
        return torch.from_numpy(np.array(fused)).float()

    def _runs_on(self, device):
        """Tell whether all of it can run on a device, beyond a CPU's own way."""
        return (
            device.type != "cpu"
            and isinstance(self.classifier, str)
            and self.weighting == "score"
            and (self.stride, self.refine, self.tile_size) == (8, None, None)
            and not self.compat
        )

    def _device_form(self, device):
        from .device_form import DeviceForm

        network = self._ready_classifier().cpu_network()
        options = {
            name: getattr(self, name) for name in ("both_orders", "softness", "floor")
        }
        dtype = self._precision(device)
        with _forming:
            forms = _FORMS.setdefault(network, {})
            key = (device, dtype, *options.values())
            if key not in forms:
                gradients = self._ready_classifier().gradients
                forms[key] = DeviceForm(
                    network, device, dtype, gradients=gradients, **options
                )
            return forms[key]

    def _make_ready(self, device):
        if isinstance(self.classifier, str):
            self._ready_classifier().load_weights()

    def _combine(self, weight, ir, vis):
        if self.compat:
            ir, vis = _eight_bits(ir, vis)
            return _stretched(weight * vis + (1 - weight) * ir)
        if self.blend == "pixel":
            return weight * vis + (1 - weight) * ir
        weight = np.ascontiguousarray(weight, dtype=np.float32)
        bands_ir, base_ir = laplacian_pyramid(ir, self.n_levels)
        bands_vis, base_vis = laplacian_pyramid(
            np.ascontiguousarray(vis), self.n_levels
        )
        weights = gaussian_pyramid(weight, len(bands_vis))
        *bands, base = (
            w * v + (1 - w) * i
            for w, v, i in zip(weights, [*bands_vis, base_vis], [*bands_ir, base_ir])
        )
        return rebuild(bands, base, vis.shape)

    def _form_in_use(self):
        classifier = self._ready_classifier()
        names = ("network", "width", "gradients")
        form = {name: getattr(classifier, name, "") for name in names}
        return {"class": type(self).__name__, **form}

    def _ready_classifier(self):
        if not isinstance(self.classifier, str):
            return self.classifier
        from .classifier import SharpnessClassifier

        return SharpnessClassifier(
            self.classifier, weights=self.weights, device=self.device
        )

    def _order_scores(self, ir, vis, both_orders):
        """Return the visible score of each window, one array for each order asked."""
        classifier = self._ready_classifier()
        if hasattr(classifier, "window_scores"):
            given = {"stride": self.stride, "tile_size": self.tile_size}
            device = resolve_device(self.device)
            dtype = self._precision(device)
            with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
                if both_orders:
                    return classifier.window_scores(ir, vis, orders="each", **given)
                return [classifier.window_scores(ir, vis, orders="first", **given)]
        windows = np.stack(
            [_windows(image, self.stride) for image in (vis, ir)], axis=1
        )
        shape = grid_shape(vis.shape, self.stride)
        orders = [(windows, 0), (windows[:, ::-1], 1)][: 1 + both_orders]
        return [
            np.concatenate(
                [
                    classifier.predict_proba(pairs[start : start + _BATCH])[:, column]
                    for start in range(0, len(pairs), _BATCH)
                ]
            ).reshape(shape)
            for pairs, column in orders
        ]

    def _hard_votes(self, ir, vis):
        """Return the share of votes and their majority, ties to the visible image."""
        first, *second = self._order_scores(ir, vis, self.classifier == "three-path")
        votes = first >= 0.5
        for scores in second:
            votes = votes | (scores > 0.5)
        total, count = spread(np.where(votes, 1.0, -1.0), vis.shape, self.stride)
        total = np.rint(total)
        return (0.5 + total / (2 * count)).astype(np.float32), total >= 0


def _windows(image, stride):
    """Return all windows of an image, shape (n, 32, 32)."""
    padded = pad_to_grid(image, stride)
    views = np.lib.stride_tricks.sliding_window_view(padded, (WINDOW, WINDOW))
    return views[::stride, ::stride].reshape(-1, WINDOW, WINDOW)


def _eight_bits(*images):
    """Round images in [0, 1] to 8 bits, as float64."""
    return tuple(
        np.floor(image.astype(np.float64) * 255 + 0.5) / 255 for image in images
    )


def _stretched(fused):
    """Stretch to [0, 1] and cut to 8 bits; a constant image becomes black."""
    low, high = fused.min(), fused.max()
    if high == low:
        return np.zeros_like(fused)
    return np.floor(255 * ((fused - low) / (high - low))) / 255
