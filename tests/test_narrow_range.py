"""Counts that fill a sliver of 16 bits are named once at every door that decodes."""

import re
import warnings

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

import skfusion
from skfusion import ImagePairs
from skfusion.batch import BatchError, fuse_folder
from skfusion.compose import EnhanceByModality, PreserveChroma
from skfusion.fusers import GFF, AverageFuser
from skfusion.images import NarrowRangeWarning, write_image
from skfusion.leaderboard import run_bench
from skfusion.metrics import FusionScorer, evaluate, single_split
from skfusion.pairs import stretch_infrared
from skfusion.search import SearchSpace, run_search
from skfusion.transforms import LinearStretch
from skfusion.video import fuse_video

N = 5
VISIBLE = np.tile(np.arange(0, 240, 5, dtype=np.uint8), (40, 1))
COLOUR = np.dstack([VISIBLE, VISIBLE[:, ::-1], VISIBLE])
COUNTS = np.random.default_rng(0).integers(7192, 8208, VISIBLE.shape).astype(np.uint16)
STRETCHED = EnhanceByModality(infrared=LinearStretch(1, 99))


def pairs(infrared=COUNTS, visible=VISIBLE):
    return ImagePairs([infrared] * N, [visible] * N, names=list("abcde"))


def said(function, *args, **kwargs):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        function(*args, **kwargs)
    return [str(w.message) for w in seen if w.category is NarrowRangeWarning]


DOORS = {
    "transform": lambda X: AverageFuser().transform(X),
    "weight_map": lambda X: AverageFuser().weight_map(X),
    "weight_maps": lambda X: GFF().weight_maps(X),
    "pipeline": lambda X: Pipeline([("fuse", AverageFuser())]).fit_transform(X),
    "PreserveChroma": lambda X: PreserveChroma(AverageFuser()).transform(X),
    "evaluate": lambda X: evaluate(X, [VISIBLE] * N, metrics=["en"]),
    "evaluate by two": lambda X: evaluate(X, [VISIBLE] * N, metrics=["en"], n_jobs=2),
    "scorer": lambda X: FusionScorer(["en"])(AverageFuser(), X),
    "bench": lambda X: run_bench(X, methods=["average"], metrics=["en"]),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("visible", [VISIBLE, COLOUR], ids=["gray", "colour"])
def test_every_door_says_it_once_for_all_pairs(door, visible):
    (message,) = said(DOORS[door], pairs(visible=visible))
    # Of two workers either may be the first to say it.
    one, other = ("[abc]", "[abc]") if door.endswith("two") else ("a", "b")
    assert re.match(
        rf"infrared of pair '{one}' spans 1.5 % of its range, 7192..8207, .* stretch "
        rf"it, .*\(4 more like it, such as infrared of pair '{other}'\.\)$",
        message,
    )


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_folder_run_says_it_once_and_names_files(tmp_path, n_jobs):
    for k in range(N):
        write_image(tmp_path / f"{k}.png", COUNTS, bit_depth=16)
    files = [tmp_path / f"{k}.png" for k in range(N)]
    X = ImagePairs(files, [VISIBLE] * N)
    (message,) = said(fuse_folder, AverageFuser(), X, tmp_path / "out", n_jobs=n_jobs)
    assert message.count(".png") == 2 and "(4 more like it" in message


def test_a_folder_run_that_fails_says_it_too(tmp_path):
    X = ImagePairs([COUNTS, "none.png"], [VISIBLE] * 2)
    with (
        pytest.warns(NarrowRangeWarning),
        pytest.raises(BatchError, match=r"none\.png"),
    ):
        fuse_folder(AverageFuser(), X, tmp_path)


def test_fuse_says_it_once_whatever_the_method():
    for method in ("average", "balanced", "tif", "gff"):
        (message,) = said(skfusion.fuse, COUNTS, COLOUR, method)
        assert message.startswith("infrared of pair 'the pair' spans 1.5 % of its")


def test_a_visible_image_of_16_bits_is_named_as_well():
    (message,) = said(skfusion.fuse, VISIBLE, COUNTS, "average")
    assert message.startswith("visible")


@pytest.mark.parametrize("visible", [VISIBLE, COLOUR], ids=["gray", "colour"])
def test_a_method_that_stretches_leaves_nothing_to_say(visible):
    steps = Pipeline([("stretch", STRETCHED), ("fuse", AverageFuser())])
    assert not said(skfusion.fuse, COUNTS, visible, steps)
    assert not said(skfusion.fuse, COUNTS, visible, "targets")
    assert not said(PreserveChroma(steps).transform, pairs(visible=visible))


def test_stretched_pairs_leave_nothing_to_say_at_any_door():
    X = stretch_infrared(pairs())
    for door in DOORS.values():
        assert not said(door, X)


def test_a_search_says_it_of_the_pairs_it_scores(recwarn):
    search = GridSearchCV(
        Pipeline([("stretch", STRETCHED), ("fuse", AverageFuser())]),
        {"fuse__visible_weight": [0.3, 0.6]},
        scoring=FusionScorer(["en"]),
        refit=False,
        cv=single_split(pairs()),
        error_score="raise",
    )
    # Scored against the pairs as they stand in X, raw counts: each score says so.
    assert len(said(search.fit, pairs())) == 2


def test_a_video_says_it_once(tmp_path):
    av = pytest.importorskip("av")
    for name, image, form in (("ir", COUNTS, "gray16le"), ("vis", VISIBLE, "gray")):
        with av.open(str(tmp_path / f"{name}.mkv"), "w") as file:
            stream = file.add_stream("ffv1", rate=25)
            stream.height, stream.width = image.shape
            stream.pix_fmt = form
            for _ in range(3):
                frame = av.VideoFrame.from_ndarray(image, format=form)
                file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
    (message,) = said(
        fuse_video,
        AverageFuser(),
        tmp_path / "ir.mkv",
        tmp_path / "vis.mkv",
        tmp_path / "out.mkv",
        codec="ffv1",
    )
    assert message.startswith("infrared of pair 'frame 0' spans 1.5 %")


def test_images_that_fill_their_range_pass_in_silence():
    for image in (VISIBLE, VISIBLE.astype(np.uint16) * 257, VISIBLE / 255):
        assert not said(skfusion.fuse, image, image, "average")


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_search_of_ours_says_it_once_for_all_candidates(n_jobs):
    weights = {"visible_weight": [0.2, 0.4, 0.6]}
    space = SearchSpace(AverageFuser(), weights, ["en"])
    (message,) = said(run_search, pairs(), space, n_jobs=n_jobs)
    assert "(4 more like it" in message
