"""Dense inference against a loop over windows, with the same weights.

Usage: python benchmarks/bench/sharpness.py [--size 512 640] [--threads 1]

The loops run the network as its papers describe it, convolution after normalisation
after activation, one window at a time or 256 at once, in one order, as dense does
here. They are timed on some of the windows and scaled to all; the CPU seconds of the
process are compared, so that what else runs on the machine does not matter much.
"""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from _harness import print_machine, rounds, threads
from torch import nn
from torch.nn import functional

from skfusion.fusers import SharpnessClassifier
from skfusion.fusers.deep.sharpness.dense_scores import dense_logits, window_context
from skfusion.networks.sharpness import sharpness_planes


def plain_block(block):
    down = [nn.MaxPool2d(2)] if block.down else []
    residual = [block.conv1, block.norm1, block.conv2, block.norm2]
    residual += [nn.LeakyReLU(0.1), *down]
    shortcut = []
    if block.shortcut is not None:
        shortcut = [block.shortcut, block.shortcut_norm, nn.LeakyReLU(0.1), *down]
    return Sum(nn.Sequential(*residual), nn.Sequential(*shortcut))


class Sum(nn.Module):
    def __init__(self, residual, shortcut):
        super().__init__()
        self.residual, self.shortcut = residual, shortcut

    def forward(self, x):
        return self.residual(x) + self.shortcut(x)


def plain_stem(stem):
    down = [nn.MaxPool2d(2)] if stem.down else []
    return nn.Sequential(stem.conv, stem.norm, nn.LeakyReLU(0.1), *down)


class PlainSixPath(nn.Module):
    def __init__(self, net):
        super().__init__()
        blocks = map(plain_block, net.blocks)
        self.trunk = nn.Sequential(plain_stem(net.stem), *blocks, nn.Flatten())
        activation = nn.LeakyReLU(0.1)
        self.fc = nn.Sequential(net.hidden, net.hidden_norm, activation, net.output)

    def forward(self, first, second):
        planes = [x[:, k : k + 1] for k in range(3) for x in (first, second)]
        return self.fc(torch.cat([self.trunk(plane) for plane in planes], 1))


class PlainThreePath(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.stems = nn.ModuleList(plain_stem(path[0]) for path in net.paths)
        self.paths = nn.ModuleList(
            nn.Sequential(*map(plain_block, path[1:])) for path in net.paths
        )
        self.gray = nn.Sequential(plain_block(net.gray_block), nn.Flatten())
        self.gradient = nn.Sequential(plain_block(net.gradient_block), nn.Flatten())
        activation = nn.LeakyReLU(0.1)
        self.fc = nn.Sequential(net.hidden, net.hidden_norm, activation, net.output)

    def forward(self, first, second):
        x, y, z = (
            path(torch.cat([stem(p[:, k : k + 1]) for p in (first, second)], 2))
            for k, (stem, path) in enumerate(zip(self.stems, self.paths))
        )
        flat = torch.cat([self.gray(x), self.gradient(torch.cat([y, z], 1))], 1)
        return self.fc(flat)


def cpu_seconds(function, repeats):
    """Mean CPU seconds of a call, and its result."""
    results = []
    times = rounds(
        lambda: results.append(function()), repeats=repeats, clock=time.process_time
    )
    return times.mean(), results[-1]


def windows(pair, places, network, border):
    planes = functional.pad(sharpness_planes(pair), (1, 1, 1, 1), mode="reflect")
    cut = torch.stack(
        [planes[:, :, 8 * i : 8 * i + 34, 8 * j : 8 * j + 34] for i, j in places]
    )
    return window_context(cut[:, 0], cut[:, 1], border, network.stacked)


def bench(name, border, shape, n_single, n_batches):
    network = SharpnessClassifier(name)._loaded().eval()
    plain = {"six-path": PlainSixPath, "three-path": PlainThreePath}[name](network)
    plain = plain.eval()
    rng = np.random.default_rng(0)
    rough = rng.random((2, *shape), dtype=np.float32)
    pair = torch.from_numpy(rough)
    rows, columns = ((side - 32) // 8 + 1 for side in shape)
    total = rows * columns
    places = [tuple(map(int, p)) for p in np.ndindex(rows, columns)]
    chosen = [places[k] for k in rng.permutation(total)[: 256 * n_batches]]
    first, second = windows(pair, chosen, network, border)
    with torch.inference_mode():
        network.fold()

        def dense():
            return dense_logits(
                network,
                *pair,
                stride=8,
                border=border,
                gradients="clipped",
                both_orders=False,
            )

        dense_time, logits = cpu_seconds(dense, 3)

        def one_by_one():
            for k in range(n_single):
                plain(first[k : k + 1], second[k : k + 1])

        single = cpu_seconds(one_by_one, 1)[0] / n_single * total

        def in_batches():
            return torch.cat(
                [
                    plain(*x)
                    for x in zip(first.split(256), second.split(256), strict=True)
                ]
            )

        batch_time, expected = cpu_seconds(in_batches, 1)
        batched = batch_time / len(chosen) * total
    i, j = np.transpose(chosen)
    error = (logits[0][:, i, j].T - expected).abs().max().item()
    print(
        f"| {name} | {border} | {single:.1f} | {batched:.1f} | {dense_time:.2f} "
        f"| {single / dense_time:.0f} | {batched / dense_time:.1f} | {error:.1e} |",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, nargs=2, default=(512, 640))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--windows", type=int, default=60)
    parser.add_argument("--batches", type=int, default=2)
    parser.add_argument("--networks", nargs="+", default=["six-path", "three-path"])
    parser.add_argument("--borders", nargs="+", default=["context", "zero"])
    arguments = parser.parse_args()
    print_machine()
    height, width = arguments.size
    print(f"{width}x{height}, {arguments.threads} thread(s); CPU seconds a pair\n")
    columns = "network,border,one by one,batches of 256,dense,one by one / dense,"
    columns += "batches / dense,largest difference of logits"
    print("| " + columns.replace(",", " | ") + " |\n" + "|---" * 8 + "|")
    counts = arguments.windows, arguments.batches
    with threads(arguments.threads):
        for name in arguments.networks:
            for border in arguments.borders:
                bench(name, border, (height, width), *counts)


if __name__ == "__main__":
    main()
