"""BRISQUE features, NIQE and PaQ-2-PiQ."""

import cv2
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skfusion.metrics import UndefinedMetricWarning
from skfusion.metrics._scene_statistics import (
    asymmetric_fit,
    gaussian_fit,
    halved,
    normalised,
)
from skfusion.metrics.no_reference import NIQE, PaQ2PiQ, brisque_features, niqe
from skfusion.networks.paq2piq import PaQ2PiQNet, _pool_quarters
from skfusion.weights import WeightsError, write_weights


def photograph(seed, shape=(200, 200)):
    """Scale-free noise with edges: close to a photograph's statistics."""
    rng = np.random.default_rng(seed)
    image = sum(
        s * cv2.GaussianBlur(rng.standard_normal(shape), (0, 0), s) for s in (1, 3, 9)
    )
    image = np.where(cv2.GaussianBlur(image, (0, 0), 3) > 0, image, 0.3 * image)
    return (image - image.min()) / np.ptp(image)


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.0, 4.0])
def test_the_shape_of_a_generalised_gaussian_is_found(shape):
    rng = np.random.default_rng(0)
    x = rng.gamma(1 / shape, 1, 200_000) ** (1 / shape) * rng.choice([-1, 1], 200_000)
    found, variance = gaussian_fit(x)
    assert found == pytest.approx(shape, rel=0.05)
    assert variance == pytest.approx(np.mean(x**2))


def test_the_two_sides_of_an_asymmetric_gaussian_are_found():
    rng = np.random.default_rng(1)
    x = np.abs(rng.standard_normal(200_000))
    # Sides of an asymmetric Gaussian weigh as their widths.
    sides = np.where(rng.random(x.size) < 1 / 4, -x, 3 * x)
    shape, left, right = asymmetric_fit(sides)
    assert (shape, left, right) == pytest.approx((2.0, 1.0, 3.0), rel=0.03)


def test_one_sided_and_constant_samples_are_nan():
    assert np.isnan(asymmetric_fit(np.ones(9))).all()
    assert np.isnan(gaussian_fit(np.zeros(9))[0])


@pytest.mark.parametrize("shape", [(12, 16), (11, 13), (1, 5)])
def test_halving_keeps_ramps_and_sizes(shape):
    assert np.allclose(halved(np.full(shape, 7.0)), 7.0)
    assert halved(np.ones(shape)).shape == tuple((n + 1) // 2 for n in shape)
    ramp = np.tile(np.arange(24.0), (24, 1))
    inside = halved(ramp)[2:-2, 2:-2]
    assert np.allclose(inside, 2 * np.arange(2, 10) + 0.5)


def test_normalised_image_is_flat_where_the_image_is():
    image = 100.0 * np.ones((30, 30))
    image[:, 20:] += np.random.default_rng(2).standard_normal((30, 10)) * 20
    x, deviation = normalised(image, cv2.BORDER_REPLICATE)
    assert (x[:, :16] == 0).all() and (deviation[:, :16] == 0).all()
    assert 0.5 < x[:, 22:].std() < 1.5


def test_brisque_features_tell_noise_from_blur():
    image = photograph(3)
    noisy = np.clip(
        image + 0.1 * np.random.default_rng(4).normal(size=image.shape), 0, 1
    )
    blurred = cv2.GaussianBlur(image, (0, 0), 2)
    shapes = [brisque_features(x)[0] for x in (blurred, image, noisy)]
    assert shapes[0] < shapes[2]
    assert brisque_features(image).shape == (36,)
    # Gaussian noise stays Gaussian when it is normalised.
    assert brisque_features(0.5 + noise(64))[0] > 1.8


def noise(n):
    return 0.05 * np.clip(np.random.default_rng(5).standard_normal((n, n)), -9, 9)


def test_brisque_features_of_a_constant_image_are_nan():
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(brisque_features(np.full((20, 20), 0.4))).any()


def test_too_small_images_are_refused():
    with pytest.raises(ValueError, match="16"):
        brisque_features(np.zeros((15, 40)))
    with pytest.raises(ValueError, match="96"):
        niqe(np.zeros((95, 200)))
    with pytest.raises(ValueError, match="32"):
        NIQE(None, block_size=32).fit([np.zeros((31, 40))])


@pytest.fixture(scope="module")
def model():
    return NIQE(None, block_size=32).fit(photograph(seed) for seed in range(8))


def test_niqe_grows_with_noise_and_blur(model):
    image = photograph(20)
    rng = np.random.default_rng(6)
    noisy = np.clip(image + 0.2 * rng.standard_normal(image.shape), 0, 1)
    blurred = cv2.GaussianBlur(image, (0, 0), 3)
    clean, worse, worst = model.predict([image, blurred, noisy])
    assert clean < worse and clean < worst


def test_niqe_is_the_distance_of_two_gaussians(model):
    image = photograph(21)
    rows = model._features(image)
    away = model.mean_ - rows.mean(axis=0)
    middle = (model.covariance_ + np.cov(rows, rowvar=False)) / 2
    expected = np.sqrt(away @ np.linalg.pinv(middle) @ away)
    assert model.predict([image])[0] == pytest.approx(expected, rel=1e-12)
    assert rows.shape == (36, 36)  # 6 x 6 blocks of 32, 36 features


def test_statistics_survive_a_file(model, tmp_path):
    model.save_weights(tmp_path / "own.safetensors")
    again = NIQE(str(tmp_path / "own.safetensors"), block_size=32)
    image = photograph(22)
    assert again.predict([image])[0] == model.predict([image])[0]
    fitted = clone(again).fit([])
    assert np.array_equal(fitted.mean_, model.mean_)
    assert np.array_equal(fitted.covariance_, model.covariance_)


def test_sharp_blocks_only_enter_the_fit():
    image = photograph(23)
    image[:, :100] = cv2.GaussianBlur(image, (0, 0), 5)[:, :100]
    loose = NIQE(None, block_size=32, sharpness=0.0)._features(image, sharp=True)
    strict = NIQE(None, block_size=32, sharpness=0.9)._features(image, sharp=True)
    assert 0 < len(strict) < len(loose)


def test_fit_needs_enough_blocks():
    with pytest.raises(ValueError, match="at least 37"):
        NIQE(None, block_size=32).fit([photograph(1, (64, 64))])
    with pytest.raises(ValueError, match="0 blocks"):
        NIQE(None).fit([])


def test_predict_needs_statistics():
    with pytest.raises(NotFittedError, match="fit"):
        NIQE(None).predict([photograph(1)])


@pytest.mark.parametrize(
    "params", [{"block_size": 95}, {"block_size": 8}, {"sharpness": 1.5}]
)
def test_parameters_out_of_range_are_named(params):
    with pytest.raises(ValueError, match=next(iter(params))):
        NIQE(None, **params).fit([])


def test_images_without_texture_are_nan(model):
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(model.predict([np.full((64, 64), 0.3)])[0])


def test_a_file_of_other_content_is_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    write_weights(path, {"mean": torch.zeros(3)})
    with pytest.raises(WeightsError, match="covariance"):
        NIQE(str(path)).predict([photograph(1)])


def test_the_shipped_statistics_rank_a_photograph_before_its_ruins(shared):
    paths = sorted((shared / "data" / "natural_BSDS500" / "val").glob("*.jpg"))[:6]
    images = [cv2.imread(str(p), cv2.IMREAD_GRAYSCALE) for p in paths]
    rng = np.random.default_rng(7)
    noisy = [
        np.clip(x + 25 * rng.standard_normal(x.shape), 0, 255).astype(np.uint8)
        for x in images
    ]
    blurred = [cv2.GaussianBlur(x, (0, 0), 3) for x in images]
    clean, with_noise, with_blur = (
        np.median([niqe(x) for x in form]) for form in (images, noisy, blurred)
    )
    assert clean < 5 < with_noise and with_blur > 2 * clean


# PaQ-2-PiQ ---------------------------------------------------------------------------


@pytest.mark.parametrize("height, width", [(64, 64), (100, 75), (33, 640), (48, 80)])
def test_quarters_cover_the_features(height, width):
    h, w = -(-height // 32), -(-width // 32)
    x = torch.arange(float(h * w)).reshape(1, 1, h, w)
    pooled = _pool_quarters(x, height, width)
    assert pooled.shape == (1, 1, 2, 2)
    assert pooled[0, 0, 1, 1] == x.max()  # the last cell is in the last quarter
    assert pooled[0, 0, 0, 0] >= x[0, 0, 0, 0]
    size_h = int(np.floor(height / 32 + 0.5)) + 1
    rows = slice(0, min(-(-size_h // 2), h))
    size_w = int(np.floor(width / 32 + 0.5)) + 1
    columns = slice(0, min(-(-size_w // 2), w))
    assert pooled[0, 0, 0, 0] == x[0, 0, rows, columns].max()


def test_the_network_has_the_published_parameters():
    network = PaQ2PiQNet()
    state = network.state_dict()
    assert sum(p.numel() for p in network.body.parameters()) == 11_176_512  # ResNet-18
    assert state["body.0.weight"].shape == (64, 3, 7, 7)
    assert state["body.7.0.downsample.0.weight"].shape == (512, 256, 1, 1)
    assert state["head.4.weight"].shape == (512, 1024)
    assert state["head.8.weight"].shape == (1, 512)


@pytest.fixture(scope="module")
def paq_file(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("paq") / "paq.safetensors"
    write_weights(path, PaQ2PiQNet().state_dict())
    return str(path)


def test_gray_and_its_three_channels_score_alike(paq_file):
    gray = photograph(1, (64, 70)).astype(np.float32)
    colour = np.repeat(gray[:, :, None], 3, axis=2)
    scores = PaQ2PiQ(paq_file).predict([gray, colour, gray])
    assert scores.shape == (3,)
    assert scores[0] == scores[1] == scores[2]


def test_another_device_gives_the_same_score(paq_file):
    gray = photograph(2, (40, 40))
    other = PaQ2PiQ(paq_file, device="cpu:0").predict([gray])
    assert other == pytest.approx(PaQ2PiQ(paq_file).predict([gray]), rel=1e-5)


def test_paq_needs_its_weights_and_32_pixels(paq_file):
    with pytest.raises(ValueError, match="none ships"):
        PaQ2PiQ().predict([photograph(1)])
    with pytest.raises(ValueError, match="32"):
        PaQ2PiQ(paq_file).predict([np.zeros((31, 50))])
    with pytest.raises(WeightsError):
        PaQ2PiQ("missing.safetensors").predict([photograph(1)])
