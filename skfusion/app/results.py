"""What is shown of a pair: the fused image, maps, histograms, metrics, a gallery."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..compose import PreserveChroma
from ..fusers import GFF
from ..images import as_levels, luma
from ..images.notices import Notices
from ..images.resizing import resize
from ..metrics import metric_set
from ..metrics.sets import compute_entries
from ..pairs import ImagePairs
from ..sizes import sized
from .choices import Choices, build

__all__ = [
    "FAST",
    "Result",
    "fuse_pair",
    "gallery",
    "histograms",
    "maps",
    "metric_table",
    "reduced",
]

# What takes a fraction of a second for 640 x 480 pixels on one core, each form once.
FAST = (
    "balanced natural targets fast pyramid_balanced pyramid_natural "
    "learned_pyramid_small average laplacian_pyramid ratio_pyramid wavelet dtcwt lp_sr "
    "rp_sr tif gff mgff adf fpde msvd cbf dchwt gtf ifevip vsmwls hybrid_msd hmsd_gf "
    "gfce saif bayes encoder_decoder_small"
).split()
_GALLERY_PIXELS = 640 * 480


@dataclass(frozen=True)
class Result:
    """A fused pair.

    Attributes
    ----------
    infrared, visible : ndarray of float32
        The images that the fused one is compared with, of its size, in [0, 1].
    fused : ndarray of float32, shape (H, W) or (H, W, 3)
        In [0, 1].
    seconds : float
        That the pipeline took.
    notices : tuple of str
        What there is to say about the images.
    quality : float or None
        Of a registration; see :class:`skfusion.transforms.Register`.
    """

    infrared: np.ndarray
    visible: np.ndarray
    fused: np.ndarray
    seconds: float
    notices: tuple = ()
    quality: float | None = None


def fuse_pair(estimator, pairs) -> Result:
    """Fuse one pair and keep what it is compared with.

    Parameters
    ----------
    estimator : estimator
        As :func:`skfusion.app.choices.build` returns it.
    pairs : ImagePairs
        One pair.

    Returns
    -------
    Result

    Raises
    ------
    ValueError
        If the images cannot be read, differ in size, or a parameter is out of its
        range.
    """
    with Notices(quiet=True) as seen:
        begin = time.perf_counter()
        fused = estimator.transform(pairs)[0]
        seconds = time.perf_counter() - begin
        infrared, visible = sized(estimator, pairs).read(0)
    said = tuple(sentence for _, sentence in seen.sentences())
    align = dict(_steps(estimator)).get("align")
    quality = getattr(align, "quality_", [None])[0]
    return Result(infrared, visible, fused, seconds, said, quality)


def maps(estimator, pairs) -> dict[str, np.ndarray]:
    """Return what a method decides about a pair, as images.

    Parameters
    ----------
    estimator : estimator
        As :func:`skfusion.app.choices.build` returns it.
    pairs : ImagePairs
        One pair.

    Returns
    -------
    dict of str to ndarray, shape (H, W)
        In [0, 1], by what they show; white stands for the visible image. The images
        that enter the fuser come first where they are enhanced. Empty where a method
        weights no pixels.
    """
    steps = _steps(estimator)
    names = [name for name, _ in steps]
    *before, (_, fuser) = steps[: names.index("fuse") + 1]
    entering = pairs
    for name, step in before:
        if name == "enhance" and isinstance(estimator, PreserveChroma):
            ir, vis = entering.read(0)  # the steps inside of it see no colour
            entering = ImagePairs([ir], [luma(vis)])
        entering = step.transform(entering)
    ir, vis = entering.read(0)
    vis = luma(vis)
    decided = _decided(fuser, ir, vis)
    if not decided or "enhance" not in dict(before):
        return decided
    return {"infrared, enhanced": ir, "visible, enhanced": vis, **decided}


def _steps(estimator):
    pipeline = estimator._inner()
    return pipeline.steps if isinstance(pipeline, Pipeline) else [("fuse", pipeline)]


def _decided(fuser, ir, vis):
    if hasattr(fuser, "maps"):
        found = fuser.maps(ir, vis)
        most = max(ir.shape)
        return {
            name.replace("_", " "): np.clip(
                image / most if name.endswith("distance") else image, 0, 1
            ).astype(np.float32)
            for name, image in found.items()
        }
    X = ImagePairs([ir], [vis])
    if isinstance(fuser, GFF):
        base, detail = fuser.weight_maps(X)[0]
        return {"weight of the base": base, "weight of the details": detail}
    if hasattr(fuser, "weight_map"):
        return {"weight": fuser.weight_map(X)[0]}
    if hasattr(fuser, "decisions"):
        return _of_pyramid(fuser.decisions(X)[0], ir.shape)
    return {}


def _of_pyramid(decisions, shape):
    found = {}
    for level, weight in enumerate(decisions.weights, start=1):
        found[f"weight, level {level}"] = _enlarged(weight, shape)
    found["weight of the base"] = _enlarged(decisions.base, shape)
    for level, gain in enumerate(decisions.gains, start=1):
        # A gain of 1 is the middle grey, its double white.
        found[f"gain, level {level}"] = _enlarged(gain / 2, shape)
    return found


def _enlarged(image, shape):
    image = np.clip(np.asarray(image, np.float32), 0, 1)
    return resize(image, *shape, interpolation="nearest")


def histograms(result) -> pd.DataFrame:
    """Return how many pixels have each grey level.

    Parameters
    ----------
    result : Result

    Returns
    -------
    pandas.DataFrame, shape (256, 3)
        Shares in percent of the luma of ``"infrared"``, ``"visible"``, ``"fused"``.
    """
    table = {}
    for name in ("infrared", "visible", "fused"):
        levels = np.rint(as_levels(luma(getattr(result, name)))).astype(int)
        counts = np.bincount(levels.ravel(), minlength=256)
        table[name] = 100 * counts / counts.sum()
    return pd.DataFrame(table, index=pd.RangeIndex(256, name="grey level"))


def metric_table(result, metrics="vifb") -> pd.DataFrame:
    """Return the metrics of a fused image, with the direction of each.

    Parameters
    ----------
    result : Result
    metrics : str, default="vifb"
        A name of :func:`skfusion.metrics.metric_set`.

    Returns
    -------
    pandas.DataFrame
        A row a metric: ``value``, ``better`` (``"higher"``, ``"lower"``, ``"near
        0"``) and ``title``. NaN where it is not defined or the image too small for it.
    """
    entries = metric_set(metrics)
    images = result.infrared, result.visible, result.fused
    row = compute_entries(*images, entries, small_is_nan=True)
    table = {
        entry.column: (row[entry.column], _direction(entry.record), entry.record.title)
        for entry in entries
    }
    columns = ["value", "better", "title"]
    return pd.DataFrame.from_dict(table, orient="index", columns=columns)


def _direction(record):
    if record.target is not None:
        return f"near {record.target:g}"
    return "higher" if record.higher_is_better else "lower"


def gallery(choices, pairs, names=None):
    """Fuse a pair by many methods, one after the other.

    Parameters
    ----------
    choices : Choices
        Size, colour and the steps around the fuser are taken from it.
    pairs : ImagePairs
        One pair; larger ones are reduced first, see :func:`reduced`.
    names : sequence of str, optional
        Methods; ``FAST`` by default.

    Yields
    ------
    name : str
    result : Result or str
        Or the sentence that says why there is none.
    """
    pairs = reduced(pairs, choices)
    around = replace(choices, params={}, align=Choices.align)
    for name in FAST if names is None else names:
        try:
            yield name, fuse_pair(build(replace(around, method=name)), pairs)
        except Exception as error:  # whatever it is, it costs this method alone
            yield name, f"{type(error).__name__}: {error}"


def reduced(pairs, choices) -> ImagePairs:
    """Return a pair at the size at which the gallery works.

    Parameters
    ----------
    pairs : ImagePairs
        One pair.
    choices : Choices
        Its ``align`` is done before.

    Returns
    -------
    ImagePairs
        In memory, at most 640 x 480 pixels in area.
    """
    plain = Choices("average", align=choices.align)
    images = sized(build(plain), pairs).read(0)
    height, width = images[0].shape
    share = min(1.0, (_GALLERY_PIXELS / (height * width)) ** 0.5)
    if share < 1:
        size = max(1, round(height * share)), max(1, round(width * share))
        images = [resize(image, *size) for image in images]
    return ImagePairs([images[0]], [images[1]], names=pairs.names)
