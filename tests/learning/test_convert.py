import pytest
import torch

from skfusion.fusers import AUIF, DIDFuse
from skfusion.learning.convert import convert_weights, converters
from skfusion.networks.autoencoders.auif import AUIFNet
from skfusion.networks.autoencoders.didfuse import DIDFuseNet
from skfusion.weights import WeightsError, read_metadata, read_weights


def fill(network):
    """Give every tensor of a state dict values of its own."""
    generator = torch.Generator().manual_seed(0)
    return {
        key: torch.rand(value.shape, generator=generator).to(value.dtype)
        for key, value in network.state_dict().items()
    }


def auif_checkpoint(folder, n_layers=2, n_channels=3):
    """Write a checkpoint with the published names; return the tensors by our names."""
    tensors = fill(AUIFNet(n_layers, n_channels))
    files = {"base": {}, "detail": {}, "decoder": {}}
    for key, value in tensors.items():
        part, _, rest = key.partition(".")
        if part in ("base", "detail"):
            rest = rest.replace("norm", "rest.0").replace("activation", "rest.1")
            files[part][f"{'conv1' if part == 'base' else 'conv2'}.{rest}"] = value
        else:
            number = 1 if part == "decoder" else 2
            files["decoder"][f"decoder.{number}.{rest}"] = value
    torch.save(files["base"], folder / "X_Encoder_Base.model")
    torch.save(files["detail"], folder / "X_Encoder_Detail.model")
    torch.save(files["decoder"], folder / "X_Decoder.model")
    return tensors


def didfuse_checkpoint(folder, n_channels=3):
    tensors = fill(DIDFuseNet(n_channels))
    blocks = ["shallow", "deep", "base", "detail", "merge", "refine", "output"]
    encoder, decoder = {}, {}
    for key, value in tensors.items():
        block, layer, rest = key.split(".")
        number = blocks.index(block) + 1
        i = ["conv", "norm", "activation"].index(layer) + (number in (1, 7))
        file = encoder if number <= 4 else decoder
        file[f"cov{number}.cov{number}.{i}.{rest}"] = value
    torch.save({"weight": encoder, "epoch": 1}, folder / "Encoder_X.pkl")
    torch.save({"weight": decoder, "epoch": 1}, folder / "Decoder_X.pkl")
    return tensors


@pytest.mark.parametrize(
    ("method", "write", "metadata"),
    [
        (
            "auif",
            auif_checkpoint,
            {"class": "AUIF", "n_layers": "2", "n_channels": "3"},
        ),
        ("didfuse", didfuse_checkpoint, {"class": "DIDFuse", "n_channels": "3"}),
    ],
)
def test_every_tensor_arrives_under_its_name(tmp_path, method, write, metadata):
    expected = write(tmp_path)
    output = tmp_path / "out.safetensors"
    convert_weights(method, tmp_path, output)
    found = read_weights(output, expected)
    for key, value in expected.items():
        assert torch.equal(found[key], value), key
    assert metadata.items() <= read_metadata(output).items()


def test_converted_weights_work_in_the_fusers(tmp_path, small_pairs):
    for method, write, cls in (
        ("auif", auif_checkpoint, AUIF),
        ("didfuse", didfuse_checkpoint, DIDFuse),
    ):
        folder = tmp_path / method
        folder.mkdir()
        write(folder)
        output = tmp_path / f"{method}.safetensors"
        convert_weights(method, str(folder), str(output))
        size = {"n_layers": 2} if cls is AUIF else {}
        fuser = cls(**size, n_channels=3, weights=output)
        assert fuser.transform(small_pairs)[0].shape == small_pairs[0][0].shape


@pytest.mark.parametrize("method", ["auif", "didfuse"])
def test_published_files_convert(shared, tmp_path, method):
    folders = {"auif": "AUIF", "didfuse": "DIDFuse"}
    output = tmp_path / "out.safetensors"
    source = shared / "data" / "published_weights" / folders[method]
    convert_weights(method, source, output)
    network = AUIFNet() if method == "auif" else DIDFuseNet()
    network.load_state_dict(read_weights(output, network.state_dict()))


def test_an_unknown_method_is_named_with_those_known(tmp_path):
    with pytest.raises(ValueError, match="method='x'.*auif, didfuse"):
        convert_weights("x", tmp_path, tmp_path / "out.safetensors")
    assert set(converters) >= {"auif", "didfuse"}


def test_source_must_be_a_folder(tmp_path):
    file = tmp_path / "a.model"
    file.write_bytes(b"")
    for source in (file, tmp_path / "nowhere"):
        with pytest.raises(WeightsError, match="is no folder"):
            convert_weights("auif", source, tmp_path / "out.safetensors")


def test_output_must_be_safetensors(tmp_path):
    auif_checkpoint(tmp_path)
    with pytest.raises(ValueError, match="end in '.safetensors'"):
        convert_weights("auif", tmp_path, tmp_path / "out.pth")


def test_a_missing_or_second_file_is_named(tmp_path):
    auif_checkpoint(tmp_path)
    (tmp_path / "Y_Decoder.model").write_bytes(b"")
    with pytest.raises(
        WeightsError, match=r"2 files.*X_Decoder.model, Y_Decoder.model"
    ):
        convert_weights("auif", tmp_path, tmp_path / "out.safetensors")
    for path in tmp_path.glob("*Decoder*"):
        path.unlink()
    with pytest.raises(WeightsError, match=r"0 files named '\*Decoder\*'"):
        convert_weights("auif", tmp_path, tmp_path / "out.safetensors")


def change(folder, edit, name="X_Decoder.model"):
    checkpoint = torch.load(folder / name, weights_only=True)
    torch.save(edit(checkpoint), folder / name)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            lambda d: {k: v for k, v in d.items() if "1.w" not in k},
            "lacks 'decoder.wei",
        ),
        (lambda d: {**d, "decoder.3.weight": torch.ones(1)}, "unknown 'decoder.3.weig"),
        (lambda d: {**d, 7: 0, "x": 0}, r"unknown 7 \(2 such keys"),
        (
            lambda d: {**d, "decoder.1.weight": torch.ones(1, 1, 5, 5)},
            r"shape \(1, 1, 5",
        ),
        (
            lambda d: {**d, "decoder.2.bias": torch.tensor([torch.nan])},
            "bias' holds 1 NaN",
        ),
        (lambda d: {**d, "decoder.2.bias": 0.5}, "bias' is a float, expected a tensor"),
        (lambda d: [1, 2], "holds a list: expected a state dict"),
    ],
)
def test_a_checkpoint_of_another_network_is_refused(tmp_path, edit, message):
    auif_checkpoint(tmp_path)
    change(tmp_path, edit)
    output = tmp_path / "out.safetensors"
    with pytest.raises(WeightsError, match=message):
        convert_weights("auif", tmp_path, output)
    assert not output.exists()


def test_a_base_model_without_its_kernels_is_refused(tmp_path):
    auif_checkpoint(tmp_path)
    change(tmp_path, lambda d: {}, "X_Encoder_Base.model")
    with pytest.raises(WeightsError, match="lacks 'base.0."):
        convert_weights("auif", tmp_path, tmp_path / "out.safetensors")


def test_a_didfuse_file_without_a_state_dict_is_refused(tmp_path):
    didfuse_checkpoint(tmp_path)
    change(tmp_path, lambda d: {"epoch": 1}, "Decoder_X.pkl")
    with pytest.raises(WeightsError, match="no state dict named 'weight'"):
        convert_weights("didfuse", tmp_path, tmp_path / "out.safetensors")
    didfuse_checkpoint(tmp_path)
    change(tmp_path, lambda d: {"weight": {}}, "Encoder_X.pkl")
    with pytest.raises(WeightsError, match="lacks 'base.activation|lacks 'base.conv"):
        convert_weights("didfuse", tmp_path, tmp_path / "out.safetensors")


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04broken"])
def test_a_damaged_file_is_refused(tmp_path, content):
    auif_checkpoint(tmp_path)
    (tmp_path / "X_Decoder.model").write_bytes(content)
    with pytest.raises(WeightsError, match="X_Decoder.model.*no checkpoint of plain"):
        convert_weights("auif", tmp_path, tmp_path / "out.safetensors")


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    class Harmful:
        def __reduce__(self):
            return (open, (str(tmp_path / "written"), "w"))

    auif_checkpoint(tmp_path)
    torch.save({"decoder.1.weight": Harmful()}, tmp_path / "X_Decoder.model")
    with pytest.raises(WeightsError, match="no checkpoint of plain tensors"):
        convert_weights("auif", tmp_path, tmp_path / "out.safetensors")
    assert not (tmp_path / "written").exists()
