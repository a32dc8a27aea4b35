"""What is said about images is said once, at the caller's line."""

import warnings

import pytest

from skfusion.images.notices import (
    FalseColourWarning,
    ImageWarning,
    NarrowRangeWarning,
    Notices,
    notify,
)


def said(function):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        function()
    return [(w.category, str(w.message)) for w in seen]


def test_without_a_collection_it_is_said_at_once():
    assert said(lambda: notify(ImageWarning, "a.png", "is odd")) == [
        (ImageWarning, "a.png is odd.")
    ]


def test_a_collection_says_each_kind_once_with_the_number_of_the_others():
    def folder():
        with Notices():
            for name in ("a", "b", "c", "a"):
                notify(NarrowRangeWarning, name, f"is narrow like {name}")
            notify(FalseColourWarning, "b", "is coloured")

    assert said(folder) == [
        (NarrowRangeWarning, "a is narrow like a. (2 more like it, such as b.)"),
        (FalseColourWarning, "b is coloured."),
    ]


def test_two_things_about_one_image_are_no_second_image():
    def twice():
        with Notices():
            notify(ImageWarning, "a", "has alpha")
            notify(ImageWarning, "a", "has a fifth leg")

    assert said(twice) == [(ImageWarning, "a has alpha.")]


def test_an_inner_collection_hands_over_to_the_outer_one():
    def nested():
        with Notices():
            for name in "ab":
                with Notices():
                    notify(ImageWarning, name, "is odd")

    assert said(nested) == [(ImageWarning, "a is odd. (1 more like it, such as b.)")]


def test_a_quiet_collection_keeps_what_it_found_to_itself():
    notices = Notices(quiet=True)

    def quiet():
        with Notices(), notices:
            notify(ImageWarning, "a", "is odd")

    assert said(quiet) == []
    assert notices.found == [(ImageWarning, "a", "is odd")]


def test_what_a_worker_found_is_added_to_what_is_said():
    def parent():
        with Notices() as notices:
            notices.extend(
                [(ImageWarning, "a", "is odd"), (ImageWarning, "a", "is odd")]
            )

    assert said(parent) == [(ImageWarning, "a is odd.")]


def test_entered_again_it_repeats_nothing():
    notices = Notices()

    def video():
        for name in ("frame 0", "frame 1"):
            with notices:
                notify(ImageWarning, name, "is odd")

    assert said(video) == [(ImageWarning, "frame 0 is odd.")]


def test_an_error_inside_does_not_lose_it_nor_leave_the_collection_open():
    def fails():
        with pytest.raises(ZeroDivisionError), Notices():
            notify(ImageWarning, "a", "is odd")
            raise ZeroDivisionError
        notify(ImageWarning, "b", "is odd")

    assert [text for _, text in said(fails)] == ["a is odd.", "b is odd."]


def test_the_warning_names_the_line_outside_of_the_library():
    with pytest.warns(ImageWarning) as seen:
        notify(ImageWarning, "a", "is odd")
    assert seen[0].filename == __file__
