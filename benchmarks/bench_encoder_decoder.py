"""The encoder-decoder network for inference against the plain one, in one run.

    OMP_NUM_THREADS=1 python benchmarks/bench_encoder_decoder.py

Prints seconds a pair of the plain network and of the inference form, their ratio and
the largest difference, and pairs a second on a GPU if there is one.
"""

# SPDX-License-Identifier: BSD-3-Clause
import platform
import time

import cv2
import numpy as np
import torch

from skfusion.fusers import EncoderDecoderFuser

torch.set_num_threads(1)
cv2.setNumThreads(1)
rng = np.random.default_rng(0)


def seconds(function, repeats):
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


@torch.inference_mode()
def plain(network, ir, vis):
    """Fuse by the network as published."""
    images = [2 * torch.from_numpy(x)[None, None] - 1 for x in (ir, vis)]
    return ((network(*images)[0, 0] + 1) / 2).numpy()


def compare(name, params, width, height):
    ir, vis = (
        cv2.resize(rng.random((60, 80), np.float32), (width, height)) for _ in range(2)
    )
    fuser = EncoderDecoderFuser(*params, device="cpu")
    network = fuser._network()
    slow = seconds(lambda: plain(network, ir, vis), 3)
    quick = seconds(lambda: fuser._fuse(ir, vis), 8)
    gap = np.abs(fuser._fuse(ir, vis) - plain(network, ir, vis)).max()
    print(
        f"{name:24} {width}x{height}: plain {slow:.3f} s, inference form {quick:.3f} s "
        f"= {slow / quick:.1f}x, {1 / quick:.1f} pairs/s, difference {gap:.1e}",
        flush=True,
    )
    if torch.cuda.is_available():
        gpu = EncoderDecoderFuser(*params, device="cuda")
        quick = seconds(lambda: gpu._fuse(ir, vis), 100)
        print(f"{name:24} {torch.cuda.get_device_name()}: {1 / quick:.0f} pairs/s")


print(f"{platform.processor() or platform.machine()}, one thread, torch", end=" ")
print(torch.__version__)
for size in ((640, 480), (320, 256)):
    compare("faithful, 64 channels", (None, 64), *size)
    compare("leaky ReLU, 32 channels", ("leaky_relu", 32), *size)
    compare("leaky ReLU, 16 channels", ("leaky_relu", 16), *size)
