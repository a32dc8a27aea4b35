"""Weights files of people who mean harm, and what damage makes of them."""

# SPDX-License-Identifier: BSD-3-Clause
import functools
import json
import random
import struct

import torch
from safetensors.torch import save

from skfusion.fusers import DIDFuse
from skfusion.networks.autoencoders.didfuse import DIDFuseNet

from .campaign import Target
from .tiny import wrong

__all__ = ["TARGET"]

_N = 4  # channels of the network


@functools.cache
def _state():
    network = DIDFuseNet(_N).initialize(torch.Generator().manual_seed(0))
    return network.state_dict()


@functools.cache
def _kinds():
    """Kinds of numbers that no weights have; old safetensors write none complex."""
    kinds = (torch.int8, torch.int64, torch.bool, torch.complex64, torch.float64)
    return tuple(kind for kind in kinds if _is_written(kind))


def _is_written(kind):
    try:
        return bool(save({"x": torch.zeros(1, dtype=kind)}))
    except KeyError:
        return False


def hostile(seed) -> bytes:
    """A file of weights whose numbers, kinds or sizes are not what they were."""
    rng = random.Random(seed)
    state = dict(_state())
    for key in rng.sample(sorted(state), rng.choice((1, 2, len(state)))):
        change = rng.randrange(7)
        value = state[key]
        if change == 0:
            state[key] = value.to(rng.choice(_kinds()))
        elif change == 1:
            extreme = rng.choice([-1, 0, 3e38, -3e38, 1e-38, float("nan")])
            state[key] = torch.full_like(value.float(), extreme)
        elif change == 2:
            state[key] = value[None]
        elif change == 3:
            state[f"{key}::left"] = torch.ones(9, 1)
            state[f"{key}::right"] = torch.ones(1, 10**4)
        elif change == 4:
            del state[key]
        elif change == 5:
            state[rng.choice(("x", "", "\n", key * 9))] = value.clone()
        else:
            state[key] = value.half()
    return save({key: value.contiguous() for key, value in state.items()})


def claims(seed) -> bytes:
    """A short file whose header claims what is not there."""
    rng = random.Random(seed)
    number = rng.choice((0, 1, 4, 2**31, 2**40, 2**63, -1, "4", None, 1e9))
    entry = {
        "dtype": rng.choice(("F32", "F4", "I8", "U16", "F8_E4M3", "X", 3)),
        "shape": [number, rng.choice((1, 2**32, number))],
        "data_offsets": [0, rng.choice((0, 4, 8, number))],
    }
    header = {rng.choice(("a", "deep.conv.bias", "__metadata__")): entry}
    text = json.dumps(header).encode()
    size = rng.choice((len(text), len(text) + 1, 2**40, 0))
    return struct.pack("<Q", size) + text + bytes(rng.choice((0, 4, 8)))


@functools.cache
def seeds() -> tuple:
    """Return good files, and as many that are not."""
    good = save({key: value.contiguous() for key, value in _state().items()})
    return (*[good] * 20, *map(hostile, range(40)), *map(claims, range(20)))


def read(path):
    """Fuse with what the file holds."""
    return wrong(DIDFuse(_N, weights=path, device="cpu"))


TARGET = Target(
    "weights", seeds, read, (ValueError,), suffix=".safetensors", intact=0.5
)
