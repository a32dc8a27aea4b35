"""The contract of a fuser: every check on every fuser."""

import copy
import functools
import inspect
import io
import pickle
import re
import threading

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils._tags import get_tags

from skfusion import ImagePairs, pair_array
from skfusion.base import COLORS
from skfusion.images import luma, write_image

from ..conftest import SHAPES, make_pair
from .estimators import EXCEPTIONS, FUSERS, make

PAIRS = [make_pair(seed, shape) for seed, shape in enumerate(SHAPES)]
ONE = PAIRS[:1]


def results(fuser, X):
    return list(fuser.transform(X))


def assert_same(first, second):
    assert len(first) == len(second)
    for a, b in zip(first, second):
        np.testing.assert_array_equal(a, b)


def assert_image(fused, shape):
    assert fused.dtype == np.float32
    assert fused.shape == shape
    assert np.isfinite(fused).all()
    assert fused.min() >= 0 and fused.max() <= 1


def ready(cls):
    """Return an instance that can transform, fitted where that is needed."""
    fuser = make(cls)
    return copy.deepcopy(_fitted(cls)) if get_tags(fuser).requires_fit else fuser


@functools.cache
def _fitted(cls):
    return make(cls).fit(PAIRS)


def check_init_only_assigns(cls, tmp_path):
    marks = {name: object() for name in inspect.signature(cls.__init__).parameters}
    marks.pop("self")
    for name, value in cls(**marks).get_params(deep=False).items():
        assert value is marks[name]


def check_needs_no_argument(cls, tmp_path):
    assert isinstance(cls(), cls)


def check_params_round_trip(cls, tmp_path):
    params = cls().get_params(deep=False)
    assert cls().set_params(**params).get_params(deep=False) == params


def check_unknown_parameter_is_refused(cls, tmp_path):
    with pytest.raises(ValueError, match="no_such_parameter"):
        cls().set_params(no_such_parameter=1)


def check_every_parameter_is_constrained(cls, tmp_path):
    assert set(cls().get_params(deep=False)) <= set(cls._parameter_constraints)


def check_bad_parameters_are_named_at_use(cls, tmp_path):
    for name in cls().get_params(deep=False):
        fuser = cls(**{name: object()})
        with pytest.raises(ValueError, match=f"'{name}' parameter"):
            fuser.fit(ONE)


def check_fit_returns_self_and_keeps_params(cls, tmp_path):
    fuser = make(cls)
    before = fuser.get_params(deep=False)
    assert fuser.fit(PAIRS) is fuser
    assert fuser.get_params(deep=False) == before


def check_fit_refuses_what_is_no_pairs(cls, tmp_path):
    with pytest.raises(ValueError, match="X"):
        make(cls).fit(np.zeros((3, 4)))


def check_use_without_fit(cls, tmp_path):
    fuser = make(cls)
    if get_tags(fuser).requires_fit:
        with pytest.raises(ValueError, match="fit"):
            fuser.transform(ONE)
    else:
        fitted = make(cls).fit(PAIRS)
        assert_same(results(fuser, ONE), results(fitted, ONE))


def check_output_form(cls, tmp_path):
    fused = ready(cls).transform(PAIRS)
    assert fused.dtype == object and fused.shape == (len(PAIRS),)
    for image, (ir, _) in zip(fused, PAIRS):
        assert_image(image, ir.shape)


def check_empty_input(cls, tmp_path):
    assert ready(cls).transform([]).shape == (0,)


def check_inputs_stay_unchanged(cls, tmp_path):
    ir, vis = (image.astype(np.float32) for image in PAIRS[0])
    before = ir.copy(), vis.copy()
    ready(cls).transform([(ir, vis)])
    assert_same((ir, vis), before)


def check_read_only_input(cls, tmp_path):
    ir, vis = (image.astype(np.float32) for image in PAIRS[0])
    expected = results(ready(cls), [(ir, vis)])
    ir.flags.writeable = vis.flags.writeable = False
    assert_same(results(ready(cls), [(ir, vis)]), expected)


@pytest.mark.parametrize("layout", ["fortran", "strided", "reversed", "memmap"])
@pytest.mark.parametrize("cls", FUSERS, ids=lambda cls: cls.__name__)
def test_memory_layout_does_not_matter(cls, layout, tmp_path):
    ir, vis = (image.astype(np.float32) for image in PAIRS[0])
    expected = results(ready(cls), [(ir, vis)])
    assert_same(results(ready(cls), [(lay(ir, layout), lay(vis, layout))]), expected)


def lay(image, layout):
    if layout == "fortran":
        return np.asfortranarray(image)
    if layout == "strided":
        wide = np.zeros((image.shape[0], 2 * image.shape[1]), image.dtype)
        wide[:, ::2] = image
        return wide[:, ::2]
    if layout == "reversed":
        return np.ascontiguousarray(image[::-1, ::-1])[::-1, ::-1]
    import tempfile

    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, image.dtype, "w+", shape=image.shape)
        mapped[:] = image
        return mapped


def check_float64_agrees_with_float32(cls, tmp_path):
    single = [(ir.astype(np.float32), vis.astype(np.float32)) for ir, vis in ONE]
    double = [(ir.astype(np.float64), vis.astype(np.float64)) for ir, vis in single]
    fuser = ready(cls)
    for a, b in zip(results(fuser, single), results(fuser, double)):
        np.testing.assert_allclose(a, b, atol=1e-5)


def check_uint8_agrees_with_float(cls, tmp_path):
    levels = [tuple(np.rint(image * 255).astype(np.uint8) for image in ONE[0])]
    floats = [tuple(image / 255 for image in levels[0])]
    fuser = ready(cls)
    np.testing.assert_allclose(
        results(fuser, levels)[0], results(fuser, floats)[0], atol=1 / 255
    )


def check_uint16_agrees_with_float(cls, tmp_path):
    levels = [tuple(np.rint(image * 65535).astype(np.uint16) for image in ONE[0])]
    floats = [tuple(image / 65535 for image in levels[0])]
    fuser = ready(cls)
    np.testing.assert_allclose(
        results(fuser, levels)[0], results(fuser, floats)[0], atol=1 / 255
    )


def check_float_outside_the_range_is_an_error(cls, tmp_path):
    with pytest.raises(ValueError, match=r"scale float images to \[0, 1\]"):
        ready(cls).transform([(PAIRS[0][0] * 200, PAIRS[0][1])])


def check_nan_and_infinity_are_errors(cls, tmp_path):
    for value in (np.nan, np.inf, -np.inf):
        broken = PAIRS[0][1].copy()
        broken[3, 4] = broken[5, 6] = value
        with pytest.raises(ValueError, match="visible.*2 NaN or infinite"):
            ready(cls).transform([(PAIRS[0][0], broken)])


def check_sizes_that_differ_are_named(cls, tmp_path):
    with pytest.raises(ValueError, match="24x31.*33x20.*Resize"):
        ready(cls).transform([(PAIRS[0][0], PAIRS[1][1])])


def degenerate_pairs():
    rng = np.random.default_rng(3)
    bright = np.zeros((20, 24))
    bright[7, 9] = 1
    noise = rng.random((20, 24))
    full = {
        "constant": (np.full((20, 24), 0.3), np.full((20, 24), 0.6)),
        "black": (np.zeros((20, 24)), np.zeros((20, 24))),
        "white": (np.ones((20, 24)), np.ones((20, 24))),
        "infrared_black": (np.zeros((20, 24)), noise),
        "visible_black": (noise, np.zeros((20, 24))),
        "one_bright_pixel": (bright, np.full((20, 24), 0.2)),
        "identical": (noise, noise),
        "inverted": (noise, 1 - noise),
        "binary": ((noise > 0.5).astype(float), (noise < 0.3).astype(float)),
    }
    for shape in ((1, 1), (1, 9), (9, 1), (2, 2), (3, 5), (7, 5), (1, 40), (8, 8)):
        full["x".join(map(str, shape))] = (rng.random(shape), rng.random(shape))
    return full


@pytest.mark.parametrize("case", degenerate_pairs())
@pytest.mark.parametrize("cls", FUSERS, ids=lambda cls: cls.__name__)
def test_degenerate_images_give_an_image_without_a_warning(cls, case):
    reason = EXCEPTIONS.get((cls.__name__, case))
    if reason:
        pytest.skip(reason)
    ir, vis = degenerate_pairs()[case]
    assert_image(ready(cls).transform([(ir, vis)])[0], ir.shape)


def check_repeated_use_is_bitwise_equal(cls, tmp_path):
    fuser = ready(cls)
    assert_same(results(fuser, PAIRS), results(fuser, PAIRS))


def check_order_of_the_batch_does_not_matter(cls, tmp_path):
    fuser = ready(cls)
    assert_same(results(fuser, PAIRS)[::-1], results(fuser, PAIRS[::-1]))


def check_one_by_one_equals_the_batch(cls, tmp_path):
    fuser = ready(cls)
    single = [results(fuser, [pair])[0] for pair in PAIRS]
    assert_same(single, results(fuser, PAIRS))


def check_pickle(cls, tmp_path):
    fuser = ready(cls)
    again = pickle.loads(pickle.dumps(fuser))
    assert_same(results(again, ONE), results(fuser, ONE))


def check_pickle_is_small(cls, tmp_path):
    fuser = ready(cls)
    fuser.transform(ONE)
    assert len(pickle.dumps(fuser)) <= learned_bytes(fuser) + 20_000


def learned_bytes(fuser):
    network = vars(fuser).get("network_", vars(fuser).get("module"))
    arrays = [v for v in vars(fuser).values() if isinstance(v, np.ndarray)]
    size = sum(array.nbytes for array in arrays)
    if network is not None:
        size += sum(t.nbytes for t in network.state_dict().values())
        # What PyTorch itself writes of a module and a tensor.
        size += 1_000 * len([*network.modules(), *network.parameters()])
    return size


def check_joblib_dump(cls, tmp_path):
    fuser = ready(cls)
    file = io.BytesIO()
    joblib.dump(fuser, file)
    file.seek(0)
    assert_same(results(joblib.load(file), ONE), results(fuser, ONE))


def check_deepcopy(cls, tmp_path):
    fuser = ready(cls)
    assert_same(results(copy.deepcopy(fuser), ONE), results(fuser, ONE))


def check_clone(cls, tmp_path):
    fuser = ready(cls)
    twin = clone(fuser)
    if get_tags(fuser).requires_fit:
        twin.fit(PAIRS)
    assert_same(results(twin, ONE), results(fuser, ONE))


def check_threads_share_an_estimator(cls, tmp_path):
    fuser = ready(cls)
    expected = results(fuser, ONE)
    found = [None] * 8

    def work(i):
        for _ in range(3):
            found[i] = results(fuser, ONE)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for one in found:
        assert_same(one, expected)


def check_every_form_of_pairs(cls, tmp_path):
    import pandas as pd
    import polars as pl

    fuser = ready(cls)
    irs, viss = zip(*PAIRS)
    expected = results(fuser, PAIRS)
    assert_same(results(fuser, ImagePairs(irs, viss)), expected)
    assert_same(results(fuser, ImagePairs(irs, viss).pack()), expected)
    assert_same(results(fuser, pair_array(irs, viss)), expected)
    frame = pd.DataFrame({"visible": viss, "day": 1, "infrared": irs})
    assert_same(results(fuser, frame), expected)
    frame = pl.DataFrame(
        {
            "visible": pl.Series(viss, dtype=pl.Object),
            "infrared": pl.Series(irs, dtype=pl.Object),
        }
    )
    assert_same(results(fuser, frame), expected)
    dense = np.array([PAIRS[0], PAIRS[0]])
    assert_same(results(fuser, dense), [expected[0]] * 2)


def check_files_equal_arrays(cls, tmp_path):
    levels = [np.rint(image * 255).astype(np.uint8) for image in PAIRS[0]]
    paths = [tmp_path / "ir.png", tmp_path / "vis.png"]
    for path, image in zip(paths, levels):
        write_image(path, image)
    fuser = ready(cls)
    assert_same(results(fuser, [tuple(paths)]), results(fuser, [tuple(levels)]))


def colour(vis):
    return np.stack([vis, vis**1.2, vis**0.8], axis=-1)


def check_colour_is_reduced_to_luma(cls, tmp_path):
    ir, vis = PAIRS[0]
    fuser = ready(cls)
    rgb = colour(vis).astype(np.float32)
    assert_same(results(fuser, [(ir, rgb)]), results(fuser, [(ir, luma(rgb))]))


def check_luma_is_another_word_for_gray(cls, tmp_path):
    ir, vis = PAIRS[0]
    pairs = [(ir, colour(vis).astype(np.float32))]
    gray = results(ready(cls).set_params(color="gray"), pairs)
    assert_same(results(ready(cls).set_params(color="luma"), pairs), gray)
    assert cls().color == "gray", "color='gray' is the default of every fuser"


def check_what_colour_means_is_written_in_one_place(cls, tmp_path):
    lines = cls.__doc__.splitlines()
    start = next(i for i, line in enumerate(lines) if "color : " in line)
    one_line = "See :class:`skfusion.base.BaseFuser`"
    assert lines[start + 1].strip().startswith(one_line), f"document color: {one_line}."
    rest = lines[start + 2].strip()
    own = set(cls._parameter_constraints["color"][0].options) - set(COLORS)
    # One line, but for a fuser that has a word of its own.
    assert own or not rest or re.match(r"\w+(, \w+)* : ", rest)


def check_per_channel_keeps_three_channels(cls, tmp_path):
    fuser = ready(cls).set_params(color="per_channel")
    ir, vis = PAIRS[0]
    assert_image(fuser.transform([(ir, colour(vis))])[0], (*vis.shape, 3))
    assert_image(fuser.transform([(ir, vis)])[0], vis.shape)


def check_in_a_pipeline(cls, tmp_path):
    fuser = ready(cls)
    pipeline = Pipeline([("fuse", make(cls))])
    assert_same(pipeline.fit(PAIRS).transform(ONE), results(fuser, ONE))


def check_html_and_text_repr(cls, tmp_path):
    assert cls.__name__ in make(cls)._repr_html_()
    assert cls.__name__ in repr(make(cls))


def check_has_no_score(cls, tmp_path):
    assert not hasattr(cls, "score")


def check_global_random_state_is_untouched(cls, tmp_path):
    import torch

    before = np.random.get_state()[1].copy(), torch.get_rng_state().clone()
    ready(cls).transform(ONE)
    assert np.array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.get_rng_state(), before[1])


def check_docstring_sections(cls, tmp_path):
    text = cls.__doc__
    for section in ("Parameters\n", "Examples\n"):
        assert section in text
    for name in cls().get_params(deep=False):
        assert name in text


def check_a_dark_pair_is_not_inflated(cls, tmp_path):
    dark = [tuple(image * 0.1 for image in PAIRS[0])]
    assert ready(cls).transform(dark)[0].max() < 0.35


CHECKS = {
    name.removeprefix("check_"): check
    for name, check in list(globals().items())
    if name.startswith("check_")
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("cls", FUSERS, ids=lambda cls: cls.__name__)
def test_fuser(cls, check, tmp_path):
    reason = EXCEPTIONS.get((cls.__name__, check))
    if reason:
        pytest.skip(reason)
    CHECKS[check](cls, tmp_path)


def test_there_are_enough_checks():
    assert len(CHECKS) >= 35
