"""A fuser or a step that breaks the contract is caught by the name of the check."""

# SPDX-License-Identifier: BSD-3-Clause
import warnings
from numbers import Real

import numpy as np
import pytest
from sklearn.utils._param_validation import Interval

from skfusion.base import BaseFuser, ImageTransformer
from skfusion.fusers import AverageFuser
from skfusion.testing import (
    RowsAsImages,
    check_fuser,
    check_transformer,
    fuser_checks,
    transformer_checks,
)
from skfusion.testing.checks import Checks, expect_same, raises
from skfusion.testing.subject import FuserSubject
from skfusion.transforms import LinearStretch


class Sound(BaseFuser):
    """The weighted mean, kept to the letter."""

    _parameter_constraints = {
        **BaseFuser._parameter_constraints,
        "share": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(self, share=0.5, *, color="gray"):
        self.share = share
        self.color = color

    def _fuse(self, ir, vis):
        return self.share * ir + (1 - self.share) * vis


class ChangesItsParameter(Sound):
    def __init__(self, share=0.5, *, color="gray"):
        self.share = [share]
        self.color = color


class DeclaresNothing(Sound):
    _parameter_constraints = BaseFuser._parameter_constraints


class LearnsIntoItsParameter(Sound):
    def fit(self, X=None, y=None):
        super().fit(X)
        self.share = 0.25
        return self


class FitReturnsNothing(Sound):
    def fit(self, X=None, y=None):
        super().fit(X)


class Float64(Sound):
    def transform(self, X):
        out = super().transform(X)
        for i, image in enumerate(out):
            out[i] = image.astype(np.float64)
        return out


class AList(Sound):
    def transform(self, X):
        return list(super().transform(X))


class Crops(Sound):
    def _fuse(self, ir, vis):
        return super()._fuse(ir, vis)[1:]


class WritesIntoItsInput(Sound):
    def _fuse(self, ir, vis):
        vis *= 0.5
        return ir + vis


class Draws(Sound):
    def _fuse(self, ir, vis):
        noise = np.random.default_rng().normal(0, 0.1, ir.shape)
        return super()._fuse(ir, vis) + noise


class DrawsGlobally(Sound):
    def _fuse(self, ir, vis):
        np.random.rand()
        return super()._fuse(ir, vis)


class Remembers(Sound):
    def _fuse(self, ir, vis):
        self.last_ = np.full((200, 200), ir.mean())
        self.cache_ = [b"x" * 30_000]
        return super()._fuse(ir, vis)


class LooksAtOthers(Sound):
    def transform(self, X):
        out = super().transform(X)
        for i, image in enumerate(out):
            out[i] = np.clip(image * np.float32(1 / len(out)), 0, 1)
        return out


class Stretches(Sound):
    def _fuse(self, ir, vis):
        fused = super()._fuse(ir, vis)
        return fused / max(fused.max(), 1e-6)


class DividesByZero(Sound):
    def _fuse(self, ir, vis):
        fused = super()._fuse(ir, vis)
        return fused * (fused.std() / fused.std()).astype(np.float32)


class Warns(Sound):
    def _fuse(self, ir, vis):
        if ir.shape[0] == 1:
            warnings.warn("a thin image")
        return super()._fuse(ir, vis)


class Scores(Sound):
    def score(self, X, y=None):
        return 1.0


class NeedsTwoRows(Sound):
    def _fuse(self, ir, vis):
        return super()._fuse(ir, vis) + 0 * np.gradient(vis, axis=0)


BROKEN = {
    ChangesItsParameter: "init_only_assigns",
    DeclaresNothing: "every_parameter_is_constrained",
    LearnsIntoItsParameter: "fit_returns_self_and_keeps_params",
    FitReturnsNothing: "fit_returns_self_and_keeps_params",
    Float64: "output_form",
    AList: "output_form",
    Crops: "output_form",
    WritesIntoItsInput: "inputs_stay_unchanged",
    Draws: "repeated_use_is_bitwise_equal",
    DrawsGlobally: "global_random_state_is_untouched",
    Remembers: "pickle_is_small",
    LooksAtOthers: "one_by_one_equals_the_batch",
    Stretches: "a_dark_pair_is_not_inflated",
    DividesByZero: "degenerate_black",
    Warns: "degenerate_1x1",
    Scores: "has_no_score",
    NeedsTwoRows: "degenerate_1x1",
}


def test_a_sound_fuser_passes_with_other_parameters_and_stays_as_it_is():
    fuser = Sound(share=0.3)
    check_fuser(fuser)
    assert vars(fuser) == {"share": 0.3, "color": "gray"}


@pytest.mark.parametrize("cls", BROKEN, ids=lambda cls: cls.__name__)
def test_each_kind_of_breakage_is_caught_by_name(cls):
    name = BROKEN[cls]
    check = dict(fuser_checks())[name]
    check(Sound())
    with pytest.raises(AssertionError) as caught:
        check(cls())
    assert str(caught.value).startswith(f"{cls.__name__} fails {name!r}. Expected: ")
    assert check.expected in str(caught.value)


def test_all_checks_together_stop_at_the_one_that_is_broken():
    with pytest.raises(AssertionError, match="Crops fails 'output_form'.* Found: "):
        check_fuser(Crops())


def test_a_check_that_is_skipped_is_not_run():
    with pytest.raises(AssertionError, match="has_no_score"):
        check_fuser(Scores())
    check_fuser(Scores(), skip=["has_no_score"])


def test_skip_refuses_what_is_no_check():
    with pytest.raises(
        ValueError, match=r"skip names 'no_score', no check: .*no_score"
    ):
        check_fuser(Sound(), skip=["no_score"])


def test_a_class_and_another_kind_of_estimator_are_refused():
    with pytest.raises(ValueError, match=r"is a class: pass AverageFuser\(\)"):
        check_fuser(AverageFuser)
    with pytest.raises(ValueError, match="is no fuser: derive.*BaseFuser"):
        check_fuser(LinearStretch())
    with pytest.raises(ValueError, match="is no image transformer.*ImageTransformer"):
        check_transformer(AverageFuser())


class Halves(ImageTransformer):
    def _transform_image(self, image):
        return image[::2]


class Loses(ImageTransformer):
    def _transform_image(self, image):
        return image

    def transform(self, X):
        out = super().transform(X)
        return out.astype(object) if out.dtype != object else out


@pytest.mark.parametrize(
    "cls, name", [(Halves, "output_form"), (Loses, "dense_in_dense_out")]
)
def test_a_broken_step_is_caught_by_name(cls, name):
    with pytest.raises(AssertionError, match=f"{cls.__name__} fails {name!r}"):
        dict(transformer_checks())[name](cls())
    with pytest.raises(AssertionError, match=f"{cls.__name__} fails {name!r}"):
        check_transformer(cls())


def test_what_a_check_learned_is_learned_once():
    class Learner(Sound):
        n_fits = 0

        def fit(self, X=None, y=None):
            type(self).n_fits += 1
            return super().fit(X)

        def __sklearn_tags__(self):
            tags = super().__sklearn_tags__()
            tags.requires_fit = True
            return tags

    subject = FuserSubject(Learner())
    checks = dict(fuser_checks())
    checks["output_form"](subject)
    checks["has_no_score"](subject)
    checks["empty_input"](subject)
    assert Learner.n_fits == 1
    with pytest.raises(AssertionError, match="no ValueError that matches 'fit'"):
        checks["use_without_fit"](subject)


def test_an_error_that_does_not_come_or_says_something_else_is_a_failure():
    with pytest.raises(AssertionError, match="no ValueError that matches 'x'"):
        with raises("x"):
            pass
    with pytest.raises(AssertionError, match="'y' does not match 'x'"):
        with raises("x"):
            raise ValueError("y")


def test_lists_of_two_lengths_are_not_the_same():
    with pytest.raises(AssertionError, match="1 and 0 images"):
        expect_same([np.zeros(1)], [])


def test_a_name_belongs_to_one_check():
    checks = Checks()
    checks.add("a", "nothing", print)
    with pytest.raises(ValueError, match="a check 'a' already"):
        checks.add("a", "nothing", print)


def test_rows_become_images_of_one_row():
    rows = np.array([[0.0, 1.0, -1.0]])
    ir = 0.5 + 0.5 * np.tanh(rows / 4)
    fused = RowsAsImages(AverageFuser()).fit_transform(rows)
    np.testing.assert_allclose(fused, (ir + ir[:, ::-1]) / 2, atol=1e-6)
    stretched = RowsAsImages(LinearStretch()).fit_transform(rows)
    assert stretched.shape == rows.shape
