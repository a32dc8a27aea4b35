"""The presets: ready-made pipelines for four kinds of use."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from sklearn.pipeline import Pipeline

from ..compose import EnhanceByModality
from ..fusers import LaplacianPyramid
from ..transforms import HDRC, LinearStretch

# What `skfusion info` and README say of each function of its name below.
TITLES = {
    "balanced": "learned for the best mean rank",
    "targets": "searched for hot objects at night",
    "natural": "the visible image's light and colour",
    "fast": "real time on one core",
    "pyramid_balanced": "rules searched for mean rank",
    "pyramid_targets": "the same as targets",
    "pyramid_natural": "rules for the visible light",
}
__all__ = list(TITLES)

# What `pyramid_balanced` and `fast` have in common.
_SEARCHED = {
    "n_levels": 4,
    "base_rule": "deviation",
    "base_window": 11,
    "base_selectivity": 2.0,
    "base_blend": 0.9,
    "base_weight": 0.4,
    "gain_decay": 0.6,
}


def balanced() -> Pipeline:
    """Return the pipeline to begin with: decisions learned on what benchmarks measure.

    A network of 12,935 parameters decides which detail of which image to take, and how
    strongly. It is trained for the mean rank in the metrics of VIFB and of a second
    table, and against dark skies, black rims, invented edges and noise. Measured on
    pairs that no training saw: see ``docs/results.md``.

    Returns
    -------
    sklearn.pipeline.Pipeline
        One step, ``"fuse"``.

    See Also
    --------
    skfusion.fusers.LearnedPyramid : With all of its parameters.

    Examples
    --------
    >>> from skfusion.presets import balanced
    >>> balanced()["fuse"]
    LearnedPyramid()
    """
    return Pipeline([("fuse", _learned())])


def fast() -> Pipeline:
    """Return :func:`pyramid_balanced` without what costs time: for video on one core.

    The larger detail is kept pixel by pixel, and no histogram is looked at.

    Returns
    -------
    sklearn.pipeline.Pipeline
        One step, ``"fuse"``.

    Examples
    --------
    >>> from skfusion.presets import fast
    >>> fast()["fuse"].detail_rule
    'max'
    """
    fuser = LaplacianPyramid(**_SEARCHED, detail_rule="max", base_gain=1.2, gain=1.1)
    return Pipeline([("fuse", fuser)])


def natural() -> Pipeline:
    """Return a pipeline that keeps the visible image's light: for colour photographs.

    As :func:`balanced`, with a network for which looks count more, half of its tone
    curve, and without the grain of noisy cameras: less gain, less noise.

    Returns
    -------
    sklearn.pipeline.Pipeline
        One step, ``"fuse"``.

    Examples
    --------
    >>> from skfusion.presets import natural
    >>> natural()["fuse"].weights
    'learned_pyramid_natural'
    """
    fuser = _learned(weights="learned_pyramid_natural", tone=0.5, denoise=1.0)
    return Pipeline([("fuse", fuser)])


def targets() -> Pipeline:
    """Return a pipeline for hot objects at night: dark scenes are lit up.

    The infrared image is stretched and the visible one compressed by HDRC; in the
    coarse light the brighter of the two is kept, so that nothing hot is lost.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Steps ``"enhance"`` and ``"fuse"``.

    Examples
    --------
    >>> from skfusion.presets import targets
    >>> list(targets().named_steps)
    ['enhance', 'fuse']
    """
    fuser = LaplacianPyramid(
        5, detail_rule="soft", selectivity=3.0, base_rule="max", gain=1.1
    )
    enhance = EnhanceByModality(LinearStretch(), HDRC(target_contrast=12.0))
    return Pipeline([("enhance", enhance), ("fuse", fuser)])


def pyramid_balanced() -> Pipeline:
    """Return :func:`balanced` by rules instead of a network.

    A Laplacian pyramid that keeps, at each scale, what varies more, a little
    sharpened, with the grey levels moved towards those of both images. Searched on
    pairs of RoadScene, TNO and MSRS; measured on others: see ``docs/results.md``.

    Returns
    -------
    sklearn.pipeline.Pipeline
        One step, ``"fuse"``.

    Examples
    --------
    >>> from skfusion.presets import pyramid_balanced
    >>> pyramid_balanced()["fuse"].base_rule
    'deviation'
    """
    fuser = LaplacianPyramid(
        **_SEARCHED,
        detail_rule="soft",
        selectivity=3.0,
        consistency=0.2,
        window=3,
        base_gain=1.15,
        gain=1.2,
        histogram=0.25,
    )
    return Pipeline([("fuse", fuser)])


def pyramid_natural() -> Pipeline:
    """Return :func:`natural` by rules instead of a network.

    The coarse light is mostly the visible image's, hot things brighten it, and the
    details of both are kept as they are: nothing is sharpened or equalised.

    Returns
    -------
    sklearn.pipeline.Pipeline
        One step, ``"fuse"``.

    Examples
    --------
    >>> from skfusion.presets import pyramid_natural
    >>> pyramid_natural()["fuse"].base_weight
    0.8
    """
    fuser = LaplacianPyramid(
        5,
        detail_rule="soft",
        selectivity=2.0,
        base_rule="max",
        base_blend=0.5,
        base_weight=0.8,
    )
    return Pipeline([("fuse", fuser)])


def pyramid_targets() -> Pipeline:
    """Return :func:`targets`, which is made of rules.

    Lit up before it fuses, the network of :func:`balanced` raises more noise.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Steps ``"enhance"`` and ``"fuse"``.

    Examples
    --------
    >>> from skfusion.presets import pyramid_targets
    >>> list(pyramid_targets().named_steps)
    ['enhance', 'fuse']
    """
    return targets()


def _learned(**params):
    from ..fusers import LearnedPyramid  # and with it torch, which `fast` does without

    return LearnedPyramid(**params)
