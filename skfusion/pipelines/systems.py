"""The founding systems of two steps and more: enhancement, fusion, retinex."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from sklearn.pipeline import Pipeline

from .. import fusers, transforms
from ..compose import EnhanceByModality

__all__ = ["image_enhancement", "relative_clarity"]


def relative_clarity(compat=False) -> Pipeline:
    """Return the relative-clarity system: six shared paths, distances as weights.

    The infrared image is stretched, the visible one compressed by HDRC; the six-path
    network tells where which is sharper, and the distance to the border of the two
    regions weights them; a retinex ends it.

    Parameters
    ----------
    compat : bool, default=False
        As the authors' code: 456 x 456 pixels, hard votes, weights with the artefact
        of their third distance, 8 bits, and grain amplified with the rest. By default
        the size stays, the weights are a ramp applied to pyramids, noise keeps its
        level in both enhancements, and the retinex is milder (``clip`` 0.08 for 0.1,
        ``strength`` 0.7, no range below 0.4 decades stretched): what looks best by
        day and by night.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Steps ``"enhance"``, ``"fuse"``, ``"ssr"``.

    Examples
    --------
    >>> from skfusion.pipelines import relative_clarity
    >>> list(relative_clarity().named_steps)
    ['enhance', 'fuse', 'ssr']
    """
    return _sharpness("six-path", compat, weighting="distance", softness=16.0)


def image_enhancement(compat=False) -> Pipeline:
    """Return the image-enhancement system: three paths, scores as weights.

    As :func:`relative_clarity`, with the three-path network, whose score itself is
    the weight.

    Parameters
    ----------
    compat : bool, default=False
        As the authors' code: see :func:`relative_clarity`; both orders of the windows
        must speak for the infrared image.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Steps ``"enhance"``, ``"fuse"``, ``"ssr"``.

    References
    ----------
    .. [1] Infrared and visible image fusion with enhancement before and after a
       residual sharpness network, Neurocomputing 2024,
       doi:10.1016/j.neucom.2024.127353.

    Examples
    --------
    >>> from skfusion.pipelines import image_enhancement
    >>> image_enhancement().named_steps["fuse"].classifier
    'three-path'
    """
    return _sharpness("three-path", compat, weighting="score", softness=8.0)


def _sharpness(network, compat, **weights):
    spared = {} if compat else {"noise_floor": 3.0}
    infrared, visible = transforms.LinearStretch(), transforms.HDRC(**spared)
    if compat:
        infrared, visible = (
            Pipeline(
                [
                    ("enhance", step),
                    ("resize", transforms.Resize(456, 456, interpolation="linear")),
                ]
            )
            for step in (infrared, visible)
        )
        weights = {}
    ssr = transforms.SSR(clip=0.1, parity=True)
    if not compat:
        ssr = transforms.SSR(clip=0.08, strength=0.7, least_range=0.4, **spared)
    return Pipeline(
        [
            ("enhance", EnhanceByModality(infrared, visible)),
            ("fuse", fusers.SharpnessFuser(network, compat=compat, **weights)),
            ("ssr", ssr),
        ]
    )
