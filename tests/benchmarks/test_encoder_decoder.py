"""The training of the encoder-decoder: it learns, stops in time and goes on."""

# SPDX-License-Identifier: BSD-3-Clause
import json
import sys

import cv2
import pytest
import torch

from skfusion.datasets import make_scene_pairs
from skfusion.fusers import EncoderDecoderFuser
from skfusion.weights import read_metadata


@pytest.fixture(scope="module")
def script(root):
    sys.path.insert(0, str(root / "benchmarks" / "train"))
    try:
        import encoder_decoder
    finally:
        sys.path.pop(0)
    return encoder_decoder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    scenes = make_scene_pairs(3, (70, 90), random_state=0, color=False)
    for i, pair in enumerate(zip(scenes.infrared, scenes.visible)):
        for side, image in zip(("ir", "vis"), pair):
            place = (folder / "held_out" if i == 2 else folder) / side
            place.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(place / f"scene_{i}.png"), image)
    return folder


def run(script, data, out, *more):
    script.main(
        ["train", "--data", str(data), "--out", str(out), "--seconds", "1000"]
        + ["--device", "cpu", "--base-channels", "16", "--crop-size", "64"]
        + ["--batch-size", "2", *more]
    )
    return json.loads((out / "encoder_decoder_leaky_relu_16.json").read_text())


def test_a_run_writes_weights_that_fuse_and_goes_on_where_it_stopped(
    script, data, tmp_path
):
    checkpoint = ["--checkpoint", str(tmp_path / "kept")]
    log = run(script, data, tmp_path, "--steps", "2", *checkpoint)
    assert log["samples"] == 4 and log["held_out_pairs"] == 1
    assert set(log["evaluations"][-1]) >= {"qw", "qe", "dark_sky", "false_edges"}
    path = tmp_path / "encoder_decoder_leaky_relu_16.safetensors"
    assert read_metadata(path)["class"] == "EncoderDecoderFuser"
    fuser = EncoderDecoderFuser("leaky_relu", 16, weights=path)
    image = cv2.imread(str(data / "ir" / "scene_0.png"), 0)
    before = fuser.transform([(image, image)])[0]
    log = run(script, data, tmp_path, "--steps", "4", "--dense", "yes", *checkpoint)
    assert log["samples"] == 8 and log["evaluations"][-1]["steps"] == 4
    after = EncoderDecoderFuser("leaky_relu", 16, weights=path)
    assert abs(after.transform([(image, image)])[0] - before).max() > 1e-3


def test_a_checkpoint_holds_network_and_optimizer(script, data, tmp_path):
    args = script.parser().parse_args(
        ["train", "--data", str(data), "--out", str(tmp_path), "--seconds", "9"]
        + ["--device", "cpu", "--base-channels", "16", "--crop-size", "64"]
        + ["--batch-size", "2"]
    )
    one, two = script.Training(args), script.Training(args)
    for _ in range(2):
        one.step(0.5)
    one.save_checkpoint(tmp_path / "kept", 4.5)
    assert two.load_checkpoint(tmp_path / "kept") == 4.5 and two.n_steps == 2
    first, second = one.tensors(), two.tensors()
    assert set(first) == set(second) and any(key.startswith("adam") for key in first)
    for key, tensor in first.items():
        assert torch.equal(tensor, second[key]), key
        assert tensor.stride() == second[key].stride()
    good = one.snapshot()
    one.step(0.5)
    one.restore(good)
    assert all(torch.equal(good[key], x) for key, x in one.tensors().items())


def test_the_rate_rises_and_falls(script):
    rates = [script.schedule(x) for x in (0.0, 0.02, 0.3, 0.7, 1.0, 1.2)]
    assert rates[0] == pytest.approx(0.1) and rates[1] == pytest.approx(1.0)
    assert rates[1:] == sorted(rates[1:], reverse=True)
    assert rates[-1] == rates[-2] == pytest.approx(0.005)
