"""Pairs, table and widening of the learned pyramid's training."""

# SPDX-License-Identifier: BSD-3-Clause
import sys

import numpy as np
import pytest
import torch

from skfusion.networks.pyramid_decisions import PyramidDecisions


@pytest.fixture(scope="module")
def modules(root):
    sys.path.insert(0, str(root / "benchmarks" / "train"))
    try:
        import _pyramid_pairs
        import _pyramid_table
        import train_learned_pyramid
    finally:
        sys.path.pop(0)
    return _pyramid_pairs, _pyramid_table, train_learned_pyramid


@pytest.fixture(scope="module")
def pairs(modules):
    drawn, *_ = modules
    rng = np.random.default_rng(0)
    made = [drawn._sky(rng, night) for night in (False, True)]
    return [
        ("sky", f"s{i}", i == 1, *(drawn._bytes(x) for x in made[i])) for i in range(2)
    ]


def test_skies_are_pairs_of_one_size(modules, pairs):
    for *_, ir, vis in pairs:
        assert ir.shape == vis.shape == (modules[0].HEIGHT, modules[0].WIDTH)
        assert ir.dtype == vis.dtype == np.uint8
        assert ir.std() > 5
    by_day, by_night = pairs[0][4], pairs[1][4]
    assert by_day[:20].mean() > by_night[:20].mean() + 50


def test_a_photograph_gets_a_thermal_partner_of_its_outlines(modules):
    photo = np.full((modules[0].HEIGHT, modules[0].WIDTH), 0.2)
    photo[:, 160:] = 0.8
    ir = modules[0]._thermal(photo, np.random.default_rng(2))
    across = np.abs(np.diff(ir.mean(axis=0)))
    assert abs(across.argmax() - 159) < 12


def test_crops_and_changes_keep_size_and_bytes(modules):
    rng = np.random.default_rng(0)
    ir, vis = rng.integers(0, 256, (2, 200, 500), dtype=np.uint8)
    for zoom in (0.5, 1.0, 1.7):
        part = modules[0]._crop(ir, vis, rng, zoom)
        for image in (*part, *modules[0]._change(*part, rng)):
            assert image.shape == (240, 320)
            assert image.dtype == np.uint8


def test_table_is_measured_once_and_in_parts(modules, pairs, tmp_path, monkeypatch):
    _, table, _ = modules
    monkeypatch.setattr(table, "OPPONENTS", ["average", "laplacian_pyramid"])
    monkeypatch.setattr(table, "SECOND", ["cc"])
    table.write_pairs(pairs, tmp_path / "pairs.npz")
    ir, vis, kind, name, held = table.read_pairs(tmp_path / "pairs.npz")
    assert ir.shape == (2, 240, 320)
    assert list(name) == ["s0", "s1"]
    assert list(held) == [False, True]
    assert np.abs(ir[0].astype(float) - pairs[0][3]).mean() < 4
    paths = [tmp_path / f"part_{k}.jsonl" for k in range(2)]
    table.measure(ir, vis, paths[0], 0, 2)
    half = table.gather(paths[:1], 2)
    assert np.isfinite(half[0]).all()
    assert np.isnan(half[1]).all()
    table.measure(ir, vis, paths[1], 1, 2)
    table.measure(ir, vis, paths[0], 0, 2)
    assert len(paths[0].read_text().splitlines()) == 1
    assert np.isfinite(table.gather(paths, 2)).all()


@pytest.mark.parametrize("added", [0, 3])
def test_a_widened_network_computes_the_same(modules, added):
    generator = torch.Generator().manual_seed(0)
    narrow = PyramidDecisions(5, 3)
    narrow.initialize(generator)
    with torch.no_grad():
        for parameter in narrow.parameters():
            parameter += 0.2 * torch.randn(parameter.shape, generator=generator)
    wide = PyramidDecisions(5 + added, 3, n_hidden=4)
    wide.initialize(generator)
    modules[2].widen(wide, narrow.state_dict())
    images = torch.rand(2, 1, 1, 40, 50, generator=generator)
    torch.testing.assert_close(wide(*images), narrow(*images), atol=2e-6, rtol=0)
