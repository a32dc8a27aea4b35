"""What holds for every structural and perceptual metric."""

import warnings

import cv2
import numpy as np
import pytest

from skfusion.metrics import (
    ImageTooSmallError,
    UndefinedMetricWarning,
    metric_set,
    registry,
)
from skfusion.metrics.context import Context

KEYS = "ssim ms_ssim mef_ssim qs qw qe qy qc vif viff qcv qcb qp".split()
SMALLEST = {
    "ssim": 11, "ms_ssim": 161, "mef_ssim": 11, "qs": 11, "qw": 11, "qe": 11,
    "qy": 7, "qc": 7, "vif": 41, "viff": 41,
}  # fmt: skip
# Form of a metric on identical images; mef_ssim adds 0.001 to each contrast.
PERFECT = {"qcv": 0.0, "qp": None, "mef_ssim": None}
# Symmetric up to the tie of two equal gains (viff) and of two equal maps (qp).
ONLY_TIES = ("viff", "qp")
# Not of the two-source form, or defined for constants by the stabilising terms.
DEFINED = {
    "constant fused": ("ssim", "mef_ssim", "qs", "qw", "qe", "qy", "vif", "viff"),
    "constant source": ("ssim", "mef_ssim", "qs", "qw", "qe", "qy", "qc", "viff"),
    "all constant": ("ssim", "mef_ssim", "qs", "qw", "qe", "viff"),
}
VARIANTS = [
    (key, variant)
    for key in KEYS
    for variant in registry[key].variants
    if not variant.startswith("wavelet")
]


def scene(seed, shape):
    rng = np.random.default_rng(seed)
    image = cv2.GaussianBlur(rng.random(shape), (0, 0), 1.5)
    image = (image - image.min()) / np.ptp(image)
    return np.floor(image * 255 + 0.5).astype(np.uint8)


def images(key):
    shape = (165, 170) if key == "ms_ssim" else (48, 65)
    a, b = scene(1, shape), scene(2, shape)
    return a, b, ((a.astype(int) + b) // 2).astype(np.uint8)


def call(key, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        return registry[key](*args, **kwargs)


@pytest.mark.parametrize("key", KEYS)
def test_identical_images_score_best(key):
    a, _, _ = images(key)
    value = registry[key](a, a, a)
    expected = PERFECT.get(key, 1.0)
    if expected is None:
        assert 0.9 < value <= 1.0 + 1e-12
    else:
        assert value == pytest.approx(expected, abs=1e-9)


# qc has 0 and 1 for shares outside 0..1: test_yang_cvejic.
@pytest.mark.parametrize("key, variant", [v for v in VARIANTS if v != ("qc", "cvejic")])
def test_swapping_the_sources_changes_nothing(key, variant):
    a, b, f = images(key)
    swapped = call(key, b, a, f, variant=variant)
    tolerance = 1e-3 if key in ONLY_TIES else 1e-6 if variant == "zoo" else 1e-9
    if variant == "uiqi_blocks":
        tolerance = 1e-5  # the guard stands beside the share of one source
    assert swapped == pytest.approx(call(key, a, b, f, variant=variant), rel=tolerance)


@pytest.mark.parametrize("key", KEYS)
def test_values_lie_in_the_stated_range(key):
    a, b, f = images(key)
    low, high = registry[key].range
    noise = np.random.default_rng(3).integers(0, 256, f.shape, dtype=np.uint8)
    for fused in (f, np.maximum(a, b), 255 - a, noise):
        assert low - 1e-9 <= registry[key](a, b, fused) <= high + 1e-9


@pytest.mark.parametrize("key", KEYS)
def test_noise_makes_it_worse(key):
    a, b, f = images(key)
    if key == "qcb":  # weak noise adds the contrast that averaging took away
        a = b = f
    noise = np.random.default_rng(4).standard_normal(f.shape)
    record = registry[key]
    scores = [
        record.better(record(a, b, np.clip(f + sigma * noise, 0, 255).astype(np.uint8)))
        for sigma in (0, 8, 30)
    ]
    assert scores[0] > scores[1] > scores[2]


@pytest.mark.parametrize("key", KEYS)
def test_dtypes_agree(key):
    eight = images(key)
    forms = {
        "uint16": [x.astype(np.uint16) * 257 for x in eight],
        "float64": [x / 255 for x in eight],
        "float32": [(x / 255).astype(np.float32) for x in eight],
        "strided": [np.repeat(x, 2, axis=1)[:, ::2] for x in eight],
        "colour": [np.repeat(x[:, :, None], 3, axis=2) for x in eight],
    }
    expected = registry[key](*eight)
    for name, form in forms.items():
        assert registry[key](*form) == pytest.approx(expected, rel=1e-9), name


@pytest.mark.parametrize("key", KEYS)
def test_sources_stay_as_they_are_and_the_order_of_metrics_does_not_matter(key):
    a, b, f = images(key)
    ctx = Context(a, b, f)
    before = [x.copy() for x in (ctx.a, ctx.b, ctx.f)]
    alone = registry[key].of(ctx)
    shared = Context(a, b, f)
    for other in reversed(KEYS):
        if min(f.shape) >= SMALLEST.get(other, 1):
            registry[other].of(shared)
    assert registry[key].of(shared) == alone
    for x, y in zip((ctx.a, ctx.b, ctx.f), before):
        assert np.array_equal(x, y)


@pytest.mark.parametrize("key", [k for k in KEYS if k != "ms_ssim"])
@pytest.mark.parametrize("case", sorted(DEFINED))
def test_constant_images_are_nan_with_one_warning_or_defined(key, case):
    a, b, f = images(key)
    flat = np.full_like(f, 128)
    args = {
        "constant fused": (a, b, flat),
        "constant source": (flat, b, f),
        "all constant": (flat, flat, flat),
    }[case]
    if key in DEFINED[case]:
        assert np.isfinite(registry[key](*args))
    else:
        with pytest.warns(UndefinedMetricWarning, match=key) as record:
            assert np.isnan(registry[key](*args))
        assert len(record) == 1


def test_a_black_fused_image_has_a_defined_perceptual_error():
    a, b, f = images("qcv")
    assert registry["qcv"](a, b, np.zeros_like(f)) > 0


@pytest.mark.parametrize("key, size", sorted(SMALLEST.items()))
def test_too_small_images_are_refused_with_the_size_needed(key, size):
    rng = np.random.default_rng(5)
    exact = rng.integers(0, 256, (3, size, size + 3), dtype=np.uint8)
    assert np.isfinite(registry[key](*exact))
    with pytest.raises(ImageTooSmallError, match=rf"{key}: .* needs {size} "):
        registry[key](*exact[:, 1:])


@pytest.mark.parametrize("key", KEYS)
def test_an_unknown_variant_is_named(key):
    with pytest.raises(ValueError, match="variant='nope'"):
        registry[key](*images("ssim"), variant="nope")


@pytest.mark.parametrize("key", ["ssim", "ms_ssim", "vif"])
def test_an_unknown_reduction_is_named(key):
    with pytest.raises(ValueError, match="reduction='max'"):
        registry[key](*images(key), reduction="max")


@pytest.mark.parametrize("key", ["ssim", "ms_ssim", "vif"])
def test_the_sum_is_twice_the_mean(key):
    args = images(key)
    total = registry[key](*args, reduction="sum")
    assert total == pytest.approx(2 * registry[key](*args), rel=1e-12)


@pytest.mark.parametrize("key", ["qcv", "qcb", "qp"])
@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (2, 2), (17, 31)])
def test_any_size_that_has_no_window_works(key, shape):
    rng = np.random.default_rng(6)
    value = call(key, *rng.integers(0, 256, (3, *shape), dtype=np.uint8))
    assert np.isfinite(value) or key == "qp"


@pytest.mark.parametrize("key", KEYS)
def test_the_public_function_is_the_registered_one(key):
    import skfusion.metrics as metrics

    assert getattr(metrics, key) is registry[key]


def test_the_sets_of_published_tables_name_existing_variants():
    for name in ("vifb", "tang", "seed001", "qwqe"):
        for entry in metric_set(name):
            if entry.metric in KEYS:
                args = images(entry.metric)
                assert np.isfinite(call(entry.metric, *args, **entry.kwargs))
