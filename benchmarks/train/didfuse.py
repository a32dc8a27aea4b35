"""Train the shipped DIDFuse weights on two folders of pairs.

    python benchmarks/train/didfuse.py INFRARED VISIBLE -o didfuse.safetensors

The defaults are the shipped weights' recipe, a reduced schedule for a CPU: smaller
crops at random places and bfloat16 convolutions, in three stages that each start from
the one before. ``--published`` is the schedule of the paper.
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
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--threads", type=int, default=1)
args = parser.parse_args()

torch.set_num_threads(args.threads)
common = dict(batch_size=6, crop_size=64, augment=True, mixed_precision=True)
stages = [
    dict(max_epochs=20, milestones=[12, 17]),
    dict(max_epochs=30, milestones=[15, 24]),
    dict(
        max_epochs=12,
        milestones=[8],
        learning_rate=3e-4,
        frozen_epochs=12,
        zero_weight=1.0,
        zero_level=0.46,
    ),
]
pairs = ImagePairs(
    sorted(map(str, args.infrared.iterdir())), sorted(map(str, args.visible.iterdir()))
)
record = {"pairs": len(pairs), "torch": torch.__version__, "seed": args.seed}
record |= {"common": common, "stages": []}
for i, stage in enumerate([{}] if args.published else stages):
    start = time.perf_counter()
    fuser = DIDFuse(
        weights=None,
        random_state=args.seed + i,
        initial_weights=args.output if i else None,
        device="cpu",
        verbose=True,
        **({} if args.published else common | stage),
    ).fit(pairs)
    fuser.save_weights(args.output)
    curve = [round(value, 6) for value in fuser.loss_curve_]
    seconds = round(time.perf_counter() - start)
    record["stages"].append({**stage, "seconds": seconds, "loss_curve": curve})
args.output.with_suffix(".json").write_text(json.dumps(record, indent=1))
print(record)
