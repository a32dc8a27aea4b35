"""Train the weights of the fusers around published networks.

    python benchmarks/train/networks.py prepare --pairs IR VIS --data DATA \
        --photographs FOLDER...
    python benchmarks/train/networks.py train [NAME...] --seconds 360 --data DATA \
        --out OUT

``prepare`` packs training images into one small folder: gray JPEG of the pairs, and
drawn scenes, photographs at half size. ``train`` trains the named networks (without a
name: all), each in a process of its own, ``--jobs`` at a time, bound by time; beside
the pairs they see copies of them with dim infrared images and by night (``_tones.py``).
``OUT/NAME.safetensors`` are the weights, ``OUT/NAME.json`` says how they came to be.
"""

# SPDX-License-Identifier: BSD-3-Clause
import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

# What the schedules of all have in common: short, and long enough to cool down.
COMMON = {"decay": "cosine", "learning_rate": 1e-3, "final_learning_rate": 1e-5}

STARTED = time.perf_counter()
_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 88]


@dataclass(frozen=True)
class Recipe:
    """A fuser, its settings, and what it learns from."""

    fuser: str
    settings: dict = field(default_factory=dict)
    images: str = "pairs"  # or "single": each image of the pairs, and photographs
    teacher: str = ""  # name of the pipeline whose images it learns


# Layers that are used several times see other statistics each time in training.
FROZEN = {"frozen_share": 0.3}
# Training goes on from what ships.
SHIPPED = {"initial_weights": "pretrained"}

PAIR_RECIPES = {
    "seafusion": Recipe(
        "SeAFusion",
        {"batch_size": 16, "crop_size": 96, "intensity_weight": 3.0, **SHIPPED},
    ),
    "mmdrfuse": Recipe(
        "MMDRFuse",
        {"batch_size": 16, "crop_size": 96, "learning_rate": 3e-3, **SHIPPED},
    ),
    "sdnet": Recipe(
        "SDNet",
        {"batch_size": 16, "crop_size": 96, **SHIPPED},
    ),
    "stdfusionnet": Recipe(
        "STDFusionNet", {"batch_size": 16, "crop_size": 96, **SHIPPED}
    ),
    "sfdfusion": Recipe(
        "SFDFusion",
        {"batch_size": 8, "crop_size": 128, "ssim_weight": 0.5, **SHIPPED},
    ),
    "lutfuse": Recipe(
        "LUTFuse",
        {
            "batch_size": 16,
            "crop_size": 96,
            "learning_rate": 3e-3,
            "gradient_weight": 2.0,
        },
    ),
    "datfuse": Recipe(
        "DATFuse",
        {"batch_size": 16, "crop_size": 96, "gradient_weight": 10.0, **FROZEN},
    ),
    "lrrnet": Recipe(
        "LRRNet",
        {"batch_size": 6, "crop_size": 80, "learning_rate": 3e-4, **SHIPPED},
    ),
    "mufusion": Recipe(
        "MUFusion",
        {
            "batch_size": 16,
            "crop_size": 96,
            "intensity_weight": 3.0,
            "ssim_weight": 0.5,
            **SHIPPED,
        },
    ),
    "sage": Recipe("SAGE", {"batch_size": 16, "crop_size": 96, **FROZEN, **SHIPPED}),
    "reconet": Recipe(
        "ReCoNet",
        {"batch_size": 16, "crop_size": 96, "learning_rate": 3e-3, **FROZEN},
    ),
    "tardal": Recipe(
        "TarDAL",
        {
            "batch_size": 16,
            "crop_size": 96,
            "intensity_weight": 5.0,
            "ssim_weight": 0.5,
            **FROZEN,
            **SHIPPED,
        },
    ),
    "ydtr": Recipe("YDTR", {"batch_size": 8, "crop_size": 96, **FROZEN}),
}
RECIPES = {
    **PAIR_RECIPES,
    "densefuse": Recipe(
        "DenseFuse",
        {"batch_size": 16, "crop_size": 96, "ssim_weight": 1000.0, **SHIPPED},
        "single",
    ),
    "nestfuse": Recipe(
        "NestFuse",
        {
            "batch_size": 12,
            "crop_size": 96,
            "ssim_weight": 1000.0,
            "learning_rate": 5e-4,
            **SHIPPED,
        },
        "single",
    ),
    "rfn_nest": Recipe(
        "RFNNest",
        {"batch_size": 8, "crop_size": 96, "learning_rate": 5e-4, **SHIPPED},
    ),
    "ifcnn": Recipe(
        "IFCNN",
        {"batch_size": 16, "crop_size": 96, "max_dimming": 0.9, **SHIPPED},
        "single",
    ),
    "u2fusion": Recipe(
        "U2Fusion",
        {"batch_size": 12, "crop_size": 96, "learning_rate": 5e-4, **SHIPPED},
    ),
    "pmgi": Recipe("PMGI", {"batch_size": 16, "crop_size": 96, **SHIPPED}),
    "dual_branch": Recipe(
        "DualBranch", {"batch_size": 16, "crop_size": 96, **SHIPPED}, "single"
    ),
    "deepfuse": Recipe(
        "DeepFuse", {"batch_size": 16, "crop_size": 96, **SHIPPED}, "single"
    ),
    "fusiongan": Recipe(
        "FusionGAN",
        {"batch_size": 16, "crop_size": 84, "learning_rate": 3e-4, **SHIPPED},
    ),
    "liu_cnn": Recipe(
        "LiuCNN", {"batch_size": 64, "crop_size": 32, **SHIPPED}, "single"
    ),
    "ddcgan": Recipe(
        "DDcGAN",
        {"batch_size": 12, "crop_size": 84, "learning_rate": 3e-4, **SHIPPED},
    ),
}


def prepare(args):
    """Pack the training images."""
    for kind, folder in zip(("ir", "vis"), args.pairs):
        _pack(sorted(folder.iterdir()), args.data / "pairs" / kind, 1.0)
    _draw(args.drawn, args.data / "pairs")
    photographs = [path for folder in args.photographs for path in folder.iterdir()]
    _pack(sorted(photographs), args.data / "photographs", 0.5)
    size = sum(path.stat().st_size for path in args.data.rglob("*.jpg"))
    print(f"{args.data}: {size / 1e6:.1f} MB")


def _draw(n, folder):
    """Draw scenes, by day and by night, beside the pairs."""
    from skfusion.datasets import make_scene_pairs

    drawn = make_scene_pairs(n, (240, 320), random_state=0, night="mixed", color=False)
    for i in range(n):
        for kind, image in zip(("ir", "vis"), drawn.read(i)):
            levels = np.rint(255 * image).astype(np.uint8)
            cv2.imwrite(str(folder / kind / f"drawn_{i:03}.jpg"), levels, _QUALITY)


def _pack(paths, folder, scale):
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if image is None:
            continue
        if scale != 1:
            image = cv2.resize(
                image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
            )
        target = folder / f"{path.stem}.jpg"
        cv2.imwrite(str(target), image, _QUALITY)


def _read(folder):
    paths = sorted(folder.glob("*.jpg"))
    return [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in paths]


def load(recipe, data, seed):
    """Return what a recipe learns from, and how many there are of each kind."""
    from _tones import relit

    from skfusion import ImagePairs

    names = sorted(path.name for path in (data / "pairs" / "vis").glob("*.jpg"))
    ir, vis = (_read(data / "pairs" / kind) for kind in ("ir", "vis"))
    drawn = sum(name.startswith("drawn") for name in names)
    counts = {"pairs": len(names) - drawn, "drawn pairs": drawn}
    rng = np.random.default_rng(seed)
    copies = [
        copy
        for name, *pair in zip(names, ir, vis)
        if not name.startswith("drawn")
        for copy in relit(*pair, rng)
    ]
    counts["copies in other light"] = len(copies)
    ir, vis = ([*ir, *(a for a, _ in copies)], [*vis, *(b for _, b in copies)])
    if recipe.images == "pairs":
        return ImagePairs(ir, vis), counts
    photographs = _read(data / "photographs")
    return [*ir, *vis, *photographs], {**counts, "photographs": len(photographs)}


def train_one(args):
    """Train one network in this process."""
    import torch

    from skfusion import fusers

    (name,) = args.names
    recipe = RECIPES[name]
    start = time.perf_counter()
    X, counts = load(recipe, args.data, args.seed)
    torch.backends.cudnn.benchmark = True
    settings = {**COMMON, **recipe.settings}
    fuser = getattr(fusers, recipe.fuser)(
        weights=None,
        max_epochs=10**6,
        max_seconds=_left(args, time.perf_counter() - start),
        device=args.device,
        random_state=args.seed,
        **settings,
    )
    if recipe.teacher:
        from skfusion.pipelines import get_pipeline

        fuser.set_params(teacher=get_pipeline(recipe.teacher))
    print(f"{name}: {counts}, {fuser.max_seconds:.0f} seconds to train", flush=True)
    start = time.perf_counter()
    fuser.fit(X)
    fuser.set_params(device="cpu")
    fuser.save_weights(args.out / f"{name}.safetensors")
    curve = fuser.loss_curve_
    record = {
        "fuser": recipe.fuser,
        "settings": settings,
        "teacher": recipe.teacher,
        "images": counts,
        "seed": args.seed,
        "seconds": round(time.perf_counter() - start),
        "epochs": len(curve),
        "device": _device_name(args.device),
        "torch": torch.__version__,
        "loss_curve": [curve[i] for i in _spread(len(curve))],
    }
    (args.out / f"{name}.json").write_text(json.dumps(record, indent=1))
    print(f"{name}: {len(curve)} epochs, loss {curve[0]:.4g} to {curve[-1]:.4g}")


def _left(args, loading):
    """Return the seconds for the steps, of those from the start of the process.

    ``fit`` first makes tensors of all images, which takes about as long as it took to
    load them; the last step and the file want a moment too.
    """
    spent = time.perf_counter() - STARTED
    return max(args.seconds - spent - loading - 0.02 * args.seconds - 2, 0.1)


def _device_name(device):
    import torch

    from skfusion.learning.devices import resolve_device

    device = resolve_device(device)
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def _spread(n, most=40):
    """Return up to ``most`` indices, evenly over n, the last included."""
    return sorted({round(i) for i in np.linspace(0, n - 1, min(n, most))})


def train(args):
    """Train networks side by side, each in a process of its own."""
    args.out.mkdir(parents=True, exist_ok=True)
    names = args.names or list(RECIPES)
    unknown = sorted(set(names) - set(RECIPES))
    if unknown:
        raise SystemExit(f"{unknown[0]!r} is unknown: use some of {', '.join(RECIPES)}")
    if len(names) == 1:
        return train_one(args)
    waiting, running, limits, failed = list(names), {}, {}, []
    command = [sys.executable, __file__, "train", "--data", args.data, "--out"]
    command += [args.out, "--device", args.device, "--seconds", args.seconds]
    command += ["--seed", args.seed]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    while waiting or running:
        while waiting and len(running) < args.jobs:
            name = waiting.pop(0)
            log = open(args.out / f"{name}.log", "w")  # closed with the process
            running[name] = subprocess.Popen(
                [*map(str, command), name],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
            )
            limits[name] = time.monotonic() + args.seconds + args.grace
        time.sleep(0.5)
        for name, job in running.items():
            if time.monotonic() > limits[name] and job.poll() is None:
                print(
                    f"{name}: killed {args.grace:.0f} seconds after its time",
                    flush=True,
                )
                job.kill()
                job.wait()
        for name in [name for name, job in running.items() if job.poll() is not None]:
            if running.pop(name).returncode:
                failed.append(name)
            print((args.out / f"{name}.log").read_text()[-800:].strip(), flush=True)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def main():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    pack = commands.add_parser("prepare", help="pack training images into a folder")
    pack.add_argument("--pairs", type=Path, nargs=2, required=True)
    pack.add_argument("--photographs", type=Path, nargs="*", default=[])
    pack.add_argument("--drawn", type=int, default=60, help="scenes to draw")
    pack.add_argument("--data", type=Path, required=True)
    pack.set_defaults(run=prepare)
    fit = commands.add_parser("train", help="train networks")
    fit.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    fit.add_argument("--data", type=Path, required=True)
    fit.add_argument("--out", type=Path, required=True)
    fit.add_argument(
        "--seconds",
        type=float,
        default=360.0,
        help="of each network, from its start to its file",
    )
    grace_help = "seconds after its time until a training is killed"
    fit.add_argument("--grace", type=float, default=60.0, help=grace_help)
    fit.add_argument("--jobs", type=int, default=32, help="networks at a time")
    fit.add_argument("--device", default="auto")
    fit.add_argument("--seed", type=int, default=0)
    fit.set_defaults(run=train)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
