"""The contract of an enhancement step: every check on every image transformer."""

import copy
import inspect
import io
import pickle
import threading

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from skfusion.images import write_image

from ..conftest import SHAPES, make_pair
from .estimators import EXCEPTIONS, TRANSFORMERS, make
from .test_fusers import lay

IMAGES = [make_pair(seed, shape)[1] for seed, shape in enumerate(SHAPES)]
ONE = IMAGES[:1]


def results(transformer, X):
    return list(transformer.transform(X))


def assert_same(first, second):
    assert len(first) == len(second)
    for a, b in zip(first, second):
        np.testing.assert_array_equal(a, b)


def assert_image(image, shape):
    assert image.dtype == np.float32
    assert image.shape == shape
    assert np.isfinite(image).all()
    assert image.min() >= 0 and image.max() <= 1


def check_init_only_assigns(cls, tmp_path):
    marks = {name: object() for name in inspect.signature(cls.__init__).parameters}
    marks.pop("self")
    for name, value in cls(**marks).get_params(deep=False).items():
        assert value is marks[name]


def check_params_round_trip(cls, tmp_path):
    params = make(cls).get_params(deep=False)
    assert make(cls).set_params(**params).get_params(deep=False) == params


def check_unknown_parameter_is_refused(cls, tmp_path):
    with pytest.raises(ValueError, match="no_such_parameter"):
        make(cls).set_params(no_such_parameter=1)


def check_every_parameter_is_constrained(cls, tmp_path):
    assert set(make(cls).get_params(deep=False)) <= set(cls._parameter_constraints)


def check_bad_parameters_are_named_at_use(cls, tmp_path):
    for name in make(cls).get_params(deep=False):
        transformer = make(cls).set_params(**{name: object()})
        with pytest.raises(ValueError, match=name):
            transformer.transform(ONE)


def check_fit_returns_self_and_keeps_params(cls, tmp_path):
    transformer = make(cls)
    before = transformer.get_params(deep=False)
    assert transformer.fit(IMAGES) is transformer
    assert transformer.get_params(deep=False) == before


def check_use_without_fit(cls, tmp_path):
    assert_same(results(make(cls), ONE), results(make(cls).fit(IMAGES), ONE))


def check_output_form(cls, tmp_path):
    out = make(cls).transform(IMAGES)
    assert out.dtype == object and out.shape == (len(IMAGES),)
    for image, source in zip(out, IMAGES):
        assert_image(image, source.shape)


def check_dense_in_dense_out(cls, tmp_path):
    dense = np.stack([IMAGES[0], IMAGES[0]])
    out = make(cls).transform(dense)
    assert out.shape == dense.shape and out.dtype == np.float32
    assert_same(out, results(make(cls), ONE) * 2)


def check_a_single_image_is_refused(cls, tmp_path):
    with pytest.raises(ValueError, match=r"X=\[image\]"):
        make(cls).transform(IMAGES[0])


def check_a_single_path_is_refused(cls, tmp_path):
    with pytest.raises(ValueError, match=r"X=\[path\]"):
        make(cls).transform("image.png")


def check_empty_input(cls, tmp_path):
    assert make(cls).transform([]).shape == (0,)


def check_inputs_stay_unchanged(cls, tmp_path):
    image = IMAGES[0].astype(np.float32)
    before = image.copy()
    make(cls).transform([image])
    np.testing.assert_array_equal(image, before)


def check_read_only_input(cls, tmp_path):
    image = IMAGES[0].astype(np.float32)
    expected = results(make(cls), [image])
    image.flags.writeable = False
    assert_same(results(make(cls), [image]), expected)


def check_memory_layout_does_not_matter(cls, tmp_path):
    image = IMAGES[0].astype(np.float32)
    expected = results(make(cls), [image])
    for layout in ("fortran", "strided", "reversed", "memmap"):
        assert_same(results(make(cls), [lay(image, layout)]), expected)


def check_float64_agrees_with_float32(cls, tmp_path):
    single = IMAGES[0].astype(np.float32)
    a = results(make(cls), [single])[0]
    b = results(make(cls), [single.astype(np.float64)])[0]
    np.testing.assert_allclose(a, b, atol=1e-5)


def check_uint8_agrees_with_float(cls, tmp_path):
    levels = np.rint(IMAGES[0] * 255).astype(np.uint8)
    a = results(make(cls), [levels])[0]
    np.testing.assert_allclose(a, results(make(cls), [levels / 255])[0], atol=1 / 255)


def check_uint16_agrees_with_float(cls, tmp_path):
    levels = np.rint(IMAGES[0] * 65535).astype(np.uint16)
    a = results(make(cls), [levels])[0]
    b = results(make(cls), [levels / 65535])[0]
    np.testing.assert_allclose(a, b, atol=1 / 255)


def check_float_outside_the_range_is_an_error(cls, tmp_path):
    with pytest.raises(ValueError, match=r"X\[0\].*scale float images to \[0, 1\]"):
        make(cls).transform([IMAGES[0] * 200])


def check_nan_and_infinity_are_errors(cls, tmp_path):
    for value in (np.nan, np.inf, -np.inf):
        broken = IMAGES[0].copy()
        broken[3, 4] = broken[5, 6] = value
        with pytest.raises(ValueError, match="2 NaN or infinite"):
            make(cls).transform([broken])


def degenerate_images():
    rng = np.random.default_rng(3)
    bright = np.zeros((20, 24))
    bright[7, 9] = 1
    images = {
        "constant": np.full((20, 24), 0.3),
        "black": np.zeros((20, 24)),
        "white": np.ones((20, 24)),
        "one_bright_pixel": bright,
        "noise": rng.random((20, 24)),
        "binary": (rng.random((20, 24)) > 0.5).astype(float),
    }
    for shape in ((1, 1), (1, 9), (9, 1), (2, 2), (3, 5), (7, 5), (1, 40), (8, 8)):
        images["x".join(map(str, shape))] = rng.random(shape)
    images["colour"] = rng.random((20, 24, 3))
    images["one colour pixel"] = rng.random((1, 1, 3))
    return images


@pytest.mark.parametrize("case", degenerate_images())
@pytest.mark.parametrize("cls", TRANSFORMERS, ids=lambda cls: cls.__name__)
def test_degenerate_images_give_an_image_without_a_warning(cls, case):
    reason = EXCEPTIONS.get((cls.__name__, case))
    if reason:
        pytest.skip(reason)
    image = degenerate_images()[case]
    out = make(cls).transform([image])[0]
    assert_image(out, image.shape)


def check_repeated_use_is_bitwise_equal(cls, tmp_path):
    transformer = make(cls)
    assert_same(results(transformer, IMAGES), results(transformer, IMAGES))


def check_order_of_the_batch_does_not_matter(cls, tmp_path):
    assert_same(results(make(cls), IMAGES)[::-1], results(make(cls), IMAGES[::-1]))


def check_one_by_one_equals_the_batch(cls, tmp_path):
    single = [results(make(cls), [image])[0] for image in IMAGES]
    assert_same(single, results(make(cls), IMAGES))


def check_pickle_is_small_and_equal(cls, tmp_path):
    transformer = make(cls)
    expected = results(transformer, ONE)
    data = pickle.dumps(transformer)
    assert len(data) <= 20_000
    assert_same(results(pickle.loads(data), ONE), expected)


def check_joblib_dump(cls, tmp_path):
    file = io.BytesIO()
    joblib.dump(make(cls), file)
    file.seek(0)
    assert_same(results(joblib.load(file), ONE), results(make(cls), ONE))


def check_deepcopy(cls, tmp_path):
    assert_same(results(copy.deepcopy(make(cls)), ONE), results(make(cls), ONE))


def check_clone(cls, tmp_path):
    assert_same(results(clone(make(cls)), ONE), results(make(cls), ONE))


def check_threads_share_a_transformer(cls, tmp_path):
    transformer = make(cls)
    expected = results(transformer, ONE)
    found = [None] * 8

    def work(i):
        for _ in range(50):
            found[i] = results(transformer, ONE)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for one in found:
        assert_same(one, expected)


def check_files_equal_arrays(cls, tmp_path):
    levels = np.rint(IMAGES[0] * 255).astype(np.uint8)
    write_image(tmp_path / "image.png", levels)
    from_file = results(make(cls), [str(tmp_path / "image.png")])
    assert_same(from_file, results(make(cls), [levels]))


def check_in_a_pipeline(cls, tmp_path):
    pipeline = Pipeline([("step", make(cls))])
    assert_same(pipeline.fit(IMAGES).transform(ONE), results(make(cls), ONE))


def check_html_and_text_repr(cls, tmp_path):
    assert cls.__name__ in make(cls)._repr_html_()
    assert cls.__name__ in repr(make(cls))


def check_global_random_state_is_untouched(cls, tmp_path):
    before = np.random.get_state()[1].copy()
    make(cls).transform(ONE)
    assert np.array_equal(np.random.get_state()[1], before)


def check_docstring_sections(cls, tmp_path):
    for section in ("Parameters\n", "Examples\n"):
        assert section in cls.__doc__
    for name in make(cls).get_params(deep=False):
        assert name in cls.__doc__


CHECKS = {
    name.removeprefix("check_"): check
    for name, check in list(globals().items())
    if name.startswith("check_")
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("cls", TRANSFORMERS, ids=lambda cls: cls.__name__)
def test_transformer(cls, check, tmp_path):
    reason = EXCEPTIONS.get((cls.__name__, check))
    if reason:
        pytest.skip(reason)
    CHECKS[check](cls, tmp_path)
