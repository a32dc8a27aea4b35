"""The differentiable metrics are the metrics, and their gradients raise them."""

import cv2
import numpy as np
import pytest
import torch
from scipy.ndimage import correlate1d
from torch.utils._python_dispatch import TorchDispatchMode

from skfusion.losses import (
    MeanRankLoss,
    Sources,
    _filters,
    differentiable_metrics,
    metric_values,
)
from skfusion.losses import registry as registry_of_losses
from skfusion.losses.registry import as_columns
from skfusion.metrics import metric_set, registry
from skfusion.metrics.sets import Entry, compute_entries

SHAPE = (170, 163)  # five scales of 11 x 11 windows
VARIANTS = [
    Entry("mi nats", "mi", {"variant": "nats"}),
    Entry("psnr", "psnr"),
    Entry("mse vifb", "mse", {"variant": "vifb"}),
    Entry("qabf one", "qabf", {"tie": "one"}),
    Entry("vif sum", "vif", {"reduction": "sum"}),
    Entry("ms_ssim sum", "ms_ssim", {"reduction": "sum"}),
]
VIFB = metric_set("vifb")
SINGLE = [Entry(key, key) for key in differentiable_metrics()]
EVERY = VIFB + VARIANTS + [e for e in SINGLE if e.column != "psnr"]


def scene(seed, shape=SHAPE):
    """Soft texture, flat areas and sharp edges, 8 bits."""
    rng = np.random.default_rng(seed)
    image = cv2.GaussianBlur(rng.random(shape), (0, 0), 1.5)
    image = (image - image.min()) / np.ptp(image) * 160
    for _ in range(3):
        y, x = rng.integers(0, shape[0] // 2), rng.integers(0, shape[1] // 2)
        image[y : y + 40, x : x + 30] = rng.integers(40, 250)
    return image.astype(np.uint8)


def triple(seed):
    a, b = scene(seed), scene(seed + 100)
    fused = 0.6 * a + 0.5 * b + 5 * np.sin(np.arange(SHAPE[1]) / 3)
    return a, b, np.clip(fused, 0, 255).astype(np.uint8)


def tensor(images, dtype=torch.float64):
    return torch.from_numpy(np.stack(images) / 255).to(dtype)


@pytest.fixture(scope="module")
def batch():
    return [triple(0), triple(1)]


@pytest.fixture(scope="module")
def exact(batch):
    return [list(compute_entries(*images, EVERY).values()) for images in batch]


@pytest.mark.parametrize(
    "dtype, tolerance", [(torch.float64, 2e-6), (torch.float32, 2e-4)]
)
def test_values_are_those_of_the_metrics(batch, exact, dtype, tolerance):
    a, b, f = (tensor(x, dtype) for x in zip(*batch))
    values = metric_values(f, Sources(a, b), EVERY)
    assert values.dtype == dtype and values.shape == (2, len(EVERY))
    for k, entry in enumerate(EVERY):
        expected = [row[k] for row in exact]
        assert values[:, k].tolist() == pytest.approx(expected, rel=tolerance), entry


def test_the_names_of_vifb_are_its_variants():
    columns = as_columns("vifb")
    assert [name for name, _, _ in columns] == [entry.column for entry in VIFB]
    for (_, form, kwargs), entry in zip(columns, VIFB):
        theirs = {k: v for k, v in entry.kwargs.items() if k != "channel"}
        assert form.name == entry.metric and kwargs == theirs


@pytest.mark.parametrize("name", differentiable_metrics())
def test_direction_and_variants_are_the_registrys(name):
    ((_, form, _),) = as_columns(name)
    record = registry[name]
    assert form.higher_is_better is record.higher_is_better
    assert record.target is None
    assert form.variants[0] == record.default
    assert set(form.variants) <= set(record.variants)


def test_the_looks_are_the_registrys(batch):
    a, b, f = (tensor(x) for x in zip(*batch))
    names = [entry.column for entry in metric_set("looks")]
    values = metric_values(f, Sources(a, b), names)
    for row, images in zip(values, batch):
        expected = [registry[name](*images) for name in names]
        assert row.tolist() == pytest.approx(expected, rel=1e-9)


ALL = VIFB + SINGLE


@pytest.mark.parametrize("case", ["black", "white", "constant", "equal", "step"])
@pytest.mark.parametrize("flat", ["fused", "all"])
def test_values_and_gradients_are_finite_on_odd_images(case, flat, batch):
    image = {
        "black": torch.zeros(1, *SHAPE),
        "white": torch.ones(1, *SHAPE),
        "constant": torch.full((1, *SHAPE), 0.3),
        "equal": tensor([batch[0][1]], torch.float32),
        "step": (torch.arange(SHAPE[1]) > 80).float().expand(1, *SHAPE),
    }[case]
    a, b, _ = (tensor([x], torch.float32) for x in batch[0])
    a, b = (image, image) if flat == "all" else (a, b)
    f = image.clone().requires_grad_()
    values = metric_values(f, Sources(a, b), ALL)[0]
    assert torch.isfinite(values).all(), values
    values.sum().backward()
    assert torch.isfinite(f.grad).all()


@pytest.mark.parametrize("entry", VIFB + SINGLE, ids=lambda entry: entry.column)
def test_an_ascent_raises_the_metric_itself(entry, batch):
    a, b, f = batch[0]
    # Neither best nor worst, and between the levels, where no two pixels are alike.
    f = 0.8 * f + 20 + np.random.default_rng(0).uniform(-0.5, 0.5, f.shape)
    if entry.metric == "dark_ring":
        f = 0.9 * np.minimum(a, b)
    if entry.metric == "raised_noise":
        f = f + np.random.default_rng(1).normal(0, 8, f.shape)
    if entry.metric == "sky_level":
        b = np.full_like(b, 220)
    sources = Sources(tensor([a]), tensor([b]))
    x = tensor([f]).requires_grad_()
    sign = 1 if registry[entry.metric].higher_is_better else -1
    optimizer = torch.optim.Adam([x], lr=1.5 / 255, maximize=True)
    for _ in range(6):
        optimizer.zero_grad()
        (sign * metric_values(x.clamp(0, 1), sources, [entry])).sum().backward()
        optimizer.step()
    files = [
        np.rint(np.asarray(g)).astype(np.uint8)
        for g in (f, 255 * x.detach()[0].clamp(0, 1))
    ]
    scores = [compute_entries(a, b, g, [entry])[entry.column] for g in files]
    assert sign * scores[1] > sign * scores[0]


SMOOTH = ["ag", "cc", "ei", "mse", "ms_ssim", "psnr", "qabf", "rmse", "scd", "sd", "sf"]


@pytest.mark.parametrize("name", [*SMOOTH, "ssim", "vif", "viff"])
def test_gradients_equal_finite_differences(name, batch):
    a, b, f = (tensor([x]) for x in batch[0])
    generator = torch.Generator().manual_seed(0)
    # Off the whole levels, where equal gradients of two images have no slope.
    f = (f + 0.001 + 0.01 * torch.rand(f.shape, generator=generator).double()) * 0.98
    f.requires_grad_()
    sources = Sources(a, b)
    (gradient,) = torch.autograd.grad(metric_values(f, sources, name).sum(), f)
    direction = torch.from_numpy(scene(7) / 255.0 - 0.3)
    step = 1e-7
    with torch.no_grad():
        up = metric_values(f + step * direction, sources, name)
        down = metric_values(f - step * direction, sources, name)
    slope = float((up - down) / (2 * step))
    assert float((gradient * direction).sum()) == pytest.approx(slope, rel=2e-3)


def test_a_batch_is_its_images(batch):
    a, b, f = (tensor(x, torch.float32) for x in zip(*batch))
    together = metric_values(f, Sources(a, b), ALL)
    for k in (0, 1):
        alone = metric_values(f[k : k + 1], Sources(a[k : k + 1], b[k : k + 1]), ALL)
        torch.testing.assert_close(alone[0], together[k], rtol=1e-5, atol=1e-6)


def test_shapes_with_a_channel_and_colourless_batches_agree(batch):
    a, b, f = (tensor(x, torch.float32) for x in zip(*batch))
    expected = metric_values(f, Sources(a, b))
    found = metric_values(f[:, None], Sources(a[:, None], b[:, None]))
    assert torch.equal(found, expected)


def test_grey_level_metrics_are_those_of_the_8_bit_file(batch):
    a, b, f = batch[0]
    off = np.random.default_rng(0).uniform(-0.49, 0.49, f.shape)
    moved = torch.from_numpy((f + off) / 255)[None].clamp(0, 1)
    sources = Sources(tensor([a]), tensor([b]))
    for name in ("en", "ce", "mi"):
        found = float(metric_values(moved, sources, name))
        assert found == pytest.approx(registry[name](a, b, f), rel=1e-9), name


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 9)])
def test_small_images_have_values_where_nothing_needs_more(size):
    a, b, f = torch.rand(3, 2, *size, generator=torch.Generator().manual_seed(0))
    f.requires_grad_()
    names = [
        name
        for name in differentiable_metrics()
        if as_columns(name)[0][1].min_size <= min(size)
    ]
    assert {"dark_sky", "en", "qcb"} <= set(names)
    values = metric_values(f, Sources(a, b), names)
    assert torch.isfinite(values).all()
    values.sum().backward()
    assert torch.isfinite(f.grad).all()


@pytest.mark.parametrize(
    "name, size", [("ssim", 11), ("ms_ssim", 161), ("vif", 41), ("viff", 41), ("ag", 2)]
)
def test_too_small_images_are_refused(name, size):
    x = torch.rand(1, size, size + 1, generator=torch.Generator().manual_seed(0))
    assert torch.isfinite(metric_values(x, Sources(x, x), name))
    x = x[:, 1:]
    with pytest.raises(ValueError, match=f"{name}: images of .* {size} on both sides"):
        metric_values(x, Sources(x, x), name)


def test_unknown_names_variants_and_options_are_named():
    x = torch.rand(1, 48, 48, generator=torch.Generator().manual_seed(0))
    s = Sources(x, x)
    with pytest.raises(ValueError, match="'fmi' has no differentiable form"):
        metric_values(x, s, "fmi")
    with pytest.raises(ValueError, match="at least one metric"):
        metric_values(x, s, [])
    with pytest.raises(ValueError, match="'zoo' has no differentiable form"):
        metric_values(x, s, [("EN", "en", {"variant": "zoo"})])
    with pytest.raises(ValueError, match="reduction='max'"):
        metric_values(x, s, [("SSIM", "ssim", {"reduction": "max"})])
    with pytest.raises(ValueError, match="reduction='max'"):
        metric_values(x, s, [("VIF", "vif", {"reduction": "max"})])
    with pytest.raises(ValueError, match="tie='none'"):
        metric_values(x, s, [("Qabf", "qabf", {"tie": "none"})])


def test_images_that_do_not_belong_to_the_sources_are_refused():
    x = torch.rand(2, 16, 16)
    s = Sources(x, x)
    with pytest.raises(ValueError, match="does not belong"):
        metric_values(x[:1], s, "en")
    with pytest.raises(ValueError, match="fused has shape"):
        metric_values(x[0], s, "en")
    with pytest.raises(ValueError, match="fused is .*int"):
        metric_values((255 * x).int(), s, "en")
    with pytest.raises(ValueError, match="infrared is ndarray"):
        Sources(x.numpy(), x)
    with pytest.raises(ValueError, match="visible has shape"):
        Sources(x, x[:, None].expand(-1, 3, -1, -1))
    for other in (x.double(), x[:, 1:]):
        with pytest.raises(ValueError, match="differ: bring both"):
            Sources(x, other)


def test_sources_compute_once_and_travel_with_their_pairs(batch):
    a, b, f = (tensor(x, torch.float32) for x in zip(*batch))
    sources = Sources(a, b)
    assert len(sources) == 2 and sources.shape == a.shape
    assert sources.prepare(ALL) is sources
    kept = dict(sources._memo)
    expected = metric_values(f, sources, ALL)
    assert sources._memo.keys() == kept.keys()
    assert all(sources._memo[key] is value for key, value in kept.items())
    index = torch.tensor([1, 0, 1])
    part = sources[index]
    assert part._memo.keys() == kept.keys()
    torch.testing.assert_close(metric_values(f[index], part, ALL), expected[index])
    assert part._memo.keys() == kept.keys()


def test_what_inference_mode_prepared_serves_a_training():
    _filters._matrix.cache_clear()
    x = torch.rand(1, 48, 48, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        metric_values(x, Sources(x, x), ["en", "qcb", "qcv", "ssim"])
        _filters._multiplied(x, _filters.gaussian_taps(3, 1.0), "zero", 1)
    f = x.clone().requires_grad_()
    metric_values(f, Sources(x, x), ["en", "qcb", "qcv", "ssim"]).sum().backward()
    _filters._multiplied(f, _filters.gaussian_taps(3, 1.0), "zero", 1).sum().backward()
    assert torch.isfinite(f.grad).all()


@pytest.mark.parametrize("border", ["valid", "zero", "reflect"])
@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("shape", [(13, 16), (9, 5), (6, 5)])
def test_both_filters_are_one(border, step, shape):
    x = torch.rand(2, *shape, generator=torch.Generator().manual_seed(0)).double()
    x.requires_grad_()
    taps = (0.1, 0.2, 0.4, 0.2, 0.3)
    found = [
        f(x, taps, border, step) for f in (_filters._shifted, _filters._multiplied)
    ]
    torch.testing.assert_close(*found)
    weights = torch.rand(found[0].shape, generator=torch.Generator().manual_seed(1))
    gradients = [torch.autograd.grad((weights * y).sum(), x)[0] for y in found]
    torch.testing.assert_close(*gradients)
    mode = {"valid": "constant", "zero": "constant", "reflect": "mirror"}[border]
    plain = x.detach().numpy()
    for axis in (1, 2):
        plain = correlate1d(plain, taps, axis=axis, mode=mode)
    if border == "valid":
        plain = plain[:, 2:-2, 2:-2]
    np.testing.assert_allclose(found[0].detach(), plain[:, ::step, ::step], rtol=1e-12)


def test_reflecting_filters_take_images_smaller_than_themselves():
    for shape in ((1, 1), (2, 1), (2, 3)):
        x = torch.rand(1, *shape, generator=torch.Generator().manual_seed(0))
        taps = _filters.gaussian_taps(5, 1.0)
        one, two = (
            f(x, taps, "reflect", 1) for f in (_filters._shifted, _filters._multiplied)
        )
        torch.testing.assert_close(one, two)
        assert float(one.mean()) == pytest.approx(float(x.mean()), abs=0.2)


def test_values_do_not_depend_on_the_accelerators_filters(batch, monkeypatch):
    a, b, f = (tensor(x, torch.float32) for x in zip(*batch))
    expected = metric_values(f, Sources(a, b), ALL)
    monkeypatch.setattr(_filters, "_shifted", _filters._multiplied)
    torch.testing.assert_close(
        metric_values(f, Sources(a, b), ALL), expected, rtol=1e-4, atol=1e-5
    )


class Watch(TorchDispatchMode):
    """Note what waits for the device, and how many operations there are."""

    def __init__(self):
        super().__init__()
        self.waits, self.n_operations = [], 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = str(func)
        self.n_operations += 1
        if any(x in name for x in ("local_scalar", "nonzero", "lift_fresh", "unique")):
            self.waits.append(name)
        return func(*args, **(kwargs or {}))


def test_a_training_step_never_waits_for_the_device(batch):
    a, b, f = (tensor(x, torch.float32) for x in zip(*batch))
    sources = Sources(a, b).prepare(ALL)
    table = torch.rand(2, 5, len(VIFB), generator=torch.Generator().manual_seed(0))
    loss = MeanRankLoss(table)
    metric_values(f, sources, ALL)  # matrices and filters are made once
    f.requires_grad_()
    with Watch() as watch:
        (metric_values(f, sources, ALL).sum() + loss(f, sources).sum()).backward()
    assert watch.waits == []
    assert watch.n_operations > 100


def test_no_loop_runs_over_the_images(batch):
    counts = []
    for n in (1, 6):
        a, b, f = (tensor([x] * n, torch.float32) for x in batch[0])
        sources = Sources(a, b)
        with Watch() as watch:
            metric_values(f, sources, ALL)
        counts.append(watch.n_operations)
    assert counts[0] == counts[1]


def test_every_form_of_every_module_is_listed():
    for name in differentiable_metrics():
        as_columns(name)
    assert set(registry_of_losses._FORMS) == set(differentiable_metrics())


def test_mixed_precision_around_it_changes_nothing(batch, monkeypatch):
    a, b, f = (tensor(x, torch.float32) for x in zip(*batch))
    monkeypatch.setattr(_filters, "_shifted", _filters._multiplied)
    expected = metric_values(f, Sources(a, b), ALL)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = metric_values(f, Sources(a, b), ALL)
        half = metric_values(f.bfloat16(), Sources(a, b), "sd")
    assert torch.equal(found, expected)
    assert half.dtype == torch.float32


@pytest.mark.parametrize("allowed", [True, False])
def test_products_of_ten_bits_are_never_used(monkeypatch, allowed):
    """An accelerator without its numbers: only which of the two filters is called."""
    called = []
    for name in ("_multiplied", "_shifted"):
        monkeypatch.setattr(_filters, name, lambda *x, name=name: called.append(name))
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = allowed
    try:
        _filters.filtered(torch.empty(1, 8, 8, device="meta"), (0.5, 0.5))
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before
    assert called == ["_shifted" if allowed else "_multiplied"]


def test_joined_sources_are_those_of_one_batch(batch):
    infrared, visible, fused = (tensor(images) for images in zip(*batch))
    parts = [Sources(infrared[i : i + 1], visible[i : i + 1]) for i in range(2)]
    parts[0].prepare(["qabf", "vif"])
    parts[1].prepare("vif")
    joined = Sources.join(parts)
    assert joined._memo.keys() == parts[1]._memo.keys()
    expected = metric_values(fused, Sources(infrared, visible), ["qabf", "vif"])
    assert torch.equal(metric_values(fused, joined, ["qabf", "vif"]), expected)
