"""The named, ready-made methods: each a short function that returns a pipeline."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from sklearn.pipeline import Pipeline

from . import fusers, presets, transforms
from .compose import EnhanceByModality, PreserveChroma
from .images import as_float, read_image, to_dtype
from .pairs import ImagePairs

__all__ = [
    "DEFAULT_METHOD",
    "fuse",
    "get_pipeline",
    "image_enhancement",
    "pipeline_names",
    "registry",
    "relative_clarity",
]

DEFAULT_METHOD = "balanced"

_COLORS = ("luma", "gray", "per_channel")


@dataclass(frozen=True)
class NamedPipeline:
    """A method of the registry."""

    name: str
    build: Callable
    title: str


# name -> (class of the fuser that is the whole method, its parameters, title)
_SINGLE_FUSERS = {
    "average": ("AverageFuser", {}, "weighted mean"),
    "laplacian_pyramid": ("LaplacianPyramid", {}, "Laplacian pyramid"),
    "ratio_pyramid": ("RatioPyramid", {}, "ratio-of-low-pass pyramid"),
    "wavelet": ("WaveletFuser", {}, "discrete wavelet transform"),
    "dtcwt": ("DTCWTFuser", {}, "dual-tree complex wavelet transform"),
    "lp_sr": (
        "SparseRepresentationFuser",
        {"pyramid": "laplacian"},
        "Laplacian pyramid, sparse base",
    ),
    "rp_sr": (
        "SparseRepresentationFuser",
        {"pyramid": "ratio"},
        "ratio pyramid, sparse base",
    ),
    "convsr": ("ConvSR", {}, "convolutional sparse representation"),
    "tif": ("TIF", {}, "two-scale saliency"),
    "gff": ("GFF", {}, "guided-filter fusion"),
    "mgff": ("MGFF", {}, "multi-scale guided filtering"),
    "adf": ("ADF", {}, "anisotropic diffusion"),
    "fpde": ("FPDE", {}, "fourth-order differential equation"),
    "msvd": ("MSVD", {}, "multi-resolution singular values"),
    "cbf": ("CBF", {}, "cross bilateral filter"),
    "dchwt": ("DCHWT", {}, "discrete cosine harmonic wavelets"),
    "gtf": ("GTF", {}, "gradient transfer, total variation"),
    "ifevip": ("IFEVIP", {}, "infrared feature extraction"),
    "vsmwls": ("VSMWLS", {}, "visual saliency, weighted least squares"),
    "hybrid_msd": ("HybridMSD", {}, "hybrid multi-scale decomposition"),
    "hmsd_gf": ("HMSDGF", {}, "hybrid decomposition, guided filter"),
    "gfce": ("GFCE", {}, "guided-filter context enhancement"),
    "saif": ("SAIF", {}, "structure-aware fusion"),
    "bayes": ("BayesFuser", {}, "Bayesian fusion"),
    "latlrr": ("LatLRR", {}, "latent low-rank representation"),
    "mdlatlrr": ("MDLatLRR", {}, "multi-level latent low-rank representation"),
    "auif": ("AUIF", {}, "algorithm unrolling network"),
    "didfuse": ("DIDFuse", {}, "deep image decomposition network"),
    "encoder_decoder": ("EncoderDecoderFuser", {}, "encoder-decoder network, linear"),
    "encoder_decoder_activated": (
        "EncoderDecoderFuser",
        {"activation": "leaky_relu", "base_channels": 32},
        "encoder-decoder network, leaky ReLU",
    ),
    "encoder_decoder_small": (
        "EncoderDecoderFuser",
        {"activation": "leaky_relu", "base_channels": 16},
        "encoder-decoder network for embedded use",
    ),
}


def _single(class_name, defaults):
    def build(**params):
        fuser = getattr(fusers, class_name)(**{**defaults, **params})
        return Pipeline([("fuse", fuser)])

    return build


def relative_clarity(compat=False) -> Pipeline:
    """Return the relative-clarity system: six shared paths, distances as weights.

    The infrared image is stretched, the visible one compressed by HDRC; the six-path
    network tells where which is sharper, and the distance to the border of the two
    regions weights them; a retinex ends it.

    Parameters
    ----------
    compat : bool, default=False
        As the authors' code: 456 x 456 pixels, hard votes, weights with the artefact
        of their third distance, 8 bits. By default the size stays, the weights are a
        ramp applied to pyramids, and the retinex is milder (``clip`` 0.08 for 0.1):
        what looks and measures best on the development pairs.

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
    infrared, visible = transforms.LinearStretch(), transforms.HDRC()
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
    return Pipeline(
        [
            ("enhance", EnhanceByModality(infrared, visible)),
            ("fuse", fusers.SharpnessFuser(network, compat=compat, **weights)),
            ("ssr", transforms.SSR(clip=0.1 if compat else 0.08, parity=compat)),
        ]
    )


# name -> (function that returns the pipeline, title)
_SYSTEMS = {
    "balanced": (presets.balanced, "searched for the best mean rank"),
    "targets": (presets.targets, "searched for hot objects at night"),
    "natural": (presets.natural, "the visible image's light and colour"),
    "fast": (presets.fast, "real time on one core"),
    "relative_clarity": (relative_clarity, "six-path sharpness network"),
    "image_enhancement": (image_enhancement, "three-path sharpness network"),
}


def _collect():
    table = {}
    for name, (build, title) in _SYSTEMS.items():
        table[name] = NamedPipeline(name, build, title)
    for name, (class_name, defaults, title) in _SINGLE_FUSERS.items():
        if class_name in fusers.__all__:
            build = _single(class_name, defaults)
            table[name] = NamedPipeline(name, build, title)
    return MappingProxyType(table)


registry = _collect()


def pipeline_names() -> list[str]:
    """Return the names that :func:`get_pipeline` knows.

    Examples
    --------
    >>> from skfusion.pipelines import pipeline_names
    >>> "average" in pipeline_names()
    True
    """
    return list(registry)


def get_pipeline(name, **params) -> Pipeline:
    """Return a ready-made method by name.

    Parameters
    ----------
    name : str
        One of :func:`pipeline_names`.
    **params
        Parameters of the method (``parity=True``, ``n_levels=5``, ``compat=True``) or
        of one of its steps in scikit-learn's form (``fuse__sigma=2``).

    Returns
    -------
    sklearn.pipeline.Pipeline
        Its last fusing step is called ``"fuse"``; an enhancement before it
        ``"enhance"``, a retinex behind it ``"ssr"``. Colour is reduced to luma: wrap
        it in :class:`skfusion.compose.PreserveChroma` to keep colour.

    Raises
    ------
    ValueError
        For an unknown name or parameter.

    Examples
    --------
    >>> from skfusion.pipelines import get_pipeline
    >>> get_pipeline("average", fuse__visible_weight=0.3)
    Pipeline(steps=[('fuse', AverageFuser(visible_weight=0.3))])
    """
    if name not in registry:
        raise ValueError(
            f"method={name!r} is unknown: use one of {', '.join(registry)}."
        )
    nested = {key: value for key, value in params.items() if "__" in key}
    direct = {key: value for key, value in params.items() if "__" not in key}
    try:
        pipeline = registry[name].build(**direct)
    except TypeError:
        known = _direct_parameters(name)
        unknown = sorted(set(direct) - set(known))
        if not unknown:
            raise
        raise ValueError(
            f"method {name!r} has no parameter {unknown[0]!r}: it has "
            f"{', '.join(known) or 'none'}, and those of its steps, e.g. "
            f"{_example_parameter(name)}."
        ) from None
    return pipeline.set_params(**nested)


def fuse(infrared, visible, method=DEFAULT_METHOD, *, color="luma", **params):
    """Fuse two images in one line.

    Parameters
    ----------
    infrared, visible : array-like or path
        Images of one size: uint8, uint16 or float in [0, 1].
    method : str or estimator, default="balanced"
        A name of :func:`pipeline_names`, or any fuser or pipeline that needs no
        fitting or is fitted.
    color : {"luma", "gray", "per_channel"}, default="luma"
        For a colour visible image: fuse luma and keep the visible chroma, return a
        gray image, or fuse each channel with the infrared image.
    **params
        As in :func:`get_pipeline`; with an estimator, its ``set_params``.

    Returns
    -------
    ndarray, shape (H, W) or (H, W, 3)
        In the dtype of the visible image.

    Raises
    ------
    ValueError
        If the images do not fit together, or a name is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> import skfusion
    >>> ir = np.full((8, 8), 100, dtype=np.uint8)
    >>> vis = np.full((8, 8), 200, dtype=np.uint8)
    >>> skfusion.fuse(ir, vis, method="average")[0, 0]
    np.uint8(150)
    """
    estimator = _estimator(method, params)
    estimator = with_color(estimator, color)
    if isinstance(visible, np.ndarray):
        dtype = visible.dtype
    else:
        visible = _load(visible)
        dtype = visible.dtype
    if dtype.kind == "b":
        dtype = np.dtype(np.float32)
    pairs = ImagePairs([infrared], [visible], names=["the pair"])
    fused = estimator.transform(pairs)[0]
    return to_dtype(fused, dtype)


def with_color(estimator, color):
    """Return the estimator in the form that treats colour as asked.

    Parameters
    ----------
    estimator : fuser or Pipeline
    color : {"luma", "gray", "per_channel"}
        ``"luma"`` wraps it in :class:`skfusion.compose.PreserveChroma`,
        ``"per_channel"`` sets the fuser's ``color``.

    Returns
    -------
    estimator
    """
    if color not in _COLORS:
        raise ValueError(f"color={color!r}: use one of {', '.join(_COLORS)}.")
    if color == "luma" and not isinstance(estimator, PreserveChroma):
        return PreserveChroma(estimator)
    if color == "per_channel":
        name = "fuse__color" if isinstance(estimator, Pipeline) else "color"
        if name not in estimator.get_params():
            raise ValueError(
                f"color='per_channel': {type(estimator).__name__} has no step 'fuse' "
                "with a parameter color; use color='luma'."
            )
        return estimator.set_params(**{name: "per_channel"})
    return estimator


def _estimator(method, params):
    if isinstance(method, str):
        return get_pipeline(method, **params)
    if not hasattr(method, "transform"):
        raise ValueError(
            f"method={method!r}: expected a name of pipeline_names() or a fuser."
        )
    from sklearn.base import clone

    return clone(method).set_params(**params) if params else method


def _load(image):
    import os

    if isinstance(image, (str, os.PathLike)):
        return read_image(image)
    array = np.asarray(image)
    return array if array.dtype != object else as_float(image, "visible")


def _direct_parameters(name):
    if name in _SINGLE_FUSERS:
        return list(getattr(fusers, _SINGLE_FUSERS[name][0])().get_params())
    return list(inspect.signature(registry[name].build).parameters)


def _example_parameter(name):
    nested = [key for key in registry[name].build().get_params() if "__" in key]
    return nested[0] if nested else "none"
