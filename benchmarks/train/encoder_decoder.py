"""Train the encoder-decoder network with an activation, for a given time.

    encoder_decoder.py prepare --source DATA --data FOLDER
    encoder_decoder.py train --data FOLDER --out OUT --seconds 120

All runs on one device: the pairs lie there, are cropped and varied there, and no step
waits for another. The rate follows the time that has passed. With ``--checkpoint FILE``
a run goes on where an earlier one stopped.
"""

# SPDX-License-Identifier: BSD-3-Clause
import argparse
import json
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
from _device_pairs import DevicePairs, read_folder, varied

from skfusion.learning.devices import resolve_device
from skfusion.learning.training import make_generator
from skfusion.losses import LOOKS, Sources, metric_values
from skfusion.networks.autoencoders.encoder_decoder import (
    STRIDE,
    EncoderDecoderNet,
    leaky_relu,
)
from skfusion.weights import read_weights, write_weights

SHARES = {"road_": 0.6, "clip_": 0.1, "photo_": 0.2, "scene_": 0.1}
# Black skies and rims; what else LOOKS measures is left to the qualities.
LOOKED_AT = ("dark_sky", "false_edges")
REPORT_SECONDS = 5
CHECKPOINT_SECONDS = 60


class Training:
    """A network, its optimizer and the pairs, all on one device."""

    def __init__(self, args):
        self.args = args
        self.device = resolve_device(args.device)
        start = make_generator(args.seed)
        activation = None if args.activation == "none" else leaky_relu
        self.network = EncoderDecoderNet(1, args.base_channels, activation)
        self.network.initialize(start)
        if args.initial_weights:
            expected = self.network.state_dict()
            self.network.load_state_dict(read_weights(args.initial_weights, expected))
        self.network.to(self.device, memory_format=torch.channels_last)
        self.parameters = list(self.network.parameters())
        self.optimizer = torch.optim.Adam(
            self.parameters,
            args.learning_rate,
            betas=(0.9, 0.99),
            fused=self.device.type == "cuda",
        )
        self.pairs = DevicePairs(read_folder(args.data), SHARES, self.device)
        held_out = read_folder(Path(args.data) / "held_out")
        self.held_out = [self._padded(pair) for pair in held_out.values()]
        self.generator = torch.Generator(self.device).manual_seed(args.seed)
        self.dense = False
        self.n_steps = 0
        self.slower = 1.0

    def _padded(self, pair):
        planes = np.stack(pair)
        height, width = planes.shape[1:]
        extra = [(0, 0), (0, -height % STRIDE), (0, -width % STRIDE)]
        planes = torch.from_numpy(np.pad(planes, extra, mode="reflect"))
        return planes.to(self.device), (height, width)

    # One step ------------------------------------------------------------------------

    def fused(self, inputs, mixed_precision=True):
        """Return images in [0, 1] of ``(n, 2, h, w)`` pairs in [0, 1]."""
        inputs = (2 * inputs - 1).contiguous(memory_format=torch.channels_last)
        kind = self.device.type
        with torch.autocast(kind, torch.bfloat16, enabled=mixed_precision):
            out = self.network.linear_output(
                inputs[:, :1], inputs[:, 1:], folded=True, dense=self.dense
            )
        return (torch.tanh(out.float()) + 1) / 2

    def loss(self, pairs):
        """Return what a batch of pairs costs, a scalar on the device."""
        args = self.args
        noise = torch.randn(pairs.shape, generator=self.generator, device=self.device)
        fused = self.fused(pairs + noise / 255)
        sources = Sources(pairs[:, 0], pairs[:, 1])
        names = ("qw", "qe", *LOOKED_AT)
        qw, qe, *looked = metric_values(fused, sources, names).mean(0)
        loss = (1 - qw) + args.edge_weight * (1 - qe) + args.looks_weight * sum(looked)
        brighter = torch.maximum(pairs[:, :1], pairs[:, 1:])
        return loss + args.error_weight * (fused - brighter).square().mean()

    def step(self, progress):
        """Take one step; return the loss, still on the device."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.args.learning_rate * self.slower * schedule(progress)
        size = self.args.batch_size, self.args.crop_size
        pairs = varied(self.pairs.crops(*size, self.generator), self.generator)
        loss = self.loss(pairs)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.n_steps += 1
        return loss.detach()

    def progress(self, elapsed):
        """Return the share of the training that is done."""
        done = elapsed / self.args.seconds
        return max(done, self.n_steps / self.args.steps) if self.args.steps else done

    def choose_form(self):
        """Time both forms of the decoder on this device and keep the quicker one."""
        if self.args.dense != "auto" or self.device.type != "cuda":
            self.dense = self.args.dense == "yes"
            return {}
        seconds = {}
        before = self.snapshot()
        for self.dense in (False, True):
            for n in range(6):
                if n == 3:  # the first ones choose their algorithms
                    torch.cuda.synchronize()
                    start = time.perf_counter()
                self.step(0.0)
            torch.cuda.synchronize()
            seconds[self.dense] = (time.perf_counter() - start) / 3
        self.restore(before)
        self.n_steps = 0
        self.dense = seconds[True] < seconds[False]
        return {"grouped": seconds[False], "dense": seconds[True]}

    # Measured ------------------------------------------------------------------------

    @torch.inference_mode()
    def evaluate(self):
        """Return means over the held-out pairs, of images as 8-bit files hold them."""
        names, rows = ("qw", "qe", *LOOKS), []
        # Each pair has a size of its own: no search for the quickest convolutions.
        torch.backends.cudnn.benchmark = False
        for planes, (height, width) in self.held_out:
            pair = planes[None].float() / 255
            fused = (255 * self.fused(pair, mixed_precision=False)).round() / 255
            infrared, visible, fused = (
                x[..., :height, :width] for x in (*pair.split(1, 1), fused)
            )
            sources = Sources(infrared, visible)
            rows.append(metric_values(fused, sources, names)[0])
        torch.backends.cudnn.benchmark = True
        means = torch.stack(rows).mean(0).tolist()
        return {name: round(mean, 4) for name, mean in zip(names, means)}

    # Kept ----------------------------------------------------------------------------

    def tensors(self):
        """Return what a run goes on from, by name."""
        found = {f"network.{k}": x for k, x in self.network.state_dict().items()}
        for i, state in self.optimizer.state_dict()["state"].items():
            found.update({f"adam.{i}.{k}": x for k, x in state.items()})
        return found

    def snapshot(self):
        return {key: tensor.detach().clone() for key, tensor in self.tensors().items()}

    def restore(self, tensors):
        network = {k[8:]: x for k, x in tensors.items() if k.startswith("network.")}
        self.network.load_state_dict(network)
        state = {}
        for key, tensor in tensors.items():
            if key.startswith("adam."):
                _, i, name = key.split(".")
                if tensor.ndim:  # in the memory order of its parameter
                    like = torch.empty_like(self.parameters[int(i)])
                    tensor = like.detach().copy_(tensor)
                state.setdefault(int(i), {})[name] = tensor.clone()
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})

    def save_checkpoint(self, path, elapsed):
        from safetensors.torch import save_file

        tensors = {k: x.contiguous().cpu() for k, x in self.tensors().items()}
        part = path.with_suffix(".part")
        record = {"elapsed": repr(elapsed), "n_steps": str(self.n_steps)}
        save_file(tensors, part, record)
        os.replace(part, path)

    def load_checkpoint(self, path):
        """Go on from a checkpoint; return the seconds that it had trained."""
        from safetensors import safe_open
        from safetensors.torch import load_file

        with safe_open(path, framework="pt") as file:
            record = file.metadata()
        self.restore(load_file(path, device=str(self.device)))
        self.n_steps = int(record["n_steps"])
        # Other crops than those already seen.
        self.generator.manual_seed(self.args.seed + self.n_steps)
        return float(record["elapsed"])


def schedule(progress, warm_up=0.02):
    """Return the share of the highest rate: a short rise, then half a cosine."""
    if progress < warm_up:
        return 0.1 + 0.9 * progress / warm_up
    progress = min((progress - warm_up) / (1 - warm_up), 1)
    return 0.005 + 0.995 * (0.5 + 0.5 * math.cos(math.pi * progress))


def train(args):
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_float32_matmul_precision("highest")  # variances of 8-bit images need it
    torch.backends.cudnn.benchmark = True
    training = Training(args)
    log = {
        "arguments": {key: str(value) for key, value in vars(args).items()},
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name()
        if training.device.type == "cuda"
        else "cpu",
        "held_out_pairs": len(training.held_out),
        "reports": [],
        "evaluations": [],
    }
    elapsed = 0.0
    if args.checkpoint and args.checkpoint.exists():
        elapsed = training.load_checkpoint(args.checkpoint)
        print(f"goes on after {elapsed:.0f} s and {training.n_steps} steps", flush=True)
    else:
        log["seconds_a_step"] = training.choose_form()
        print(f"seconds a step: {log['seconds_a_step']}", flush=True)
    run(training, log, elapsed)
    finish(training, log)


def run(training, log, elapsed):
    """Step until the time is over."""
    args = training.args
    started = time.perf_counter() - elapsed
    reported = saved = evaluated = elapsed
    good, total, n = training.snapshot(), 0.0, 0
    while (progress := training.progress(elapsed)) < 1:
        total, n = total + training.step(progress), n + 1
        elapsed = time.perf_counter() - started
        if elapsed - reported > REPORT_SECONDS:
            mean = float(total) / n  # the one place that waits for the device
            elapsed = reported = time.perf_counter() - started
            if math.isfinite(mean):
                good = training.snapshot()
            else:
                training.restore(good)
                training.slower /= 2
            log["reports"].append([round(elapsed, 1), training.n_steps, round(mean, 5)])
            print(f"{elapsed:6.0f} s {training.n_steps:7d} loss {mean:.4f}", flush=True)
            total, n = 0.0, 0
        if args.checkpoint and elapsed - saved > CHECKPOINT_SECONDS:
            training.save_checkpoint(args.checkpoint, elapsed)
            saved = time.perf_counter() - started
        if elapsed - evaluated > args.evaluate_seconds:
            add_evaluation(training, log, elapsed)
            evaluated = time.perf_counter() - started
    if args.checkpoint:
        training.save_checkpoint(args.checkpoint, elapsed)
    add_evaluation(training, log, elapsed)


def add_evaluation(training, log, elapsed):
    found = {"seconds": round(elapsed, 1), "steps": training.n_steps}
    found.update(training.evaluate())
    log["evaluations"].append(found)
    print(found, flush=True)


def finish(training, log):
    """Write the weights and the record of the run."""
    args = training.args
    metadata = {
        "class": "EncoderDecoderFuser",
        "activation": None if args.activation == "none" else args.activation,
        "base_channels": args.base_channels,
        "visible_channels": 1,
    }
    tensors = {k: x.contiguous() for k, x in training.network.state_dict().items()}
    name = args.name or f"encoder_decoder_{args.activation}_{args.base_channels}"
    path = args.out / f"{name}.safetensors"
    write_weights(path, tensors, metadata, storage=args.storage)
    log["samples"] = training.n_steps * args.batch_size
    path.with_suffix(".json").write_text(json.dumps(log, indent=1))
    print(f"{log['samples']} samples, {path}: {path.stat().st_size / 1e6:.1f} MB")


def parser():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("prepare").add_argument
    add("--source", type=Path, required=True)
    add("--data", type=Path, required=True)
    add("--photographs", type=int, default=96)
    add("--scenes", type=int, default=72)
    add("--clips", nargs=2, action="append", default=[], metavar=("IR", "VIS"))
    add("--seed", type=int, default=0)
    add = commands.add_parser("train").add_argument
    add("--data", type=Path, required=True)
    add("--out", type=Path, required=True)
    add("--name", help="of the weights file, without its suffix")
    add("--seconds", type=float, required=True)
    add("--steps", type=int, help="stop after as many, if the time lasts")
    add("--activation", choices=["leaky_relu", "none"], default="leaky_relu")
    add("--base-channels", type=int, default=64)
    add("--batch-size", type=int, default=64)
    add("--crop-size", type=int, default=192)
    add("--learning-rate", type=float, default=2.5e-3)
    add("--edge-weight", type=float, default=1.0)
    add("--error-weight", type=float, default=1.0)
    add("--looks-weight", type=float, default=0.3)
    add("--dense", choices=["auto", "yes", "no"], default="auto")
    add("--evaluate-seconds", type=float, default=40.0)
    add("--initial-weights")
    add("--checkpoint", type=Path)
    add("--storage", default="int8")
    add("--device", default="auto")
    add("--seed", type=int, default=0)
    return parser


def main(arguments=None):
    args = parser().parse_args(arguments)
    if args.command == "train":
        return train(args)
    from _prepare_pairs import prepare

    prepare(
        args.source,
        args.data,
        photographs=args.photographs,
        scenes=args.scenes,
        clips=args.clips,
        seed=args.seed,
    )


if __name__ == "__main__":
    main()
