"""What every metric must obey: identity, symmetry, range, direction, dtype, errors."""

import math
import warnings

import numpy as np
import pytest

from skfusion import metrics
from skfusion.metrics import ImageTooSmallError, UndefinedMetricWarning, registry
from skfusion.metrics.context import Context
from tests.conftest import make_pair

# Images on which every metric but the five-scale one is defined.
SHAPE = (96, 101)
NEEDS_LARGER = {"ms_ssim": "five scales need sides above 160"}
KEYS = [key for key in registry if key not in NEEDS_LARGER]
FEATURES = ("en", "ag", "df", "ei", "sf", "sd")


def _pair(seed=0):
    return [np.rint(x * 255).astype(np.uint8) for x in make_pair(seed, SHAPE)]


def _mean(a, b):
    return ((a.astype(int) + b) // 2).astype(np.uint8)


@pytest.fixture(scope="module")
def scene():
    a, b = _pair()
    return a, b, _mean(a, b)


# (key, variant): value where the fused image equals both sources
IDENTITY = {
    ("nmi", "hossny"): 2.0,
    ("fmi", "none"): 1.0,
    ("fmi", "edge"): 1.0,
    ("fmi", "gradient"): 1.0,
    ("fmi", "dct"): 1.0,
    ("labf", "kumar"): pytest.approx(0, abs=0.05),
    ("nabf", "modified"): 0.0,
    ("nabf", "petrovic"): 0.0,
    ("qm", "liu"): pytest.approx(3.0),
    ("qsf", "zheng"): 0.0,
    ("cc", "mean"): pytest.approx(1.0),
    ("mse", "mean"): 0.0,
    ("rmse", "mean"): 0.0,
    ("rmse", "vifb"): 0.0,
    ("psnr", "mean"): math.inf,
    ("psnr", "lt"): math.inf,
    ("ce", "mean"): 0.0,
    ("ce", "rms"): 0.0,
}


@pytest.mark.parametrize("key, variant", IDENTITY)
def test_identity(key, variant, scene):
    image = scene[1]
    assert registry[key](image, image, image, variant=variant) == IDENTITY[key, variant]


def test_qabf_is_highest_for_identical_images(scene):
    a, b, f = scene
    assert registry["qabf"](b, b, b) > registry["qabf"](a, b, f)
    one = registry["qabf"](b, b, b, tie="one")
    assert one == pytest.approx(
        0.9994 / (1 + math.exp(-7.5)) * 0.9879 / (1 + math.exp(-4.4))
    )


def test_mutual_information_with_oneself_is_twice_the_entropy(scene):
    image = scene[1]
    twice = 2 * registry["en"](image, image, image)
    assert registry["mi"](image, image, image) == pytest.approx(twice)
    assert registry["mi"](*scene, variant="rfn_2en") == 2 * metrics.en(scene[2])


_MODALITY = "heat is looked for in the infrared image, the sky in the visible one"
_GUARDS = "its guards against 0/0 stand on one side of the fraction"
ONE_SIDED = {
    ("nabf", "lt_wrong_order"): "it takes the infrared image for the fused one",
    (
        "qc",
        "cvejic",
    ): "a similarity below 0 counts 0 and the mirrored one above 1 counts 1",
    ("dark_sky", "coarse"): _MODALITY,
    ("sky_level", "coarse"): _MODALITY,
    ("marred_heat", "plain"): _MODALITY,
    ("dark_ring", "share"): _MODALITY,
    ("qs", "uiqi_blocks"): _GUARDS,
    ("qw", "uiqi_blocks"): _GUARDS,
    ("qe", "uiqi_blocks"): _GUARDS,
}
NEEDS_PYRTOOLS = {("vif", "wavelet"), ("vif", "wavelet_unit")}


@pytest.mark.parametrize("key", KEYS)
def test_swapping_the_sources_changes_nothing(key, scene):
    a, b, f = scene
    for variant in registry[key].variants:
        if (key, variant) in {*ONE_SIDED, *NEEDS_PYRTOOLS}:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UndefinedMetricWarning)
            first = registry[key](a, b, f, variant=variant)
            second = registry[key](b, a, f, variant=variant)
        assert first == pytest.approx(second, rel=1e-9, nan_ok=True), variant


@pytest.mark.parametrize(
    "key", ["qabf", "fmi", "vif", "viff", "ssim", "psnr", "cc", "mse"]
)
def test_noise_makes_it_worse(key, scene):
    a, b, f = scene
    noise = np.random.default_rng(3).standard_normal(f.shape)
    scores = [
        registry[key].better(
            registry[key](a, b, np.clip(f / 255.0 + sigma * noise, 0, 1))
        )
        for sigma in (0.0, 0.05, 0.15, 0.4)
    ]
    assert all(x > y for x, y in zip(scores, scores[1:])), scores


def test_noise_raises_what_measures_detail(scene):
    f = scene[2]
    noisy = np.clip(f + 8 * np.random.default_rng(3).standard_normal(f.shape), 0, 255)
    for name in FEATURES:
        feature = getattr(metrics, name)
        assert feature(noisy / 255.0) > feature(f), name


@pytest.mark.parametrize("key", KEYS)
def test_the_dtype_does_not_matter(key, scene):
    expected = registry[key](*scene)
    for convert in (
        lambda x: x.astype(np.uint16) * 257,
        lambda x: x / 255.0,
        lambda x: (x / 255.0).astype(np.float32),
        lambda x: np.asfortranarray(x),
        lambda x: x[:, :, None],
        lambda x: np.pad(x, 3)[3:-3, 3:-3],
    ):
        got = registry[key](*(convert(x) for x in scene))
        assert got == pytest.approx(expected, rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("key", KEYS)
def test_nothing_is_written_to_the_inputs(key, scene):
    images = [x / 255.0 for x in scene]
    for image in images:
        image.flags.writeable = False
    registry[key](*images)


@pytest.mark.parametrize("key", KEYS)
def test_gray_in_rgb_is_gray(key, scene):
    expected = registry[key](*scene)
    colour = [np.repeat(x[:, :, None], 3, axis=2) for x in scene]
    assert registry[key](*colour) == pytest.approx(expected, rel=1e-6, nan_ok=True)
    mean = registry[key](scene[0], scene[1], colour[2], channel="mean")
    assert mean == pytest.approx(expected, rel=1e-9, nan_ok=True)


def test_channel_mean_averages_the_channels(rng):
    a = rng.integers(0, 256, (20, 20), dtype=np.uint8)
    b, f = rng.integers(0, 256, (2, 20, 20, 3), dtype=np.uint8)
    each = [registry["qabf"](a, b[:, :, k], f[:, :, k]) for k in range(3)]
    assert registry["qabf"](a, b, f, channel="mean") == pytest.approx(np.mean(each))
    side_by_side = np.hstack([f[:, :, k] for k in range(3)])
    assert registry["sf"](a, b, f, channel="vifb") == metrics.sf(side_by_side)
    gray = rng.integers(0, 256, (20, 20), dtype=np.uint8)
    for channel in ("mean", "vifb"):
        assert registry["en"](a, b, gray, channel=channel) == metrics.en(gray)


def test_an_unknown_channel_is_named(scene):
    with pytest.raises(ValueError, match="channel='max'.*luma"):
        registry["en"](*scene, channel="max")


@pytest.mark.parametrize("key", registry)
def test_an_unknown_variant_is_named(key, scene):
    with pytest.raises(
        ValueError, match=f"{key}: variant='nope'.*{registry[key].default}"
    ):
        registry[key](*scene, variant="nope")


@pytest.mark.parametrize("key", registry)
def test_an_unknown_keyword_is_refused(key, scene):
    with pytest.raises(TypeError):
        registry[key](*scene, nope=1)


def test_sizes_that_differ_are_named(scene):
    a, b, f = scene
    with pytest.raises(ValueError, match=r"\(96, 101\).*\(95, 101\).*Resize"):
        registry["qabf"](a, b, f[:-1])


def test_bad_images_are_refused(scene):
    a, b, f = scene
    with pytest.raises(ValueError, match="visible has values"):
        registry["qabf"](a, b.astype(float), f)
    with pytest.raises(ValueError, match="fused holds 1 NaN"):
        bad = f / 255.0
        bad[0, 0] = np.nan
        registry["qabf"](a, b, bad)


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
@pytest.mark.parametrize("key", ["qabf", "labf", "nabf", "mse", "rmse"])
def test_data_range_must_be_positive(key, value, scene):
    with pytest.raises(ValueError, match="data_range=.*255 or 1"):
        registry[key](*scene, data_range=value)


def test_other_bad_keywords(scene):
    with pytest.raises(ValueError, match="tie='two'"):
        metrics.qabf(*scene, tie="two")
    for window in (0, 2, -3):
        with pytest.raises(ValueError, match="odd"):
            metrics.fmi(*scene, window=window)
    with pytest.raises(ImageTooSmallError, match="smaller than window=5"):
        metrics.fmi(*(x[:4] for x in scene), window=5)


def test_data_range_scales_what_is_linear(scene):
    f = scene[2]
    assert metrics.sf(f, data_range=1) == pytest.approx(metrics.sf(f) / 255)
    assert metrics.mse(*scene, data_range=1) == pytest.approx(
        metrics.mse(*scene) / 255**2
    )
    assert metrics.rmse(*scene, data_range=1) == pytest.approx(
        metrics.rmse(*scene) / 255
    )
    assert metrics.rmse(*scene) ** 2 == pytest.approx(metrics.mse(*scene))
    lt = metrics.psnr(*scene, variant="lt")
    assert lt == pytest.approx(metrics.psnr(*scene) + 48.1308036086791)


def test_public_functions_are_the_registry(scene):
    for key in KEYS:
        function = getattr(metrics, key)
        images = scene[2:] if key in FEATURES else scene
        expected = registry[key](*scene)
        assert function(*images) == pytest.approx(expected, nan_ok=True), key
    assert metrics.entropy is metrics.en


def test_fmi_names():
    a, b = _pair()
    f = _mean(a, b)
    assert metrics.fmi_pixel(a, b, f) == metrics.fmi(a, b, f, variant="pixel")
    assert metrics.fmi_dct(a, b, f) == metrics.fmi(a, b, f, variant="dct")
    pytest.importorskip("pywt")
    assert metrics.fmi_w(a, b, f) == metrics.fmi(a, b, f, variant="w")
    assert metrics.fmi_w(a, a, a) == 1.0


def test_fmi_wavelet_names_the_missing_package(monkeypatch, scene):
    import sys

    monkeypatch.setitem(sys.modules, "pywt", None)
    with pytest.raises(ImportError, match=r"skfusion\[wavelets\]"):
        metrics.fmi_w(*scene)


UNDEFINED_FOR_A_FLAT_FUSED_IMAGE = ["cc", "nmi", "qte", "qncie"]
DEFINED_FOR_A_FLAT_FUSED_IMAGE = {
    "en": 0.0,
    "mi": 0.0,
    "ag": 0.0,
    "df": 0.0,
    "ei": 0.0,
    "sf": 0.0,
    "sd": 0.0,
    "qsf": -1.0,
    "nabf": 0.0,
}


@pytest.mark.parametrize("key", UNDEFINED_FOR_A_FLAT_FUSED_IMAGE)
def test_undefined_is_nan_with_one_warning(key, scene):
    flat = np.full(SHAPE, 128, np.uint8)
    with pytest.warns(UndefinedMetricWarning, match=key) as caught:
        assert math.isnan(registry[key](scene[0], scene[1], flat))
    assert len(caught) == 1


@pytest.mark.parametrize("key", DEFINED_FOR_A_FLAT_FUSED_IMAGE)
def test_defined_for_a_flat_fused_image(key, scene):
    flat = np.full(SHAPE, 128, np.uint8)
    got = registry[key](scene[0], scene[1], flat)
    assert got == DEFINED_FOR_A_FLAT_FUSED_IMAGE[key] and math.copysign(1, got) == (
        -1 if key == "qsf" else 1
    )


@pytest.mark.parametrize("key", ["qabf", "qm", "scd", "cc", "nmi", "qsf"])
def test_undefined_for_flat_sources(key, scene):
    flat = np.zeros(SHAPE, np.uint8)
    with pytest.warns(UndefinedMetricWarning):
        assert math.isnan(registry[key](flat, flat, flat))


def test_scd_is_undefined_where_the_fused_image_is_a_source(scene):
    a, b, _ = scene
    with pytest.warns(UndefinedMetricWarning):
        assert math.isnan(registry["scd"](a, b, a))


def test_single_rows_have_no_gradient_average():
    row = np.arange(9, dtype=np.uint8)[None]
    for name in ("ag", "df"):
        with pytest.warns(UndefinedMetricWarning):
            assert math.isnan(getattr(metrics, name)(row))
    with pytest.warns(UndefinedMetricWarning):
        assert math.isnan(metrics.sf(row, variant="mean_of_differences"))
    with pytest.warns(UndefinedMetricWarning):
        assert math.isnan(metrics.sd(row[:, :1], variant="sample"))


def test_zoo_wavelet_and_stretch_variants_see_non_integer_levels(rng):
    a, b, f = rng.random((3, 24, 24)) * 0.5
    stretched = metrics.mi(a, b, f, variant="vifb")
    assert stretched != pytest.approx(metrics.mi(a, b, f, variant="nats"), rel=1e-3)
    whole = [np.rint(x * 255).astype(np.uint8) for x in (a, b, f)]
    nats = metrics.mi(*whole, variant="nats")
    assert (
        metrics.mi(*whole, variant="vifb") == nats == metrics.mi(*whole) * math.log(2)
    )


def _mutate(rng, image):
    """A random thing that happens to images."""
    kind = rng.integers(8)
    if kind == 0:
        return np.zeros_like(image)
    if kind == 1:
        return np.full_like(image, rng.integers(256))
    if kind == 2:
        return (image > 128).astype(np.uint8) * 255
    if kind == 3:
        image[: image.shape[0] // 2] = 0
    elif kind == 4:
        image[:, rng.integers(image.shape[1])] = 255
    elif kind == 5:
        return image // 64 * 64
    elif kind == 6:
        return 255 - image
    return image


def test_a_thousand_odd_inputs():
    """No crash, no NumPy warning, nothing outside the range."""
    rng = np.random.default_rng(11)
    for i in range(1000):
        # Every metric meets small and large, odd and even, flat and textured images.
        large = i % 100 == 0
        shape = tuple(rng.integers(161, 180, 2) if large else rng.integers(1, 48, 2))
        a, b = rng.integers(0, 256, (2, *shape)).astype(np.uint8)
        f = _mean(a, b) if i % 3 else rng.integers(0, 256, shape).astype(np.uint8)
        a, b, f = _mutate(rng, a), _mutate(rng, b), _mutate(rng, f)
        if i % 17 == 0:
            f = a
        ctx = Context(a, b, f)
        keys = (
            registry if large else [k for k in registry if k not in ("qp", "mef_ssim")]
        )
        for key in keys:
            record = registry[key]
            try:
                value = record.compute([ctx])
            except ImageTooSmallError:
                continue
            low, high = record.range
            slack = 1e-9 * (1 + abs(value))
            inside = math.isnan(value) or low - slack <= value <= high + slack
            assert inside, (key, value, shape, i)


def test_degenerate_corners(scene):
    a, b, f = scene
    flat = np.full(SHAPE, 7, np.uint8)
    column = np.arange(9, dtype=np.uint8)[:, None]
    assert metrics.fmi(column, column, column, variant="gradient", window=1) == 1.0
    for key, images, kwargs in (
        ("scd", (a, b, np.zeros(SHAPE, np.uint8)), {"variant": "uint8"}),
        ("qncie", (a, b, flat), {"variant": "zoo"}),
        ("fmi", (flat * 0,) * 3, {"variant": "wavelet"}),
    ):
        with pytest.warns(UndefinedMetricWarning, match=key):
            assert math.isnan(registry[key](*images, **kwargs))
