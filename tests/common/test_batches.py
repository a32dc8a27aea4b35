"""Fusing in batches: what every network makes of one pair it makes of many."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest

from skfusion.fusers import EncoderDecoderFuser, LUTFuse
from skfusion.learning.fuser import TorchFuser
from skfusion.testing.samples import make_pair

from .estimators import CHEAP, FUSERS

NETWORKS = [cls for cls in FUSERS if issubclass(cls, TorchFuser)]
# Class -> the least difference that a test can ask for, with the reason.
_ROUNDED = "drawn weights and a normalisation: the order of a sum is seen"
BOUNDS = {
    "DATFuse": (1e-5, _ROUNDED),
    "SFDFusion": (1e-5, _ROUNDED),
    "SeAFusion": (1e-5, _ROUNDED),
}


@pytest.fixture(scope="module")
def pairs():
    """Two sizes, gray and colour, 8 and 16 bits and float, in no order."""
    rng = np.random.default_rng(0)
    wide, high = (40, 50), (51, 36)
    return [
        (rng.random(wide), rng.random(wide)),
        (rng.random(high), rng.random(high)),
        (rng.random(wide), rng.random((*wide, 3))),
        (rng.random(wide), rng.random(wide)),
        (rng.integers(0, 256, high, np.uint8), rng.integers(0, 256, high, np.uint8)),
        (rng.random(wide), rng.random((*wide, 3))),
        (
            rng.integers(0, 256, high, np.uint8),
            rng.integers(0, 65536, (*high, 3), np.uint16),
        ),
        (rng.random(high), rng.random(high)),
    ]


def fitted(cls, pairs, **params):
    cheap = CHEAP.get(cls.__name__, {})
    fuser = cls(**{k: v() if callable(v) else v for k, v in cheap.items()}, **params)
    return fuser.fit(pairs) if fuser.weights is None else fuser


def check(fuser, pairs):
    bound, _ = BOUNDS.get(type(fuser).__name__, (1e-6, ""))
    alone = [fuser.transform([pair])[0] for pair in pairs]
    for params in ({"inference_batch_size": 3}, {"device": "cpu,cpu"}):
        together = fuser.set_params(**params).transform(pairs)
        for one, many in zip(alone, together, strict=True):
            np.testing.assert_allclose(many, one, rtol=0, atol=bound)
            assert many.dtype == np.float32 and many.flags.c_contiguous


@pytest.mark.parametrize("cls", NETWORKS)
def test_a_batch_is_fused_as_its_pairs_one_by_one(cls, pairs):
    check(fitted(cls, pairs), pairs)


@pytest.mark.parametrize("cls", NETWORKS)
def test_channels_of_a_batch_are_fused_as_those_of_its_pairs(cls, pairs):
    check(fitted(cls, pairs, color="per_channel"), pairs)


@pytest.mark.parametrize(
    ("cls", "color"),
    [(EncoderDecoderFuser, "rgb"), (EncoderDecoderFuser, "hsv"), (LUTFuse, "rgb")],
)
def test_own_forms_of_colour_are_batched_too(cls, color, pairs):
    learned = {"weights": None, "max_epochs": 1, "random_state": 0, "color": color}
    fuser = cls(**learned, crop_size=32).fit(pairs[:2])
    check(fuser, pairs)


@pytest.mark.parametrize(
    "cls", [cls for cls in NETWORKS if not getattr(cls, "_why_whole", "")]
)
def test_tiles_of_a_batch_are_those_of_its_pairs(cls, pairs):
    fuser = fitted(cls, pairs, tile_size=32)
    alone = fuser.transform(pairs[:1])
    together = fuser.set_params(inference_batch_size=2).transform([*pairs[:1]] * 3)
    for many in together:
        np.testing.assert_allclose(many, alone[0], rtol=0, atol=1e-6)


@pytest.mark.parametrize("cls", [cls for cls in NETWORKS if cls._half])
def test_the_short_type_of_a_gpu_is_within_a_grey_level(cls):
    pair = [make_pair(0, (32, 48))]
    exact, short = (
        cls(precision=name).transform(pair)[0] for name in ("float32", cls._half)
    )
    assert 0 < np.abs(exact - short).max() <= 1 / 255
