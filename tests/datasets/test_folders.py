"""load_pairs: every layout of the public sets, and nothing paired by accident."""

# SPDX-License-Identifier: BSD-3-Clause
import os
import pickle
import warnings

import cv2
import numpy as np
import pytest

import skfusion
from skfusion.datasets import UnpairedImageWarning, find_pairs, load_pairs


def make(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def found(root, **options):
    """``{name: (infrared, visible)}`` with paths relative to the root."""
    result = find_pairs(root, **options)
    assert len(result) == len(result.infrared) == len(result.visible)
    rows = zip(result.names, result.infrared, result.visible)
    return {
        name: tuple(path.relative_to(root).as_posix() for path in pair)
        for name, *pair in rows
    }


LAYOUTS = {
    "ir and vis": (
        ["ir/1.png", "vis/1.png", "ir/10.png", "vis/10.png", "ir/2.png", "vis/2.png"],
        {f"{i}": (f"ir/{i}.png", f"vis/{i}.png") for i in (1, 2, 10)},
    ),
    "RoadScene": (
        [
            "cropinfrared/FLIR_00006.jpg",
            "crop_LR_visible/FLIR_00006.jpg",
            "crop_HR_visible/FLIR_00006.jpg",
            "infrared/FLIR_00006.png",
            "cropinfrared/Thumbs.db",
        ],
        {
            "FLIR_00006": (
                "cropinfrared/FLIR_00006.jpg",
                "crop_LR_visible/FLIR_00006.jpg",
            )
        },
    ),
    "MSRS": (
        [
            f"{part}/{kind}/{name}.png"
            for part, name in (("train", "00001D"), ("test", "00004N"))
            for kind in ("ir", "vi", "Segmentation_labels")
        ],
        {
            "00001D": ("train/ir/00001D.png", "train/vi/00001D.png"),
            "00004N": ("test/ir/00004N.png", "test/vi/00004N.png"),
        },
    ),
    "LLVIP": (
        [
            f"{kind}/{part}.jpg"
            for kind in ("infrared", "visible")
            for part in ("train/010001", "test/190001")
        ]
        + ["Annotations/010001.xml"],
        {
            "010001": ("infrared/train/010001.jpg", "visible/train/010001.jpg"),
            "190001": ("infrared/test/190001.jpg", "visible/test/190001.jpg"),
        },
    ),
    "LLVIP in FusionGAN's form": (
        [
            f"{part}_LLVIP_{kind}/7.jpg"
            for part in ("Train", "Test")
            for kind in ("ir", "vi")
        ],
        {
            "Test_LLVIP/7": ("Test_LLVIP_ir/7.jpg", "Test_LLVIP_vi/7.jpg"),
            "Train_LLVIP/7": ("Train_LLVIP_ir/7.jpg", "Train_LLVIP_vi/7.jpg"),
        },
    ),
    "LLVIP in DenseFuse's form": (
        ["010001_ir.jpg", "010001_vi.jpg", "010002_ir.jpg", "010002_vi.jpg"],
        {
            "010001": ("010001_ir.jpg", "010001_vi.jpg"),
            "010002": ("010002_ir.jpg", "010002_vi.jpg"),
        },
    ),
    "M3FD": (
        [
            "M3FD_Fusion/Ir/00196.png",
            "M3FD_Fusion/Vis/00196.png",
            "M3FD_Detection/Ir/00196.png",
            "M3FD_Detection/Vis/00196.png",
            "M3FD_Detection/Annotation/00196.xml",
        ],
        {
            "M3FD_Detection/00196": (
                "M3FD_Detection/Ir/00196.png",
                "M3FD_Detection/Vis/00196.png",
            ),
            "M3FD_Fusion/00196": (
                "M3FD_Fusion/Ir/00196.png",
                "M3FD_Fusion/Vis/00196.png",
            ),
        },
    ),
    "TNO, a folder a scene": (
        [
            "Athena_images/soldier_in_trench_1/IR_meting016_g.bmp",
            "Athena_images/soldier_in_trench_1/VIS_meting016_r.bmp",
            "Athena_images/heather/IR_hei_vis_g.bmp",
            "Athena_images/heather/VIS_hei_vis_r.bmp",
            "Athena_images/heather/VIS_hei_vis_rg.bmp",
            "Athena_images/bunker/IR_bunker_g.bmp",
            "Athena_images/bunker/bunker_r.bmp",
            "Athena_images/bunker/VIS_bunker-rg.bmp",
            "Athena_images/APC_1/view_2/IR_fk_ref_01_005.bmp",
            "Athena_images/APC_1/view_2/VIS_fk_ref_01_005.bmp",
            "Athena_images/APC_2/view_1/1_fk_ge_03_005.bmp",
            "Athena_images/APC_2/view_1/2_fk_ge_03_005.bmp",
            "DHV_images/bench/IR_37rad.bmp",
            "DHV_images/bench/VIS_37dhvR.bmp",
            "DHV_images/bench/README.txt",
            "Triclobs_images/barbed_wire_1/B_LWIR.tif",
            "Triclobs_images/barbed_wire_1/G_NIR.tif",
            "Triclobs_images/barbed_wire_1/R_Vis.tif",
            "Triclobs_images/barbed_wire_2/a_VIS-MarnehNew_24RGB_1110.tif",
            "Triclobs_images/barbed_wire_2/b_NIR-MarnehNew_24RGB_1110.tif",
            "Triclobs_images/barbed_wire_2/c_LWIR-MarnehNew_24RGB_1110.tif",
            "Triclobs_images/Kaptein_01/IR01.bmp",
            "Triclobs_images/Kaptein_01/Vis01.bmp",
            "Triclobs_images/Kaptein_1123/Kaptein_1123_IR.bmp",
            "Triclobs_images/Kaptein_1123/Kaptein_1123_II.bmp",
            "Triclobs_images/Kaptein_1123/Kaptein_1123_Vis.bmp",
            "Triclobs_images/Kaptein_1123/Kaptein_1123_RGB.bmp",
            "tank/LWIR.tif",
            "tank/NIR.tif",
            "tank/Vis.tif",
        ],
        {
            "view_1": (
                "Athena_images/APC_2/view_1/2_fk_ge_03_005.bmp",
                "Athena_images/APC_2/view_1/1_fk_ge_03_005.bmp",
            ),
            "fk_ref_01_005": (
                "Athena_images/APC_1/view_2/IR_fk_ref_01_005.bmp",
                "Athena_images/APC_1/view_2/VIS_fk_ref_01_005.bmp",
            ),
            "bunker": (
                "Athena_images/bunker/IR_bunker_g.bmp",
                "Athena_images/bunker/bunker_r.bmp",
            ),
            "hei_vis": (
                "Athena_images/heather/IR_hei_vis_g.bmp",
                "Athena_images/heather/VIS_hei_vis_r.bmp",
            ),
            "meting016": (
                "Athena_images/soldier_in_trench_1/IR_meting016_g.bmp",
                "Athena_images/soldier_in_trench_1/VIS_meting016_r.bmp",
            ),
            "bench": (
                "DHV_images/bench/IR_37rad.bmp",
                "DHV_images/bench/VIS_37dhvR.bmp",
            ),
            "barbed_wire_1": (
                "Triclobs_images/barbed_wire_1/B_LWIR.tif",
                "Triclobs_images/barbed_wire_1/R_Vis.tif",
            ),
            "barbed_wire_2": (
                "Triclobs_images/barbed_wire_2/c_LWIR-MarnehNew_24RGB_1110.tif",
                "Triclobs_images/barbed_wire_2/a_VIS-MarnehNew_24RGB_1110.tif",
            ),
            "01": (
                "Triclobs_images/Kaptein_01/IR01.bmp",
                "Triclobs_images/Kaptein_01/Vis01.bmp",
            ),
            "Kaptein_1123": (
                "Triclobs_images/Kaptein_1123/Kaptein_1123_IR.bmp",
                "Triclobs_images/Kaptein_1123/Kaptein_1123_Vis.bmp",
            ),
            "tank": ("tank/LWIR.tif", "tank/Vis.tif"),
        },
    ),
    "TNO, sequences": (
        [
            "FEL_images/Nato_camp_sequence/thermal/1800i.bmp",
            "FEL_images/Nato_camp_sequence/visual/1800v.bmp",
            "DHV_images/Fire_sequence/part_1/thermal/RAD10.bmp",
            "DHV_images/Fire_sequence/part_1/dhv/DHV10.bmp",
            "DHV_images/Fire_sequence/part_2/rad/RADheli20.bmp",
            "DHV_images/Fire_sequence/part_2/dhv/DHVheli20.bmp",
        ],
        {
            "10": (
                "DHV_images/Fire_sequence/part_1/thermal/RAD10.bmp",
                "DHV_images/Fire_sequence/part_1/dhv/DHV10.bmp",
            ),
            "heli20": (
                "DHV_images/Fire_sequence/part_2/rad/RADheli20.bmp",
                "DHV_images/Fire_sequence/part_2/dhv/DHVheli20.bmp",
            ),
            "1800": (
                "FEL_images/Nato_camp_sequence/thermal/1800i.bmp",
                "FEL_images/Nato_camp_sequence/visual/1800v.bmp",
            ),
        },
    ),
    "TNO, CoCoNet": (
        ["IR/TNO_001.png", "VIS/TNO_001.png"],
        {"TNO_001": ("IR/TNO_001.png", "VIS/TNO_001.png")},
    ),
    "TNO, numbers in one folder": (
        [f"{kind}{i}.png" for kind in ("IR", "VIS") for i in (1, 2, 10)],
        {f"{i}": (f"IR{i}.png", f"VIS{i}.png") for i in (1, 2, 10)},
    ),
    "IFCNN": (
        ["Camp_IR.png", "Camp_Vis.png", "Camp1_IR.png", "Camp1_Vis.png"],
        {
            "Camp": ("Camp_IR.png", "Camp_Vis.png"),
            "Camp1": ("Camp1_IR.png", "Camp1_Vis.png"),
        },
    ),
    "Lytro": (
        ["lytro-01-A.jpg", "lytro-01-B.jpg", "lytro-02-A.jpg"],
        {"lytro-01": ("lytro-01-A.jpg", "lytro-01-B.jpg")},
    ),
    "VIFB": (
        ["IR/carLight.jpg", "VI/carLight.jpg"],
        {"carLight": ("IR/carLight.jpg", "VI/carLight.jpg")},
    ),
    "AUIF and DIDFuse": (
        [
            "Train_data_FLIR/IR/IR/IR1.jpg",
            "Train_data_FLIR/VIS/VIS/VIS1.jpg",
            "Train_data_FLIR/IR/IR/IR2.jpg",
            "Train_data_FLIR/VIS/VIS/VIS2.jpg",
            "Test_data_TNO/IR3.png",
            "Test_data_TNO/VIS3.png",
        ],
        {
            "3": ("Test_data_TNO/IR3.png", "Test_data_TNO/VIS3.png"),
            "1": ("Train_data_FLIR/IR/IR/IR1.jpg", "Train_data_FLIR/VIS/VIS/VIS1.jpg"),
            "2": ("Train_data_FLIR/IR/IR/IR2.jpg", "Train_data_FLIR/VIS/VIS/VIS2.jpg"),
        },
    ),
    "FLIR ADAS": (
        [
            "align/JPEGImages/FLIR_08865_PreviewData.jpeg",
            "align/JPEGImages/FLIR_08865_RGB.jpg",
            "align/Annotations/FLIR_08865_PreviewData.xml",
        ],
        {
            "FLIR_08865": (
                "align/JPEGImages/FLIR_08865_PreviewData.jpeg",
                "align/JPEGImages/FLIR_08865_RGB.jpg",
            )
        },
    ),
    "KAIST": (
        [
            f"images/set00/{clip}/{kind}/I00000.jpg"
            for clip in ("V000", "V001")
            for kind in ("visible", "lwir")
        ],
        {
            f"images/set00/{clip}/I00000": (
                f"images/set00/{clip}/lwir/I00000.jpg",
                f"images/set00/{clip}/visible/I00000.jpg",
            )
            for clip in ("V000", "V001")
        },
    ),
    "RGBT234": (
        [
            "afterrain/visible/00001v.jpg",
            "afterrain/infrared/00001i.jpg",
            "afterrain/visible.txt",
        ],
        {
            "00001": ("afterrain/infrared/00001i.jpg", "afterrain/visible/00001v.jpg"),
        },
    ),
    "GTOT": (
        ["BlackCar/v/00001v.png", "BlackCar/i/00001i.png"],
        {"00001": ("BlackCar/i/00001i.png", "BlackCar/v/00001v.png")},
    ),
    "M3SVD": (
        [
            f"test/{kind}/0114_1551/000001.png"
            for kind in (
                *("infrared_noise", "infrared_Enhance"),
                *("visible_Blur", "visible_Enhance"),
            )
        ],
        {
            "000001": (
                "test/infrared_Enhance/0114_1551/000001.png",
                "test/visible_Enhance/0114_1551/000001.png",
            )
        },
    ),
    "Text-IF and DRMF": (
        [
            f"{kind}/1.png"
            for kind in ("ir", "vi", "ir_degraded", "vi_degraded", "edge", "mask")
        ],
        {"1": ("ir/1.png", "vi/1.png")},
    ),
    "FusionGAN": (
        ["Test_ir/1.bmp", "Test_vi/1.bmp"],
        {"1": ("Test_ir/1.bmp", "Test_vi/1.bmp")},
    ),
    "medical": (
        [
            f"{name}.png"
            for name in (
                *("MRI_CT/CT/11", "MRI_CT/MRI/11", "MRI_PET/PET/12"),
                *("MRI_PET/MRI/12", "MRI_SPECT/MRI/13", "MRI_SPECT/SPECT/13"),
            )
        ],
        {
            "11": ("MRI_CT/CT/11.png", "MRI_CT/MRI/11.png"),
            "12": ("MRI_PET/MRI/12.png", "MRI_PET/PET/12.png"),
            "13": ("MRI_SPECT/MRI/13.png", "MRI_SPECT/SPECT/13.png"),
        },
    ),
    "medical, all measurements in one folder": (
        ["mri/1.png", "ct/1.png", "pet/1.png"],
        {"1": ("ct/1.png", "mri/1.png")},
    ),
    "i and v at the end": (
        ["gate_i.png", "gate_v.png", "yard-v.png", "yard-i.png"],
        {
            "gate": ("gate_i.png", "gate_v.png"),
            "yard": ("yard-i.png", "yard-v.png"),
        },
    ),
    "a scene with one image only": (
        ["one/IR_x.bmp", "two/IR_y.bmp", "two/VIS_y.bmp", "three/NIR.bmp"],
        {"y": ("two/IR_y.bmp", "two/VIS_y.bmp")},
    ),
    "labels below the images": (
        ["ir/a.png", "vis/a.png", "ir/labels/a.png", "vis/labels/a.png"],
        {"a": ("ir/a.png", "vis/a.png")},
    ),
    "other suffix, case and Unicode form": (
        ["ir/a.PNG", "vis/a.jpg", "ir/B.png", "vis/b.png", "ir/u\u0308.png"]
        + ["vis/\u00fc.png"],
        {
            "a": ("ir/a.PNG", "vis/a.jpg"),
            "b": ("ir/B.png", "vis/b.png"),
            "\u00fc": ("ir/u\u0308.png", "vis/\u00fc.png"),
        },
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_is_recognised(tmp_path, layout):
    files, expected = LAYOUTS[layout]
    make(tmp_path, *files)
    assert found(tmp_path) == expected


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_file_is_accounted_for_once(tmp_path, layout):
    files, _ = LAYOUTS[layout]
    result = find_pairs(make(tmp_path, *files))
    listed = [
        *result.infrared,
        *result.visible,
        *result.unpaired,
        *result.ignored,
    ]
    assert sorted(path.relative_to(tmp_path).as_posix() for path in listed) == sorted(
        files
    )


def test_order_is_natural(tmp_path):
    make(tmp_path, *(f"{kind}/{i}.png" for kind in ("ir", "vi") for i in (1, 10, 9, 2)))
    assert load_pairs(tmp_path).names.tolist() == ["1", "2", "9", "10"]


def test_public_door_gives_image_pairs(tmp_path):
    make(tmp_path, "ir/a.png", "vis/a.png")
    X = skfusion.load_pairs(str(tmp_path))
    assert isinstance(X, skfusion.ImagePairs)
    assert X.paths(0) == (tmp_path / "ir/a.png", tmp_path / "vis/a.png")


def test_unpaired_images_are_named_and_never_paired_by_order(tmp_path):
    make(tmp_path, "ir/a.png", "vis/a.png", "ir/b.png", "vis/c.png")
    with pytest.warns(
        UnpairedImageWarning, match=r"^2 images .*b\.png.*c\.png"
    ) as seen:
        X = load_pairs(tmp_path)
    assert seen[0].filename == __file__
    assert X.names.tolist() == ["a"]
    assert [p.name for p in find_pairs(tmp_path).unpaired] == ["b.png", "c.png"]


def test_many_unpaired_images_are_counted_not_listed(tmp_path):
    make(tmp_path, "ir/a.png", "vis/a.png", *(f"ir/x{i}.png" for i in range(9)))
    with pytest.warns(UnpairedImageWarning, match=r"^9 images .*x2\.png', \.\.\.;"):
        load_pairs(tmp_path)


def test_marks_are_not_removed_where_names_are_equal(tmp_path):
    make(tmp_path, "ir/a.png", "vis/a.png", "ir/only_ir.png", "vis/only_vis.png")
    assert list(found(tmp_path)) == ["a"]
    assert len(find_pairs(tmp_path).unpaired) == 2


def test_two_marked_images_of_other_scenes_do_not_pair(tmp_path):
    make(tmp_path, "a_ir.png", "b_vis.png")
    with pytest.raises(ValueError, match="no infrared-visible pair"):
        find_pairs(tmp_path)


def test_stray_files_are_ignored(tmp_path):
    stray = ["ir/Thumbs.db", "ir/.DS_Store", "vis/notes.txt", ".hidden/ir/a.png"]
    stray += ["vis/a.png:Zone.Identifier", "vis/._a.png", "ir/a.gif"]
    make(tmp_path, "ir/a.png", "vis/a.png", *stray)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_pairs(tmp_path).names.tolist() == ["a"]
    ignored = {p.name for p in find_pairs(tmp_path).ignored}
    assert ignored == {os.path.basename(s) for s in stray if ".hidden" not in s}


def test_same_suffix_is_preferred_where_a_stem_occurs_twice(tmp_path):
    make(tmp_path, "ir/a.bmp", "ir/a.png", "vis/a.png")
    assert found(tmp_path) == {"a": ("ir/a.png", "vis/a.png")}
    assert [p.name for p in find_pairs(tmp_path).unpaired] == ["a.bmp"]


def test_second_choice_of_folders_is_used_where_the_first_has_no_partner(tmp_path):
    make(tmp_path, "infrared/a.png", "crop_HR_visible/a.png", "cropinfrared/z.png")
    assert found(tmp_path) == {"a": ("infrared/a.png", "crop_HR_visible/a.png")}


def test_names_are_unique_even_where_stems_repeat(tmp_path):
    make(tmp_path, *(f"{s}/{k}/1.png" for s in ("a", "b") for k in ("ir", "vi")))
    assert load_pairs(tmp_path).names.tolist() == ["a/1", "b/1"]
    make(tmp_path, "ir/x.png", "ir/x.bmp", "vi/x.png", "vi/x.bmp")
    names = load_pairs(tmp_path).names.tolist()
    assert len(set(names)) == 4


def test_given_folders(tmp_path):
    make(tmp_path, "day/1.png", "heat/1.png", "heat/deep/2.png", "day/deep/2.png")
    expected = {
        "1": ("heat/1.png", "day/1.png"),
        "2": ("heat/deep/2.png", "day/deep/2.png"),
    }
    assert found(tmp_path, infrared="heat", visible="day") == expected
    X = load_pairs(infrared=tmp_path / "heat", visible=tmp_path / "day")
    assert X.paths(0) == (tmp_path / "heat/1.png", tmp_path / "day/1.png")


def test_given_folders_with_repeating_stems_outside_the_working_folder(tmp_path):
    make(tmp_path, *(f"{k}/{s}/1.png" for s in ("a", "b") for k in ("heat", "day")))
    X = load_pairs(infrared=tmp_path / "heat", visible=tmp_path / "day")
    assert X.names.tolist() == ["a/1", "b/1"]
    make(tmp_path, *(f"{k}/a/1.bmp" for k in ("heat", "day")))
    X = load_pairs(infrared=tmp_path / "heat", visible=tmp_path / "day")
    assert len(set(X.names)) == 3


def test_split_of_given_folders(tmp_path):
    make(tmp_path, *(f"{k}/{s}/{s}.png" for s in ("a", "b") for k in ("heat", "day")))
    folders = {"infrared": tmp_path / "heat", "visible": tmp_path / "day"}
    assert load_pairs(**folders, split="b").names.tolist() == ["b"]


def test_position_pairs_only_when_asked(tmp_path):
    make(tmp_path, "i/8.png", "i/10.png", "v/left.png", "v/right.png")
    with pytest.raises(ValueError, match="by_position=True"):
        find_pairs(tmp_path)
    assert found(tmp_path, by_position=True) == {
        "left": ("i/8.png", "v/left.png"),
        "right": ("i/10.png", "v/right.png"),
    }


def test_position_needs_equal_counts(tmp_path):
    make(tmp_path, "ir/1.png", "ir/2.png", "vis/1.png")
    with pytest.raises(ValueError, match="2 infrared and 1 visible"):
        find_pairs(tmp_path, by_position=True)


@pytest.mark.parametrize(
    "names",
    [
        [
            f"{s}/{k}/{i}.png"
            for i, s in enumerate(("train", "test"))
            for k in ("ir", "vi")
        ],
        [
            f"{k}/{s}/{i}.png"
            for i, s in enumerate(("train", "test"))
            for k in ("ir", "vi")
        ],
        [
            f"{s}_ABC_{k}/{i}.png"
            for i, s in enumerate(("Train", "Test"))
            for k in ("ir", "vi")
        ],
    ],
)
def test_split_by_folder(tmp_path, names):
    make(tmp_path, *names)
    assert load_pairs(tmp_path, split="test").names.tolist() == ["1"]
    assert load_pairs(tmp_path, split="train").names.tolist() == ["0"]
    with pytest.raises(ValueError, match="with split='val'"):
        load_pairs(tmp_path, split="val")


def test_split_leaves_the_other_part_out_of_the_warning(tmp_path):
    make(tmp_path, "train/ir/1.png", "test/ir/2.png", "test/vi/2.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_pairs(tmp_path, split="test").names.tolist() == ["2"]


@pytest.mark.parametrize(
    ("files", "listing", "lines"),
    [
        (
            ["ir/028.png", "vi/028.png", "ir/029.png", "vi/029.png"],
            "meta/val.txt",
            "028.png\n",
        ),
        (
            [
                f"align/F_{i}_{k}"
                for i in (28, 29)
                for k in ("PreviewData.jpeg", "RGB.jpg")
            ],
            "align_val.txt",
            "F_28_PreviewData\n\n",
        ),
    ],
)
def test_split_by_list(tmp_path, files, listing, lines):
    make(tmp_path, *files, listing)
    (tmp_path / listing).write_text(lines)
    result = find_pairs(tmp_path, split="val")
    assert len(result) == 1
    assert "28" in result.names[0]
    assert len(result.ignored) == 3


def test_linked_folders_are_followed_once(tmp_path):
    make(tmp_path, "far/1.png", "set/vis/1.png")
    (tmp_path / "set/ir").symlink_to(tmp_path / "far")
    (tmp_path / "set/vis/back").symlink_to(tmp_path / "set")
    assert found(tmp_path / "set") == {"1": ("ir/1.png", "vis/1.png")}


def test_nothing_found_says_what_was_seen(tmp_path):
    with pytest.raises(ValueError, match="and saw no file"):
        load_pairs(tmp_path)
    make(tmp_path, "clip/ir.mp4")
    with pytest.raises(ValueError, match=r"saw 1 files, such as .*ir\.mp4"):
        load_pairs(tmp_path)


def test_one_modality_alone_is_no_pair(tmp_path):
    make(tmp_path, "ir/1.png")
    with pytest.raises(ValueError, match=r"saw 1 files.*1\.png"):
        load_pairs(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "nothing to load"),
        ({"infrared": "a"}, "only infrared= is given"),
        ({"visible": "a"}, "only visible= is given"),
        ({"folder": "no/such/place"}, "folder='no/such/place' is no folder"),
        ({"infrared": "no", "visible": "not"}, "infrared='no' is no folder"),
        ({"infrared": ".", "visible": "./"}, "are one folder"),
    ],
)
def test_errors_name_the_argument(options, message):
    with pytest.raises(ValueError, match=message):
        load_pairs(**options)


@pytest.mark.parametrize(
    ("dataset", "count", "first"),
    [
        ("TNO", 21, "01_2_men_in_front_of_house"),
        ("TNO_21", 11, "01"),
        ("TNO_extra", 12, "APC_1_view_1"),
        ("TNO_seq_Nato_camp", 32, "1800"),
        ("RoadScene", 180, "FLIR_00006"),
        ("VIFB", 10, "carShadow"),
        ("MSRS", 11, "00004N"),
        ("NIR_Country", 20, "01"),
        ("IFCNN_IV14", 7, "Camp"),
        ("medical_MRI_PET", 20, "11"),
    ],
)
def test_real_folders(shared, dataset, count, first):
    root = shared / "data" / dataset
    if not root.is_dir():
        pytest.skip(f"{root} is absent")
    result = find_pairs(root)
    assert len(result) == count
    assert result.names[0] == first
    assert not result.unpaired
    for infrared, visible in zip(result.infrared, result.visible):
        assert infrared.stem == visible.stem


def four_channels(path, seed=0):
    image = np.random.default_rng(seed).integers(0, 256, (12, 15, 4), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image[..., [2, 1, 0, 3]])
    return image


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_files_of_colour_and_thermal_are_pairs(tmp_path, suffix):
    """MFNet: images/00001D.png, labels/00001D.png, lists of the splits."""
    images = [
        four_channels(tmp_path / "images" / f"{name}{suffix}", seed)
        for seed, name in enumerate(("00001D", "00002N"))
    ]
    make(tmp_path, "labels/00001D.png")
    (tmp_path / "train.txt").write_text("00001D\n")
    X = load_pairs(tmp_path, channels="rgbt")
    assert X.names.tolist() == ["00001D", "00002N"]
    X = pickle.loads(pickle.dumps(X))
    for i, image in enumerate(images):
        infrared, visible = X.read(i)
        np.testing.assert_array_equal(infrared, image[..., 3] * np.float32(1 / 255))
        np.testing.assert_array_equal(visible, image[..., :3] * np.float32(1 / 255))
        assert X.paths(i) == (tmp_path / "images" / f"{X.names[i]}{suffix}",) * 2
    fused = skfusion.fuse(*X[1], "average", color="gray")
    assert fused.shape == (12, 15)
    assert fused.dtype == np.uint8
    assert X.pack().infrared[0].dtype == np.uint8
    assert load_pairs(tmp_path, channels="rgbt", split="train").names == ["00001D"]


def test_a_file_of_too_few_channels_is_named(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((4, 5, 3), np.uint8))
    X = load_pairs(tmp_path, channels="rgbt")
    with pytest.raises(ValueError, match=r"a\.png has 3 channels.*channels=\(3,\)"):
        X.read(0)


def test_errors_of_channels(tmp_path):
    with pytest.raises(ValueError, match="channels='rgb': use 'rgbt'"):
        load_pairs(tmp_path, channels="rgb")
    with pytest.raises(ValueError, match="such a file is both"):
        load_pairs(channels="rgbt", infrared=tmp_path, visible=tmp_path)
    with pytest.raises(ValueError, match="no PNG, JPEG, TIFF or BMP image"):
        load_pairs(tmp_path, channels="rgbt")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_pipes_keep_nobody_waiting(tmp_path):
    make(tmp_path, "ir/a.png", "vis/a.png")
    os.mkfifo(tmp_path / "train.txt")
    with pytest.raises(ValueError, match="split='train'"):
        load_pairs(tmp_path, split="train")
