"""The pyramid behind a sharpness classifier: weights, bands, channels."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest
import torch

from skfusion.fusers import LiuCNN, SharpnessClassifier

from .cases import crops, make, with_network


def test_another_classifier_decides(small_pairs):
    fuser = LiuCNN(classifier="six-path", device="cpu")
    assert fuser.fit(small_pairs) is fuser
    (weight,) = fuser.weight_map(small_pairs[:1])
    expected = SharpnessClassifier("six-path", device="cpu").score_map(*small_pairs[0])
    np.testing.assert_allclose(weight, expected, atol=1e-6)
    given = LiuCNN(classifier=SharpnessClassifier("six-path", device="cpu"))
    for one, two in zip(fuser.transform(small_pairs), given.transform(small_pairs)):
        np.testing.assert_array_equal(one, two)
    with pytest.raises(ValueError, match="X"):
        fuser.fit(np.zeros((3, 4)))


def test_weights_are_spread_over_their_patches(trained):
    fuser, network = trained("LiuCNN"), trained("LiuCNN").network_
    ir, vis = crops(1, 21)[0].numpy()
    (weight,) = fuser.weight_map([(ir, vis)])
    with torch.no_grad():
        tensors = [torch.from_numpy(x)[None, None] for x in (ir, vis)]
        share = torch.softmax(network(*tensors), 1)[0, 1].numpy()
    total, count = np.zeros((22, 22)), np.zeros((22, 22))
    for row in range(share.shape[0]):
        for column in range(share.shape[1]):
            patch = np.s_[2 * row : 2 * row + 16, 2 * column : 2 * column + 16]
            total[patch] += share[row, column]
            count[patch] += 1
    np.testing.assert_allclose(weight, 1 - (total / count)[:21, :21], atol=1e-5)


def test_bands_that_differ_are_chosen_and_those_alike_averaged(trained, rng):
    ir, vis = rng.random((2, 20, 24))
    weight = rng.random((20, 24))
    choose = make("LiuCNN", match_threshold=1.0)._joined(ir, vis, weight)
    average = make("LiuCNN", match_threshold=-1.0)._joined(ir, vis, weight)
    np.testing.assert_allclose(average, weight * ir + (1 - weight) * vis)
    assert ((choose == ir) | (choose == vis)).all()
    energy = [x[4:7, 7:10].__pow__(2).sum() for x in (ir, vis)]
    assert choose[5, 8] == (ir if energy[0] > energy[1] else vis)[5, 8]
    middle = make("LiuCNN")._joined(ir, vis, weight)
    assert ((middle == choose) | (middle == average)).all()
    assert (middle != choose).any() and (middle != average).any()


def test_channels_share_the_weights_of_luma(trained, rng):
    fuser = with_network(
        make("LiuCNN", color="per_channel"), trained("LiuCNN").network_
    )
    ir, vis = rng.random((20, 24)), rng.random((20, 24, 3))
    fused = fuser.transform([(ir, vis)])[0]
    ir, vis = ir.astype(np.float32), vis.astype(np.float32)
    weight = 1 - fuser.weight_map([(ir, vis)])[0]
    for c in range(3):
        expected = fuser._blended(ir, vis[..., c], weight).clip(0, 1)
        np.testing.assert_allclose(fused[..., c], expected, atol=1e-6)


def test_levels_matter_and_parity_rounds(trained, small_pairs):
    network = trained("LiuCNN").network_
    default, two, rounded = (
        with_network(make("LiuCNN", **params), network).transform(small_pairs)[0]
        for params in ({}, {"n_levels": 1}, {"parity": True})
    )
    assert not np.allclose(default, two, atol=1e-3)
    levels = 255 * rounded.astype(float)
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-4)
    np.testing.assert_allclose(rounded, default, atol=0.51 / 255)


def test_what_does_not_export_says_why(trained, tmp_path):
    with pytest.raises(ValueError, match="LiuCNN cannot be exported: how many levels"):
        trained("LiuCNN").export_onnx(tmp_path / "a.onnx")
    fuser = with_network(make("NestFuse", pooling="nuclear"), None)
    with pytest.raises(ValueError, match="pooling='nuclear' cannot be exported"):
        fuser.export_onnx(tmp_path / "a.onnx")
