"""Model files of people who mean harm, and what damage makes of them."""

# SPDX-License-Identifier: BSD-3-Clause
import functools
import json
import random

from skfusion.model_files import load_pipeline

from .campaign import Target
from .tiny import wrong

__all__ = ["TARGET"]

NUMBERS = (0, -1, 1, 3, 0.5, 10**4, 10**9, 10**30, 1e308, -1e308, 1e-320, 1e-30)
NUMBERS += (float("nan"), float("inf"), True, None, "x", "", [], {}, [10**9], "../x")
CLASSES = {
    "ADF": ("n_iter", "kappa", "dt"),
    "AUIF": ("n_layers", "n_channels", "base_size", "weights", "tile_size"),
    "AverageFuser": ("visible_weight", "color"),
    "CBF": ("window_size", "sigma_spatial", "sigma_range"),
    "DIDFuse": ("n_channels", "weights", "tile_size", "device"),
    "GFCE": ("lam", "eps", "n_levels"),
    "LaplacianPyramid": ("gain", "n_levels", "selectivity", "window"),
    "RatioPyramid": ("offset", "n_levels"),
    "SAIF": ("n_iter", "eps", "radius", "sigma_range"),
    "TIF": ("mean_size", "median_size"),
    "WaveletFuser": ("wavelet", "n_levels"),
}
WORDS = ("__class__", "os.system", "Pipeline", "BaseEstimator", "", 3, None, ["TIF"])


def hostile(seed) -> bytes:
    """A model file with parameters of the lists above."""
    rng = random.Random(seed)
    name = rng.choice(sorted(CLASSES))
    chosen = rng.sample(CLASSES[name], rng.choice((1, 1, 2)))
    fuser = {"class": name, "params": {key: rng.choice(NUMBERS) for key in chosen}}
    wrong = rng.randrange(8)
    if wrong == 0:
        fuser["class"] = rng.choice(WORDS)
    elif wrong == 1:
        fuser["params"] = rng.choice((3, [], "x", {"fuser": dict(fuser)}))
    text = json.dumps(fuser)  # from here on by hand: an encoder has a limit of its own
    for _ in range(rng.choice((0, 0, 1, 2, 300))):
        around = rng.choice(("PreserveChroma", "Pipeline"))
        inside = (
            f'"estimator": {text}' if around[1] == "r" else f'"steps": [["a", {text}]]'
        )
        text = f'{{"class": "{around}", "params": {{{inside}}}}}'
    return f'{{"format": "skfusion-pipeline", "estimator": {text}}}'.encode()


@functools.cache
def seeds() -> tuple:
    """Return files of which most have something wrong."""
    return tuple(map(hostile, range(200)))


def read(path):
    """Fuse with what the file describes."""
    try:
        return wrong(load_pipeline(path))
    except ValueError as error:
        # What is wrong with a parameter names its class, and no file.
        raise ValueError(f"{path.name}: {error}") from error


TARGET = Target(
    name="model_files",
    seeds=seeds,
    read=read,
    allowed=(ValueError,),
    suffix=".json",
    warnings=(RuntimeWarning,),  # NumPy's, on the way to the error
    intact=0.8,
)
