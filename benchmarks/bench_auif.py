"""AUIF collapsed against plain, DIDFuse folded against plain: one process, one run.

    OMP_NUM_THREADS=1 python benchmarks/bench_auif.py [--weights FILE]

Prints seconds a pair at 640x512, their ratio, the largest difference of the fused
images, pairs a second with two threads, and the same on a GPU where there is one.
"""

# SPDX-License-Identifier: BSD-3-Clause
import argparse
import os
import platform
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numba
import numpy as np
import torch

from skfusion.fusers import AUIF, DIDFuse
from skfusion.networks.auif import AUIFNet

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--weights", default="pretrained", help="of AUIF")
parser.add_argument("--didfuse-weights", default="pretrained")
parser.add_argument("--repeats", type=int, default=20)
args = parser.parse_args()

torch.set_num_threads(1)
cv2.setNumThreads(1)
rng = np.random.default_rng(0)
ir, vis = (cv2.resize(rng.random((33, 41), np.float32), (640, 512)) for _ in range(2))
stack = torch.from_numpy(np.stack([ir, vis]))[:, None]


def seconds(function, repeats):
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times), float(np.median(times))


@torch.inference_mode()
def fuse_plain(network, images=stack):
    """Fuse by the network as published, both sources in one batch."""
    half = len(images) // 2
    maps = network.encode(images)
    return network.decode(*(z[:half] + z[half:] for z in maps))


def report(name, plain, fast, repeats):
    network, fuser = plain, fast
    expected = fuse_plain(network)[0, 0].numpy()
    difference = np.abs(fuser._fuse(ir, vis) - expected).max()
    slow = seconds(lambda: fuse_plain(network), 3)
    quick = seconds(lambda: fuser._fuse(ir, vis), repeats)
    print(f"{name}: plain {slow[0]:.3f} s (median {slow[1]:.3f})", end=", ")
    print(f"fast {quick[0]:.4f} s (median {quick[1]:.4f})", end=", ")
    print(
        f"ratio {slow[0] / quick[0]:.3g} (medians {slow[1] / quick[1]:.3g})", end=", "
    )
    print(f"largest difference {difference:.1e}")


print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, ", end="")
print(f"torch {torch.__version__}, numba {numba.__version__}, one thread, 640x512")
fuser = AUIF(weights=args.weights, device="cpu")
plain = AUIFNet(collapsed=False)
plain.load_state_dict(fuser._network().state_dict())
report("AUIF", plain.eval(), fuser, args.repeats)

deep = DIDFuse(weights=args.didfuse_weights, device="cpu")
report("DIDFuse", deep._network(), deep, 3)

for n_threads in (1, 2):
    with ThreadPoolExecutor(n_threads) as pool:
        start = time.perf_counter()
        list(pool.map(lambda _: fuser._fuse(ir, vis), range(60)))
        rate = 60 / (time.perf_counter() - start)
    print(f"AUIF: {rate:.1f} pairs a second with {n_threads} thread(s)")

if torch.cuda.is_available():
    print(torch.cuda.get_device_name())
    for name, collapsed in (("plain", False), ("collapsed", True)):
        network = AUIFNet(collapsed=collapsed).eval().cuda()
        network.load_state_dict(plain.state_dict())
        for batch in (1, 16):
            images = stack.repeat_interleave(batch, 0).cuda()

            def run(network=network, images=images):
                fuse_plain(network, images)
                torch.cuda.synchronize()

            rate = batch / seconds(run, args.repeats)[0]
            print(f"AUIF {name}, batch {batch}: {rate:.0f} pairs a second")
