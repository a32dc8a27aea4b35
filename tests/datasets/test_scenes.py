"""make_scene_pairs: what a drawn pair must show to be worth fusing."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest

from skfusion.datasets import make_scene_pairs
from skfusion.images import as_float, luma
from skfusion.pairs import ImagePairs

SMALL = (60, 76)


def images(pairs):
    return [image for i in range(len(pairs)) for image in pairs[i]]


def same(first, second):
    return all(
        np.array_equal(a, b) for a, b in zip(images(first), images(second), strict=True)
    )


def test_pairs_are_in_memory_and_registered():
    X = make_scene_pairs(2, SMALL, random_state=0)
    assert isinstance(X, ImagePairs)
    assert len(X) == 2
    for infrared, visible in X:
        assert infrared.shape == SMALL
        assert visible.shape == (*SMALL, 3)
        assert infrared.dtype == visible.dtype == np.uint8


def test_names_say_what_is_shown():
    X = make_scene_pairs(4, (16, 16), random_state=0, night="mixed")
    assert X.names.tolist() == [
        "scene_00_street_night",
        "scene_01_street_day",
        "scene_02_park_day",
        "scene_03_park_night",
    ]


def test_same_state_same_pictures_and_another_state_others():
    X = make_scene_pairs(2, SMALL, random_state=3)
    assert same(X, make_scene_pairs(2, SMALL, random_state=3))
    other = make_scene_pairs(2, SMALL, random_state=4)
    assert not any(np.array_equal(a, b) for a, b in zip(images(X), images(other)))


def test_scene_does_not_depend_on_the_number_of_scenes():
    X = make_scene_pairs(3, SMALL, random_state=3, night="mixed")
    assert same(X[:1], make_scene_pairs(1, SMALL, random_state=3, night="mixed"))


def test_every_scene_is_another():
    X = make_scene_pairs(8, (24, 32), random_state=1, night=True)
    pictures = {image.tobytes() for image in images(X)}
    assert len(pictures) == 16


@pytest.mark.parametrize("kind", [np.random.default_rng, np.random.RandomState])
def test_generators_advance(kind):
    first, second = kind(5), kind(5)
    X = make_scene_pairs(1, SMALL, random_state=first)
    assert same(X, make_scene_pairs(1, SMALL, random_state=second))
    assert not same(X, make_scene_pairs(1, SMALL, random_state=second))


def test_without_a_state_pictures_differ():
    X, Y = make_scene_pairs(1, (16, 20)), make_scene_pairs(1, (16, 20))
    assert not same(X, Y)


def test_global_generator_is_left_alone():
    before = np.random.get_state()[1].copy()
    make_scene_pairs(1, (16, 16))
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize("size", [(16, 16), (17, 90), (90, 17), (33, 47)])
@pytest.mark.parametrize("night", [False, True])
def test_any_size(size, night):
    X = make_scene_pairs(3, size, random_state=0, night=night, smoke=True)
    for infrared, visible in X:
        assert infrared.shape == visible.shape[:2] == size
        assert np.ptp(infrared) > 30
        assert np.ptp(visible) > 30


def test_gray_is_the_luma_of_colour():
    colour = make_scene_pairs(1, SMALL, random_state=2)
    gray = make_scene_pairs(1, SMALL, random_state=2, color=False)
    assert gray[0][1].shape == SMALL
    difference = luma(colour[0][1]) - as_float(gray[0][1])
    assert np.abs(difference).max() < 1.01 / 255


def test_counts_are_those_of_a_radiometric_camera():
    counts = make_scene_pairs(1, SMALL, random_state=2, counts16=True)[0][0]
    levels = make_scene_pairs(1, SMALL, random_state=2)[0][0]
    assert counts.dtype == np.uint16
    assert 7000 <= counts.min() < counts.max() <= 9000
    np.testing.assert_allclose((counts - 7000.0) / 2000, levels / 255.0, atol=0.0025)


@pytest.mark.parametrize("night", [False, True])
@pytest.mark.parametrize("state", [0, 1])
def test_people_are_bright_in_the_infrared_and_not_in_the_visible(night, state):
    X, targets = make_scene_pairs(
        4, SMALL, random_state=state, night=night, smoke=False, return_targets=True
    )
    for i, target in enumerate(targets):
        people = target["masks"].any(axis=0)
        assert 20 < people.sum() < 0.2 * people.size
        infrared, visible = X.read(i)
        rest = ~people
        assert infrared[people].mean() > infrared[rest].mean() + 0.2
        assert infrared[people].mean() > np.quantile(infrared[rest], 0.9)
        assert luma(visible)[people].mean() < luma(visible)[rest].mean() + 0.1


def test_targets_are_boxes_around_masks():
    _, targets = make_scene_pairs(4, (120, 160), random_state=0, return_targets=True)
    for target in targets:
        n = len(target["boxes"])
        assert n >= 4
        assert target["boxes"].dtype == np.float32 and target["masks"].dtype == bool
        assert target["masks"].shape == (n, 120, 160)
        assert target["labels"].tolist() == ["person"] * n
        assert target["iscrowd"].shape == (n,) and target["iscrowd"].dtype == bool
        assert target["masks"].sum(axis=0).max() == 1  # nobody shares a pixel
        for box, mask in zip(target["boxes"], target["masks"]):
            rows, columns = np.nonzero(mask)
            around = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            assert box.tolist() == around


def test_who_is_hidden_need_not_be_found():
    _, targets = make_scene_pairs(
        16, (120, 160), random_state=0, smoke=False, return_targets=True
    )
    hidden = np.concatenate([target["iscrowd"] for target in targets])
    areas = np.concatenate([target["masks"].sum(axis=(1, 2)) for target in targets])
    assert 0 < hidden.mean() < 0.25
    assert areas[hidden].mean() < 0.5 * areas[~hidden].mean()


def test_targets_do_not_change_the_pictures():
    X, _ = make_scene_pairs(1, SMALL, random_state=3, return_targets=True)
    assert same(X, make_scene_pairs(1, SMALL, random_state=3))


def test_night_is_dark_in_the_visible_only():
    day = make_scene_pairs(4, SMALL, random_state=0, smoke=False)
    night = make_scene_pairs(4, SMALL, random_state=0, smoke=False, night=True)
    for i in range(4):
        assert luma(night[i][1]).mean() < 0.6 * luma(day[i][1]).mean()
        assert as_float(night[i][0]).mean() > 0.5 * as_float(day[i][0]).mean()
        # Lamps or windows shine all the same.
        assert luma(night[i][1]).max() > 0.6


def test_sky_is_cold():
    for infrared, _ in make_scene_pairs(2, SMALL, random_state=0):
        top = infrared[: SMALL[0] // 5]
        assert np.quantile(top, 0.02) < 20


def test_visible_has_the_texture():
    for night in (False, True):
        X = make_scene_pairs(4, (96, 120), random_state=0, night=night, noise=0)
        for i in range(4):
            infrared, visible = X.read(i)
            road = slice(-24, None)  # the ground before the camera
            fine = [
                np.abs(np.diff(image[road], axis=1)).mean() / image[road].mean()
                for image in (infrared, luma(visible))
            ]
            assert fine[0] < 0.6 * fine[1]


@pytest.mark.parametrize("night", [False, True])
def test_smoke_hides_the_visible_and_not_the_infrared(night):
    options = {"random_state": 0, "night": night, "noise": 0}
    clear = make_scene_pairs(4, SMALL, smoke=False, **options)
    smoky, targets = make_scene_pairs(
        4, SMALL, smoke=True, return_targets=True, **options
    )
    for i in range(4):
        seen = luma(smoky[i][1]) - luma(clear[i][1])
        heat = as_float(smoky[i][0]) - as_float(clear[i][0])
        assert (np.abs(seen) > 0.05).mean() > 0.04
        assert np.abs(heat).max() < 0.12
        assert smoky.read(i)[0][targets[i]["masks"].any(axis=0)].mean() > 0.5


def test_mixed_smoke_is_in_every_other_scene():
    options = {"random_state": 0, "noise": 0}
    mixed = make_scene_pairs(4, SMALL, **options)
    assert same(mixed[::2], make_scene_pairs(4, SMALL, smoke=False, **options)[::2])
    assert same(mixed[1::2], make_scene_pairs(4, SMALL, smoke=True, **options)[1::2])


def test_noise():
    clean = make_scene_pairs(1, SMALL, random_state=0, noise=0)[0]
    usual = make_scene_pairs(1, SMALL, random_state=0)[0]
    strong = make_scene_pairs(1, SMALL, random_state=0, noise=4.0)[0]
    for quiet, normal, loud in zip(clean, usual, strong):
        deviation = [np.std(as_float(x) - as_float(quiet)) for x in (normal, loud)]
        assert 0.001 < deviation[0] < 0.05
        assert deviation[1] > 2.5 * deviation[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_pairs": 0}, "n_pairs=0"),
        ({"n_pairs": True}, "n_pairs=True"),
        ({"n_pairs": 1.5}, "n_pairs=1.5"),
        ({"size": 64}, "size=64: expected"),
        ({"size": (64,)}, "size="),
        ({"size": (64, 15)}, "at least 16"),
        ({"size": (64.0, 64)}, "size="),
        ({"night": "dusk"}, "night='dusk': expected True, False or \"mixed\""),
        ({"smoke": 1}, "smoke=1"),
        ({"noise": -1}, "noise=-1"),
        ({"noise": "loud"}, "noise='loud'"),
        ({"random_state": -1}, "random_state=-1"),
        ({"random_state": "seed"}, "random_state='seed'"),
    ],
)
def test_errors_name_the_argument(options, message):
    with pytest.raises(ValueError, match=message):
        make_scene_pairs(**options)
