"""The presets: what they are made of, and what they promise of a picture."""

import numpy as np
import pytest

from skfusion import presets
from skfusion.compose import PreserveChroma
from skfusion.images import luma
from skfusion.pipelines import DEFAULT_METHOD, get_pipeline

LEARNED = ["balanced", "natural"]
NAMES = presets.__all__
BY_RULES = [name for name in NAMES if name not in LEARNED]


@pytest.fixture(scope="module")
def night():
    """A dark scene with a hot person and a lamp, in colour."""
    from skfusion.datasets import make_scene_pairs

    return make_scene_pairs(2, size=(120, 160), night=True, random_state=3)


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_is_a_named_pipeline_of_ordinary_steps(name, night):
    pipeline = get_pipeline(name)
    direct = getattr(presets, name)()
    assert repr(pipeline) == repr(direct)
    for step in pipeline.named_steps.values():
        assert type(step).__module__.startswith("skfusion.")
    fused = pipeline.transform(night)
    for image, expected in zip(fused, direct.transform(night)):
        np.testing.assert_array_equal(image, expected)
    other = {"fuse__strength": 0.2} if name in LEARNED else {"fuse__gain": 2.0}
    changed = get_pipeline(name, **other).transform(night)[0]
    assert np.abs(changed - fused[0]).max() > 0.02


def test_the_default_is_balanced():
    assert DEFAULT_METHOD == "balanced"


@pytest.mark.parametrize("name", NAMES)
def test_no_preset_tints_gray_or_blows_up_an_even_picture(name):
    even = np.full((48, 64), 0.4, np.float32)
    fused = get_pipeline(name, fuse__color="per_channel").transform(
        [(even, np.repeat(even[..., None], 3, axis=2))]
    )[0]
    assert np.ptp(fused) < 1e-3


def test_targets_lights_up_the_night_and_keeps_what_is_hot(night):
    ir, vis = night.read(0)
    fused = get_pipeline("targets").transform(night[:1])[0]
    dark = luma(vis) < np.median(luma(vis))
    assert fused[dark].mean() > 1.5 * luma(vis)[dark].mean()
    hot = ir >= np.quantile(ir, 0.995)
    assert fused[hot].mean() > 0.95 * ir[hot].mean()


def test_the_learned_ones_stay_nearest_to_the_light_of_the_visible_image():
    from skfusion.datasets import make_scene_pairs

    day = make_scene_pairs(2, size=(120, 160), night=False, random_state=4)

    def distance(name):
        fused = PreserveChroma(get_pipeline(name)).transform(day)
        return np.mean([np.abs(f - day.read(i)[1]).mean() for i, f in enumerate(fused)])

    away = {name: distance(name) for name in NAMES}
    by_rules = min(away[name] for name in BY_RULES)
    assert max(away["natural"], away["balanced"]) < 0.8 * by_rules
    assert away["pyramid_natural"] == by_rules
