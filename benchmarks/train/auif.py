"""Train the shipped AUIF weights on folders of pairs.

    python benchmarks/train/auif.py INFRARED VISIBLE -o auif.safetensors

Every file of the two folders is a training image. The defaults are the shipped
weights' recipe: crops of half the side with the same zoom, a longer schedule, fixed
normalisation in its second half, the zero map tied to a grey. ``--published`` is that
of the paper.
"""

# SPDX-License-Identifier: BSD-3-Clause
import argparse
import json
import time
from pathlib import Path

import torch

from skfusion.fusers import AUIF

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("folders", nargs="+", type=Path)
parser.add_argument("-o", "--output", type=Path, required=True)
parser.add_argument("--published", action="store_true")
parser.add_argument("--max-epochs", type=int, default=200)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--threads", type=int, default=1)
args = parser.parse_args()

torch.set_num_threads(args.threads)
schedule = dict(
    max_epochs=args.max_epochs,
    milestones=[args.max_epochs // 2, args.max_epochs * 9 // 10],
    frozen_epochs=args.max_epochs // 2,
    batch_size=32,
    crop_size=64,
    crop_scale=(0.02, 0.25),
    zero_weight=1.0,
    zero_level=0.48,
)
images = sorted(str(path) for folder in args.folders for path in folder.iterdir())
start = time.perf_counter()
fuser = AUIF(
    weights=None,
    random_state=args.seed,
    device="cpu",
    verbose=True,
    **({} if args.published else schedule),
).fit(images)
fuser.save_weights(args.output)
record = {
    "images": len(images),
    "seconds": round(time.perf_counter() - start),
    "torch": torch.__version__,
    "seed": args.seed,
    "schedule": "published" if args.published else schedule,
    "loss_curve": [round(value, 6) for value in fuser.loss_curve_],
}
args.output.with_suffix(".json").write_text(json.dumps(record, indent=1))
print(f"{len(images)} images, {record['seconds']} s, loss {fuser.loss_curve_[-1]:.5f}")
