"""Train the shipped weights of the encoder-decoder network.

    python benchmarks/train_encoder_decoder.py PAIRS -o encoder_decoder.safetensors

``--clips IR.mp4 VIS.mp4`` (repeatable) adds every tenth frame of a pair of video clips
to the training pairs. The defaults are the shipped weights' recipe, made for a CPU:
crops of 128 pixels, bfloat16 convolutions. ``--published`` is that of the paper.
"""

# SPDX-License-Identifier: BSD-3-Clause
import argparse
import json
import time
from pathlib import Path

import torch

from skfusion import ImagePairs, load_pairs
from skfusion.fusers import EncoderDecoderFuser
from skfusion.images import luma

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("pairs", type=Path)
parser.add_argument("-o", "--output", type=Path, required=True)
parser.add_argument("--clips", nargs=2, action="append", default=[])
parser.add_argument("--activation", choices=["leaky_relu"])
parser.add_argument("--base-channels", type=int, default=64)
parser.add_argument("--variant", default="ssim")
parser.add_argument("--error-weight", type=float, default=0.0)
parser.add_argument("--error-target", default="both")
parser.add_argument("--edge-weight", type=float, default=1.0)
parser.add_argument("--max-epochs", type=int, default=60)
parser.add_argument("--batch-size", type=int, default=16)
parser.add_argument("--crop-size", type=int, default=128)
parser.add_argument("--learning-rate", type=float, default=1e-3)
parser.add_argument("--milestones", type=int, nargs="*")
parser.add_argument("--initial-weights")
parser.add_argument("--published", action="store_true")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--threads", type=int, default=1)
args = parser.parse_args()


def frames(infrared, visible, step=10):
    """Return every tenth frame of two clips, as 8-bit gray pairs."""
    from skfusion.video import iter_video

    found = []
    for i, (ir, vis) in enumerate(iter_video(infrared, visible)):
        if i % step == 0:
            found.append([(255 * luma(x)).round().astype("uint8") for x in (ir, vis)])
    return found


torch.set_num_threads(args.threads)
folder = load_pairs(args.pairs)
stills = list(zip(folder.infrared, folder.visible))
clips = [pair for clip in args.clips for pair in frames(*clip)]
data = ImagePairs(*zip(*stills, *clips))
n = args.max_epochs
shipped = dict(
    max_epochs=n,
    batch_size=args.batch_size,
    crop_size=args.crop_size,
    learning_rate=args.learning_rate,
    milestones=args.milestones or [n // 2, n * 3 // 4, n * 7 // 8, n * 15 // 16],
    variant=args.variant,
    edge_weight=args.edge_weight,
    error_weight=args.error_weight,
    error_target=args.error_target,
    mixed_precision=True,
)
start = time.perf_counter()
fuser = EncoderDecoderFuser(
    args.activation,
    args.base_channels,
    weights=None,
    initial_weights=args.initial_weights,
    random_state=args.seed,
    device="cpu",
    verbose=True,
    **({} if args.published else shipped),
).fit(data)
fuser.save_weights(args.output)
record = {
    "stills": len(stills),
    "frames": len(clips),
    "seconds": round(time.perf_counter() - start),
    "torch": torch.__version__,
    "arguments": {k: str(v) for k, v in vars(args).items()},
    "loss_curve": [round(value, 5) for value in fuser.loss_curve_],
}
args.output.with_suffix(".json").write_text(json.dumps(record, indent=1))
print(f"{len(data)} pairs, {record['seconds']} s, loss {fuser.loss_curve_[-1]:.5f}")
