"""A global setting of scikit-learn turns no images into tables."""

import numpy as np
import pytest
import sklearn
from sklearn.pipeline import Pipeline

import skfusion
from skfusion import ImagePairs, transforms
from skfusion.base import ImageTransformer
from skfusion.compose import EnhanceByModality, PreserveChroma
from skfusion.fusers import AverageFuser, LaplacianPyramid
from skfusion.transforms import HDRC, LinearStretch

INFRARED, VISIBLE = np.random.default_rng(0).integers(0, 256, (2, 32, 40), np.uint8)
COLOUR = np.dstack([VISIBLE, INFRARED, VISIBLE])
X = ImagePairs([INFRARED] * 2, [COLOUR] * 2, names=["a", "b"])
LIBRARIES = ["pandas", "polars"]


@pytest.fixture(params=LIBRARIES)
def setting(request):
    with sklearn.config_context(transform_output=request.param):
        yield request.param


def test_enhanced_pairs_stay_pairs_and_keep_their_names(setting):
    for slots in ((LinearStretch(), HDRC()), ("passthrough", LinearStretch())):
        pairs = EnhanceByModality(*slots).fit_transform(X)
        assert isinstance(pairs, ImagePairs)
        assert pairs.names.tolist() == ["a", "b"]


@pytest.mark.parametrize("method", ["natural", "targets", "balanced", "tif"])
def test_presets_fuse_as_they_do_without_it(method):
    plain = skfusion.fuse(INFRARED, COLOUR, method)
    for library in LIBRARIES:
        with sklearn.config_context(transform_output=library):
            got = skfusion.fuse(INFRARED, COLOUR, method)
        np.testing.assert_array_equal(got, plain)


def test_fused_images_stay_an_object_array(setting):
    steps = [("enhance", EnhanceByModality(LinearStretch())), ("fuse", AverageFuser())]
    for fuser in (AverageFuser(), LaplacianPyramid(), Pipeline(steps)):
        for estimator in (fuser, PreserveChroma(fuser)):
            fused = estimator.fit_transform(X)
            assert type(fused) is np.ndarray and fused.dtype == object


def test_every_image_transformer_returns_arrays(setting):
    classes = [getattr(transforms, name) for name in transforms.__all__]
    tried = 0
    for cls in classes:
        if isinstance(cls, type) and issubclass(cls, ImageTransformer):
            step = cls(scale=0.5) if cls is transforms.Resize else cls()
            assert isinstance(step.fit_transform([VISIBLE]), np.ndarray)
            tried += 1
    assert tried >= 3


def test_set_output_itself_is_a_clear_error():
    with pytest.raises(ValueError, match="set_output.*is not available"):
        Pipeline(
            [("enhance", EnhanceByModality()), ("fuse", AverageFuser())]
        ).set_output(transform="pandas")
