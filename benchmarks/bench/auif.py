"""AUIF collapsed against plain, DIDFuse folded against plain: one process, one run.

    python benchmarks/bench/auif.py [--weights FILE]

Prints seconds a pair at 640x512, their ratio, the largest difference of the fused
images, pairs a second with two threads, and the same on a GPU where there is one.
"""

# SPDX-License-Identifier: BSD-3-Clause
import argparse
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from _harness import print_machine, rounds, threads, unit_scene

from skfusion.fusers import AUIF, DIDFuse
from skfusion.networks.autoencoders.auif import AUIFNet


@torch.inference_mode()
def fuse_plain(network, images):
    """Fuse by the network as published, both sources in one batch."""
    half = len(images) // 2
    maps = network.encode(images)
    return network.decode(*(z[:half] + z[half:] for z in maps))


def compare(name, network, fuser, repeats):
    ir, vis = unit_scene()
    stack = torch.from_numpy(np.stack([ir, vis]))[:, None]
    expected = fuse_plain(network, stack)[0, 0].numpy()
    difference = np.abs(fuser._fuse(ir, vis) - expected).max()
    slow = rounds(lambda: fuse_plain(network, stack), repeats=3)
    quick = rounds(lambda: fuser._fuse(ir, vis), repeats=repeats)
    least, middle = slow.min() / quick.min(), np.median(slow) / np.median(quick)
    print(
        f"{name}: plain {slow.min():.3f} s (median {np.median(slow):.3f}), fast "
        f"{quick.min():.4f} s (median {np.median(quick):.4f}), ratio {least:.3g} "
        f"(medians {middle:.3g}), largest difference {difference:.1e}"
    )


def rate(fuser, n_threads, n_pairs=60):
    ir, vis = unit_scene()
    with ThreadPoolExecutor(n_threads) as pool:
        start = time.perf_counter()
        list(pool.map(lambda _: fuser._fuse(ir, vis), range(n_pairs)))
        return n_pairs / (time.perf_counter() - start)


def on_gpu(weights, repeats):
    stack = torch.from_numpy(np.stack(unit_scene()))[:, None]
    for name, collapsed in (("plain", False), ("collapsed", True)):
        network = AUIFNet(collapsed=collapsed).eval().cuda()
        network.load_state_dict(weights)
        for batch in (1, 16):
            images = stack.repeat_interleave(batch, 0).cuda()

            def run(network=network, images=images):
                fuse_plain(network, images)
                torch.cuda.synchronize()

            least = rounds(run, repeats=repeats).min()
            print(f"AUIF {name}, batch {batch}: {batch / least:.0f} pairs a second")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="pretrained", help="of AUIF")
    parser.add_argument("--didfuse-weights", default="pretrained")
    parser.add_argument("--repeats", type=int, default=20)
    args = parser.parse_args()
    print_machine()
    print("one thread, 640x512")
    fuser = AUIF(weights=args.weights, device="cpu")
    plain = AUIFNet(collapsed=False)
    plain.load_state_dict(fuser._network().state_dict())
    with threads(1):
        compare("AUIF", plain.eval(), fuser, args.repeats)
        deep = DIDFuse(weights=args.didfuse_weights, device="cpu")
        compare("DIDFuse", deep._network(), deep, 3)
        for n in (1, 2):
            print(f"AUIF: {rate(fuser, n):.1f} pairs a second with {n} thread(s)")
    if torch.cuda.is_available():
        on_gpu(plain.state_dict(), args.repeats)


if __name__ == "__main__":
    main()
