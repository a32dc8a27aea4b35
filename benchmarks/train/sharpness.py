"""Train the shipped weights of the six-path and the three-path network.

Usage: python benchmarks/train/sharpness.py six-path FOLDER_OF_PHOTOGRAPHS -o FILE

The networks and their inputs are those of SharpnessClassifier; the recipe is not
the paper's. In place of a million separate windows, crops of 64 pixels run through
the convolutional part once and give 25 overlapping windows each, in both orders.
"""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional

from skfusion.networks.sharpness import SixPathNet, ThreePathNet, sharpness_planes
from skfusion.weights import read_weights, write_weights

CROP = 64
KERNELS = (9, 11, 13, 15)
# One pixel for the stem, one for Sobel, seven for the widest blur.
MARGIN = 1 + 1 + 7


def read_gray(folder):
    paths = sorted(
        path for path in Path(folder).iterdir() if path.suffix in {".jpg", ".png"}
    )
    return [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in paths]


def draw_place(images, rng):
    image = images[rng.integers(len(images))]
    side = CROP + 2 * MARGIN
    row = rng.integers(image.shape[0] - side + 1)
    column = rng.integers(image.shape[1] - side + 1)
    return image[row : row + side, column : column + side]


def draw_crop(images, rng, flat):
    """Return a sharp crop and its blurred version, float32 in [0, 1].

    A share ``flat`` of them is the most even of four: where there is little to see,
    and the blur brings in what lies beside a window, it is hardest to decide.
    """
    crop = draw_place(images, rng)
    if flat and rng.random() < flat:
        others = [draw_place(images, rng) for _ in range(3)]
        crop = min([crop, *others], key=lambda x: np.median(np.abs(np.diff(x * 1.0))))
    crop = crop.astype(np.float32)
    if rng.random() < 0.5:
        crop = crop.T
    crop = crop[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
    stored = rng.random() < 0.75
    if rng.random() < 0.5:
        # Other exposures: weak textures and dark scenes, as infrared has them.
        gain = np.exp(rng.uniform(np.log(0.05), np.log(1.6)))
        mean = crop.mean()
        target = rng.uniform(0.1, 0.9) * 255
        crop = (crop - mean) * np.float32(gain) + np.float32(target)
    crop = np.clip(np.ascontiguousarray(crop), 0, 255)
    if stored:
        crop = np.rint(crop)
    size = int(rng.choice(KERNELS))
    blurred = cv2.GaussianBlur(crop, (size, size), 9, borderType=cv2.BORDER_REPLICATE)
    if stored:
        blurred = np.rint(blurred)
    inner = slice(MARGIN - 2, -(MARGIN - 2))
    return crop[inner, inner] / 255, blurred[inner, inner] / 255


def draw_batch(images, n, rng, separate, flat):
    """Return the planes of n sharp crops and of their blurred versions.

    A share ``separate`` of the batches is cut into windows that know nothing of their
    surroundings, as patches from a file do.
    """
    crops = [draw_crop(images, rng, flat) for _ in range(n)]
    gray = torch.from_numpy(np.stack([*(c[0] for c in crops), *(c[1] for c in crops)]))
    if rng.random() < separate:
        windows = gray[:, 2:-2, 2:-2].unfold(1, 32, 32).unfold(2, 32, 32)
        planes = sharpness_planes(windows.reshape(-1, 32, 32))
        return functional.pad(planes, (1, 1, 1, 1), mode="reflect")
    return sharpness_planes(gray)[:, :, 1:-1, 1:-1]


def train(network, images, *, n_steps, learning_rate, seed, report, **batch):
    rng = np.random.default_rng(seed)
    network.train()
    optimizer = torch.optim.AdamW(
        network.parameters(), learning_rate, weight_decay=5e-4
    )
    warm_up = max(n_steps // 20, 1)

    def schedule(step):
        if step < warm_up:
            return (step + 1) / warm_up
        return 0.5 + 0.5 * math.cos(math.pi * (step - warm_up) / (n_steps - warm_up))

    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule)
    for step in range(n_steps):
        features = network.features(draw_batch(images, rng=rng, **batch))
        sharp, blurred = features.chunk(2)
        logits = network.head(torch.cat([sharp, blurred]), torch.cat([blurred, sharp]))
        logits = logits.reshape(len(logits), 2, -1)
        target = torch.zeros(len(logits), logits.shape[2], dtype=torch.long)
        target[len(sharp) :] = 1
        loss = functional.cross_entropy(logits, target)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        scheduler.step()
        with torch.no_grad():
            hits = (logits.argmax(1) == target).float().mean()
        report(step, loss.item(), hits.item())
    return network.eval()


def accuracy(network, images, size):
    """Return the share of right decisions on separate windows, and of the energy."""
    right = energy = total = 0
    for image in images:
        blurred = np.rint(
            cv2.GaussianBlur(
                image.astype(np.float32),
                (size, size),
                9,
                borderType=cv2.BORDER_REPLICATE,
            )
        )
        both = torch.from_numpy(np.stack([image.astype(np.float32), blurred]) / 255)
        rows, columns = (side // 8 * 8 for side in image.shape)
        planes = sharpness_planes(both[:, :rows, :columns])
        planes = functional.pad(planes, (1, 1, 1, 1), mode="reflect")
        with torch.inference_mode():
            sharp, blurred = network.features(planes).chunk(2)
            first = network.head(sharp, blurred)[0, :, ::4, ::4]
            second = network.head(blurred, sharp)[0, :, ::4, ::4]
        right += int((first[0] > first[1]).sum() + (second[1] > second[0]).sum())
        total += 2 * first[0].numel()
        signed = sharpness_planes(both[:, :rows, :columns], "signed", normalize=False)
        squares = functional.avg_pool2d((signed[:, 1:] ** 2).sum(1), 32, 32)
        # Equal energies are decided by chance.
        energy += 2 * int((squares[0] > squares[1]).sum())
        energy += int((squares[0] == squares[1]).sum())
    return right / total, energy / total


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=["six-path", "three-path"])
    parser.add_argument("photographs")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--held-out")
    parser.add_argument("--start", help="weights to train on from")
    parser.add_argument("--separate", type=float, default=1 / 6)
    parser.add_argument("--flat", type=float, default=0.0)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(1)
    network = {"six-path": SixPathNet, "three-path": ThreePathNet}[arguments.network]()
    network.initialize(torch.Generator().manual_seed(arguments.seed))
    if arguments.start:
        network.load_state_dict(read_weights(arguments.start))
    images = read_gray(arguments.photographs)
    held_out = read_gray(arguments.held_out) if arguments.held_out else []
    start = time.time()
    recent = []

    def report(step, loss, hits):
        recent.append((loss, hits))
        if (step + 1) % 50 == 0:
            mean = np.mean(recent[-50:], axis=0)
            print(
                f"{step + 1:6d} loss {mean[0]:.4f} accuracy {mean[1]:.4f} "
                f"{time.time() - start:.0f} s",
                flush=True,
            )
        if (step + 1) % 250 == 0:
            write_weights(arguments.output, network.state_dict())

    train(
        network,
        images,
        n_steps=arguments.steps,
        n=arguments.batch_size,
        separate=arguments.separate,
        flat=arguments.flat,
        learning_rate=arguments.learning_rate,
        seed=arguments.seed,
        report=report,
    )
    write_weights(
        arguments.output,
        network.state_dict(),
        {
            "class": "SharpnessClassifier",
            "network": arguments.network,
            "width": network.width,
            "gradients": "clipped",
        },
        storage="int8",
    )
    for size in KERNELS:
        if held_out:
            right, energy = accuracy(network, held_out, size)
            print(f"kernel {size:2d}: network {right:.4%}, energy {energy:.4%}")


if __name__ == "__main__":
    main()
