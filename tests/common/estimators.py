"""The estimators that the common suite runs over, and their exceptions with reasons."""

from skfusion import fusers, transforms
from skfusion.base import BaseFuser, ImageTransformer, PairTransformer
from skfusion.fusers import AverageFuser

from .foreign import Mean, mean_file

# Networks without shipped weights: trained, as small as they can be.
_TINY = {
    "weights": None,
    "max_epochs": 1,
    "batch_size": 3,
    "crop_size": 16,
    "random_state": 0,
}

# Cheaper forms for the slow ones: the checks are about the contract, not the result.
CHEAP = {
    "ConvSR": {"max_iter": 3},
    "EncoderDecoderFuser": {"activation": "leaky_relu", "base_channels": 16},
    "DATFuse": {**_TINY, "n_channels": 4},
    "LUTFuse": {**_TINY, "n_nodes": 3, "n_channels": 2},
    "LRRNet": {**_TINY, "n_channels": 2, "n_steps": 1},
    "MMDRFuse": _TINY,
    "MUFusion": {**_TINY, "n_channels": 2},
    "MetricAscent": {
        "start": AverageFuser,
        "objective": {"qabf": 1.0, "en": 0.1}.copy,
        "n_iter": 1,
        "looks": 0.0,
    },
    "ModuleFuser": {"module": Mean},
    "ONNXFuser": {"path": mean_file},
    "DDcGAN": {**_TINY, "n_channels": 2, "crop_size": 47, "critic_channels": 1},
    "DeepFuse": {**_TINY, "n_channels": 1},
    "DenseFuse": {**_TINY, "n_channels": 1},
    "DualBranch": {**_TINY, "n_channels": 1},
    "FusionGAN": {**_TINY, "n_channels": 1, "crop_size": 47, "critic_channels": 1},
    "IFCNN": {**_TINY, "n_channels": 2},
    "LiuCNN": {**_TINY, "n_channels": 1},
    "NestFuse": {**_TINY, "widths": (4, 4)},
    "PMGI": {**_TINY, "n_channels": 1},
    "RFNNest": {**_TINY, "widths": (2, 2), "scale_weights": (1.0, 10.0)},
    "ReCoNet": {**_TINY, "n_channels": 2, "n_steps": 1},
    "Resize": {"scale": 1.0},
    "SAGE": {**_TINY, "n_channels": 2},
    "SDNet": {**_TINY, "n_channels": 2},
    "SFDFusion": {**_TINY, "n_channels": 2},
    "STDFusionNet": {**_TINY, "n_channels": 2},
    "SeAFusion": {**_TINY, "n_channels": 2},
    "TarDAL": {**_TINY, "n_channels": 2},
    "U2Fusion": {**_TINY, "n_channels": 4},
    "YDTR": {**_TINY, "n_channels": 8},
}

# (class name, check name) -> why the check does not hold for the class.
_LUMA_ONLY = "a distance map is gray whatever the image is"
EXCEPTIONS = {
    ("DistanceTransform", "degenerate_colour"): _LUMA_ONLY,
    ("DistanceTransform", "degenerate_one_colour_pixel"): _LUMA_ONLY,
    (
        "GFCE",
        "a_dark_pair_is_not_inflated",
    ): "stretching the visible image is its point",
}
EXCEPTIONS |= {
    (name, "a_dark_pair_is_not_inflated"): "a network that has hardly been trained"
    for name, params in CHEAP.items()
    if params.get("weights", "") is None
}


def _classes(module, base):
    classes = [getattr(module, name) for name in module.__all__]
    return [cls for cls in classes if isinstance(cls, type) and issubclass(cls, base)]


def make(cls):
    """Return a cheap default instance of a class."""
    params = CHEAP.get(cls.__name__, {})
    return cls(**{k: v() if callable(v) else v for k, v in params.items()})


TRANSFORMERS = _classes(transforms, ImageTransformer)
PAIR_TRANSFORMERS = [
    cls for cls in _classes(transforms, PairTransformer) if cls not in TRANSFORMERS
]
FUSERS = _classes(fusers, BaseFuser)
