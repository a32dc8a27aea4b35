"""Fusers that look at the features of another network."""

import os

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import nn
from torch.nn import functional

from skfusion.fusers import DLF, ResNetZCA, SharpnessClassifier
from skfusion.fusers._filters import tikhonov_low_pass
from skfusion.fusers._imresize import imresize
from skfusion.fusers.deep.backbones._backbones import feature_maps, read_backbone
from skfusion.fusers.deep.backbones.resnet_zca import whiten
from skfusion.networks.backbones import ResNet50Features, VGG19Features
from skfusion.networks.sharpness import sharpness_planes
from skfusion.weights import WeightsError, write_weights


class TwoScales(nn.Module):
    """Three maps at full size and two at half of it."""

    min_size = 2
    gray_scale = 2.0

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, x):
        self.seen.append(x)
        fine = torch.cat([x, -2 * x, x.square()], 1)
        return [fine, functional.avg_pool2d(torch.cat([x, 3 * x.abs()], 1), 2)]


@pytest.fixture
def pair(rng):
    return rng.random((2, 21, 26), dtype=np.float32)


def fill(network, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for key, value in network.state_dict().items():
        if value.is_floating_point():
            value.copy_(torch.rand(value.shape, generator=generator) / 8)
            if not key.endswith("running_var"):
                value.sub_(1 / 32)
    return network.eval()


def test_dlf_is_its_equations(pair):
    fused = DLF(TwoScales().eval(), smoothness=3.0, device="cpu")._fuse(*pair)
    lows = [tikhonov_low_pass(image, 3.0) for image in pair]
    details = [image - low for image, low in zip(pair, lows)]
    scales = []
    for layer in range(2):
        activity = []
        for detail in details:
            x = 2 * detail
            if layer == 0:
                total = abs(x) + abs(2 * x) + x**2
            else:
                cells = x[:20].reshape(10, 2, 13, 2)
                total = abs(cells.mean((1, 3))) + 3 * abs(cells).mean((1, 3))
            total = ndimage.uniform_filter(total, 3, mode="constant")
            if layer:
                total = total.repeat(2, 0).repeat(2, 1)
                total = np.pad(total, [(0, 1), (0, 0)], mode="edge")
            activity.append(total)
        weight = activity[0] / (activity[0] + activity[1])
        scales.append(weight * details[0] + (1 - weight) * details[1])
    expected = (lows[0] + lows[1]) / 2 + np.maximum(*scales)
    np.testing.assert_allclose(fused, expected, rtol=0, atol=1e-5)


def test_dlf_parameters_matter(pair):
    default = DLF(device="cpu")._fuse(*pair)
    for change in ({"smoothness": 50.0}, {"window": 7}, {"backbone": TwoScales()}):
        other = DLF(**{"device": "cpu", **change})._fuse(*pair)
        assert np.abs(other - default).max() > 1e-3, change


def test_whitened_maps_have_uncorrelated_rows(rng):
    maps = rng.random((3, 4, 9)) * [[[1.0]], [[5.0]], [[0.2]]]
    white = whiten(maps)
    centred = maps - maps.mean((1, 2), keepdims=True)
    for one, before in zip(white, centred):
        u, s, _ = np.linalg.svd(before @ before.T)
        expected = u @ np.diag(1 / np.sqrt(s + 1e-5)) @ u.T @ before
        np.testing.assert_allclose(one, expected, atol=1e-6)
        np.testing.assert_allclose(one @ one.T, np.eye(4), atol=1e-2)
    assert np.isfinite(whiten(np.ones((1, 3, 3)))).all()


@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_resnet_zca_is_its_equations(pair, norm):
    fuser = ResNetZCA(TwoScales().eval(), norm=norm, window=3, device="cpu")
    (weight,) = fuser.weight_map([pair])
    activity = []
    for image in pair[::-1]:
        with torch.no_grad():
            maps = TwoScales()(2 * torch.from_numpy(image)[None, None])[-1][0].numpy()
        white = whiten(maps)
        total = abs(white).sum(0) if norm == "l1" else np.sqrt((white**2).sum(0))
        total = ndimage.uniform_filter(total, 3, mode="constant")
        activity.append(np.maximum(imresize(total, image.shape), 0))
    expected = activity[0] / (activity[0] + activity[1])
    np.testing.assert_allclose(weight, expected, rtol=0, atol=1e-5)
    fused = fuser.transform([pair])[0]
    expected = expected * pair[1] + (1 - expected) * pair[0]
    np.testing.assert_allclose(fused, expected, rtol=0, atol=1e-5)


def test_our_own_features_are_those_of_the_sharpness_network(rng):
    image = rng.random((17, 24), dtype=np.float32)
    maps = feature_maps(read_backbone("sharpness", VGG19Features), image, "cpu")
    assert [x.shape[1:] for x in maps] == [(8, 12), (4, 6), (2, 3)]
    (last,) = feature_maps(
        read_backbone("sharpness", VGG19Features, last_only=True), image, "cpu"
    )
    np.testing.assert_array_equal(last, maps[-1])
    network = SharpnessClassifier("six-path")._loaded()
    gray = torch.from_numpy(image[:16])[None]
    mean = sharpness_planes(torch.zeros(1, 2, 2))[0, 0, 0, 0]
    planes = sharpness_planes(gray)[:, :1] - mean  # the images here are details
    padded = functional.pad(planes, (1, 1, 1, 1), mode="replicate")
    with torch.no_grad():
        expected = network.features(padded)[0, 0]
    np.testing.assert_allclose(last, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("pre_relu", [True, False])
def test_vgg_takes_the_first_convolution_of_each_scale(pre_relu):
    network = fill(VGG19Features(pre_relu))
    x = torch.rand(1, 1, 17, 24, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        maps = network(x)
        first = functional.conv2d(
            x.expand(-1, 3, -1, -1),
            network.features[0].weight,
            network.features[0].bias,
            padding=1,
        )
    assert [tuple(y.shape[1:]) for y in maps] == [
        (64, 17, 24),
        (128, 8, 12),
        (256, 4, 6),
        (512, 2, 3),
    ]
    torch.testing.assert_close(maps[0], first if pre_relu else first.relu())
    assert all((y < 0).any() == pre_relu for y in maps[:1])


def test_backbones_have_the_parameters_of_theirs():
    counts = [
        sum(p.numel() for p in network.parameters())
        for network in (VGG19Features(), ResNet50Features(), ResNet50Features(4))
    ]
    # ResNet-50 without its last layer; the VGG up to its ninth convolution.
    assert counts == [3_505_728, 25_557_032 - 2_049_000, 8_543_296]


def test_resnet_halves_five_times_or_four():
    for stage, shape in ((5, (2048, 2, 2)), (4, (1024, 3, 4))):
        network = fill(ResNet50Features(stage))
        with torch.no_grad():
            (maps,) = network(torch.rand(1, 1, 40, 50))
        assert tuple(maps.shape[1:]) == shape
        assert torch.isfinite(maps).all() and (maps >= 0).all()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_file_of_torchvision_is_read(tmp_path, pair, suffix):
    network = fill(VGG19Features())
    tensors = dict(network.state_dict())
    tensors["features.21.weight"] = torch.ones(2)  # of layers that are not asked
    tensors["classifier.0.weight"] = torch.ones(3)
    path = tmp_path / f"vgg19{suffix}"
    if suffix == ".pth":
        torch.save(tensors, path)
    else:
        write_weights(path, tensors)
    found = DLF(path, device="cpu")._fuse(*pair)
    np.testing.assert_array_equal(found, DLF(network, device="cpu")._fuse(*pair))
    behind = DLF(path, pre_relu=False, device="cpu")._fuse(*pair)
    assert np.abs(behind - found).max() > 1e-6


def test_resnet_of_torchvision_is_read(tmp_path, pair):
    network = fill(ResNet50Features(4))
    tensors = {k: v for k, v in network.state_dict().items() if "tracked" not in k}
    tensors["fc.weight"] = torch.ones(2)
    torch.save(tensors, tmp_path / "resnet50.pth")
    fuser = ResNetZCA(str(tmp_path / "resnet50.pth"), stage=4, device="cpu")
    expected = ResNetZCA(network, device="cpu").weight_map([pair])[0]
    np.testing.assert_allclose(fuser.weight_map([pair])[0], expected, atol=1e-6)
    with pytest.raises(WeightsError, match="lacks 'layer4.0.conv1.weight'"):
        fuser.set_params(stage=5).weight_map([pair])


def test_files_of_other_networks_are_named(tmp_path, pair):
    with pytest.raises(WeightsError, match="no such file.*'sharpness'"):
        DLF(tmp_path / "nowhere.pth").transform([pair])
    path = tmp_path / "other.pth"
    torch.save({"features.0.weight": torch.ones(64, 1, 3, 3)}, path)
    with pytest.raises(WeightsError, match=r"lacks 'features.0.weight' of shape \(64,"):
        DLF(path).transform([pair])
    path.write_bytes(b"text")
    with pytest.raises(WeightsError, match="no checkpoint of plain tensors"):
        ResNetZCA(path).transform([pair])


def test_numbers_that_are_none_are_named(tmp_path, pair):
    tensors = fill(VGG19Features()).state_dict()
    for value, message in (
        (torch.full((64, 3, 3, 3), torch.nan), "holds 1728 NaN or infinite values"),
        (torch.ones(64, 3, 3, 3, dtype=torch.int64), "holds torch.int64, expected"),
        (3, r"lacks 'features.0.weight' of shape \(64,"),
    ):
        torch.save({**tensors, "features.0.weight": value}, tmp_path / "vgg19.pth")
        with pytest.raises(WeightsError, match=message):
            DLF(tmp_path / "vgg19.pth", device="cpu").transform([pair])


def test_a_file_is_read_again_where_it_changed(tmp_path, pair, monkeypatch):
    fused = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        tensors = fill(VGG19Features()).state_dict()
        if name == "b":
            tensors = {key: value.flip(0) for key, value in tensors.items()}
        torch.save(tensors, "vgg19.pth")
        os.utime("vgg19.pth", ns=(10**18, 10**18))
        fused.append(DLF("vgg19.pth", device="cpu").transform([pair])[0])
    assert np.abs(fused[0] - fused[1]).max() > 1e-6


def test_a_module_of_the_user_is_left_as_it_is(pair):
    module = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2))

    class Listed(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = module

        def forward(self, x):
            return [self.inner(x)]

    listed = Listed().train()
    before = {key: value.clone() for key, value in listed.state_dict().items()}
    DLF(listed, device="cpu").transform([pair])
    assert listed.training
    for key, value in listed.state_dict().items():
        assert torch.equal(value, before[key])


@pytest.mark.parametrize(
    ("cls", "change"),
    [
        (DLF, {"window": 2}),
        (DLF, {"window": 0}),
        (DLF, {"smoothness": -1}),
        (DLF, {"pre_relu": "yes"}),
        (DLF, {"backbone": 3}),
        (ResNetZCA, {"window": 4}),
        (ResNetZCA, {"stage": 3}),
        (ResNetZCA, {"norm": "nuclear"}),
        (ResNetZCA, {"backbone": None}),
    ],
)
def test_parameters_out_of_range_are_named(cls, change, pair):
    (name,) = change
    with pytest.raises(ValueError, match=name):
        cls(**change).transform([pair])


@pytest.mark.parametrize("cls", [DLF, ResNetZCA])
def test_any_image_is_fused(cls, check_any_image):
    check_any_image(cls(device="cpu"), identity=1e-5)


@pytest.mark.parametrize("cls", [DLF, ResNetZCA])
def test_equal_activities_count_alike(cls):
    flat = np.full((20, 24), 0.3, np.float32), np.full((20, 24), 0.5, np.float32)
    np.testing.assert_allclose(cls(device="cpu")._fuse(*flat), 0.4, atol=1e-5)
