"""The named, ready-made methods: each a short function that returns a pipeline."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from sklearn.pipeline import Pipeline

from .. import fusers
from .._text import nearest
from ..base import current_names
from ..learning.weights import pretrained_names
from . import presets, systems

__all__ = ["DEFAULT_METHOD", "get_pipeline", "pipeline_names", "registry"]

DEFAULT_METHOD = "balanced"


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
    "learned_pyramid": ("LearnedPyramid", {}, "pyramids decided by a small network"),
    "learned_pyramid_small": (
        "LearnedPyramid",
        {"n_channels": 12, "n_hidden": 0},
        "pyramids decided by a network of 7055 parameters",
    ),
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
    "auif": ("AUIF", {"level": "sources"}, "algorithm unrolling network"),
    "didfuse": ("DIDFuse", {"level": "sources"}, "deep image decomposition network"),
    "dlf": ("DLF", {}, "details weighted by features of a network"),
    "resnet_zca": ("ResNetZCA", {}, "weights from whitened features"),
    "encoder_decoder": ("EncoderDecoderFuser", {}, "encoder-decoder network, linear"),
    "encoder_decoder_activated": (
        "EncoderDecoderFuser",
        {"activation": "leaky_relu", "base_channels": 64},
        "encoder-decoder network, leaky ReLU",
    ),
    "encoder_decoder_small": (
        "EncoderDecoderFuser",
        {"activation": "leaky_relu", "base_channels": 16},
        "encoder-decoder network for embedded use",
    ),
}

# Networks that are methods once their weights are shipped; until then, fusers to train.
_TRAINED_FUSERS = {
    "seafusion": ("SeAFusion", {}, "gradient residual dense network"),
    "mmdrfuse": ("MMDRFuse", {}, "network of 113 parameters"),
    "sdnet": ("SDNet", {}, "squeeze and decomposition network"),
    "stdfusionnet": ("STDFusionNet", {}, "salient target network"),
    "sfdfusion": ("SFDFusion", {}, "spatial-frequency network"),
    "lutfuse": ("LUTFuse", {}, "look-up table of fused levels"),
    "datfuse": ("DATFuse", {}, "dual attention network"),
    "lrrnet": ("LRRNet", {}, "unrolled low-rank network"),
    "mufusion": ("MUFusion", {}, "dense two-scale network"),
    "sage": ("SAGE", {}, "small U-Net"),
    "reconet": ("ReCoNet", {}, "recurrent network"),
    "tardal": ("TarDAL", {}, "target-aware network"),
    "ydtr": ("YDTR", {}, "Y-shaped network"),
    "densefuse": ("DenseFuse", {}, "auto-encoder around a dense block"),
    "nestfuse": ("NestFuse", {}, "nested auto-encoder, attention"),
    "rfn_nest": ("RFNNest", {}, "nested auto-encoder, residual fusion"),
    "ifcnn": ("IFCNN", {}, "convolutions and an elementwise maximum"),
    "u2fusion": ("U2Fusion", {}, "dense network, shares of similarity"),
    "pmgi": ("PMGI", {}, "gradient and intensity paths"),
    "deepfuse": ("DeepFuse", {}, "sum of shared encodings"),
    "dual_branch": ("DualBranch", {}, "detail and semantic auto-encoder"),
    "liu_cnn": ("LiuCNN", {}, "siamese sharpness network, pyramids"),
    "fusiongan": ("FusionGAN", {}, "generator against a discriminator"),
    "ddcgan": ("DDcGAN", {}, "generator against two discriminators"),
}
_ALONE = _SINGLE_FUSERS | _TRAINED_FUSERS


def _single(class_name, defaults):
    def build(**params):
        cls = getattr(fusers, class_name)
        fuser = cls(**{**defaults, **current_names(cls, params)})
        return Pipeline([("fuse", fuser)])

    return build


# name -> (function that returns the pipeline, title)
_SYSTEMS = {
    **{name: (getattr(presets, name), t) for name, t in presets.TITLES.items()},
    "relative_clarity": (systems.relative_clarity, "six-path sharpness network"),
    "image_enhancement": (systems.image_enhancement, "three-path sharpness network"),
}


def _collect():
    table = {}
    for name, (build, title) in _SYSTEMS.items():
        table[name] = NamedPipeline(name, build, title)
    shipped = pretrained_names()
    for name, (class_name, defaults, title) in _ALONE.items():
        if name not in _TRAINED_FUSERS or name in shipped:
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
            f"{nearest(name, registry)}"
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
            f"{_example_parameter(name, unknown[0])}.{nearest(unknown[0], known)}"
        ) from None
    try:
        return pipeline.set_params(**nested)
    except (ValueError, AttributeError):  # the latter from a__b, where a is a number
        known = pipeline.get_params()
        unknown = [key for key in nested if key not in known]
        if not unknown:
            raise
        raise ValueError(
            f"method {name!r} has no parameter {unknown[0]!r}: it has those of its "
            f"steps, e.g. {_example_parameter(name, unknown[0])}."
            f"{nearest(unknown[0], known)}"
        ) from None


def _direct_parameters(name):
    if name in _ALONE:
        return list(getattr(fusers, _ALONE[name][0])().get_params())
    return list(inspect.signature(registry[name].build).parameters)


def _example_parameter(name, wanted):
    """Return a parameter of a step: one that is called as was wanted, if there is."""
    nested = [key for key in registry[name].build().get_params() if "__" in key]
    meant = [key for key in nested if key.split("__")[-1] == wanted.split("__")[-1]]
    return next(iter(meant + nested), "none")
