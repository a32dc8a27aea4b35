"""The differentiable metrics are the metrics, and their gradients raise them."""

import cv2
import numpy as np
import pytest
import torch

from skfusion.losses import Sources, differentiable_metrics, metric_values
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
