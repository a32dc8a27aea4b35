"""The earlier networks learn: parameters of the training, and what it repeats."""

# SPDX-License-Identifier: BSD-3-Clause
import inspect
import re

import cv2
import numpy as np
import pytest
import torch
from sklearn.utils._param_validation import Interval, StrOptions

from skfusion import fusers

from .cases import NAMES, SINGLE, each, make

# Parameters that sum or shape the loss, with another value.
LOSS = {
    "DenseFuse": {"ssim_weight": 1e6},
    "NestFuse": {"ssim_weight": 1e6},
    "IFCNN": {
        "ssim_weight": 9.0,
        "gradient_weight": 9.0,
        "max_blur": 1.0,
        "max_dimming": 0.9,
    },
    "DualBranch": {"ssim_weight": 9.0, "gradient_weight": 9.0},
    "DeepFuse": {"ssim_weight": 9.0},
    "LiuCNN": {"max_blur": 1.0},
    "RFNNest": {
        "ssim_weight": 1e7,
        "detail_weight": 1e7,
        "scale_weights": (10.0, 1.0),
        "map_weights": (3.0, 6.0),
    },
    "U2Fusion": {"mse_weight": 1.0, "share_scale": 1.0},
    "PMGI": {"intensity_weights": (0.3, 1.0), "gradient_weights": (5.0, 4.0)},
    "FusionGAN": {
        "content_weight": 1.0,
        "gradient_weight": 1.0,
        "adversarial_weight": 1e3,
        "critic_steps": 1,
        "critic_channels": 2,
    },
    "DDcGAN": {
        "content_weight": 1.0,
        "gradient_weight": 5.0,
        "adversarial_weight": 1e3,
        "critic_steps": 2,
        "critic_channels": 2,
    },
}


def states(fuser):
    return fuser.network_.state_dict()


def alike(first, second):
    return all(map(torch.equal, states(first).values(), states(second).values()))


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"FusionGAN", "DDcGAN"}))
def test_training_lowers_the_loss(name, small_pairs):
    rates = {"learning_rate": 1e-2, "final_learning_rate": 1e-3, "decay": "cosine"}
    wide = {
        "n_channels": {"U2Fusion": 6}.get(name, 3),
        "widths": (6, 6),
    }
    known = inspect.signature(getattr(fusers, name)).parameters
    wide = {key: value for key, value in wide.items() if key in known}
    curve = make(name, **rates, **wide, max_epochs=40).fit(small_pairs).loss_curve_
    if name == "RFNNest":  # both stages
        assert len(curve) == 80
        assert np.mean(curve[70:]) < 0.9 * np.mean(curve[40:42])
    assert np.mean(curve[30:40]) < 0.95 * np.mean(curve[:2])


@each
def test_training_repeats_bitwise_and_leaves_the_global_generators(
    name, small_pairs, trained
):
    before = np.random.get_state()[1].copy(), torch.get_rng_state().clone()
    again = make(name).fit(small_pairs)
    assert np.array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.get_rng_state(), before[1])
    assert again.loss_curve_ == trained(name).loss_curve_
    assert alike(again, trained(name))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        pytest.param(name, {key: value}, id=f"{name}-{key}")
        for name in NAMES
        for key, value in {
            **LOSS[name],
            "batch_size": 1,
            "crop_size": 48,
            "learning_rate": 0.02,
            "random_state": 1,
            "max_epochs": 2,
        }.items()
    ],
)
def test_every_parameter_of_the_training_matters(name, change, small_pairs, trained):
    assert not alike(make(name, **change).fit(small_pairs), trained(name))


@pytest.mark.parametrize("name", SINGLE)
def test_single_images_train_too(name, small_pairs):
    images = [image for pair in small_pairs for image in pair]
    fuser = make(name, batch_size=3).fit(images)
    fused = fuser.transform(small_pairs)
    assert [image.shape for image in fused] == [ir.shape for ir, _ in small_pairs]


def test_the_halves_of_rfn_nest_share_the_time(small_pairs):
    params = {"max_epochs": 10**7, "max_seconds": 0.4, "autoencoder_share": 0.9}
    curve = make("RFNNest", **params).fit(small_pairs).loss_curve_
    assert 2 <= len(curve) < 10**6


def test_rfn_nest_leaves_the_autoencoder_alone_while_it_learns_to_fuse(small_pairs):
    first, second = (
        make("RFNNest", detail_weight=weight).fit(small_pairs) for weight in (1, 1e6)
    )
    parts = [fuser.network_.autoencoder.state_dict() for fuser in (first, second)]
    assert all(map(torch.equal, parts[0].values(), parts[1].values()))
    parts = [fuser.network_.fusion.state_dict() for fuser in (first, second)]
    assert not all(map(torch.equal, parts[0].values(), parts[1].values()))
    assert all(p.requires_grad for p in first.network_.autoencoder.parameters())


@each
def test_parameters_out_of_range_are_named(name, small_pairs):
    for parameter, constraint in make(name)._parameter_constraints.items():
        for part in constraint:
            if isinstance(part, Interval) and part.left is not None:
                wrong = make(name, **{parameter: part.left - 1})
            elif isinstance(part, StrOptions) and "weights" not in parameter:
                wrong = make(name, **{parameter: "nonsense"})
            else:
                continue
            with pytest.raises(ValueError, match=f"'{parameter}' parameter"):
                wrong.fit(small_pairs)


@each
def test_defaults_are_said_in_the_docstring(name):
    cls = getattr(fusers, name)
    for parameter in inspect.signature(cls).parameters.values():
        text = str(parameter.default).strip("'")
        if parameter.name == "tile_size":
            continue
        entry = rf"{parameter.name}( : |, )"
        documented = inspect.getdoc(cls)  # unindented, as Python 3.13 has it at once
        found = re.search(rf"^(\w+, )?{entry}.*(\n.*)?", documented, re.M)
        assert found, parameter.name
        said = found.group().replace('"', "").replace("0.0001", "1e-04")
        text = text.replace("0.0001", "1e-04")
        assert text in said, (parameter.name, text, said)


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("DenseFuse", {"activity_window": 2}, "activity_window=2: the window needs a"),
        ("NestFuse", {"widths": (4,)}, r"widths=\(4,\): expected the channels of two"),
        ("NestFuse", {"widths": (4, 1)}, r"widths=\(4, 1\): expected"),
        ("NestFuse", {"crop_size": 17}, "crop_size=17: crops for 2 scales are multip"),
        ("RFNNest", {"widths": (4,)}, r"widths=\(4,\): expected the channels of two"),
        ("RFNNest", {"scale_weights": (1.0,)}, "expected one for each of the 2 scales"),
        ("RFNNest", {"map_weights": (1.0,)}, "map_weights=.*expected two"),
        ("PMGI", {"intensity_weights": (1.0,)}, "intensity_weights=.*expected two"),
        ("PMGI", {"gradient_weights": (1.0,)}, "gradient_weights=.*expected two"),
        ("FusionGAN", {"crop_size": 46}, "crop_size=46.*use 47 pixels or more"),
        ("DDcGAN", {"crop_size": 46}, "crop_size=46.*use 47 pixels or more"),
        ("LiuCNN", {"crop_size": 15}, "crop_size=15.*patches of 16 pixels"),
    ],
)
def test_what_does_not_fit_together_is_named(name, params, message, small_pairs):
    with pytest.raises(ValueError, match=message):
        make(name, **params).fit(small_pairs)


def test_weights_that_do_not_ship_are_named(small_pairs, monkeypatch):
    monkeypatch.setattr(fusers.DenseFuse, "_weights_name", "nothing")
    with pytest.raises(ValueError, match="weights='pretrained'.*weights=None and fit"):
        fusers.DenseFuse().transform(small_pairs)


@each
def test_shipped_weights_show_both_images(name, golden):
    ir, vis = (
        cv2.imread(str(golden / "inputs" / f"odd_{kind}.png"), 0)[30:94, 40:120] / 255
        for kind in ("ir", "vis")
    )
    fused = getattr(fusers, name)(device="cpu").transform([(ir, vis)])[0]
    for image, least in ((ir + vis, 0.7), (ir, 0.1), (vis, 0.1)):
        assert np.corrcoef(fused.ravel(), image.ravel())[0, 1] > least
    assert 0.5 < fused.mean() / (ir + vis).mean() * 2 < 1.6
