"""Differentiable losses: equal to the metrics, finite gradients everywhere."""

import json

import cv2
import numpy as np
import pytest
import torch

from skfusion import losses
from skfusion.losses import (
    dssim,
    fusion_quality_loss,
    qabf_loss,
    qe_loss,
    qw_loss,
    ssim_loss,
    vif_loss,
)
from skfusion.metrics import qabf, qe, qs, qw, ssim, vif

BLOCKS = {"variant": "uiqi_blocks"}
LOSSES = {
    "ssim": ssim_loss,
    "vif": vif_loss,
    "qabf": qabf_loss,
    "qw": qw_loss,
    "qw ssim": lambda *x: qw_loss(*x, variant="ssim"),
    "qw deviation": lambda *x: qw_loss(*x, share="deviation"),
    "qw ssim deviation": lambda *x: qw_loss(*x, variant="ssim", share="deviation"),
    "qw uniform": lambda *x: qw_loss(*x, weighting="uniform"),
    "qe": qe_loss,
    "qe ssim": lambda *x: qe_loss(*x, variant="ssim"),
    "qe power": lambda *x: qe_loss(*x, alpha=0.7),
    "total": lambda *x: fusion_quality_loss(*x, gamma=1.0),
    "total compat": lambda *x: fusion_quality_loss(*x, gamma=1.0, compat=True),
}
METRICS = {
    "ssim": ssim,
    "vif": vif,
    "qabf": lambda *x: qabf(*x, tie="one"),
    "qw": lambda *x: qw(*x, **BLOCKS),
    "qw ssim": qw,
    "qw uniform": lambda *x: qs(*x, **BLOCKS),
    "qe": lambda *x: qe(*x, **BLOCKS, alpha=1.0),
    "qe ssim": qe,
    "qe power": lambda *x: qe(*x, **BLOCKS),
}


def scene(seed, shape=(48, 56)):
    image = cv2.GaussianBlur(np.random.default_rng(seed).random(shape), (0, 0), 1.5)
    return (image - image.min()) / np.ptp(image)


def images(seed=0):
    a, b = scene(seed), scene(seed + 100)
    return a, b, 0.6 * a + 0.4 * b**2


def tensors(*arrays):
    return [torch.from_numpy(np.stack(x)[:, None]) for x in arrays]


@pytest.mark.parametrize("name", METRICS)
def test_a_loss_is_one_less_its_metric(name):
    batch = [images(0), images(1)]
    a, b, f = zip(*batch)
    value = LOSSES[name](*tensors(a, b, f))
    expected = 1 - np.mean([METRICS[name](*x) for x in batch])
    assert float(value) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", LOSSES)
def test_single_precision_is_close(name):
    x = tensors(*([y] for y in images()))
    single = LOSSES[name](*(y.float() for y in x))
    assert single.dtype == torch.float32
    assert float(single) == pytest.approx(float(LOSSES[name](*x)), abs=2e-4)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("flat", ["fused", "infrared", "sources", "all"])
def test_constant_images_give_finite_gradients(name, level, flat):
    a, b, f = tensors(*([y] for y in images()))
    constant = torch.full_like(f, level)
    a = constant if flat in ("infrared", "sources", "all") else a
    b = constant if flat in ("sources", "all") else b
    f = (constant if flat in ("fused", "all") else f).clone().requires_grad_()
    value = LOSSES[name](a, b, f)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(f.grad).all()


@pytest.mark.parametrize("name", LOSSES)
def test_descent_lowers_the_loss(name):
    a, b, _ = tensors(*([y] for y in images()))
    f = torch.full_like(a, 0.5) + 0.05 * torch.from_numpy(scene(9))
    f.requires_grad_()
    before = LOSSES[name](a, b, f)
    (gradient,) = torch.autograd.grad(before, f)
    after = LOSSES[name](a, b, f - 1e-3 * gradient / gradient.abs().max())
    assert float(after.detach()) < float(before.detach())


@pytest.mark.parametrize("name", ["ssim", "vif", "qw ssim", "qe", "qabf"])
def test_gradients_equal_finite_differences(name):
    a, b, f = tensors(*([y] for y in images()))
    f.requires_grad_()
    (gradient,) = torch.autograd.grad(LOSSES[name](a, b, f), f)
    direction = torch.from_numpy(scene(5) - 0.5)
    step = 1e-6
    with torch.no_grad():
        up = LOSSES[name](a, b, f + step * direction)
        down = LOSSES[name](a, b, f - step * direction)
    slope = float((up - down) / (2 * step))
    assert float((gradient * direction).sum()) == pytest.approx(slope, rel=1e-4)


def test_colour_is_reduced_to_luma_with_a_gradient():
    a, b, f = tensors(*([y] for y in images()))
    rgb = torch.cat([f, f**2, 0.5 * f], dim=1).requires_grad_()
    luma = 0.299 * f + 0.587 * f**2 + 0.114 * 0.5 * f
    value = qw_loss(a, b, rgb)
    assert float(value.detach()) == pytest.approx(float(qw_loss(a, b, luma)), abs=1e-12)
    value.backward()
    assert rgb.grad.abs().amax(dim=(0, 2, 3)).min() > 0


def test_saliency_of_a_batch_weighs_its_images_unequally():
    strong, weak = images(0), tuple(0.4 + 0.1 * x for x in images(1))
    batch = tensors(*zip(strong, weak))
    singles = [float(qw_loss(*(x[k : k + 1] for x in batch))) for k in (0, 1)]
    assert float(qw_loss(*batch)) == pytest.approx(np.mean(singles), abs=1e-9)
    together = float(qw_loss(*batch, scope="batch"))
    assert together == pytest.approx(singles[0], abs=0.02)
    assert together != pytest.approx(np.mean(singles), abs=1e-4)


@pytest.mark.parametrize("alpha", [1.0, 0.7])
def test_a_negative_edge_term_counts_as_it_is(alpha):
    steps = np.arange(24) % 8
    a = np.tile(3 * steps.cumsum(), (24, 1)) / 255
    f = np.tile(3 * (7 - steps).cumsum(), (24, 1)) / 255
    x, y = tensors([a], [f])
    value = qe(a, a, f, **BLOCKS, alpha=1)
    assert value < 0
    assert float(qe_loss(x, x, y, alpha=alpha)) == pytest.approx(1 - value, abs=1e-9)


def test_the_total_is_the_weighted_sum():
    x = tensors(*([y] for y in images()))
    error = ((x[2] - x[0]).square().mean() + (x[2] - x[1]).square().mean()) / 2
    expected = 2 * qw_loss(*x) + 3 * qe_loss(*x) + 5 * error
    total = fusion_quality_loss(*x, alpha=2.0, beta=3.0, gamma=5.0)
    assert float(total) == pytest.approx(float(expected), rel=1e-12)


def test_compat_values_of_the_authors(shared):
    folder = shared / "reference" / "encoder_decoder"
    if not folder.is_dir():
        pytest.skip("the authors' values are not beside the repository")
    expected = json.loads((folder / "pyfusion_loss_values.json").read_text())
    data = np.load(folder / "pyfusion_loss_inputs.npz")
    x = {key: torch.from_numpy((data[key] + 1) / 2) for key in data}
    only = {
        "Q": {"beta": 0.0},
        "QE": {"alpha": 0.0},
        "MSE": {"alpha": 0.0, "beta": 0.0, "gamma": 1.0},
    }
    for name, fused in (("avg", "fused"), ("vis", "vis"), ("ir", "ir")):
        args = x["ir"], x["vis"], x[fused]
        for key, weights in only.items():
            value = float(fusion_quality_loss(*args, **weights, compat=True))
            assert value == pytest.approx(expected[f"{name}_{key}"][0], abs=1e-4)
    for k in (0, 1):
        args = [x[n][k : k + 1] for n in ("ir", "vis", "fused")]
        for key in ("Q", "QE"):
            value = float(fusion_quality_loss(*args, **only[key], compat=True))
            assert value == pytest.approx(expected[f"avg_img{k}_{key}"], abs=1e-4)


@pytest.mark.parametrize("window, expected", [(3, 0.42134550), (11, 0.45155713)])
def test_dssim_equals_kornia(shared, window, expected):
    folder = shared / "reference" / "kornia"
    if not folder.is_dir():
        pytest.skip("kornia's values are not beside the repository")
    x, y = (torch.from_numpy(np.load(folder / f"ssimloss_{k}.npy")) for k in "ab")
    assert float(dssim(x, y, window=window)) == pytest.approx(expected, abs=2e-7)


def test_dssim_is_bounded_and_zero_for_equal_images():
    a, b, _ = tensors(*([y] for y in images()))
    assert float(dssim(a, a)) == pytest.approx(0.0, abs=1e-12)
    assert 0 < float(dssim(a, 1 - b)) <= 0.5


@pytest.mark.parametrize("window", [0, 4, -3])
def test_dssim_needs_an_odd_window(window):
    a = torch.zeros(1, 1, 16, 16)
    with pytest.raises(ValueError, match="odd"):
        dssim(a, a, window=window)


@pytest.mark.parametrize(
    "loss, size",
    [(ssim_loss, 11), (vif_loss, 41), (qw_loss, 8), (qe_loss, 8)]
    + [(LOSSES["qw ssim"], 11), (lambda x, y, z: dssim(x, y), 6)],
)
def test_too_small_images_are_refused(loss, size):
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(3, 1, 1, size, size + 2, generator=generator)
    assert torch.isfinite(loss(*x))
    with pytest.raises(ValueError, match=f"{size} on both sides"):
        loss(*x[..., 1:, :])


@pytest.mark.parametrize("name", LOSSES)
def test_shapes_are_checked(name):
    good, other = torch.zeros(2, 1, 48, 48), torch.zeros(2, 1, 48, 50)
    with pytest.raises(ValueError, match="infrared has shape"):
        LOSSES[name](good[0], good, good)
    with pytest.raises(ValueError, match="fused has shape"):
        LOSSES[name](good, good, torch.zeros(2, 2, 48, 48))
    with pytest.raises(ValueError, match="differ in shape"):
        LOSSES[name](good, other, good)


@pytest.mark.parametrize("option", ["variant", "weighting", "scope", "share"])
@pytest.mark.parametrize("loss", [qw_loss, qe_loss])
def test_unknown_options_are_named(loss, option):
    x = torch.zeros(1, 1, 16, 16)
    with pytest.raises(ValueError, match=f"{option}='nope'"):
        loss(x, x, x, **{option: "nope"})


@pytest.mark.parametrize("target", ["both", "infrared", "visible", "brighter"])
def test_fusion_quality_loss_compares_with_its_target(target):
    a, b, f = torch.rand(3, 2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    loss = losses.fusion_quality_loss(
        a, b, f, alpha=0, beta=0, gamma=2.0, target=target
    )
    expected = {
        "both": ((a - f) ** 2 + (b - f) ** 2).mean(),
        "infrared": 2 * ((a - f) ** 2).mean(),
        "visible": 2 * ((b - f) ** 2).mean(),
        "brighter": 2 * ((torch.maximum(a, b) - f) ** 2).mean(),
    }
    torch.testing.assert_close(loss, expected[target])


def test_fusion_quality_loss_takes_the_form_of_the_qualities():
    a, b, f = torch.rand(3, 2, 1, 24, 24, generator=torch.Generator().manual_seed(0))
    for variant in ("uiqi_blocks", "ssim"):
        expected = losses.qw_loss(a, b, f, variant=variant) + 2 * losses.qe_loss(
            a, b, f, variant=variant
        )
        loss = losses.fusion_quality_loss(a, b, f, beta=2.0, variant=variant)
        torch.testing.assert_close(loss, expected)
    with pytest.raises(ValueError, match="target='none'"):
        losses.fusion_quality_loss(a, b, f, target="none")


def test_ssim_form_is_finite_in_single_precision():
    """Rounding makes variances of even areas negative; no weight may divide by 0."""
    gradient = torch.linspace(0, 1, 64).expand(1, 1, 64, 64)
    a, b = (gradient * 1e-3 + level for level in (0.7, 0.9))
    f = ((a + b) / 2).requires_grad_()
    loss = losses.fusion_quality_loss(a, b, f, variant="ssim")
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(f.grad).all()
