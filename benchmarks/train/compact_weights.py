"""Store shipped weights as bytes, and say what that changes.

    python benchmarks/train/compact_weights.py NAME -o FILE [--pairs FOLDER --rank 64]

``--rank``, for the encoder-decoder without an activation: its coarsest scale adds so
little that it is stored in as few channels, those that show most in the fused images
of the pairs.
"""

# SPDX-License-Identifier: BSD-3-Clause
import argparse
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from skfusion import load_pairs
from skfusion.images import luma
from skfusion.networks.autoencoders.encoder_decoder import STRIDE, EncoderDecoderNet
from skfusion.weights import read_metadata, read_weights, write_weights

COARSEST = ("infrared.4.weight", "visible.4.weight", "fusion.4.weight")


def coarsest_maps(network, pairs):
    """Return the fused maps of the coarsest scale, ``(1024, cells)``, less the bias."""
    kept = []
    handle = network.fusion[-1].register_forward_hook(
        lambda layer, _, out: kept.append((out - layer.bias[:, None, None])[0])
    )
    for i in range(len(pairs)):
        planes = np.stack([luma(x) for x in pairs.read(i)])
        extra = [(0, 0), *((0, -n % STRIDE) for n in planes.shape[1:])]
        planes = 2 * torch.from_numpy(np.pad(planes, extra, "reflect")) - 1
        network(planes[None, :1], planes[None, 1:], folded=True)
    handle.remove()
    return torch.cat([x.flatten(1) for x in kept], 1).double()


def shown(network):
    """Return what one cell of each coarsest map adds before the tanh: a row each."""
    rows = []
    probes = torch.eye(network.up[-1].weight.shape[0])[:, :, None, None]
    for probe in functional.pad(probes, (2, 2, 2, 2)).split(64):
        x = network.up[-1](probe)
        for up in network.up[-2::-1]:
            skip = x.new_zeros(len(x), len(up.weight) - x.shape[1], *x.shape[2:])
            x = up(torch.cat([skip, x], 1))
        rows.append(network.out(x).flatten(1))
    return torch.cat(rows).double()


@torch.inference_mode()
def narrowed(tensors, pairs, rank):
    """Return the tensors with a coarsest scale of the given rank.

    Of all projections of that rank, the one after which the fused images of the pairs
    change least (squared, before the tanh). The 1x1 convolution goes into the ones
    before it; channels beyond the rank are zero.
    """
    network = EncoderDecoderNet()
    network.load_state_dict(tensors)
    maps, effects = coarsest_maps(network, pairs), shown(network)
    values, vectors = torch.linalg.eigh(effects @ effects.T)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    _, main = torch.linalg.eigh(root @ maps @ (root @ maps).T)
    main = main[:, -rank:]
    back, forth = torch.linalg.solve(root, main), main.T @ root
    # A cell is seen in 32 x 32 pixels and, less, in those around it.
    lost = (root @ (maps - back @ (forth @ maps))).square().sum(0).mean()
    print(f"rank {rank}: {127.5 / STRIDE * lost.sqrt():.5f} grey levels")
    mixes = tensors[COARSEST[2]][:, :, 0, 0].double().chunk(2, 1)
    changed = dict(tensors)
    mixed = torch.zeros(len(back), 2 * len(back))
    for side, mix in enumerate(mixes):
        weight = tensors[COARSEST[side]]
        new = torch.zeros_like(weight)
        new.flatten(1)[:rank] = (forth @ mix @ weight.double().flatten(1)).float()
        changed[COARSEST[side]] = new
        mixed[:, side * len(back) :][:, :rank] = back.float()
    changed[COARSEST[2]] = mixed[..., None, None]
    return changed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--storage", default="int8")
    parser.add_argument("--rank", type=int)
    parser.add_argument("--pairs")
    arguments = parser.parse_args()
    tensors = read_weights(arguments.name)
    metadata = read_metadata(arguments.name)
    ranks = {}
    if arguments.rank:
        pairs = load_pairs(arguments.pairs)
        tensors = narrowed(tensors, pairs[::6], arguments.rank)
        ranks = dict.fromkeys(COARSEST, arguments.rank)
    metadata.pop("skfusion", None)
    write_weights(
        arguments.output, tensors, metadata, storage=arguments.storage, ranks=ranks
    )
    print(f"{arguments.output}: {arguments.output.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
