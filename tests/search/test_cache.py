"""Enhanced images are shared by the candidates, and nobody can tell from the result."""

import os
import pickle
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from skfusion import ImagePairs
from skfusion.base import ImageTransformer
from skfusion.compose import EnhanceByModality, PreserveChroma
from skfusion.fusers import AUIF, AverageFuser, LaplacianPyramid
from skfusion.images import read_image, write_image
from skfusion.search import SearchSpace, run_search
from skfusion.search.cache import (
    CachedTransformer,
    EnhancementCache,
    learns,
    step_key,
)
from skfusion.search.candidate import Candidate
from skfusion.transforms import HDRC, SSR, GuidedFilter, LinearStretch


class Counting(ImageTransformer):
    """Darkens, and writes down each call in a file that all processes share."""

    _parameter_constraints = {}

    def __init__(self, log, factor=0.5):
        self.log = log
        self.factor = factor

    def _transform_image(self, image):
        with open(self.log, "a") as file:
            file.write(f"{self.factor}\n")
        return image * np.float32(self.factor)


class Learner(BaseEstimator):
    """Remembers how many pairs it saw."""

    def fit(self, X, y=None):
        self.n_ = len(X)
        return self

    def transform(self, X):
        return [X.read(i)[0] for i in range(len(X))]


def calls(log):
    return sorted(Path(log).read_text().split()) if Path(log).exists() else []


@pytest.fixture
def pairs(small_pairs):
    return ImagePairs(*zip(*small_pairs))


@pytest.fixture
def always(monkeypatch):
    """Keep every image, however quick it was made."""
    monkeypatch.setattr(EnhancementCache.__init__, "__defaults__", (0.0,))


def pipeline(log, **slots):
    steps = [
        ("enhance", EnhanceByModality(visible=Counting(str(log)), **slots)),
        ("fuse", LaplacianPyramid()),
    ]
    return PreserveChroma(Pipeline(steps))


def space(log):
    grid = {
        "estimator__enhance__visible__factor": [0.5, 0.7],
        "estimator__fuse__n_levels": [1, 2, 3],
    }
    return SearchSpace(pipeline(log), grid, ["qabf", "en", "mse"])


def fused_by(estimator, pairs, cache=None):
    return Candidate(estimator, cache).fit(pairs).transform(pairs)


def test_each_image_is_enhanced_once_for_each_parameter_set(tmp_path, pairs, always):
    table, best = run_search(pairs, space(tmp_path / "log"))
    assert len(table) == 6
    last = str(table["enhance__visible__factor"][0])  # one pair fits the best one
    assert calls(tmp_path / "log") == sorted(["0.5"] * 3 + ["0.7"] * 3 + [last])
    parts = [best, *best.get_params().values()]
    assert not any(isinstance(part, Candidate | CachedTransformer) for part in parts)
    assert isinstance(best.estimator_["enhance"].visible_, Counting)


def test_results_are_bitwise_those_without_the_cache(tmp_path, pairs, monkeypatch):
    tables = []
    for gain in (0.0, np.inf):
        monkeypatch.setattr(EnhancementCache.__init__, "__defaults__", (gain,))
        table, best = run_search(pairs, space(tmp_path / f"log{gain}"))
        tables.append((table.drop(columns="seconds"), best.transform(pairs)))
    assert len(calls(tmp_path / "log0.0")) == 2 * 3 + 1 + 3
    assert len(calls(tmp_path / "loginf")) == 6 * 3 + 1 + 3
    assert tables[0][0].equals(tables[1][0])
    for a, b in zip(tables[0][1], tables[1][1]):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_workers_share_the_folder(tmp_path, pairs, n_jobs, always):
    alone, _ = run_search(pairs, space(tmp_path / "log"))
    table, _ = run_search(
        pairs, space(tmp_path / "log2"), n_jobs=n_jobs, cache=tmp_path / "cache"
    )
    assert table.drop(columns="seconds").equals(alone.drop(columns="seconds"))
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == 6
    assert not list((tmp_path / "cache").rglob("*.tmp"))


def test_a_folder_of_its_own_serves_the_next_search(tmp_path, pairs, always):
    log = tmp_path / "log"
    run_search(pairs, space(log), cache=tmp_path / "cache")
    assert len(calls(log)) == 2 * 3 + 1
    run_search(pairs, space(log), cache=tmp_path / "cache")
    assert len(calls(log)) == 2 * 3 + 1 + 1  # one pair to fit the best


def test_the_temporary_folder_is_gone(tmp_path, pairs, always, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run_search(pairs, space(tmp_path / "log"))
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_cheap_steps_are_not_kept(tmp_path, pairs):
    cache = EnhancementCache(tmp_path / "cache", min_gain=1e9)
    log = tmp_path / "log"
    fused_by(pipeline(log), pairs, cache)
    assert not (tmp_path / "cache").exists() and len(calls(log)) == 3


def test_a_slow_step_is_kept(tmp_path):
    class Slow(ImageTransformer):
        def _transform_image(self, image):
            time.sleep(0.05)
            return image

    cache = EnhancementCache(tmp_path)
    image = np.zeros((24, 24), np.float32)
    CachedTransformer(Slow(), b"slow", cache).transform([image])
    assert len(list(tmp_path.rglob("*.npy"))) == 1


def test_both_slots_and_pipelines_of_transformers_are_cached(tmp_path, pairs):
    log = tmp_path / "log"
    slots = {
        "infrared": Pipeline([("a", Counting(str(log), 0.9)), ("b", LinearStretch())])
    }
    cache = EnhancementCache(tmp_path / "cache", min_gain=0)
    first = fused_by(pipeline(log, **slots), pairs, cache)
    again = fused_by(pipeline(log, **slots), pairs, cache)
    assert calls(log) == ["0.5"] * 3 + ["0.9"] * 3
    plain = fused_by(pipeline(log, **slots), pairs)
    for a, b, c in zip(first, again, plain):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


def cached(log, cache):
    step = Counting(str(log))
    return CachedTransformer(step, step_key(step), cache)


def test_a_changed_file_is_enhanced_again(tmp_path):
    path, log = tmp_path / "image.png", tmp_path / "log"
    cache = EnhancementCache(tmp_path / "cache", min_gain=0)
    write_image(path, np.full((8, 9), 100, np.uint8))
    first = cached(log, cache).transform([path])[0]
    np.testing.assert_array_equal(cached(log, cache).transform([path])[0], first)
    assert len(calls(log)) == 1
    write_image(path, np.full((8, 10), 50, np.uint8))  # another size
    changed = cached(log, cache).transform([str(path)])[0]
    assert changed.shape == (8, 10) and len(calls(log)) == 2
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**6))  # touched only
    cached(log, cache).transform([path])
    assert len(calls(log)) == 3


def test_changed_pixels_are_enhanced_again(tmp_path):
    cache, log = EnhancementCache(tmp_path / "cache", min_gain=0), tmp_path / "log"
    image = np.full((8, 9), 0.5, np.float32)
    for k, other in enumerate((image, image.T, image.astype(np.float64), image * 0.9)):
        for _ in range(2):
            out = cached(log, cache).transform([other])[0]
            np.testing.assert_array_equal(out, other.astype(np.float32) * 0.5)
        assert len(calls(log)) == k + 1


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "other"])
def test_a_damaged_file_is_made_again(tmp_path, damage):
    cache, log = EnhancementCache(tmp_path / "cache", min_gain=0), tmp_path / "log"
    image = np.linspace(0, 1, 30, dtype=np.float32).reshape(5, 6)
    expected = cached(log, cache).transform([image])[0]
    (path,) = (tmp_path / "cache").rglob("*.npy")
    content = path.read_bytes()
    np.testing.assert_array_equal(np.load(path), expected)
    flipped = bytearray(content)
    flipped[-40] ^= 1
    path.write_bytes(
        {"empty": b"", "cut": content[:-9], "flipped": flipped, "other": b"x" * 300}[
            damage
        ]
    )
    again = cached(log, cache).transform([image])[0]
    np.testing.assert_array_equal(again, expected)
    assert len(calls(log)) == 2 and path.read_bytes() == content


def test_a_folder_that_cannot_be_written_costs_nothing_but_the_gain(tmp_path):
    (tmp_path / "file").touch()
    cache = EnhancementCache(tmp_path / "file" / "cache", min_gain=0)
    image = np.full((8, 9), 0.5, np.float32)
    out = cached(tmp_path / "log", cache).transform([image, image])
    assert len(out) == 2 and len(calls(tmp_path / "log")) == 2


def test_what_is_read_may_be_written_to(tmp_path):
    cache = EnhancementCache(tmp_path / "cache", min_gain=0)
    image = np.full((8, 9), 0.5, np.float32)
    for _ in range(2):
        out = cached(tmp_path / "log", cache).transform([image])[0]
        assert out.flags.writeable and out.dtype == np.float32
        out[:] = 0


def test_many_threads_write_and_read_the_same_images(tmp_path):
    cache = EnhancementCache(tmp_path / "cache", min_gain=0)
    rng = np.random.default_rng(0)
    images = [rng.random((16, 16), np.float32) for _ in range(12)]
    wrong = []

    def work():
        for _ in range(5):
            step = LinearStretch(low=0, high=90)
            out = CachedTransformer(step, step_key(step), cache).transform(images)
            for a, b in zip(out, expected):
                if not np.array_equal(a, b):
                    wrong.append(a)

    expected = LinearStretch(low=0, high=90).transform(images)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize(
    "step",
    [
        HDRC(),
        HDRC(base_filter=GuidedFilter(radius=4)),
        HDRC(target_contrast=np.float64(3)),
        LinearStretch(),
        SSR(),
        Pipeline([("a", HDRC()), ("b", "passthrough"), ("c", LinearStretch())]),
    ],
)
def test_steps_are_told_apart_by_class_and_parameters(step):
    key = step_key(step)
    assert key == step_key(pickle.loads(pickle.dumps(step)))
    others = [HDRC(eps=0.5), LinearStretch(low=2), GuidedFilter(), Counting("log")]
    assert key not in [step_key(other) for other in others]


def test_a_numpy_number_is_the_same_parameter():
    assert step_key(HDRC(target_contrast=np.float64(3))) == step_key(
        HDRC(target_contrast=3.0)
    )


class Odd(ImageTransformer):
    def __init__(self, value=None, random_state=0):
        self.value = value
        self.random_state = random_state


class Tagged(ImageTransformer):
    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = True
        return tags


@pytest.mark.parametrize(
    "step",
    [
        "passthrough",
        Learner(),
        Pipeline([("a", HDRC()), ("b", Learner())]),
        Pipeline([("a", "passthrough")]),
        Odd(value=len),
        Odd(value=np.array([object()])),
        Odd(random_state=None),
        Odd(random_state=np.random.RandomState(0)),
        Odd(value=Tagged()),
        Tagged(),
    ],
)
def test_steps_that_could_differ_are_never_cached(step):
    assert step_key(step) is None


def test_arrays_and_lists_are_parameters_too():
    keys = {
        step_key(Odd(value=value))
        for value in (np.arange(3), np.arange(4), [1, 2], (1, 2), "a", 1, 1.0, True)
    }
    assert len(keys) == 8 and None not in keys


def test_only_what_learns_is_fitted(pairs):
    class Loud(AverageFuser):
        def fit(self, X, y=None):
            raise AssertionError("fitted")

    assert len(fused_by(Loud(), pairs)) == 3
    assert not learns(PreserveChroma(Pipeline([("fuse", AUIF())])))
    assert learns(PreserveChroma(Pipeline([("fuse", AUIF(weights=None))])))
    candidate = Candidate(
        Pipeline([("enhance", EnhanceByModality()), ("f", Learner())])
    )
    assert candidate.fit(pairs).estimator_["f"].n_ == 3


def test_a_fitted_enhancement_is_used_as_it_was_fitted(tmp_path, pairs):
    steps = [("enhance", EnhanceByModality(visible=HDRC())), ("f", Learner())]
    cache = EnhancementCache(tmp_path, min_gain=0)
    plain = fused_by(Pipeline(steps), pairs)
    for a, b in zip(fused_by(Pipeline(steps), pairs, cache), plain):
        np.testing.assert_array_equal(a, b)


def test_paths_are_read_like_arrays(tmp_path):
    path = tmp_path / "image.png"
    write_image(path, np.arange(72, dtype=np.uint8).reshape(8, 9))
    cache = EnhancementCache(tmp_path / "cache", min_gain=0)
    a = cached(tmp_path / "log", cache).transform([path])[0]
    b = cached(tmp_path / "log", cache).transform([read_image(path)])[0]
    np.testing.assert_array_equal(a, b)
