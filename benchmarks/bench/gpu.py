"""Networks on a GPU: pairs a second, and what share of the machine's floor that is.

    python benchmarks/bench_gpu.py [--small] [--device DEVICE] [-o FILE.json]

For each network: `transform` of 8-bit pairs in memory, many and one at a time; the
network alone, on tensors that lie on the device; `fuse_folder`, colour PNG in and out,
beside reading and writing the same files by the same workers without fusing; how far
results are from those of the CPU, in grey levels of 255, as they come and in float32;
the peak of memory. The form `--small` is for a CPU.
"""

# SPDX-License-Identifier: BSD-3-Clause
import argparse
import contextlib
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from _harness import print_machine, scene
from joblib import Parallel, delayed

from skfusion import ImagePairs
from skfusion.batch import fuse_folder
from skfusion.compose import PreserveChroma
from skfusion.fusers import (
    AUIF,
    DIDFuse,
    EncoderDecoderFuser,
    LearnedPyramid,
    SeAFusion,
    SharpnessFuser,
)
from skfusion.images import read_image, write_image
from skfusion.learning.batches import BatchSizes
from skfusion.learning.devices import resolve_device

# Name -> fuser, and the pairs a second through `transform` that are asked for.
METHODS = {
    "encoder-decoder 64": (EncoderDecoderFuser, {}, 1000),
    "encoder-decoder 64 leaky": (
        EncoderDecoderFuser,
        {"activation": "leaky_relu", "base_channels": 64},
        None,
    ),
    "encoder-decoder 16 leaky": (
        EncoderDecoderFuser,
        {"activation": "leaky_relu", "base_channels": 16},
        3000,
    ),
    "AUIF": (AUIF, {}, 2000),
    "DIDFuse": (DIDFuse, {}, 300),
    "six-path sharpness": (SharpnessFuser, {}, 200),
    "learned pyramid": (LearnedPyramid, {}, 1500),
    "SeAFusion": (SeAFusion, {}, None),
}
COLUMNS = (
    ("transform", "transform"),
    ("target", "asked"),
    ("alone", "network alone"),
    ("of_alone", "share"),
    ("single", "one by one"),
    ("folder", "fuse_folder"),
    ("floor", "read+write"),
    ("of_floor", "share"),
    ("levels", "off the CPU"),
    ("levels_float32", "in float32"),
    ("mebibytes", "peak MiB"),
)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="tiny images, for a CPU")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("-o", "--output", type=Path, metavar="FILE.json")
    args = parser.parse_args(argv)
    start, device = time.perf_counter(), resolve_device(args.device)
    if device.type == "cpu" and not args.small:
        print("no GPU: as with --small")
        args.small = True
    print_machine()
    plan = Plan(args.small, device)
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        files = plan.write(Path(folder))
        floor = plan.floor(files, Path(folder, "copies"))
        for name in args.methods:
            rows[name] = plan.measure(name, files, floor, Path(folder))
            print(f"{name}: {time.perf_counter() - start:.0f} s so far", flush=True)
    print_table(rows)
    seconds = time.perf_counter() - start
    print(f"{plan.size[1]}x{plan.size[0]}, pairs a second; {seconds:.0f} s in all")
    if args.output:
        about = {"device": device_name(device), "size": plan.size, "seconds": seconds}
        args.output.write_text(json.dumps({**about, "methods": rows}, indent=1))
    return rows


class Plan:
    """What is measured how often: on a GPU, or small on a CPU."""

    def __init__(self, small, device):
        self.device = device
        self.size = (96, 128) if small else (480, 640)
        self.within = 0.02 if small else 1.2
        self.n_files = 4 if small else 512
        self.n_jobs = os.cpu_count()
        scenes = [scene(self.size, seed) for seed in range(1 if small else 4)]
        self.scenes = ImagePairs(*zip(*scenes))
        few = len(self.scenes)
        self.many = self.scenes[np.arange(2 if small else 378) % few]

    def write(self, folder):
        """Write colour pairs as PNG; many are links to a few."""
        columns = [], []
        for i in range(self.n_files):
            ir, vis = self.scenes[i % len(self.scenes)]
            colour = np.stack([vis, vis // 2 + 60, 255 - vis // 3], axis=-1)
            for side, column, image in zip(("ir", "vis"), columns, (ir, colour)):
                column.append(folder / side / f"{i:04d}.png")
                column[-1].parent.mkdir(exist_ok=True)
                if i < len(self.scenes):
                    write_image(column[-1], image)
                else:
                    os.link(column[i % len(self.scenes)], column[-1])
        return ImagePairs(*columns)

    def floor(self, files, out):
        """Pairs a second that the workers read and write without fusing."""
        out.mkdir()
        parts = [range(k, len(files), self.n_jobs) for k in range(self.n_jobs)]

        def copied(n):
            calls = (delayed(copy)(files, part[:n], out) for part in parts)
            Parallel(self.n_jobs)(calls)
            return len(files)

        copied(2)  # workers start, and load what they need
        return self.rate(lambda: copied(None), 0)

    def measure(self, name, files, floor, folder):
        """Return the row of one method."""
        make, params, target = METHODS[name]
        fuser = make(**params, device=str(self.device))
        fuser.transform(self.scenes)
        with peak_memory(self.device) as peak:
            row = {"transform": self.rate(lambda: len(fuser.transform(self.many)))}
        row.update(target=target, mebibytes=peak[0])
        row["single"] = self.rate(lambda: len(fuser.transform(self.scenes[:1])), 3)
        row["alone"] = self.alone(fuser)
        out = folder / name.replace(" ", "_")
        fuse_folder(PreserveChroma(fuser), files[: 8 * self.n_jobs], out / "first")
        start = time.perf_counter()
        fuse_folder(PreserveChroma(fuser), files, out)
        row["folder"] = len(files) / (time.perf_counter() - start)
        row["floor"] = floor
        row["of_alone"] = row["transform"] / row["alone"] if row["alone"] else None
        row["of_floor"] = row["folder"] / floor
        exact = make(**params, device="cpu").transform(self.scenes[:1])[0]
        for column, precision in (("levels", "auto"), ("levels_float32", "float32")):
            made = fuser.set_params(precision=precision).transform(self.scenes[:1])[0]
            row[column] = float(np.abs(made - exact).max() * 255)
        return row

    def rate(self, function, before=1):
        """Return how many a second a function makes; it says how many at a time."""
        for _ in range(before):
            function()
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < self.within or not count:
            count += function()
        return count / (time.perf_counter() - start)

    def alone(self, fuser):
        """Pairs a second on tensors that are on the device."""
        pixels = self.size[0] * self.size[1]
        sizes = BatchSizes(self.device)
        pair = [torch.from_numpy(image)[None, None] for image in self.scenes[0]]
        pair = [image.to(self.device).float() / 255 for image in pair]
        fuse = fuser._fusing(self.device)
        with sizes.measured(pixels):
            fuse(*pair)
        n = sizes(pixels)
        batch = [image.repeat(n, 1, 1, 1) for image in pair]

        def run():
            fuse(*batch)
            if self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
            return n

        return self.rate(run, 3)  # a size that comes again is recorded on a GPU


def copy(files, part, out):
    """Read pairs, and write the visible image of each."""
    for i in part:
        _, visible = (read_image(path) for path in files.paths(i))
        write_image(out / f"{i}.png", visible)


@contextlib.contextmanager
def peak_memory(device):
    """Measure, in MiB, the most memory that tensors take inside; 0 on a CPU."""
    found = [0.0]
    if device.type != "cuda":
        yield found
        return
    torch.cuda.reset_peak_memory_stats(device)
    yield found
    found[0] = torch.cuda.max_memory_allocated(device) / 2**20


def print_table(rows):
    """Print one line a method."""
    wide = max(map(len, rows))
    print("\n" + " " * wide, *(f"{title:>13}" for _, title in COLUMNS))
    for name, row in rows.items():
        cells = (cell(key, row[key]) for key, _ in COLUMNS)
        print(f"{name:{wide}}", *(f"{text:>13}" for text in cells))


def cell(key, value):
    """Return a number as it stands in the table."""
    if value is None:
        return ""
    if key.startswith("of_"):
        return f"{100 * value:.0f} %"
    return f"{value:.3f}" if key.startswith("levels") else f"{value:.3g}"


def device_name(device):
    """Return what the card is called."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


if __name__ == "__main__":
    main()
