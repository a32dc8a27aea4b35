import pickle

import numpy as np
import pytest
import torch
from torch import nn

from skfusion import ImagePairs, fuse
from skfusion.cli import main
from skfusion.fingerprints import method_state
from skfusion.fusers import MMDRFuse, ModuleFuser, ONNXFuser
from skfusion.images import read_image, write_image
from skfusion.learning.onnx_sessions import providers

from ...common.foreign import Mean, write_mean

SIZES = []


class Blur(nn.Module):
    """3x3 means of the larger image; notes the sizes that it is given."""

    def forward(self, infrared, visible):
        SIZES.append(tuple(infrared.shape))
        larger = torch.maximum(infrared, visible)[:, :1]
        padded = nn.functional.pad(larger, (1, 1, 1, 1), mode="replicate")
        return nn.functional.avg_pool2d(padded, 3, 1)


class Stacked(nn.Module):
    """0.25 of the first and 0.75 of the second channel."""

    def forward(self, stack):
        return 0.25 * stack[:, :1] + 0.75 * stack[:, -1:]


class Returning(nn.Module):
    """Whatever a function makes of the infrared image."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, infrared, visible):
        return self.function(infrared)


@pytest.fixture
def pair(rng):
    return tuple(rng.random((2, 21, 30), dtype=np.float32))


@pytest.fixture
def mean(tmp_path):
    path = tmp_path / "mean.onnx"
    write_mean(path)
    return path


def fused(fuser, pair):
    return fuser.transform([pair])[0]


# What both do around a network --------------------------------------------------------


def test_a_module_sees_both_images(pair):
    np.testing.assert_allclose(
        fused(ModuleFuser(Mean()), pair), (pair[0] + pair[1]) / 2, atol=1e-6
    )


@pytest.mark.parametrize(("first", "k"), [("infrared", 0), ("visible", 1)])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_may_be_stacked_in_either_order(pair, first, k, channels):
    fuser = ModuleFuser(Stacked(), "stack", first=first, channels=channels)
    expected = 0.25 * pair[k] + 0.75 * pair[1 - k]
    np.testing.assert_allclose(fused(fuser, pair), expected, atol=1e-6)


@pytest.mark.parametrize("scale", [(-1, 1), (0, 255), (0.0, 1.0)])
def test_scale_goes_in_and_out(pair, scale):
    seen = []

    def keep(infrared):
        seen.append((float(infrared.min()), float(infrared.max())))
        return infrared

    fuser = ModuleFuser(Returning(keep), scale=scale)
    np.testing.assert_allclose(fused(fuser, pair), pair[0], atol=1e-6)
    low, high = scale
    expected = [low + (high - low) * x for x in (pair[0].min(), pair[0].max())]
    np.testing.assert_allclose(seen[0], expected, rtol=1e-5)


@pytest.mark.parametrize("pad", ["reflect", "symmetric", "replicate", "zeros"])
def test_sides_are_padded_to_a_multiple_and_cropped(pair, pad):
    seen = []

    def keep(infrared):
        seen.append(infrared.numpy().copy())
        return infrared

    fuser = ModuleFuser(Returning(keep), multiple_of=8, pad=pad)
    np.testing.assert_array_equal(fused(fuser, pair), pair[0])
    mode = {"replicate": "edge", "zeros": "constant"}.get(pad, pad)
    expected = np.pad(pair[0], ((0, 3), (0, 2)), mode)
    np.testing.assert_array_equal(seen[0][0, 0], expected)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 40)])
def test_small_images_reach_the_multiple(shape, rng):
    pair = tuple(rng.random((2, *shape)))
    assert fused(ModuleFuser(Mean(), multiple_of=16), pair).shape == shape


def test_tiles_join_without_a_seam(rng):
    pair = tuple(rng.random((2, 70, 100), dtype=np.float32))
    whole = fused(ModuleFuser(Blur(), multiple_of=4), pair)
    SIZES.clear()
    tiled = fused(ModuleFuser(Blur(), tile_size=32, reach=1, multiple_of=4), pair)
    np.testing.assert_allclose(tiled, whole, atol=1e-6)
    assert max(SIZES) == (1, 1, 40, 40) and len(SIZES) == 12


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"scale": (1, 0)}, "values of black and white"),
        ({"scale": (0, 1, 2)}, "values of black and white"),
        ({"tile_size": 64}, "tile_size=64 with reach=None"),
        ({"tile_size": 40, "reach": 1, "multiple_of": 32}, "use a multiple"),
        ({"module": None}, "module=None"),
        ({"inputs": "three"}, "'inputs' parameter"),
        ({"first": "depth"}, "'first' parameter"),
        ({"channels": 2}, "'channels' parameter"),
        ({"pad": "wrap"}, "'pad' parameter"),
        ({"device": "abacus"}, "device='abacus' cannot be used"),
    ],
)
def test_what_does_not_fit_together_is_named(pair, params, message):
    with pytest.raises(ValueError, match=message):
        fused(ModuleFuser(**{"module": Mean(), **params}), pair)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x[..., 1:, :], r"made \(1, 1, 20, 30\).*expected one image"),
        (lambda x: x[0], "expected one image of their size"),
        (lambda x: torch.cat([x, x], 1), "image of 2 channels"),
        (lambda x: x / 0, "NaN or infinite values.*scale"),
        (lambda x: {"fused": x}, "returned a dict"),
        (lambda x: (), "returned a tuple"),
    ],
)
def test_an_output_that_is_no_image_is_named(pair, function, message):
    with pytest.raises(ValueError, match=message):
        fused(ModuleFuser(Returning(function)), pair)


def test_the_first_of_several_outputs_is_taken_and_colour_becomes_luma(pair):
    weights = torch.tensor([1.0, 0.5, 0.25])[:, None, None]
    fuser = ModuleFuser(Returning(lambda x: [x * weights, None]))
    expected = (0.299 + 0.587 / 2 + 0.114 / 4) * pair[0]
    np.testing.assert_allclose(fused(fuser, pair), expected, atol=1e-6)


def test_one_call_keeps_chroma(rng):
    ir, vis = rng.random((12, 14)), rng.random((12, 14, 3))
    assert fuse(ir, vis, ModuleFuser(Mean())).shape == (12, 14, 3)


# Modules ------------------------------------------------------------------------------


def test_a_module_is_used_in_eval_mode_and_left_as_it_is(pair):
    module = nn.Sequential(Pairwise(), nn.Dropout(0.9)).train()
    again = [fused(ModuleFuser(module[0]), pair) for _ in range(2)]
    np.testing.assert_array_equal(*again)
    assert module.training and module[0].training


class Pairwise(Mean):
    """The mean of the images, and a dropout that would be seen."""

    def forward(self, infrared, visible):
        mean = super().forward(infrared, visible)
        return nn.functional.dropout(mean, 0.5, self.training)


def test_a_module_that_learns_on_is_seen(pair):
    module = Mean()
    fuser = ModuleFuser(module)
    before = fused(fuser, pair)
    with torch.no_grad():
        module.shares.mul_(0.5)
    np.testing.assert_allclose(fused(fuser, pair), before / 2, atol=1e-6)
    module.shares = nn.Parameter(torch.tensor([1.0, 0.0]))
    np.testing.assert_allclose(fused(fuser, pair), pair[0], atol=1e-6)


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_a_scripted_module_works(pair):
    script = torch.jit.trace(Mean(), (torch.rand(1, 1, 8, 8), torch.rand(1, 1, 8, 8)))
    np.testing.assert_allclose(
        fused(ModuleFuser(script), pair), fused(ModuleFuser(Mean()), pair), atol=1e-6
    )


# ONNX files ---------------------------------------------------------------------------


def test_a_file_sees_both_images_in_order(pair, mean):
    expected = 0.25 * pair[0] + 0.75 * pair[1]
    np.testing.assert_allclose(fused(ONNXFuser(mean), pair), expected, atol=1e-6)
    expected = 0.75 * pair[0] + 0.25 * pair[1]
    other = ONNXFuser(mean, first="visible")
    np.testing.assert_allclose(fused(other, pair), expected, atol=1e-6)


@pytest.mark.parametrize("first", ["infrared", "visible"])
def test_inputs_that_are_called_by_name_are_filled_by_name(pair, tmp_path, first):
    path = tmp_path / "named.onnx"
    write_mean(path, names=("visible", "infrared"))
    expected = 0.25 * pair[1] + 0.75 * pair[0]
    found = fused(ONNXFuser(path, first=first), pair)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("kind", ["FLOAT16", "DOUBLE"])
def test_other_floating_inputs_are_filled(pair, tmp_path, kind):
    path = tmp_path / "kind.onnx"
    write_mean(path, kind=kind)
    expected = 0.25 * pair[0] + 0.75 * pair[1]
    np.testing.assert_allclose(fused(ONNXFuser(path), pair), expected, atol=2e-3)


def test_our_own_export_fuses_alike_and_any_size(small_pairs, tmp_path, rng):
    own = MMDRFuse(weights=None, max_epochs=1, crop_size=16, random_state=0)
    own.fit(small_pairs).export_onnx(tmp_path / "own.onnx")
    loaded = ONNXFuser(tmp_path / "own.onnx")
    tiny = [tuple(rng.random((2, 1, 3)))]
    for X in (small_pairs, tiny):
        for a, b in zip(loaded.transform(X), own.transform(X)):
            np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_file_that_changed_is_read_again(pair, mean):
    fuser = ONNXFuser(mean)
    before, state = fused(fuser, pair), method_state("mine", fuser)
    write_mean(mean, names=("visible", "infrared"))
    assert not np.allclose(fused(fuser, pair), before)
    assert method_state("mine", fuser) != state


def test_a_pickle_holds_the_path_only(pair, mean):
    fuser = ONNXFuser(mean)
    expected = fused(fuser, pair)
    data = pickle.dumps(fuser)
    assert len(data) < 1000
    np.testing.assert_array_equal(fused(pickle.loads(data), pair), expected)


@pytest.mark.parametrize(
    ("write", "params", "message"),
    [
        (None, {"path": None}, "path=None"),
        (None, {}, "there is no such file"),
        (b"no network", {}, "cannot be run by onnxruntime"),
        ({}, {"inputs": "stack"}, r"inputs \['a', 'b'\].*use the other form"),
        ({"shape": (1, 1, 8, 9)}, {}, r"8x9 only.*Resize\(8, 9\)"),
        ({"kind": "INT64"}, {}, "'a' is a tensor\\(int64\\)"),
        ({}, {"device": "abacus"}, "device='abacus'.*cpu"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(pair, tmp_path, write, params, message):
    path = tmp_path / "net.onnx"
    if isinstance(write, bytes):
        path.write_bytes(write)
    elif write is not None:
        write_mean(path, **write)
    with pytest.raises(ValueError, match=message):
        fused(ONNXFuser(**{"path": path, **params}), pair)


def test_fit_opens_the_file(tmp_path, mean):
    assert isinstance(ONNXFuser(mean).fit(), ONNXFuser)
    with pytest.raises(ValueError, match="there is no such file"):
        ONNXFuser(tmp_path / "no.onnx").fit()


def test_providers_follow_the_device():
    cpu, cuda = "CPUExecutionProvider", "CUDAExecutionProvider"
    assert providers("auto", [cuda, cpu]) == [cuda, cpu]
    assert providers("auto", [cpu]) == [cpu]
    assert providers("cpu", [cuda, cpu]) == [cpu]
    assert providers("cuda:0", [cuda, cpu]) == [cuda, cpu]
    with pytest.raises(ValueError, match="device='cuda'.*cpu"):
        providers("cuda", [cpu])


# Command line -------------------------------------------------------------------------


@pytest.fixture
def files(pair, tmp_path):
    for name, image in zip(("ir", "vis"), pair):
        folder = tmp_path / "set" / name
        folder.mkdir(parents=True)
        write_image(folder / "one.png", image)
    return tmp_path


def test_fuse_takes_a_file_of_your_own(files, mean):
    paths = [str(files / "set" / name / "one.png") for name in ("ir", "vis")]
    command = ["fuse", *paths, "-o", str(files / "out.png"), "--onnx", str(mean)]
    assert main([*command, "--param", "multiple_of=8"]) == 0
    X = ImagePairs(*[[path] for path in paths])
    expected = ONNXFuser(mean, multiple_of=8).transform(X)[0]
    found = read_image(files / "out.png") / 255
    np.testing.assert_allclose(found, expected, atol=1 / 255)


def test_bench_ranks_a_file_of_your_own(files, mean, capsys):
    out = files / "bench"
    command = ["bench", str(files / "set"), "--methods", "average", "--metrics", "en"]
    assert main([*command, "-o", str(out), "--onnx", str(mean)]) == 0
    assert "mean" in capsys.readouterr().out
    average = files / "average.onnx"
    write_mean(average)
    assert main([*command, "-o", str(out), "--onnx", str(average)]) == 2
    assert "there is a method 'average' already" in capsys.readouterr().err
