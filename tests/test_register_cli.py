"""``skfusion register`` and ``--register``: what they write, say and return."""

import json

import numpy as np
import pandas as pd
import pytest

from skfusion import load_pairs
from skfusion.cli import main
from skfusion.images import luma, read_image, write_image
from skfusion.registration.files import read_transforms, write_transforms
from skfusion.registration.models import displacement
from skfusion.transforms import Register

from .registration.scenes import MATRICES, moved, scene

SHIFT = np.array(MATRICES["translation"], float)
SHAPE = (150, 190)


@pytest.fixture
def folder(tmp_path):
    for side in ("ir", "vis"):
        (tmp_path / "pairs" / side).mkdir(parents=True)
    for i in range(2):
        ir, vis = scene(i)
        write_image(tmp_path / "pairs" / "ir" / f"{i}.png", moved(ir, SHIFT))
        write_image(tmp_path / "pairs" / "vis" / f"{i}.png", np.dstack([vis] * 3))
    return tmp_path / "pairs"


def spoil(folder):
    """Put an infrared image of another place into the second pair."""
    write_image(folder / "ir" / "1.png", scene(9)[0])


def register(folder, out, *words):
    return main(["register", str(folder), "-o", str(out), *words])


def test_images_transforms_a_table_and_a_sheet(folder, tmp_path, capsys):
    out = tmp_path / "out"
    assert register(folder, out, "--model", "translation") == 0
    assert "2 written, 0 failed" in capsys.readouterr().out
    for i in range(2):
        ir = read_image(out / "infrared" / f"{i}.png")
        assert ir.dtype == np.uint8 and ir.shape == SHAPE
        np.testing.assert_array_equal(
            read_image(out / "visible" / f"{i}.png"),
            read_image(folder / "vis" / f"{i}.png"),
        )
    content = json.loads((out / "transforms.json").read_text())
    assert content["model"] == "translation" and content["rig"] is None
    for row in content["pairs"].values():
        assert displacement(np.array(row["matrix"]), SHIFT, SHAPE) < 0.3
    table = pd.read_csv(out / "quality.csv", index_col="name")
    assert (table["quality"] > 0.5).all() and not table["failed"].any()
    assert read_image(out / "overview.png").shape[2] == 3
    assert len(load_pairs(out)) == 2
    assert register(folder, out) == 2
    assert "--force replaces" in capsys.readouterr().err


def test_a_rig_and_what_follows_from_its_file(folder, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["--rig", "--model", "translation", "--crop", "valid", "--quiet"]
    assert register(folder, out, *words) == 0
    rig = np.array(json.loads((out / "transforms.json").read_text())["rig"])
    assert displacement(rig, SHIFT, SHAPE) < 0.2
    assert read_image(out / "infrared" / "0.png").shape[1] < SHAPE[1]
    file, again = str(out / "transforms.json"), tmp_path / "again"
    assert register(folder, again, "--from", file, "--crop", "valid") == 0
    for image in ("infrared/1.png", "visible/1.png"):
        np.testing.assert_array_equal(
            read_image(out / image), read_image(again / image)
        )
    capsys.readouterr()
    assert register(folder, again, "--from", file, "--rig", "--force") == 2
    assert "give one" in capsys.readouterr().err


@pytest.mark.filterwarnings("always::skfusion.images.ImageWarning")
def test_a_pair_that_fails_is_named_and_not_written(folder, tmp_path, capsys):
    spoil(folder)
    out = tmp_path / "out"
    assert register(folder, out, "--model", "translation") == 1
    assert "pair '1' could not be registered" in capsys.readouterr().err
    assert not (out / "infrared" / "1.png").exists()
    assert pd.read_csv(out / "quality.csv")["failed"].tolist() == [False, True]
    known = read_transforms(out / "transforms.json")
    assert list(known["matrix"]) == ["0"]
    words = ["--model", "translation", "--force", "--on-failure", "warn"]
    assert register(folder, out, *words) == 0
    assert "left as it was" in capsys.readouterr().err
    assert (out / "infrared" / "1.png").exists()


def test_a_pair_that_fails_takes_the_transform_of_all(folder, tmp_path):
    for i in range(2, 4):
        ir, vis = scene(i)
        write_image(folder / "ir" / f"{i}.png", moved(ir, SHIFT))
        write_image(folder / "vis" / f"{i}.png", vis)
    spoil(folder)
    words = ["--model", "translation", "--on-failure", "rig", "--quiet"]
    assert register(folder, tmp_path / "out", *words) == 0
    content = json.loads((tmp_path / "out" / "transforms.json").read_text())
    matrix = np.array(content["pairs"]["1"]["matrix"])
    assert content["pairs"]["1"]["failed"]
    assert displacement(matrix, SHIFT, SHAPE) < 0.3


def test_16_bits_stay_and_the_visible_image_may_move(folder, tmp_path):
    ir = (moved(scene(0)[0], SHIFT) * 65535).astype(np.uint16)
    write_image(folder / "ir" / "0.png", ir, bit_depth=16)
    words = ["--model", "translation", "--moving", "visible", "--quiet"]
    assert register(folder, tmp_path / "out", *words) == 0
    got = read_image(tmp_path / "out" / "infrared" / "0.png")
    np.testing.assert_array_equal(got, ir)


def test_fuse_registers_first(folder, tmp_path, capsys):
    write_transforms(
        tmp_path / "t.json",
        model="translation",
        moving="infrared",
        rig=SHIFT,
        names=["0"],
        matrices=[SHIFT],
        quality=[0.9],
        failed=[False],
    )
    words = ["fuse", str(folder), "--method", "average", "--quiet", "--color", "gray"]
    pair = load_pairs(folder)[:1]
    registered = Register(matrix=SHIFT).transform(pair).read(0)
    expected = 127.5 * (registered[0] + luma(registered[1]))
    for i, kind in enumerate(("pair", "rig", str(tmp_path / "t.json"))):
        out = tmp_path / f"fused{i}"
        assert main([*words, "-o", str(out), "--register", kind]) == 0
        fused = read_image(out / "0.png").astype(float)
        tolerance = 1.1 if kind.endswith("json") else 12
        assert np.abs(fused - expected)[10:-10, 10:-10].max() < tolerance
    assert main([*words, "-o", str(tmp_path / "x"), "--crop", "valid"]) == 2
    assert "give both" in capsys.readouterr().err
    one = [str(folder / side / "0.png") for side in ("ir", "vis")]
    target = tmp_path / "one.png"
    words = ["fuse", *one, "-o", str(target), "--register", str(tmp_path / "t.json")]
    assert main([*words, "--crop", "valid"]) == 0
    assert read_image(target).shape == (146, 184)


def test_what_measures_sees_the_registered_pair(folder, tmp_path, capsys):
    file = tmp_path / "t.json"
    given = {"names": [], "matrices": [], "quality": [], "failed": []}
    write_transforms(file, model="affine", moving="infrared", rig=SHIFT, **given)
    how = ["--register", str(file), "--crop", "valid"]
    out = tmp_path / "out"
    words = ["fuse", str(folder), "-o", str(out), "--method", "average", "--quiet"]
    assert main([*words, *how]) == 0
    words = ["evaluate", str(folder), str(out), "--metrics", "qabf,cc"]
    assert main([*words, *how]) == 0
    assert "mean" in capsys.readouterr().out
    assert main([*words, "--register", str(file)]) != 0
    words = ["bench", str(folder), "--methods", "average", "--metrics", "qabf,cc"]
    assert main([*words, *how, "-o", str(tmp_path / "b"), "--quiet"]) == 0


def test_resize_says_which_image_stays(folder, tmp_path, capsys):
    file = tmp_path / "t.json"
    given = {"names": [], "matrices": [], "quality": [], "failed": []}
    write_transforms(file, model="affine", moving="infrared", rig=SHIFT, **given)
    words = ["fuse", str(folder), "-o", str(tmp_path / "o"), "--register", str(file)]
    assert main([*words, "--resize", "infrared"]) == 2
    assert "move the infrared image" in capsys.readouterr().err


def test_info_says_what_is_off(folder, capsys):
    assert main(["info", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "alignment: 2 of 2 pairs likely off; `skfusion register`" in said
    assert "0: infrared lies +6 pixels to the right, -4 below" in said
    (folder / "ir" / "0.png").write_bytes(b"no image")
    assert main(["info", str(folder)]) == 0
    assert "alignment: not known" in capsys.readouterr().out


@pytest.mark.parametrize(
    "content, message",
    [
        ('{"format": "skfusion-transforms"}', "is damaged"),
        ('{"format": "skfusion-transforms", "rig": [[1]], "pairs": {}}', "is damaged"),
        ("{", "is no JSON"),
    ],
)
def test_a_damaged_file_is_refused(folder, tmp_path, capsys, content, message):
    (tmp_path / "t.json").write_text(content)
    words = ["--from", str(tmp_path / "t.json")]
    assert register(folder, tmp_path / "out", *words) == 2
    assert message in capsys.readouterr().err
