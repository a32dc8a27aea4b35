"""What holds for fusers and for image transformers alike."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import copy
import inspect
import io
import pickle
import threading

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from .checks import Checks, expect, expect_image, expect_same, raises
from .samples import LAYOUTS, lay

__all__ = ["COMMON", "results"]

COMMON = Checks()


def results(estimator, X):
    """Return the results as a list of images."""
    return list(estimator.transform(X))


@COMMON
def init_only_assigns(subject):
    """The constructor assigns each argument to its own name, unchanged."""
    marks = {name: object() for name in inspect.signature(subject.cls).parameters}
    found = subject.cls(**marks).get_params(deep=False)
    for name, value in found.items():
        expect(value is marks[name], f"{name} was changed.")


@COMMON
def params_round_trip(subject):
    """What get_params returns, set_params takes, and nothing is lost."""
    params = subject.fresh().get_params(deep=False)
    again = subject.fresh().set_params(**params).get_params(deep=False)
    expect(again == params, f"{again} in place of {params}.")


@COMMON
def unknown_parameter_is_refused(subject):
    """set_params refuses a parameter that does not exist, by its name."""
    with raises("no_such_parameter"):
        subject.fresh().set_params(no_such_parameter=1)


@COMMON
def every_parameter_is_constrained(subject):
    """_parameter_constraints says of each parameter what it may be."""
    lacking = sorted({*subject.names()} - {*subject.cls._parameter_constraints})
    expect(not lacking, f"nothing about {', '.join(lacking)}.")


@COMMON
def bad_parameters_are_named_at_use(subject):
    """A parameter of a wrong type is a ValueError that names it, in fit."""
    for name in subject.names():
        with raises(f"'{name}' parameter"):
            subject.fresh(**{name: object()}).fit(subject.one)


@COMMON
def fit_returns_self_and_keeps_params(subject):
    """Method fit returns self and changes no parameter."""
    estimator = subject.fresh()
    before = estimator.get_params(deep=False)
    expect(estimator.fit(subject.samples) is estimator, "fit returned something else.")
    after = estimator.get_params(deep=False)
    expect(after == before, f"parameters {after} after fit, {before} before.")


@COMMON
def use_without_fit(subject):
    """Without fit, transform works, or says so if the tag requires_fit is set."""
    if subject.requires_fit:
        with raises("fit"):
            subject.fresh().transform(subject.one)
        return
    fitted = subject.fresh().fit(subject.samples)
    expect_same(results(subject.fresh(), subject.one), results(fitted, subject.one))


@COMMON
def output_form(subject):
    """An object array of float32 images in [0, 1], each of the size that came."""
    out = subject.ready().transform(subject.samples)
    expect(isinstance(out, np.ndarray), f"a {type(out).__name__}, no array.")
    expect(out.dtype == object, f"an array of {out.dtype}, not of object.")
    expect(out.shape == (len(subject.samples),), f"shape {out.shape}.")
    for image, sample in zip(out, subject.samples):
        expect_image(image, subject.shape(sample))


@COMMON
def empty_input(subject):
    """Nothing in gives nothing out, an array of shape (0,)."""
    shape = subject.ready().transform([]).shape
    expect(shape == (0,), f"shape {shape}.")


@COMMON
def inputs_stay_unchanged(subject):
    """Method transform does not write into the images it is given."""
    given = subject.first(lambda image: image.astype(np.float32))
    before = copy.deepcopy(given)
    subject.ready().transform(given)
    for a, b in zip(given, before):
        np.testing.assert_array_equal(a, b)


@COMMON
def read_only_input(subject):
    """Images that cannot be written to give the same result."""

    def locked(image):
        image = image.astype(np.float32)
        image.flags.writeable = False
        return image

    expected = results(subject.ready(), subject.first(lambda x: x.astype(np.float32)))
    expect_same(results(subject.ready(), subject.first(locked)), expected)


@COMMON
def memory_layout_does_not_matter(subject):
    """The order of the pixels in memory does not matter."""
    expected = results(subject.ready(), subject.first(lambda x: x.astype(np.float32)))
    for layout in LAYOUTS:
        given = subject.first(lambda x, to=layout: lay(x.astype(np.float32), to))
        expect_same(results(subject.ready(), given), expected)


@COMMON
def float64_agrees_with_float32(subject):
    """float64 images give what float32 images give, to 1e-5."""
    single = subject.first(lambda x: x.astype(np.float32))
    double = subject.first(lambda x: x.astype(np.float32).astype(np.float64))
    estimator = subject.ready()
    for a, b in zip(results(estimator, single), results(estimator, double)):
        np.testing.assert_allclose(a, b, atol=1e-5)


def _levels_agree(subject, dtype):
    white = np.iinfo(dtype).max
    levels = subject.first(lambda x: np.rint(x * white).astype(dtype))
    floats = subject.first(lambda x: np.rint(x * white).astype(dtype) / white)
    estimator = subject.ready()
    a, b = results(estimator, levels)[0], results(estimator, floats)[0]
    np.testing.assert_allclose(a, b, atol=1 / 255)


@COMMON
def uint8_agrees_with_float(subject):
    """uint8 levels give what their floats give, to one level."""
    _levels_agree(subject, np.uint8)


@COMMON
def uint16_agrees_with_float(subject):
    """uint16 levels give what their floats give, to one level of 255."""
    _levels_agree(subject, np.uint16)


@COMMON
def float_outside_the_range_is_an_error(subject):
    """Floats outside [0, 1] are an error that says how to mend them."""
    with raises(r"scale float images to \[0, 1\]"):
        subject.ready().transform(subject.first(lambda x: x * 200))


@COMMON
def nan_and_infinity_are_errors(subject):
    """NaN and infinity are errors that say how many there are."""
    for value in (np.nan, np.inf, -np.inf):

        def broken(image, value=value):
            image = image.copy()
            image[3, 4] = image[5, 6] = value
            return image

        with raises("2 NaN or infinite"):
            subject.ready().transform(subject.first(broken))


@COMMON
def repeated_use_is_bitwise_equal(subject):
    """The same input gives the same bits again."""
    estimator, X = subject.ready(), subject.samples
    expect_same(results(estimator, X), results(estimator, X))


@COMMON
def order_of_the_batch_does_not_matter(subject):
    """Samples in reverse give the same results in reverse."""
    estimator, X = subject.ready(), subject.samples
    expect_same(results(estimator, X)[::-1], results(estimator, X[::-1]))


@COMMON
def one_by_one_equals_the_batch(subject):
    """A sample alone gives what it gives among others."""
    estimator, X = subject.ready(), subject.samples
    single = [results(estimator, [sample])[0] for sample in X]
    expect_same(single, results(estimator, X))


def _reread(data):
    # joblib reads what pickle writes.
    return joblib.load(io.BytesIO(data))


@COMMON
def pickling_keeps_the_results(subject):
    """A pickled estimator gives the same results."""
    estimator = subject.ready()
    again = _reread(pickle.dumps(estimator))
    expect_same(results(again, subject.one), results(estimator, subject.one))


@COMMON
def pickle_is_small(subject):
    """A pickle holds what was learned and at most 20 kB beside it, after use too."""
    estimator = subject.ready()
    estimator.transform(subject.one)
    size, learned = len(pickle.dumps(estimator)), _learned_bytes(estimator)
    expect(size <= learned + 20_000, f"{size} bytes, of which {learned} are learned.")


def _learned_bytes(estimator):
    network = vars(estimator).get("network_", vars(estimator).get("module"))
    arrays = [v for v in vars(estimator).values() if isinstance(v, np.ndarray)]
    size = sum(array.nbytes for array in arrays)
    if network is not None:
        size += sum(t.nbytes for t in network.state_dict().values())
        # What PyTorch itself writes of a module and a tensor.
        size += 1_000 * len([*network.modules(), *network.parameters()])
    return size


@COMMON
def joblib_dump_keeps_the_results(subject):
    """An estimator that joblib has written and read gives the same results."""
    estimator, file = subject.ready(), io.BytesIO()
    joblib.dump(estimator, file)
    again = _reread(file.getvalue())
    expect_same(results(again, subject.one), results(estimator, subject.one))


@COMMON
def deepcopy_keeps_the_results(subject):
    """A deep copy gives the same results."""
    estimator = subject.ready()
    again = copy.deepcopy(estimator)
    expect_same(results(again, subject.one), results(estimator, subject.one))


@COMMON
def clone_keeps_the_results(subject):
    """A clone, fitted on the same samples if need be, gives the same results."""
    estimator = subject.ready()
    twin = clone(estimator)
    if subject.requires_fit:
        twin.fit(subject.samples)
    expect_same(results(twin, subject.one), results(estimator, subject.one))


@COMMON
def threads_share_an_estimator(subject):
    """Eight threads can use one estimator at a time."""
    estimator = subject.ready()
    expected = results(estimator, subject.one)
    found = [None] * 8

    def work(i):
        for _ in range(subject.n_threaded_calls):
            found[i] = results(estimator, subject.one)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for one in found:
        expect(one is not None, "an error in a thread.")
        expect_same(one, expected)


@COMMON
def in_a_pipeline(subject):
    """The estimator is a step of scikit-learn's Pipeline."""
    pipeline = Pipeline([("step", subject.fresh())]).fit(subject.samples)
    expect_same(results(pipeline, subject.one), results(subject.ready(), subject.one))


@COMMON
def html_and_text_repr(subject):
    """The repr and the HTML form show the name of the class."""
    for text in (subject.fresh()._repr_html_(), repr(subject.fresh())):
        expect(subject.cls.__name__ in text, f"{text!r}.")


def _numpy_state():
    return np.random.get_state()[1].copy()  # noqa: NPY002


@COMMON
def global_random_state_is_untouched(subject):
    """NumPy's and PyTorch's global generators are left where they are."""
    import torch

    before = _numpy_state(), torch.get_rng_state().clone()
    subject.ready().transform(subject.one)
    expect(np.array_equal(_numpy_state(), before[0]), "NumPy's moved.")
    expect(torch.equal(torch.get_rng_state(), before[1]), "PyTorch's moved.")
