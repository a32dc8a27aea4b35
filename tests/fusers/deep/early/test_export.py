"""The earlier networks as ONNX graphs."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest
import torch

from .cases import make, with_network


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("DenseFuse", {}),
        ("DenseFuse", {"rule": "l1", "parity": True}),
        ("NestFuse", {}),
        ("RFNNest", {}),
        ("IFCNN", {}),
        ("U2Fusion", {"parity": True}),
        ("PMGI", {}),
        ("PMGI", {"parity": True}),
        ("DualBranch", {}),
        ("DeepFuse", {}),
        ("FusionGAN", {"statistics": "image"}),
        ("DDcGAN", {}),
    ],
)
def test_the_graph_that_is_exported_fuses_alike(name, params, trained, rng):
    """Still in torch: exporting takes long; both ways are tested for some."""
    fuser = with_network(make(name, **params), trained(name).network_)
    graph = fuser._onnx_module()
    ir, vis = rng.random((2, 2, 1, 23, 26), dtype=np.float32)
    with torch.no_grad():
        fused = graph(torch.from_numpy(ir), torch.from_numpy(vis)).numpy()
    for i in range(2):
        expected = fuser.transform([(ir[i, 0], vis[i, 0])])[0]
        np.testing.assert_allclose(fused[i, 0], expected, atol=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["NestFuse", "DualBranch", "FusionGAN"])
def test_an_onnx_file_fuses_alike_at_any_size(name, trained, rng, tmp_path):
    pytest.importorskip("onnxscript")
    onnxruntime = pytest.importorskip("onnxruntime")
    params = {"statistics": "image"} if name == "FusionGAN" else {}
    fuser = with_network(make(name, **params), trained(name).network_)
    fuser.export_onnx(tmp_path / "a.onnx")
    session = onnxruntime.InferenceSession(
        str(tmp_path / "a.onnx"), providers=["CPUExecutionProvider"]
    )
    for shape in ((64, 80), (45, 37)):
        ir, vis = rng.random((2, 1, 1, *shape), dtype=np.float32)
        (fused,) = session.run(None, {"infrared": ir, "visible": vis})
        expected = fuser.transform([(ir[0, 0], vis[0, 0])])[0]
        np.testing.assert_allclose(fused[0, 0], expected, atol=1e-4)
