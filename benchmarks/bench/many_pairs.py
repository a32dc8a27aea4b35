"""A folder of very many tiny pairs: time a pair, and memory as it goes on."""

import argparse
import os
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from _harness import print_machine

from skfusion import ImagePairs, load_pairs
from skfusion.batch import fuse_folder
from skfusion.images import write_image
from skfusion.metrics import evaluate
from skfusion.pipelines import get_pipeline

SIZE = (16, 16)
_FILES_A_FOLDER = 1000


def draw(folder, n):
    """Write a thousand pairs of noise, and further names of them, a folder each."""
    rng = np.random.default_rng(0)
    for side in ("ir", "vis"):
        for i in range(n):
            path = folder / side / f"{i // _FILES_A_FOLDER:04d}" / f"{i:07d}.png"
            if path.exists():
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if i < _FILES_A_FOLDER:
                write_image(path, rng.integers(0, 256, SIZE, np.uint8))
            else:
                first = folder / side / "0000" / f"{i % _FILES_A_FOLDER:07d}.png"
                os.link(first, path)


class Memory(threading.Thread):
    """Looks at this process and its children, several times a second."""

    def __init__(self, pause=1.0):
        super().__init__(daemon=True)
        self.pause, self.found, self.running = pause, [], True

    def run(self):
        while self.running:
            self.found.append(memory())
            time.sleep(self.pause)

    def stop(self):
        self.running = False
        self.join()
        return np.array(self.found)


def memory():
    """MiB that this process holds, and the largest of those it started."""
    own = os.getpid()
    sizes = [0.0]
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(
                line.split(":", 1) for line in status.read_text().splitlines()
            )
        except OSError:  # it has ended
            continue
        if "VmRSS" in fields and int(fields["PPid"]) == own:
            sizes.append(int(fields["VmRSS"].split()[0]) / 1024)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20, max(sizes)


def course(sizes):
    """Say what was held after a tenth, the half and the whole of the time."""
    early, half, end = (sizes[int(part * (len(sizes) - 1))] for part in (0.1, 0.5, 1.0))
    return f"{early:.0f}, {half:.0f}, {end:.0f} MiB after a tenth, half and all of it"


def measured(name, n, work):
    watch = Memory()
    before = memory()[0]
    watch.start()
    start, busy = time.perf_counter(), time.process_time()
    result = work()
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    found = watch.stop()
    line = f"{name}: {1e3 * seconds / n:.3f} ms a pair ({seconds:.1f} s), of these "
    line += f"{1e3 * busy / n:.3f} ms work of this process; its memory"
    line += f" from {before:.0f} MiB: {course(found[:, 0])}"
    if found[:, 1].max() > 0:
        line += f"; its largest worker: {course(found[:-1, 1])}"
    print(line, flush=True)
    return result


def run(args, folder):
    """Draw, find, fuse, skip and measure; what is done already is not done again."""
    estimator = get_pipeline(args.method)
    measured("drawn", args.n, lambda: draw(folder / "in", args.n))
    pairs = measured("found", args.n, lambda: load_pairs(folder / "in"))
    warm = ImagePairs(pairs.infrared[:64], pairs.visible[:64])
    fuse_folder(estimator, warm, folder / "warm", n_jobs=args.n_jobs)

    def fuse():
        return fuse_folder(estimator, pairs, folder / "out", n_jobs=args.n_jobs)

    report = measured("fused", args.n, fuse)
    print(f"written: {len(report.with_status('written'))}", flush=True)
    record = (folder / "out" / ".skfusion.json").stat().st_size
    print(f"record: {record / args.n:.0f} bytes a pair ({record / 2**20:.1f} MiB)")
    report = measured("skipped, all of them there", args.n, fuse)
    if len(report.with_status("skipped")) != args.n:
        raise SystemExit(str(report)[:1000])
    table = measured(
        "measured",
        args.n,
        lambda: evaluate(
            pairs, folder / "out", ["en", "mi"], n_jobs=args.n_jobs, on_error="skip"
        ),
    )
    if len(table) != args.n:
        raise SystemExit(str(table.attrs["failures"])[:1000])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=100_000, help="pairs")
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--method", default="average")
    parser.add_argument(
        "--folder", type=Path, help="kept, so that a run that was ended goes on here"
    )
    args = parser.parse_args()
    print_machine()
    print(f"{args.n} pairs of {SIZE[0]} x {SIZE[1]} pixels, {args.n_jobs} workers")
    if args.folder:
        run(args, args.folder)
        return
    with tempfile.TemporaryDirectory() as folder:
        run(args, Path(folder))


if __name__ == "__main__":
    main()
