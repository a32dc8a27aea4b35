"""Train the shipped weights of the learned pyramid.

    python benchmarks/train/train_learned_pyramid.py pairs DATA FOLDER
    python benchmarks/train/train_learned_pyramid.py opponents FOLDER
    python benchmarks/train/train_learned_pyramid.py train FOLDER -o OUT --seconds 420

``pairs`` cuts and draws the training pairs from the development data; ``opponents``
measures what the other methods reach on them, resumably and in as many processes as
parts; ``train`` works for a given time, keeps a checkpoint in OUT and goes on from it
when it is started again. The scores are those on pairs that no training saw.
"""

# SPDX-License-Identifier: BSD-3-Clause
import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from _pyramid_pairs import make_pairs
from _pyramid_table import OPPONENTS, entries, gather, measure, read_pairs, write_pairs

from skfusion.fusers.deep.pyramid._pyramid_training import (
    LOOKS_WEIGHTS,
    Objective,
    PyramidTrainer,
)
from skfusion.learning.weights import write_weights
from skfusion.losses import MeanRankLoss, Sources, looks, metric_values
from skfusion.networks.pyramid_decisions import PyramidDecisions

# How many opponents each counts for, and how often a kind of pair is drawn.
COUNTS = {"average": 2.0, "laplacian_pyramid": 1.5, "gfce": 1.5}
COUNTS |= {"pyramid_balanced": 0.5, "fast": 0.5}
KINDS = {"scene_changed": 0.8, "sky": 0.8, "photo": 0.5}
SECOND = ("vif", "viff", "scd", "cc", "ms_ssim", "nabf", "qw")
SIZES = ("n_channels", "n_levels", "max_gain", "tone", "matching", "n_hidden")
EVERY = 30.0  # seconds between two lines of the log


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    pairs = commands.add_parser("pairs")
    pairs.add_argument("data", type=Path)
    pairs.add_argument("folder", type=Path)
    opponents = commands.add_parser("opponents")
    opponents.add_argument("folder", type=Path)
    opponents.add_argument("--part", type=int, default=0)
    opponents.add_argument("--parts", type=int, default=1)
    train = commands.add_parser("train")
    train.add_argument("folder", type=Path)
    train.add_argument("-o", "--out", type=Path, required=True)
    train.add_argument("--seconds", type=float, default=420.0)
    train.add_argument("--start", type=Path, help="weights to start from, or to widen")
    train.add_argument("--n-channels", type=int, default=20)
    train.add_argument("--n-levels", type=int, default=5)
    train.add_argument("--n-hidden", type=int, default=32)
    train.add_argument("--max-gain", type=float, default=0.7)
    train.add_argument("--no-tone", dest="tone", action="store_false")
    train.add_argument("--no-matching", dest="matching", action="store_false")
    train.add_argument("--looks-weight", type=float, default=1.0)
    train.add_argument("--looks-weights", type=float, nargs=5, default=LOOKS_WEIGHTS)
    train.add_argument("--halo-weight", type=float, default=15.0)
    train.add_argument("--second-weight", type=float, default=0.5)
    train.add_argument("--batch-size", type=int, default=48)
    train.add_argument("--learning-rate", type=float, default=None)
    train.add_argument("--softness", type=float, default=None)
    train.add_argument(
        "--flips", action="store_true", help="twice the pairs, 14 MB each"
    )
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--limit", type=int, help="use so many pairs only")
    train.add_argument("--device", default="auto")
    args = parser.parse_args()
    {"pairs": cut, "opponents": rate, "train": run}[args.command](args)


def cut(args):
    args.folder.mkdir(parents=True, exist_ok=True)
    write_pairs(make_pairs(args.data), args.folder / "pairs.npz")


def rate(args):
    infrared, visible, *_ = read_pairs(args.folder / "pairs.npz")
    path = args.folder / f"opponents_{args.part}.jsonl"
    measure(infrared, visible, path, args.part, args.parts)
    paths = sorted(args.folder.glob("opponents_*.jsonl"))
    np.save(args.folder / "table.npy", gather(paths, len(infrared)))


def load(folder, metrics, limit):
    """Return images, table, kinds and held-back marks of what was measured."""
    infrared, visible, kind, _, held = read_pairs(folder / "pairs.npz")
    table = np.load(folder / "table.npy")
    names = [entry.column for entry in entries()]
    table = table[:, :, [names.index(name) for name in metrics]]
    use = np.isfinite(table).any((1, 2))
    if limit:
        use &= np.cumsum(use) <= limit
    images = [torch.from_numpy(x[use]).float() / 255 for x in (infrared, visible)]
    return *images, torch.from_numpy(table[use]), kind[use], held[use]


def run(args):
    begun = time.perf_counter()
    device = args.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.benchmark = True
    args.out.mkdir(parents=True, exist_ok=True)
    first = [entry.column for entry in entries()][:13]
    metrics = (*first, *SECOND)
    infrared, visible, table, kind, held = load(args.folder, metrics, args.limit)
    generator = torch.Generator().manual_seed(args.seed)
    network = make_network(args, generator)
    metadata = {"class": "LearnedPyramid", **network.settings()}
    train, test = torch.from_numpy(~held), torch.from_numpy(held)
    order = torch.nonzero(train)[:, 0]
    sides = (infrared[order], visible[order])
    if args.flips:
        sides = [torch.cat([side, side.flip(2)]) for side in sides]
        order = torch.cat([order, order])
    objective = make_objective(args, metrics, table[order])
    fresh = args.start is None
    trainer = PyramidTrainer(
        network,
        *sides,
        objective,
        generator=generator,
        sampling=torch.tensor([KINDS.get(kind[i], 1.0) for i in order]),
        batch_size=args.batch_size,
        learning_rate=args.learning_rate or (4e-3 if fresh else 1.6e-3),
        softness=(args.softness or (0.5 if fresh else 0.2), 0.12),
        device=device,
    )
    checkpoint, spent = args.out / "checkpoint.pt", 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        trainer.restore(state["trainer"])
        spent = state["spent"]
    log = (args.out / "log.txt").open("a")

    def say(*words):
        line = f"[{time.perf_counter() - begun:6.1f}] " + " ".join(map(str, words))
        print(line, flush=True)
        print(line, file=log, flush=True)

    say("pairs", len(trainer.sampling), "held back", int(test.sum()), "on", device)
    start, due = time.perf_counter(), 0.0
    budget = args.seconds - (start - begun) - 12
    while True:
        seconds = spent + time.perf_counter() - start
        if seconds >= budget:
            break
        loss, parts = trainer.step(seconds / budget)
        if time.perf_counter() - start >= due:
            say(report(trainer.n_steps, loss, parts, metrics))
            state = {"trainer": trainer.state(), "spent": seconds}
            torch.save(state, checkpoint.with_suffix(".tmp"))
            checkpoint.with_suffix(".tmp").replace(checkpoint)
            due += EVERY
    network = trainer.finish()
    path = args.out / "learned_pyramid.safetensors"
    write_weights(path, network.state_dict(), metadata)
    masks = {str(k): test & torch.from_numpy(kind == k) for k in sorted(set(kind))}
    scores = {
        k: score(network, infrared, visible, table, mask, args, metrics, device)
        for k, mask in {**masks, "all": test}.items()
        if mask.any()
    }
    record = {
        "steps": trainer.n_steps,
        "seconds": round(time.perf_counter() - begun),
        "torch": torch.__version__,
        "settings": {k: str(v) for k, v in vars(args).items()},
        "scores": scores,
    }
    path.with_suffix(".json").write_text(json.dumps(record, indent=1))
    say("steps", trainer.n_steps, json.dumps(scores))


def make_objective(args, metrics, table):
    counts = torch.tensor([COUNTS.get(name, 1.0) for name in OPPONENTS])
    ranks = MeanRankLoss(table, metrics, method_weights=25 * counts / counts.sum())
    second = args.second_weight / len(SECOND)
    return Objective(
        ranks,
        torch.tensor([1 / 13] * 13 + [second] * len(SECOND)),
        looks_weight=args.looks_weight,
        halo_weight=args.halo_weight,
        looks_weights=tuple(args.looks_weights),
    )


def make_network(args, generator):
    network = PyramidDecisions(**{name: getattr(args, name) for name in SIZES})
    network.initialize(generator)
    if args.start is not None:
        from safetensors.torch import load_file

        widen(network, load_file(args.start))
    return network


@torch.no_grad()
def widen(network, state):
    """Give a network what a narrower one computes; new channels start unheard."""
    new, c = network.state_dict(), state["head.weight"].shape[1]
    full = network.n_channels
    for name, value in state.items():
        target = new[name]
        if name == "mix.weight":
            target[:c] = 0
            target[:c, :c] = value[:, :c]
            target[:c, full : full + c] = value[:, c:]
        elif name.startswith("scene.2"):
            target[:] = 0
            target[:c], target[full:] = value[:c], value[c:]
        elif name in ("head.weight", "base.weight"):
            target[:] = 0
            target[:, :c] = value
        elif name == "level_bias":
            target[:, :c] = value
        elif name.startswith("curve.2") and len(value) < len(target):
            target[: len(value)] = value
        elif name in ("read.weight", "read.bias", "mix.bias"):
            target[:c] = value
        else:
            target.copy_(value)
    network.load_state_dict(new)


def report(n_steps, loss, parts, metrics):
    ranks = " ".join(
        f"{name}{float(rank):.0f}" for name, rank in zip(metrics, parts["ranks"])
    )
    seen = " ".join(f"{float(x):.3f}" for x in parts["looks"])
    return (
        f"step {n_steps} loss {float(loss):.3f} batch {parts['batch'][:13].mean():.2f} "
        f"{parts['batch'][13:].mean():.2f} | {ranks} | looks {seen} "
        f"halo {float(parts['halo']):.4f}"
    )


@torch.no_grad()
def score(network, infrared, visible, table, mask, args, metrics, device):
    """Mean ranks among the opponents over the held-back pairs of a mask."""
    network = network.to(device)
    values, seen = [], []
    for i in torch.nonzero(mask)[:, 0].split(16):
        a, b = infrared[i].to(device), visible[i].to(device)
        fused = network(a[:, None], b[:, None])[:, 0].clamp(0, 1)
        fused = (fused * 255).round() / 255
        sources = Sources(a, b)
        values.append(metric_values(fused, sources, metrics))
        seen.append(looks(fused, sources))
    objective = make_objective(args, metrics, table[mask])
    objective.ranks.softness = 0
    ranks = objective.ranks.ranks_of_means(torch.cat(values).cpu())
    return {
        "first": round(float(ranks[:13].mean()), 2),
        "second": round(float(ranks[13:].mean()), 2),
        "ranks": dict(zip(metrics, [round(float(r), 1) for r in ranks])),
        "looks": [round(float(x), 4) for x in torch.cat(seen).mean(0)],
        "pairs": int(mask.sum()),
    }


if __name__ == "__main__":
    main()
