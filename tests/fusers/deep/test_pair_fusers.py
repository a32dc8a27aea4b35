"""The fusers around one network of pairs: what their parameters do."""

import functools
import inspect
import pickle

import numpy as np
import pytest
import torch
from sklearn.utils._param_validation import Interval, StrOptions
from torch.nn import functional

from skfusion import fusers
from skfusion.fusers import (
    SAGE,
    YDTR,
    AverageFuser,
    DATFuse,
    LUTFuse,
    ReCoNet,
    SDNet,
    STDFusionNet,
)
from skfusion.images import as_float, luma, read_image
from skfusion.learning.maximum import maximum_loss, sobel_strength
from skfusion.learning.objectives import laplacian
from skfusion.losses import dssim
from skfusion.weights import pretrained_names

from ...common.estimators import CHEAP
from .outputs import unclipped, unstretched

NAMES = (
    *("SeAFusion", "MMDRFuse", "SDNet", "STDFusionNet", "SFDFusion", "LUTFuse"),
    *("DATFuse", "LRRNet", "MUFusion", "SAGE", "ReCoNet", "TarDAL", "YDTR"),
)

# Those that see the whole image, and what makes others do so.
WHOLE = {
    "SFDFusion": {},
    "LUTFuse": {},
    "DATFuse": {},
    "YDTR": {},
    "LRRNet": {"normalize": True},
    "SAGE": {"parity": True},
    "TarDAL": {"norm": "image"},
}
each = pytest.mark.parametrize("name", NAMES)


def make(name, **params):
    cheap = {**CHEAP[name], "weights": None, "device": "cpu"}
    return getattr(fusers, name)(**{**cheap, **params})


def states(fuser):
    return fuser.network_.state_dict()


def crops(n=2, side=16, channels=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, channels, side, side, generator=generator)


@pytest.fixture(scope="module")
def trained(small_pairs):
    """Return ``trained(name)``: a fuser after its cheap training."""
    return functools.cache(lambda name: make(name).fit(small_pairs))


# Training ----------------------------------------------------------------------------


@each
def test_training_lowers_the_loss(name, small_pairs):
    rates = {"learning_rate": 1e-2, "final_learning_rate": 1e-3, "decay": "cosine"}
    fuser = make(name, **rates, max_epochs=40).fit(small_pairs)
    curve = fuser.loss_curve_
    assert len(curve) == 40
    assert np.mean(curve[-5:]) < 0.9 * np.mean(curve[:2])


@each
def test_training_repeats_bitwise_and_leaves_the_global_generators(
    name, small_pairs, trained
):
    before = np.random.get_state()[1].copy(), torch.get_rng_state().clone()
    again = make(name).fit(small_pairs)
    assert np.array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.get_rng_state(), before[1])
    assert again.loss_curve_ == trained(name).loss_curve_
    for key, value in states(trained(name)).items():
        assert torch.equal(value, states(again)[key]), key


def changes(name):
    """Yield every parameter of the training with another value."""
    fuser = make(name)
    for parameter in fuser._parameter_constraints:
        if not parameter.endswith("_weight") and parameter != "threshold":
            continue
        value = getattr(fuser, parameter)
        yield {parameter: 3 * value if value else 1.0}
    if hasattr(fuser, "frozen_share"):
        yield {"frozen_share": 1.0, "max_epochs": 3}
    yield {"batch_size": 1}
    yield {"crop_size": 20}
    yield {"learning_rate": 0.01}
    yield {"random_state": 1}
    yield {"max_epochs": 2}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        pytest.param(name, change, id=f"{name}-{next(iter(change))}")
        for name in NAMES
        for change in changes(name)
        # Without a teacher there is nothing to be similar to, and the first table has
        # no decrease; their loss is tested below.
        if not (name == "LUTFuse" and {"ssim_weight", "monotony_weight"} & set(change))
    ],
)
def test_every_parameter_of_the_training_matters(name, change, small_pairs, trained):
    other = make(name, **change).fit(small_pairs)
    pairs = zip(states(other).values(), states(trained(name)).values())
    assert not all(torch.equal(a, b) for a, b in pairs)


def test_rates_decay_to_the_last(small_pairs):
    two = {"max_epochs": 3}
    first, second = (
        make("MMDRFuse", **two, decay=decay, final_learning_rate=1e-9).fit(small_pairs)
        for decay in ("constant", "linear")
    )
    assert not all(map(torch.equal, states(first).values(), states(second).values()))


def test_training_may_stop_by_time_or_start_from_weights(small_pairs, tmp_path):
    fuser = make("MMDRFuse", max_epochs=10**7, max_seconds=0.1).fit(small_pairs)
    assert 1 <= len(fuser.loss_curve_) < 10**6
    path = tmp_path / "start.safetensors"
    fuser.save_weights(path)
    still = {"learning_rate": 1e-12, "final_learning_rate": 1e-12}
    further = make("MMDRFuse", **still, initial_weights=path).fit(small_pairs)
    for key, value in states(fuser).items():
        torch.testing.assert_close(states(further)[key], value)


@each
def test_numbers_out_of_range_are_named(name, small_pairs):
    fuser = make(name)
    for parameter, constraint in fuser._parameter_constraints.items():
        for part in constraint:
            if isinstance(part, Interval) and part.left is not None:
                wrong = make(name, **{parameter: part.left - 1})
                with pytest.raises(ValueError, match=f"'{parameter}' parameter"):
                    wrong.fit(small_pairs)
            elif isinstance(part, StrOptions):
                wrong = make(name, **{parameter: "nonsense"})
                if parameter not in ("weights", "initial_weights"):
                    with pytest.raises(ValueError, match=f"'{parameter}' parameter"):
                        wrong.fit(small_pairs)


@each
def test_defaults_are_said_in_the_docstring(name):
    cls = getattr(fusers, name)
    lines = inspect.getdoc(cls).splitlines()  # Python 3.13 takes the indent away
    for parameter in inspect.signature(cls).parameters.values():
        if parameter.name.endswith("learning_rate"):
            continue  # two in one line
        line = f"{parameter.name} : "
        (entry,) = [x for x in lines if x.startswith(line)]
        default = str(parameter.default).strip("'")
        assert entry.replace('"', "").endswith(f"default={default}"), entry


# Losses ------------------------------------------------------------------------------


def outputs(name, pairs):
    """Return a network and what it makes of crops."""
    network = make(name)._build_network()
    network.initialize(torch.Generator().manual_seed(1)).eval()
    with torch.no_grad():
        return network, network(pairs[:, :1], pairs[:, 1:2])


@torch.no_grad()
def test_maximum_loss_is_its_equation():
    fused, ir, vis = crops(channels=3).split(1, 1)
    edges = [sobel_strength(x) for x in (fused, ir, vis)]
    terms = (
        (fused - torch.maximum(ir, vis)).abs().mean(),
        (edges[0] - torch.maximum(edges[1], edges[2])).abs().mean(),
        dssim(fused, ir) + dssim(fused, vis),
    )
    found = maximum_loss(
        fused, ir, vis, intensity_weight=2, gradient_weight=3, ssim_weight=4
    )
    expected = 2 * terms[0] + 3 * terms[1] + 4 * terms[2]
    torch.testing.assert_close(found, expected)
    found = maximum_loss(fused, ir, vis)
    torch.testing.assert_close(found, terms[0] + 10 * terms[1])


def test_sobel_strength_of_a_step_and_of_the_border():
    step = torch.zeros(1, 1, 5, 6)
    step[..., 3:] = 1
    strength = sobel_strength(step)[0, 0]
    assert torch.equal(strength, strength[:1].expand(5, 6))
    assert strength[0].tolist() == [0, 0, 4, 4, 0, 0]
    assert torch.equal(sobel_strength(step.mT.contiguous())[0, 0], strength.T[:6])


@pytest.mark.parametrize(
    "name", ["SeAFusion", "MMDRFuse", "SFDFusion", "LRRNet", "MUFusion", "TarDAL"]
)
def test_these_train_for_the_larger_of_both(name):
    pairs = crops()
    network, fused = outputs(name, pairs)
    weights = {"intensity_weight": 2.0, "gradient_weight": 3.0, "ssim_weight": 4.0}
    with torch.no_grad():
        found = make(name, **weights)._loss(network, pairs)
        expected = maximum_loss(fused, pairs[:, :1], pairs[:, 1:], **weights)
    torch.testing.assert_close(found, expected)


@torch.no_grad()
def test_sdnet_wants_the_stronger_gradient_and_to_tell_the_images_again():
    pairs = crops()
    ir, vis = pairs[:, :1], pairs[:, 1:]
    vis[..., :8] = 0.5  # flat: there the infrared gradient is the stronger one
    ir[..., 8:] = 0.5
    network, fused = outputs("SDNet", pairs)
    told = network.decompose(fused)
    plain = {
        "infrared_weight": functional.mse_loss(fused, ir),
        "visible_weight": functional.mse_loss(fused, vis),
        "decomposition_weight": functional.mse_loss(told[0], ir)
        + functional.mse_loss(told[1], vis),
    }
    zero = dict.fromkeys([*plain, "gradient_weight"], 0.0)
    for weight, expected in plain.items():
        found = SDNet(**{**zero, weight: 3.0})._loss(network, pairs)
        torch.testing.assert_close(found, 3 * expected)
    found = SDNet(**{**zero, "gradient_weight": 1.0})._loss(network, pairs)
    edges = [laplacian(x, "replicate") for x in (ir, vis, fused)]
    size = [functional.avg_pool2d(x.abs(), 7, 1, 3) for x in edges[:2]]
    wanted = torch.where(size[0] > size[1], edges[0], edges[1])
    assert torch.equal(wanted[..., :4], edges[0][..., :4])
    assert torch.equal(wanted[..., 12:], edges[1][..., 12:])
    torch.testing.assert_close(found, functional.mse_loss(edges[2], wanted))


@torch.no_grad()
def test_stdfusionnet_wants_infrared_inside_its_masks_and_visible_outside():
    pairs = crops(channels=3)
    pairs[:, 2] = (pairs[:, 2] > 0.5).float()
    ir, vis, mask = pairs.split(1, 1)
    network, fused = outputs("STDFusionNet", pairs)
    edges = [sobel_strength(x) for x in (fused, ir, vis)]
    distances = [
        (fused - x).abs() + 2 * (edges[0] - edge).abs()
        for x, edge in zip((ir, vis), edges[1:])
    ]
    expected = (5 * mask * distances[0] + (1 - mask) * distances[1]).mean()
    fuser = STDFusionNet(salient_weight=5.0, gradient_weight=2.0)
    torch.testing.assert_close(fuser._loss(network, pairs), expected)


@torch.no_grad()
def test_datfuse_and_ydtr_losses_are_their_equations():
    pairs = crops()
    ir, vis = pairs.split(1, 1)
    network, fused = outputs("DATFuse", pairs)
    edges = [sobel_strength(x) for x in (fused, ir, vis)]
    expected = (
        2 * (functional.mse_loss(fused, ir) + functional.mse_loss(fused, vis))
        + 3 * 2 * dssim(fused, torch.maximum(ir, vis))
        + 4 * functional.mse_loss(edges[0], torch.maximum(edges[1], edges[2]))
    )
    fuser = DATFuse(intensity_weight=2.0, ssim_weight=3.0, gradient_weight=4.0)
    torch.testing.assert_close(fuser._loss(network, pairs), expected)
    network, fused = outputs("YDTR", pairs)
    edges[0] = sobel_strength(fused)
    expected = (
        2 * 2 * dssim(fused, ir)
        + 3 * 2 * dssim(fused, vis)
        + 4 * functional.mse_loss(edges[0], edges[1]).sqrt()
        + 5 * functional.mse_loss(edges[0], edges[2]).sqrt()
    )
    fuser = YDTR(
        infrared_weight=2.0,
        visible_weight=3.0,
        infrared_gradient_weight=4.0,
        visible_gradient_weight=5.0,
    )
    torch.testing.assert_close(fuser._loss(network, pairs), expected)


@torch.no_grad()
def test_sage_and_reconet_losses_are_their_equations():
    pairs = crops()
    ir, vis = pairs.split(1, 1)
    network, fused = outputs("SAGE", pairs)
    edges = [sobel_strength(x) for x in (fused, ir, vis)]
    expected = (
        2 * functional.mse_loss(fused, ir)
        + 3 * functional.mse_loss(fused, vis)
        + 5 * functional.mse_loss(fused, torch.maximum(ir, vis))
        + 4 * functional.l1_loss(edges[0], torch.maximum(edges[1], edges[2]))
    )
    fuser = SAGE(
        infrared_weight=2.0,
        visible_weight=3.0,
        intensity_weight=5.0,
        gradient_weight=4.0,
    )
    torch.testing.assert_close(fuser._loss(network, pairs), expected)
    network, fused = outputs("ReCoNet", pairs)
    expected = 2 * (
        functional.l1_loss(fused, ir) + functional.l1_loss(fused, vis)
    ) + 3 * 2 * (dssim(fused, ir) + dssim(fused, vis))
    fuser = ReCoNet(intensity_weight=2.0, ssim_weight=3.0)
    torch.testing.assert_close(fuser._loss(network, pairs), expected)


def test_flat_images_leave_finite_gradients():
    for name in NAMES:
        network = make(name)._build_network()
        network.initialize(torch.Generator().manual_seed(0)).train()
        pairs = torch.zeros(2, 3 if name == "STDFusionNet" else 2, 16, 16)
        make(name)._loss(network, pairs).backward()
        for key, parameter in network.named_parameters():
            assert torch.isfinite(parameter.grad).all(), (name, key)


# STDFusionNet's masks ----------------------------------------------------------------


def test_masks_are_taken_or_found(small_pairs):
    fuser = make("STDFusionNet", threshold=1.0)
    data = fuser._training_data(small_pairs)
    ir, _, mask = fuser._training_stack(data, 0)
    assert mask.dtype == np.float32
    np.testing.assert_array_equal(mask, ir > ir.mean() + ir.std())
    masks = [np.zeros(ir.shape, np.uint8) for ir, _ in small_pairs]
    for one in masks:
        one[5:9] = 255
    given = make("STDFusionNet").fit(small_pairs, masks)
    found = make("STDFusionNet").fit(small_pairs)
    assert given.loss_curve_ != found.loss_curve_


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ([np.zeros((4, 4))], "y holds 1 masks for 3 pairs"),
        ([np.zeros((4, 4))] * 3, r"y\[0\] has shape \(4, 4\), its pair has \(24, 31\)"),
        ([np.full((24, 31), 7.0)] * 3, r"y\[0\].*scale float images"),
    ],
)
def test_masks_that_do_not_fit_are_named(small_pairs, masks, message):
    with pytest.raises(ValueError, match=message):
        make("STDFusionNet").fit(small_pairs, masks)


# LUTFuse -----------------------------------------------------------------------------


def test_the_table_learns_its_teacher(small_pairs):
    teacher = AverageFuser(0.3)
    params = {"n_nodes": 6, "max_epochs": 150, "learning_rate": 0.02}
    params |= {"final_learning_rate": 0.001, "smoothness_weight": 0.0}
    fuser = make("LUTFuse", teacher=teacher, **params).fit(small_pairs)
    taught = teacher.transform(small_pairs)
    error = [np.abs(a - b).mean() for a, b in zip(fuser.transform(small_pairs), taught)]
    start = make("LUTFuse", learning_rate=1e-9, n_nodes=6).fit(small_pairs)
    first = [np.abs(a - b).mean() for a, b in zip(start.transform(small_pairs), taught)]
    assert max(error) < 0.25 * min(first)


@torch.no_grad()
def test_lutfuse_loss_is_its_equation():
    pairs = crops(channels=3)
    network, fused = outputs("LUTFuse", pairs)
    network.table += (
        crops(1, 9, 1).flatten()[: network.table.numel()].reshape(network.table.shape)
    )
    fused = network(pairs[:, :1], pairs[:, 1:2])
    table = network.table
    steps = [table.diff(dim=k) for k in range(4)]
    falls = sum((-steps[k]).clamp_min(0).mean() for k in (0, 3))
    rough = sum(step.square().sum() for step in steps)
    fuser = LUTFuse(ssim_weight=2.0, monotony_weight=3.0, smoothness_weight=4.0)
    taught = pairs[:, 2:]
    expected = (
        functional.l1_loss(fused, taught)
        + 2 * 2 * dssim(fused, taught)
        + 3 * falls
        + 4 * rough
    )
    torch.testing.assert_close(fuser._loss(network, pairs), expected)


def test_the_table_keeps_chroma_of_a_visible_image_it_sees_in_colour(trained, rng):
    fuser = make("LUTFuse", color="rgb")
    fuser.network_ = trained("LUTFuse").network_
    ir, vis = rng.random((12, 14)), 0.4 + 0.2 * rng.random((12, 14, 3))
    fused = fuser.transform([(ir.astype(np.float32), vis.astype(np.float32))])[0]
    inside = (fused > 0).all(axis=2) & (fused < 1).all(axis=2)
    assert inside.mean() > 0.5
    difference = (fused - vis)[inside]
    np.testing.assert_allclose(difference, difference[..., :1].repeat(3, -1), atol=1e-5)
    gray = fuser.transform([(ir, vis[..., 0])])[0]
    assert gray.shape == (12, 14)


# Fusing ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"SFDFusion", "LUTFuse"}))
def test_tiles_join_without_a_seam_or_say_why_not(name, trained, rng):
    pair = [tuple(rng.random((2, 70, 100)))]
    tiled = make(name, tile_size=32)
    tiled.network_ = trained(name).network_
    if name in ("DATFuse", "YDTR"):
        with pytest.raises(ValueError, match="tile_size=32.*means over the whole"):
            tiled.transform(pair)
        return
    whole = make(name)
    whole.network_ = trained(name).network_
    np.testing.assert_allclose(
        whole.transform(pair)[0], tiled.transform(pair)[0], rtol=0, atol=2e-6
    )


@pytest.mark.parametrize("name", WHOLE)
def test_what_sees_the_whole_image_refuses_tiles(name, small_pairs):
    fuser = make(name, **WHOLE[name]).fit(small_pairs).set_params(tile_size=32)
    with pytest.raises(ValueError, match=f"tile_size=32: {name} .*use tile_size=None"):
        fuser.transform(small_pairs)


@pytest.mark.parametrize(("name", "multiple"), [("SAGE", 4), ("MUFusion", 2)])
def test_tiles_begin_at_multiples(name, multiple, trained, small_pairs):
    fuser = make(name, tile_size=33)
    fuser.network_ = trained(name).network_
    with pytest.raises(ValueError, match=f"use a multiple of {multiple}"):
        fuser.transform(small_pairs)


@pytest.mark.parametrize(
    "name", ["SeAFusion", "MMDRFuse", "SDNet", "STDFusionNet", "LRRNet", "MUFusion"]
)
def test_parity_stretches_the_fused_image(name, trained, small_pairs):
    plain, stretched = make(name), make(name, parity=True)
    plain.network_ = stretched.network_ = trained(name).network_
    ir, vis = (image.astype(np.float32) for image in small_pairs[0])
    fused = unclipped(plain, ir, vis)
    expected = (fused - fused.min()) / (fused.max() - fused.min())
    np.testing.assert_allclose(unclipped(stretched, ir, vis), expected, atol=1e-6)


def test_mufusion_parity_is_the_mean_of_tiles(trained, rng):
    fuser = make("MUFusion", parity=True)
    fuser.network_ = trained("MUFusion").network_
    ir, vis = rng.random((2, 150, 131), dtype=np.float32)
    plain = make("MUFusion")
    plain.network_ = fuser.network_
    total, count = np.zeros(ir.shape), np.zeros(ir.shape)
    for top in (0, 22):
        for left in (0, 3):
            tile = np.s_[top : top + 128, left : left + 128]
            total[tile] += unstretched(plain, ir[tile], vis[tile])
            count[tile] += 1
    np.testing.assert_allclose(unstretched(fuser, ir, vis), total / count, atol=1e-6)


def test_sage_parity_and_the_default_share_their_weights(trained, rng):
    fuser = make("SAGE")
    fuser.network_ = trained("SAGE").network_
    odd, even = ([tuple(rng.random((2, *shape)))] for shape in ((15, 18), (16, 20)))
    results = {parity: [] for parity in (False, True)}
    for parity in (False, True, False, True):
        fuser.set_params(parity=parity)
        results[parity].append((fuser.transform(odd)[0], fuser.transform(even)[0]))
    for first, second in results.values():
        np.testing.assert_array_equal(first[0], second[0])
    assert not np.allclose(results[False][0][0], results[True][0][0], atol=1e-4)
    np.testing.assert_array_equal(results[False][0][1], results[True][0][1])


@each
def test_saved_weights_fuse_alike(name, trained, small_pairs, tmp_path):
    path = tmp_path / "own.safetensors"
    trained(name).save_weights(path)
    loaded = make(name, weights=path)
    for one, two in zip(
        loaded.transform(small_pairs), trained(name).transform(small_pairs)
    ):
        np.testing.assert_array_equal(one, two)
    assert len(pickle.dumps(loaded)) < 3000
    width = 8 * loaded.n_channels
    with pytest.raises(ValueError, match="n_channels"):
        make(name, weights=path, n_channels=width).transform(small_pairs)


# ONNX --------------------------------------------------------------------------------


def assert_exports(fuser, small_pairs, path):
    import onnxruntime

    fuser.export_onnx(path)
    session = onnxruntime.InferenceSession(path)
    for pair, expected in zip(small_pairs, fuser.transform(small_pairs)):
        feed = dict(zip(("infrared", "visible"), np.float32(pair)[:, None, None]))
        found = session.run(None, feed)[0][0, 0]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(NAMES) - {"SFDFusion", "SeAFusion"}))
def test_export_gives_the_same_image(name, trained, small_pairs, tmp_path):
    assert_exports(trained(name), small_pairs, tmp_path / "net.onnx")


def test_export_holds_the_stretch_of_parity(trained, small_pairs, tmp_path):
    fuser = make("SeAFusion", parity=True)
    fuser.network_ = trained("SeAFusion").network_
    assert_exports(fuser, small_pairs, tmp_path / "net.onnx")


def test_what_does_not_export_says_why(trained, small_pairs, tmp_path):
    with pytest.raises(ValueError, match="SFDFusion cannot be exported.*Fourier"):
        trained("SFDFusion").export_onnx(tmp_path / "net.onnx")
    fuser = make("MUFusion", parity=True).fit(small_pairs)
    with pytest.raises(ValueError, match="parity=True fuses means of tiles"):
        fuser.export_onnx(tmp_path / "net.onnx")


# Shipped weights ---------------------------------------------------------------------

SHIPPED = [name for name in NAMES if name.lower() in pretrained_names()]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_weights_show_both_images_and_the_light_of_the_pair(name, golden):
    folder = golden / "inputs"
    ir, vis = (
        luma(as_float(read_image(folder / f"odd_{kind}.png"))) for kind in ("ir", "vis")
    )
    fuser = getattr(fusers, name)(device="cpu")
    fused, dark = fuser.transform([(ir, vis), (0.2 * ir, 0.2 * vis)])
    for image in (ir, vis):
        assert np.corrcoef(fused.ravel(), image.ravel())[0, 1] > 0.25
    # The hottest objects are dark in the visible image.
    hot = ir > np.quantile(ir, 0.99)
    assert fused[hot].mean() > 0.5 > 4 * vis[hot].mean()
    assert dark.mean() < 0.3 < fused.mean()
