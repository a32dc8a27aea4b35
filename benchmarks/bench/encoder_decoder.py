"""The encoder-decoder network for inference against the plain one, in one run.

    python benchmarks/bench/encoder_decoder.py

Prints seconds a pair of the plain network and of the inference form with one thread,
their ratio and the largest difference, and pairs a second on a GPU if there is one.
"""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import torch
from _harness import print_machine, rounds, threads, unit_scene

from skfusion.fusers import EncoderDecoderFuser

FORMS = {
    "faithful, 64 channels": (None, 64),
    "leaky ReLU, 32 channels": ("leaky_relu", 32),
    "leaky ReLU, 16 channels": ("leaky_relu", 16),
}


@torch.inference_mode()
def plain(network, ir, vis):
    """Fuse by the network as published."""
    images = [2 * torch.from_numpy(x)[None, None] - 1 for x in (ir, vis)]
    return ((network(*images)[0, 0] + 1) / 2).numpy()


def compare(name, params, shape):
    ir, vis = unit_scene(shape)
    fuser = EncoderDecoderFuser(*params, device="cpu")
    network = fuser._network()
    slow = np.median(rounds(lambda: plain(network, ir, vis), repeats=3))
    quick = np.median(rounds(lambda: fuser._fuse(ir, vis), repeats=8))
    gap = np.abs(fuser._fuse(ir, vis) - plain(network, ir, vis)).max()
    print(
        f"{name:24} {shape[1]}x{shape[0]}: plain {slow:.3f} s, inference form "
        f"{quick:.3f} s = {slow / quick:.1f}x, {1 / quick:.1f} pairs/s, difference "
        f"{gap:.1e}",
        flush=True,
    )
    if torch.cuda.is_available():
        gpu = EncoderDecoderFuser(*params, device="cuda")
        quick = np.median(rounds(lambda: gpu._fuse(ir, vis), repeats=100))
        print(f"{name:24} on the GPU: {1 / quick:.0f} pairs/s")


def main():
    print_machine()
    with threads(1):
        for shape in ((480, 640), (256, 320)):
            for name, params in FORMS.items():
                compare(name, params, shape)


if __name__ == "__main__":
    main()
