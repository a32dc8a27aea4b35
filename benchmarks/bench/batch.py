"""Import time, what a search ships, and how a folder scales: ratios of one run."""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import joblib
import numpy as np
from _harness import print_machine, rounds, threads

from skfusion import ImagePairs, load_pairs
from skfusion.batch import fuse_folder
from skfusion.compose import PreserveChroma
from skfusion.datasets import make_scene_pairs
from skfusion.images import write_image
from skfusion.pipelines import get_pipeline


def main():
    print_machine(joblib)
    import_time()
    task_size()
    floor()
    scaling()
    memory()


def import_time():
    """Import of the package against import of numpy, interleaved processes."""
    times = {"numpy": [], "skfusion": []}
    for _ in range(15):
        for module, found in times.items():
            code = (
                "import time; t = time.perf_counter(); "
                f"import {module}; print(time.perf_counter() - t)"
            )
            done = subprocess.run([sys.executable, "-c", code], capture_output=True)
            found.append(float(done.stdout))
    numpy, ours = (statistics.median(found) for found in times.values())
    print(f"import skfusion: {ours / numpy:.2f} x import numpy ({ours * 1e3:.0f} ms)")


def task_size():
    """Bytes that a task of a search carries, beside the buffer that is mapped."""
    import io
    import pickle

    class Mapped(pickle.Pickler):
        """What joblib does: an array of a megabyte becomes a reference to a file."""

        def reducer_override(self, value):
            if isinstance(value, np.ndarray) and value.nbytes > 1_000_000:
                reference = ("/dev/shm/folder/file.pkl", value.dtype.str, value.shape)
                return tuple, (reference,)
            return NotImplemented

    image = np.zeros((512, 640), np.uint8)
    X = ImagePairs([image] * 64, [image] * 64).pack()
    task = joblib.delayed(fuse_folder)(get_pipeline("tif"), X[:32], "out")
    sizes = []
    for pickler in (Mapped, pickle.Pickler):
        file = io.BytesIO()
        pickler(file).dump(task)
        sizes.append(file.tell())
    print(f"one task of a search over 64 pairs: {sizes[0]} bytes ({sizes[1]} unmapped)")


def write_folder(folder, n_pairs, size=(512, 640)):
    scenes = make_scene_pairs(2, size=size, night="mixed", random_state=0)
    for side, images in (("ir", scenes.infrared), ("vis", scenes.visible)):
        (folder / side).mkdir(parents=True)
        for i, image in enumerate(images):
            write_image(folder / side / f"{i:04d}.png", image)
        for i in range(2, n_pairs):
            source = folder / side / f"{i % 2:04d}.png"
            os.link(source, folder / side / f"{i:04d}.png")
    return load_pairs(folder)


def scaling():
    """64 pairs, two workers against one, both warm."""
    estimator = PreserveChroma(get_pipeline("laplacian_pyramid"))
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        pairs = write_folder(folder / "in", 64)

        def fuse(n_jobs):
            out = folder / "out"
            fuse_folder(estimator, pairs, out, n_jobs=n_jobs, skip_existing=False)

        with threads(1):
            times = rounds(partial(fuse, 1), partial(fuse, 2), repeats=5)
        one, two = np.median(times, axis=1)
        ratios = sorted(times[0] / times[1])
        print(
            f"64 pairs of 640x512, colour: {64 / one:.1f} pairs/s with one worker, "
            f"{64 / two:.1f} with two: {one / two:.2f} x "
            f"(single rounds {ratios[0]:.2f} to {ratios[-1]:.2f})"
        )


def floor():
    """A colour folder against OpenCV reading and writing the same files."""
    import cv2

    names = ("fast", "balanced", "natural")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        pairs = write_folder(folder / "in", 16, size=(480, 640))
        (folder / "copied").mkdir()

        def fuse(name):
            estimator = PreserveChroma(get_pipeline(name))
            fuse_folder(estimator, pairs, folder / name, skip_existing=False)

        def copy():
            for path in (folder / "in" / "vis").iterdir():
                cv2.imread(str(folder / "in" / "ir" / path.name), -1)
                image = cv2.imread(str(path), -1)
                cv2.imwrite(str(folder / "copied" / path.name), image)

        with threads(1):
            calls = [copy, *(partial(fuse, name) for name in names)]
            clock = time.process_time  # notices others on the machine less
            least, *ours = np.min(rounds(*calls, repeats=7, clock=clock), axis=1)
        each = 1e3 / len(pairs)
        print(f"reading and writing colour PNG: {each * least:.1f} ms a pair")
        for name, spent in zip(names, ours):
            print(
                f"fuse_folder of {name}: {each * spent:.1f} ms, {spent / least:.2f} x"
            )


def memory():
    """Peak memory of one process after 100 and after 1000 pairs."""
    estimator = PreserveChroma(get_pipeline("tif"))
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        pairs = write_folder(folder / "in", 1000, size=(120, 160))
        fuse_folder(estimator, pairs[:100], folder / "a")
        first = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        fuse_folder(estimator, pairs, folder / "b")
        last = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(
            f"peak memory after 100 pairs {first / 1024:.0f} MiB, after 1000 more "
            f"{last / 1024:.0f} MiB"
        )


if __name__ == "__main__":
    main()
