import numpy as np
import pytest
import torch
from torch.nn import functional

from skfusion.fusers import DIDFuse
from skfusion.fusers.deep.autoencoders._join import join_maps
from skfusion.fusers.deep.autoencoders.didfuse import _gradient
from skfusion.learning.convert import convert_weights
from skfusion.losses import dssim

TINY = {
    "n_channels": 3,
    "weights": None,
    "max_epochs": 2,
    "batch_size": 2,
    "crop_size": 16,
    "device": "cpu",
    "random_state": 0,
}


@pytest.fixture(scope="module")
def tiny(small_pairs):
    return DIDFuse(**TINY).fit(small_pairs)


@pytest.fixture(scope="session")
def published(shared, tmp_path_factory):
    """The published weights, converted."""
    path = tmp_path_factory.mktemp("weights") / "didfuse.safetensors"
    convert_weights("didfuse", shared / "data" / "published_weights" / "DIDFuse", path)
    return path


def states(fuser):
    return fuser.network_.state_dict()


@pytest.mark.parametrize(
    ("rule", "name"), [("sum", "Sum"), ("average", "Average"), ("l1", "l1_norm")]
)
def test_published_weights_give_the_published_output(shared, published, rule, name):
    folder = shared / "golden"
    images = [folder / "inputs" / f"odd_{kind}.png" for kind in ("ir", "vis")]
    expected = np.load(folder / "fusers" / f"DIDFuse_{name}_odd.npz")["fused"]
    fused = DIDFuse(rule=rule, weights=published, device="cpu").transform([images])[0]
    assert np.abs(fused - expected).max() <= 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("pair", ["street", "night"])
def test_published_weights_give_the_published_larger_output(shared, published, pair):
    folder = shared / "golden"
    images = [folder / "inputs" / f"{pair}_{kind}.png" for kind in ("ir", "vis")]
    expected = np.load(folder / "fusers" / f"DIDFuse_Sum_{pair}.npz")["fused"]
    fused = DIDFuse(weights=published, device="cpu").transform([images])[0]
    assert np.abs(fused - expected).max() <= 1e-5


@pytest.mark.parametrize("rule", ["sum", "average", "l1"])
def test_all_four_maps_are_joined_by_the_rule(tiny, small_pairs, rule):
    fuser = DIDFuse(**TINY, rule=rule)
    fuser.network_ = tiny.network_
    fused = fuser.transform(small_pairs)
    for image, pair in zip(fused, small_pairs):
        x = torch.from_numpy(np.stack(pair)).float()[:, None]
        with torch.no_grad():
            maps = tiny.network_.encode(x)
            joined = [join_maps(z[0], z[1], rule)[None] for z in maps]
            expected = tiny.network_.decode(*joined)[0, 0]
        np.testing.assert_allclose(image, expected, rtol=0, atol=1e-5)


def test_activity_is_summed_over_all_channels():
    first, second = torch.zeros(2, 4, 4), torch.zeros(2, 4, 4)
    first[0], second[1] = 1, 3
    joined = join_maps(first, second, "l1")
    torch.testing.assert_close(joined[0], torch.full((4, 4), 0.25))
    torch.testing.assert_close(joined[1], torch.full((4, 4), 2.25))


def test_decompose_returns_all_channels_of_base_and_detail(tiny, small_pairs):
    base, detail = tiny.decompose(small_pairs)
    assert base.shape == detail.shape == (3, 2)
    for i, pair in enumerate(small_pairs):
        x = torch.from_numpy(np.stack(pair)).float()[:, None]
        with torch.no_grad():
            expected = tiny.network_.encode(x)[2:]
        for found, maps in zip((base, detail), expected):
            assert found[i, 0].shape == (3, *pair[0].shape)
            np.testing.assert_allclose(np.stack(found[i]), maps, rtol=0, atol=1e-5)


def test_reconstruct_is_the_network_on_its_own(tiny, small_pairs):
    rebuilt = tiny.reconstruct(small_pairs)
    x = torch.from_numpy(np.stack(small_pairs[0])).float()[:, None]
    with torch.no_grad():
        expected = tiny.network_(x)[:, 0]
    np.testing.assert_allclose(np.stack(rebuilt[0]), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 2), (3, 40)])
def test_tiny_images_are_fused(tiny, shape, rng):
    fused = tiny.transform([tuple(rng.random((2, *shape)))])[0]
    assert fused.shape == shape
    assert np.isfinite(fused).all()


@pytest.mark.parametrize("rule", ["sum", "l1"])
@pytest.mark.parametrize("shape", [(70, 100), (33, 97), (64, 64)])
def test_tiles_join_without_a_seam(tiny, rule, shape, rng):
    pair = [rng.random((2, *shape))]
    whole, tiled = (
        DIDFuse(**TINY, rule=rule, tile_size=tile_size) for tile_size in (None, 32)
    )
    whole.network_ = tiled.network_ = tiny.network_
    np.testing.assert_allclose(
        whole.transform(pair)[0], tiled.transform(pair)[0], rtol=0, atol=1e-6
    )


# Training ----------------------------------------------------------------------------


def test_training_lowers_the_loss(small_pairs):
    fuser = DIDFuse(**{**TINY, "max_epochs": 8}).fit(small_pairs)
    assert len(fuser.loss_curve_) == 8
    assert fuser.loss_curve_[-1] < 0.8 * fuser.loss_curve_[0]


@pytest.mark.parametrize("augment", [False, True])
def test_training_repeats_bitwise_under_one_seed(small_pairs, augment):
    first, second = (
        DIDFuse(**TINY, augment=augment).fit(small_pairs) for _ in range(2)
    )
    assert first.loss_curve_ == second.loss_curve_
    for key, value in states(first).items():
        assert torch.equal(value, states(second)[key]), key


def test_training_leaves_the_global_generators_alone(small_pairs):
    before = np.random.get_state()[1].copy(), torch.get_rng_state().clone()
    DIDFuse(**TINY, augment=True).fit(small_pairs)
    assert np.array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.get_rng_state(), before[1])


def test_without_augmentation_every_epoch_sees_the_same_middles(small_pairs):
    # With a step too small to matter, the loss can only change with the data.
    still = {**TINY, "learning_rate": 1e-12, "max_epochs": 3}
    fixed = DIDFuse(**still).fit(small_pairs).loss_curve_
    moving = DIDFuse(**still, augment=True).fit(small_pairs).loss_curve_
    assert np.ptp(fixed) < 1e-5
    assert np.ptp(moving) > 1e-3


def test_mixed_precision_stays_close(tiny, small_pairs):
    mixed = DIDFuse(**TINY, mixed_precision=True).fit(small_pairs)
    assert mixed.loss_curve_ != tiny.loss_curve_
    np.testing.assert_allclose(mixed.loss_curve_, tiny.loss_curve_, rtol=0.1)
    assert all(p.dtype == torch.float32 for p in mixed.network_.parameters())


def test_loss_is_the_published_one(tiny, small_pairs):
    pairs = torch.rand(2, 2, 16, 16, generator=torch.Generator().manual_seed(0))
    ir, vis = pairs[:, :1], pairs[:, 1:]
    network = tiny.network_
    with torch.no_grad():
        _, _, base_ir, detail_ir = network.encode(ir)
        _, _, base_vis, detail_vis = network.encode(vis)
        rebuilt = {
            "ir": functional.mse_loss(network(ir), ir) + 5 * dssim(network(ir), ir),
            "vis": functional.mse_loss(network(vis), vis)
            + 5 * dssim(network(vis), vis),
        }
        gradient = (_gradient(vis) - _gradient(network(vis))).abs().mean()
        base, detail = base_ir - base_vis, detail_ir - detail_vis
        common = 2 * (rebuilt["ir"] + rebuilt["vis"]) + 10 * gradient
        expected = common + base.abs().mean().tanh() - 0.5 * detail.abs().mean().tanh()
        torch.testing.assert_close(DIDFuse()._loss(network, pairs), expected)
        squares = base.square().mean().tanh() - 0.5 * detail.square().mean().tanh()
        found = DIDFuse(distance="l2")._loss(network, pairs)
        torch.testing.assert_close(found, common + squares)
        weighted = DIDFuse(
            reconstruction_weight=1,
            base_weight=3,
            detail_weight=0,
            gradient_weight=0,
            dssim_weight=0,
        )._loss(network, pairs)
        distance = sum(functional.mse_loss(network(x), x) for x in (ir, vis))
        torch.testing.assert_close(weighted, distance + 3 * base.abs().mean().tanh())


def test_zero_term_places_the_logit_of_the_sum():
    pairs = torch.rand(2, 2, 16, 16, generator=torch.Generator().manual_seed(0))
    pairs = 0.2 + 0.6 * pairs
    network = DIDFuse(**TINY)._build_network()
    network.initialize(torch.Generator().manual_seed(1)).eval()
    logit = torch.special.logit
    with torch.no_grad():
        maps = [network.encode(pairs[:, i : i + 1]) for i in range(2)]
        fused = network.decode(*(a + b for a, b in zip(*maps)))
        error = logit(fused).mean((1, 2, 3)) - logit(pairs).mean((2, 3)).sum(1)
        error = error + logit(torch.tensor(0.4))
        plain = DIDFuse()._loss(network, pairs)
        settings = DIDFuse(zero_weight=3.0, zero_level=0.4)
        found = settings._loss(network, pairs)
        torch.testing.assert_close(found, plain + 3 * error.square().mean())
        network.train()
        assert torch.equal(
            settings._loss(network, pairs), DIDFuse()._loss(network, pairs)
        )


def test_frozen_epochs_leave_the_statistics_alone(tiny, small_pairs):
    before = {key: value for key, value in states(tiny).items() if "running" in key}
    still = {**TINY, "frozen_epochs": 1}
    one = DIDFuse(**{**still, "max_epochs": 3}).fit(small_pairs)
    for key, value in before.items():
        assert torch.equal(states(one)[key], value), key
    assert one.loss_curve_[:2] == tiny.loss_curve_


def test_training_may_start_from_weights(tiny, small_pairs, tmp_path):
    path = tmp_path / "start.safetensors"
    tiny.save_weights(path)
    still = {**TINY, "learning_rate": 1e-12}
    further = DIDFuse(**still, initial_weights=path).fit(small_pairs)
    for key, value in tiny.network_.named_parameters():
        torch.testing.assert_close(further.network_.get_parameter(key), value)


def test_gradient_equals_the_published_one(shared):
    folder = shared / "reference" / "kornia"
    x = torch.from_numpy(np.load(folder / "ssimloss_a.npy")).reshape(1, 1, 32, 32)
    expected = np.load(folder / "kornia041_spatialgradient_of_a.npy")
    np.testing.assert_allclose(
        _gradient(x), expected.reshape(1, 2, 32, 32), rtol=0, atol=1e-6
    )


def test_schedule_matters(tiny, small_pairs):
    for change in (
        {"learning_rate": 0.01},
        {"milestones": (1,)},
        {"batch_size": 3},
        {"crop_size": 18},
        {"distance": "l2"},
    ):
        other = DIDFuse(**{**TINY, **change}).fit(small_pairs)
        pairs = zip(states(other).values(), states(tiny).values())
        assert not all(torch.equal(a, b) for a, b in pairs), change


def test_saved_weights_fuse_alike(tiny, small_pairs, tmp_path):
    path = tmp_path / "own.safetensors"
    tiny.save_weights(path)
    loaded = DIDFuse(3, weights=path, device="cpu")
    for one, two in zip(loaded.transform(small_pairs), tiny.transform(small_pairs)):
        np.testing.assert_array_equal(one, two)
    with pytest.raises(ValueError, match="n_channels='3', not '4'"):
        DIDFuse(4, weights=path).transform(small_pairs)


def test_pretrained_weights_make_a_fused_image_of_more_contrast(small_pairs):
    for fused, pair in zip(DIDFuse().transform(small_pairs), small_pairs):
        assert fused.std() > np.mean(pair, axis=0).std()


@pytest.mark.parametrize(
    "change",
    [
        {"n_channels": 0},
        {"rule": "max"},
        {"max_epochs": 0},
        {"batch_size": 0},
        {"crop_size": 5},
        {"augment": "yes"},
        {"learning_rate": 0},
        {"milestones": 5},
        {"dssim_weight": -1},
        {"reconstruction_weight": -1},
        {"base_weight": -1},
        {"detail_weight": -1},
        {"gradient_weight": -1},
        {"frozen_epochs": -1},
        {"zero_weight": -1},
        {"zero_level": 0},
        {"initial_weights": 1},
        {"distance": "l3"},
        {"mixed_precision": "half"},
        {"tile_size": 8},
    ],
)
def test_parameters_out_of_range_are_named(small_pairs, change):
    (name,) = change
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        DIDFuse(**{**TINY, **change}).fit(small_pairs)


def test_read_only_images_train(small_pairs):
    """Packed images are views that nobody may write to."""
    from skfusion.pairs import as_pairs

    data = as_pairs([[x.astype(np.float32) for x in pair] for pair in small_pairs])
    params = {**TINY, "max_epochs": 1}
    fuser = DIDFuse(**params).fit(data.pack())
    again = DIDFuse(**params).fit(data)
    assert fuser.loss_curve_ == again.loss_curve_
