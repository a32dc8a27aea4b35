"""Networks that were made elsewhere: a module and an ONNX file of the mean."""

import functools
import os
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn


class Mean(nn.Module):
    """The mean of two images, with a parameter that can be trained."""

    def __init__(self):
        super().__init__()
        self.shares = nn.Parameter(torch.tensor([0.5, 0.5]))

    def forward(self, infrared, visible):
        return self.shares[0] * infrared + self.shares[1] * visible


def write_mean(path, *, shape=("n", 1, "h", "w"), names=("a", "b"), kind="FLOAT"):
    """Write 0.25 of the first and 0.75 of the second input."""
    from onnx import TensorProto, helper, numpy_helper, save

    kind = getattr(TensorProto, kind)
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    shares = [
        numpy_helper.from_array(np.array([value], dtype), f"share_{i}")
        for i, value in enumerate((0.25, 0.75))
    ]
    nodes = [
        helper.make_node("Mul", [name, f"share_{i}"], [f"part_{i}"])
        for i, name in enumerate(names)
    ]
    nodes.append(helper.make_node("Add", ["part_0", "part_1"], ["fused"]))
    values = [helper.make_tensor_value_info(name, kind, shape) for name in names]
    output = helper.make_tensor_value_info("fused", kind, shape)
    graph = helper.make_graph(nodes, "mean", values, [output], shares)
    opset = [helper.make_opsetid("", 18)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)


@functools.cache
def mean_file():
    """Return the path of a file of one name in all processes of a test run.

    It names tests by its estimator, so that parallel workers must agree on it.
    """
    folder = Path(tempfile.gettempdir()) / f"skfusion-tests-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "mean.onnx"
    part = folder / f"{os.getpid()}.onnx"
    write_mean(part)
    if not path.exists() or path.read_bytes() != part.read_bytes():
        os.replace(part, path)
    part.unlink(missing_ok=True)
    return str(path)
