"""The earlier networks in tiles, and with saved weights."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest
import torch

from ..outputs import unstretched
from .cases import drawn, each, make, with_network


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("DenseFuse", {"n_channels": 2}),
        ("DenseFuse", {"n_channels": 2, "rule": "l1", "activity_window": 5}),
        ("NestFuse", {"widths": (4, 4, 4), "rule": "spatial"}),
        ("RFNNest", {"widths": (4, 4)}),
        ("IFCNN", {}),
        ("U2Fusion", {}),
        ("PMGI", {}),
        ("DeepFuse", {"n_channels": 2}),
        ("FusionGAN", {}),
        ("DDcGAN", {}),
    ],
)
def test_tiles_join_without_a_seam(name, params, rng):
    network = drawn(make(name, **params))
    ir, vis = rng.random((2, 70, 100), dtype=np.float32)
    whole, tiled = (
        with_network(make(name, **params, tile_size=size), network)
        for size in (None, 32)
    )
    expected = unstretched(whole, ir, vis)
    assert np.ptp(expected) > 0
    scale = max(np.abs(expected).max(), 1)
    np.testing.assert_allclose(
        unstretched(tiled, ir, vis), expected, rtol=0, atol=2e-6 * scale
    )


@pytest.mark.parametrize(
    ("name", "params", "why"),
    [
        ("NestFuse", {}, "weights channels by the whole image"),
        ("PMGI", {"statistics": "image"}, "normalises its maps by the whole image"),
        ("FusionGAN", {"parity": True}, "normalises its maps by the whole image"),
        ("DualBranch", {}, "stretches its coarse maps over the whole image"),
        ("LiuCNN", {}, "builds pyramids down to a pixel"),
    ],
)
def test_what_sees_the_whole_image_refuses_tiles(name, params, why, trained):
    fuser = with_network(make(name, **params, tile_size=32), trained(name).network_)
    with pytest.raises(ValueError, match=f"tile_size=32: {name} {why}.*tile_size=None"):
        fuser.transform([np.zeros((2, 40, 40))])


def test_tiles_begin_at_multiples_of_the_coarsest_scale(trained):
    fuser = make("NestFuse", rule="average", tile_size=33)
    fuser.network_ = trained("NestFuse").network_
    with pytest.raises(ValueError, match="tile_size=33: .*use a multiple of 2"):
        fuser.transform([np.zeros((2, 40, 40))])


@each
def test_saved_weights_fuse_alike(name, trained, small_pairs, tmp_path):
    path = tmp_path / "own.safetensors"
    trained(name).save_weights(path)
    loaded = make(name, weights=path)
    for one, two in zip(
        loaded.transform(small_pairs), trained(name).transform(small_pairs)
    ):
        np.testing.assert_array_equal(one, two)
    other = {"widths": (6, 4)} if hasattr(loaded, "widths") else {"n_channels": 9}
    with pytest.raises(ValueError, match="made with"):
        make(name, weights=path, **other).transform(small_pairs)
    further = make(name, initial_weights=path, learning_rate=1e-12).fit(small_pairs)
    for key, value in trained(name).network_.named_parameters():
        torch.testing.assert_close(further.network_.get_parameter(key), value)
