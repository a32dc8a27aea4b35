"""ONNX files: the same numbers without torch, at any size."""

import sys

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skfusion._version import __version__
from skfusion.cli import main
from skfusion.datasets import make_sharpness_patches
from skfusion.fusers import (
    AUIF,
    DIDFuse,
    EncoderDecoderFuser,
    SharpnessClassifier,
    SharpnessFuser,
)

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

SIZES = ((64, 80), (45, 37))
SHORT = {"weights": None, "max_epochs": 1, "random_state": 0}


def trained(cls, *args, **params):
    rng = np.random.default_rng(0)
    X = [(rng.random((40, 40)), rng.random((40, 40))) for _ in range(2)]
    return cls(*args, **SHORT, **params).fit(X)


def classifier(network):
    image = np.random.default_rng(0).random((128, 128))
    X, y = make_sharpness_patches([image], n=8, random_state=0)
    return SharpnessClassifier(network, width=4, **SHORT).fit(X, y)


FUSERS = {
    "auif": lambda: trained(AUIF, n_layers=1, n_channels=2, crop_size=32),
    "didfuse": lambda: trained(DIDFuse, n_channels=2, crop_size=32),
    "didfuse l1": lambda: trained(DIDFuse, n_channels=2, rule="l1", crop_size=32),
    "encoder_decoder": lambda: trained(
        EncoderDecoderFuser, "leaky_relu", 16, crop_size=32
    ),
    "encoder_decoder zero": lambda: trained(
        EncoderDecoderFuser, None, 16, pad="zero", crop_size=32
    ),
    "encoder_decoder rgb": lambda: trained(
        EncoderDecoderFuser, None, 16, color="rgb", crop_size=32
    ),
    "six-path": lambda: classifier("six-path"),
    "three-path": lambda: classifier("three-path"),
    "sharpness": lambda: SharpnessFuser(
        classifier("six-path"), blend="pixel", both_orders=False, floor=0.1
    ),
}


def run(path, infrared, visible):
    session = onnxruntime.InferenceSession(
        str(path), providers=["CPUExecutionProvider"]
    )
    inputs = {"infrared": infrared, "visible": visible}
    return session.run(None, inputs)[0]


def reference(fuser, infrared, visible):
    if isinstance(fuser, SharpnessClassifier):
        return fuser.score_map(infrared, visible)
    return fuser.transform([(infrared, visible)])[0]


# Their graphs differ little from that of "six-path", and take long in the free form.
FIXED = ("three-path", "sharpness")


@pytest.mark.parametrize("name", [name for name in FUSERS if name not in FIXED])
def test_a_dynamic_file_gives_the_numbers_of_the_fuser(name, tmp_path, rng):
    fuser = FUSERS[name]()
    path = tmp_path / "fuser.onnx"
    fuser.export_onnx(path)
    assert [p.name for p in tmp_path.iterdir()] == ["fuser.onnx"]
    for shape in SIZES:
        # Two at once: the batch is free too.
        pairs = rng.random((2, 2, 1, *shape), dtype=np.float32)
        fused = run(path, *pairs)
        assert fused.shape == (2, 1, *shape) and fused.dtype == np.float32
        for i in range(2):
            expected = reference(fuser, pairs[0, i, 0], pairs[1, i, 0])
            np.testing.assert_allclose(fused[i, 0], expected, atol=1e-4)


@pytest.mark.parametrize("name", FIXED)
def test_a_fixed_file_gives_the_numbers_of_the_fuser(name, tmp_path, rng):
    fuser = FUSERS[name]()
    fuser.export_onnx(tmp_path / "a.onnx", dynamic=False, size=(45, 37))
    ir, vis = rng.random((2, 1, 1, 45, 37), dtype=np.float32)
    fused = run(tmp_path / "a.onnx", ir, vis)[0, 0]
    expected = reference(fuser, ir[0, 0], vis[0, 0])
    np.testing.assert_allclose(fused, expected, atol=1e-4)


@pytest.mark.parametrize("shape", SIZES)
def test_the_graphs_of_the_shipped_weights(shape, rng):
    """The graph that is exported, still in torch: exporting it takes long."""
    import torch

    image = rng.random((128, 128), dtype=np.float32)
    pair = image[: shape[0], : shape[1]], image[-shape[0] :, -shape[1] :]
    tensors = [torch.from_numpy(np.ascontiguousarray(x))[None, None] for x in pair]
    smooth = SharpnessFuser(blend="pixel")
    for fuser in (AUIF(), DIDFuse(), SharpnessClassifier(), smooth):
        with torch.inference_mode():
            fused = fuser._onnx_module()(*tensors)[0, 0].numpy()
        np.testing.assert_allclose(fused, reference(fuser, *pair), atol=1e-4)


def test_the_file_tells_what_it_is(tmp_path):
    path = tmp_path / "a.onnx"
    FUSERS["didfuse"]().export_onnx(path)
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    notes = {prop.key: prop.value for prop in model.metadata_props}
    assert notes["class"] == "DIDFuse" and notes["skfusion"] == __version__
    assert notes["n_channels"] == "2" and notes["min_size"] == "2"
    assert "BT.601 luma" in notes["color"]
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 18)]
    assert not any(node.metadata_props for node in model.graph.node)
    assert b".py" not in path.read_bytes()  # stack traces, with folders of this machine
    values = [*model.graph.input, *model.graph.output]
    assert [value.name for value in values] == ["infrared", "visible", "fused"]
    for value in values:
        sides = value.type.tensor_type.shape.dim
        assert [side.dim_param or side.dim_value for side in sides] == [
            "N",
            1,
            "H",
            "W",
        ]


def test_a_fixed_size(tmp_path, rng):
    fuser = FUSERS["didfuse"]()
    path = tmp_path / "a.onnx"
    path.write_bytes(b"replaced")
    fuser.export_onnx(str(path), dynamic=False, size=(24, 30))
    ir, vis = rng.random((2, 1, 1, 24, 30), dtype=np.float32)
    expected = reference(fuser, ir[0, 0], vis[0, 0])
    np.testing.assert_allclose(run(path, ir, vis)[0, 0], expected, atol=1e-4)
    with pytest.raises(Exception, match="invalid dimensions"):
        run(path, ir[..., 1:], vis[..., 1:])


def test_exporting_leaves_the_fuser_as_it_was(tmp_path, rng):
    fuser = FUSERS["six-path"]()
    pair = rng.random((2, 40, 48))
    before = fuser.score_map(*pair)
    state = {k: v.clone() for k, v in fuser.network_.state_dict().items()}
    fuser.export_onnx(tmp_path / "a.onnx", dynamic=False, size=(40, 48))
    np.testing.assert_array_equal(fuser.score_map(*pair), before)
    for key, value in fuser.network_.state_dict().items():
        assert value.equal(state[key]) and value.stride() == state[key].stride()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"path": "fuser.pt"}, "ends in '.onnx'"),
        ({"path": "nowhere/fuser.onnx"}, "no such folder"),
        ({"size": 64, "dynamic": False}, "size=64"),
        ({"size": (0, 64), "dynamic": False}, r"size=\(0, 64\)"),
        ({"size": (1, 64), "dynamic": False}, "takes 2 rows and columns"),
    ],
)
def test_wrong_parameters(tmp_path, options, match):
    path = tmp_path / options.pop("path", "fuser.onnx")
    with pytest.raises(ValueError, match=match):
        DIDFuse().export_onnx(path, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("cls", [AUIF, DIDFuse, EncoderDecoderFuser])
def test_a_fuser_must_be_fitted(cls, tmp_path):
    with pytest.raises(NotFittedError):
        cls(weights=None).export_onnx(tmp_path / "a.onnx")


def test_settings_that_are_no_network_are_named(tmp_path):
    path = tmp_path / "a.onnx"
    with pytest.raises(ValueError, match="border='zero' cannot be exported"):
        SharpnessClassifier(border="zero").export_onnx(path)
    with pytest.raises(ValueError, match="pad='resize' cannot be exported"):
        EncoderDecoderFuser(pad="resize").export_onnx(path)
    for params in (
        {"blend": "pyramid"},
        {"weighting": "distance"},
        {"refine": 4},
        {"stride": 4},
        {"compat": True},
    ):
        fuser = SharpnessFuser(**{"blend": "pixel", **params})
        with pytest.raises(ValueError, match=f"{next(iter(params))}=.* cannot"):
            fuser.export_onnx(path)

    class Other:
        def predict_proba(self, X):
            return np.full((len(X), 2), 0.5)

    with pytest.raises(ValueError, match="only a SharpnessClassifier can"):
        SharpnessFuser(Other(), blend="pixel").export_onnx(path)


@pytest.mark.parametrize("package", ["onnx", "onnxscript"])
def test_a_missing_package_is_named(tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=r'pip install "skfusion\[onnx\]"'):
        DIDFuse().export_onnx(tmp_path / "a.onnx")


def test_an_old_torch_is_named(tmp_path, monkeypatch):
    import torch

    monkeypatch.setattr(torch, "__version__", "2.5.1+cpu")
    with pytest.raises(ImportError, match=r"torch 2\.6 or newer, here is 2\.5\.1"):
        DIDFuse().export_onnx(tmp_path / "a.onnx")


def test_command_line(tmp_path, capsys, rng):
    path = str(tmp_path / "didfuse.onnx")
    words = ["export-onnx", "didfuse", "-o", path, "--size", "24x32"]
    assert main(words) == 2
    assert "use level=None" in capsys.readouterr().err
    words += ["--param", "level=None"]
    assert main([*words, "--param", "rule=average"]) == 0
    assert f"written: {path}" in capsys.readouterr().out
    ir, vis = rng.random((2, 1, 1, 24, 32), dtype=np.float32)
    expected = reference(DIDFuse(rule="average"), ir[0, 0], vis[0, 0])
    np.testing.assert_allclose(run(path, ir, vis)[0, 0], expected, atol=1e-4)
    for wrong, match in (
        (words, "--force"),
        (["export-onnx", "tif", "-o", path], "'tif' is no single network"),
        (["export-onnx", "magic", "-o", path], "method='magic' is unknown"),
        ([*words[:5], "24", "--force"], "--size '24': write height x width"),
        (["export-onnx", "--model", "no.json", "-o", path], "no such file"),
    ):
        assert main(wrong) == 2
        assert match in capsys.readouterr().err
