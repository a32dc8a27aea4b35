"""Train the shipped DIDFuse weights on two folders of pairs.

    python benchmarks/train_didfuse.py INFRARED VISIBLE -o didfuse.safetensors

The defaults are a reduced schedule for a CPU: smaller crops at random places, fewer
epochs, bfloat16 convolutions; then once more from there, with the learning rate back.
``--published`` is the schedule of the paper.
"""

# SPDX-License-Identifier: BSD-3-Clause
import argparse
import json
import time
from pathlib import Path

import torch

from skfusion import ImagePairs
from skfusion.fusers import DIDFuse

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("infrared", type=Path)
parser.add_argument("visible", type=Path)
parser.add_argument("-o", "--output", type=Path, required=True)
parser.add_argument("--published", action="store_true")
parser.add_argument("--max-epochs", type=int, default=20)
parser.add_argument("--milestones", type=int, nargs="*", default=(12, 17))
parser.add_argument("--batch-size", type=int, default=6)
parser.add_argument("--crop-size", type=int, default=64)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--threads", type=int, default=1)
args = parser.parse_args()

torch.set_num_threads(args.threads)
schedule = dict(
    max_epochs=args.max_epochs,
    milestones=args.milestones,
    batch_size=args.batch_size,
    crop_size=args.crop_size,
    augment=True,
    mixed_precision=True,
)
second = {
    **schedule,
    "max_epochs": 30,
    "milestones": [15, 24],
    "initial_weights": args.output,
}
pairs = ImagePairs(
    sorted(map(str, args.infrared.iterdir())), sorted(map(str, args.visible.iterdir()))
)
stages = [{}] if args.published else [schedule, second]
record = {"pairs": len(pairs), "torch": torch.__version__, "seed": args.seed}
record["stages"] = []
for i, stage in enumerate(stages):
    start = time.perf_counter()
    fuser = DIDFuse(
        weights=None, random_state=args.seed + i, device="cpu", verbose=True, **stage
    ).fit(pairs)
    fuser.save_weights(args.output)
    curve = [round(value, 6) for value in fuser.loss_curve_]
    stage = {key: str(value) for key, value in stage.items()}
    seconds = round(time.perf_counter() - start)
    record["stages"].append({**stage, "seconds": seconds, "loss_curve": curve})
args.output.with_suffix(".json").write_text(json.dumps(record, indent=1))
print(record)
