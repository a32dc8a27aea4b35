"""Write a network as an ONNX file that runs without torch and without skfusion."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import contextlib
import logging
import warnings
from pathlib import Path

from .._atomic_files import replace_file
from .._version import __version__

__all__ = ["OPSET", "ExportsONNX", "export_onnx"]

# ONNX 1.13 of December 2022: the newest that old runtimes read and that has Pad and
# Resize in their present form.
OPSET = 18

_COLOR = (
    "gray in [0, 1]: the infrared image, and the BT.601 luma of the visible one; the "
    "chroma of the visible image is put back outside"
)


class ExportsONNX:
    """Mixin of the estimators that can be written as an ONNX graph.

    A subclass implements ``_onnx_module()``: a module from ``(n, 1, h, w)`` infrared
    and visible to the output named ``_onnx_output``.
    """

    _onnx_output = "fused"

    def export_onnx(self, path, *, dynamic=True, size=(480, 640)):
        """Write what it does as ONNX, for use without torch and skfusion.

        The inputs ``"infrared"`` and ``"visible"`` and the output, ``"fused"`` (of a
        classifier ``"score"``, that of the visible image), are float32
        ``(N, 1, H, W)`` in [0, 1]; the visible image is its BT.601 luma, whose chroma
        is put back outside. The file's metadata tell the class, the version, this
        convention and the least height and width, ``min_size``.

        Parameters
        ----------
        path : path
            A file ending in ``.onnx``, replaced if it exists.
        dynamic : bool, default=True
            Any N, H and W; else one image of ``size``.
        size : (int, int), default=(480, 640)
            Height and width of the fixed form.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            With ``weights=None`` before ``fit``.
        ValueError
            If the path does not end in ``.onnx``, the size is too small, or a
            parameter has a value that cannot be exported.
        ImportError
            If the packages of ``skfusion[onnx]`` are not installed.
        """
        self._validate_params()
        export_onnx(
            self._onnx_module(),
            path,
            dynamic=dynamic,
            size=size,
            output=self._onnx_output,
            metadata=self._form_in_use(),
        )

    def _onnx_module(self):
        raise NotImplementedError


def export_onnx(
    module, path, *, dynamic=True, size=(480, 640), output="fused", metadata=None
) -> None:
    """Write a module of two images as ONNX.

    Parameters
    ----------
    module : torch.nn.Module
        In eval mode, on the CPU, not used elsewhere. Its ``forward(infrared,
        visible)`` takes and returns float32 tensors ``(N, 1, H, W)``. ``min_size``, an
        attribute, is the least height and width; 1 without it.
    path : path
        A file ending in ``.onnx``, replaced if it exists; it appears complete or not
        at all.
    dynamic : bool, default=True
        Any N, H and W; else one image of ``size``, for accelerators that want that.
    size : (int, int), default=(480, 640)
        Height and width of the fixed form.
    output : str, default="fused"
        Name of the output; the inputs are ``"infrared"`` and ``"visible"``.
    metadata : dict of str to str, optional
        Added to the version, the colour convention and the least size.

    Raises
    ------
    ValueError
        If the path does not end in ``.onnx`` or the size is too small.
    ImportError
        If onnx or onnxscript is not installed, or torch is too old.
    """
    path = Path(path)
    if path.suffix != ".onnx":
        raise ValueError(f"path={str(path)!r}: an ONNX file ends in '.onnx'.")
    smallest = getattr(module, "min_size", 1)
    size = _checked_size(size, smallest, dynamic)
    if not path.parent.is_dir():
        raise ValueError(f"path={str(path)!r}: there is no such folder.")
    program = _program(module, dynamic, size, smallest, output)
    model = program.model_proto
    notes = {
        "skfusion": __version__,
        "color": _COLOR,
        "min_size": smallest,
        **(metadata or {}),
    }
    _name_sides(model.graph)
    _forget_origins(model)
    model.producer_name, model.producer_version = "skfusion", __version__
    del model.metadata_props[:]
    for name in sorted(notes):
        model.metadata_props.add(key=name, value=str(notes[name]))
    replace_file(path, model.SerializeToString())


def _checked_size(size, smallest, dynamic):
    try:
        height, width = (int(side) for side in size)
    except (TypeError, ValueError):
        height = width = 0
    if min(height, width) < 1:
        raise ValueError(f"size={size!r}: expected (height, width) in pixels.")
    if not dynamic and min(height, width) < smallest:
        raise ValueError(
            f"size={size!r}: this network takes {smallest} rows and columns at least."
        )
    return height, width


def _program(module, dynamic, size, smallest, output):
    torch = _load_torch()
    if dynamic:
        # Two of everything that may vary: 1 would be taken for a constant.
        shape = (2, 1, smallest + 37, smallest + 50)
        sides = {
            0: torch.export.Dim("n", min=1),
            2: torch.export.Dim("h", min=smallest),
            3: torch.export.Dim("w", min=smallest),
        }
        shapes = {"infrared": sides, "visible": sides}
    else:
        shape, shapes = (1, 1, *size), None
    images = (torch.full(shape, 0.25), torch.full(shape, 0.5))
    # Trained in another layout, it would have conditions on the strides.
    module = module.to(memory_format=torch.contiguous_format)
    with _quiet(), torch.inference_mode(False), torch.no_grad():
        exported = torch.export.export(
            module,
            (),
            dict(zip(("infrared", "visible"), images)),
            dynamic_shapes=shapes,
        )
        program = torch.onnx.export(
            exported,
            input_names=["infrared", "visible"],
            output_names=[output],
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
            optimize=False,
        )
        _simplify(program.model)
        return program


def _simplify(model):
    """Fold constants, and drop what nothing uses and what is said twice.

    In place of the exporter's optimization, which also holds each node against each
    other one in search of patterns: minutes for a large graph, and the runtimes
    know these patterns.
    """
    from onnx_ir.passes import common
    from onnxscript import optimizer

    common.InlinePass()(model)
    optimizer.fold_constants(model)
    for change in (
        common.RemoveUnusedNodesPass(),
        common.RemoveUnusedFunctionsPass(),
        common.RemoveUnusedOpsetsPass(),
        common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0),
        common.DeduplicateInitializersPass(),
        common.CommonSubexpressionEliminationPass(),
        common.NameFixPass(),
    ):
        change(model)


def _name_sides(graph):
    """Call the free sides N, H and W, and drop what is known of inner tensors."""
    del graph.value_info[:]
    named = {}
    for value in (*graph.input, *graph.output):
        for letter, side in zip("NCHW", value.type.tensor_type.shape.dim):
            if side.dim_param:
                side.dim_param = named.setdefault(side.dim_param, letter)


def _forget_origins(model):
    """Drop the stack traces: paths of this machine, and most of the file."""
    for nodes in (model.graph.node, *(function.node for function in model.functions)):
        for node in nodes:
            del node.metadata_props[:]


def _load_torch():
    import torch

    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError:
        raise ImportError(
            'ONNX export needs onnx and onnxscript: pip install "skfusion[onnx]".'
        ) from None
    if tuple(int(part) for part in torch.__version__.split(".")[:2]) < (2, 6):
        raise ImportError(
            f"ONNX export needs torch 2.6 or newer, here is {torch.__version__}."
        )
    return torch


@contextlib.contextmanager
def _quiet():
    """Silence what the exporter says of itself and of torchvision, and nothing else."""
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "`isinstance\\(treespec", FutureWarning)
            warnings.filterwarnings("ignore", "# The axis name: ", UserWarning)
            yield
    finally:
        logger.setLevel(level)
