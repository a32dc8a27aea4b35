"""Sessions of onnxruntime: one a process for each file, its state and device."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch

__all__ = ["FLOATS", "open_session", "providers"]

# What onnxruntime calls the types of floating numbers.
FLOATS = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
}


def open_session(path, device="auto"):
    """Return a session that runs an ONNX file, read once for each state of it.

    Parameters
    ----------
    path : path
    device : {"auto", "cpu", "cuda", ...}, default="auto"
        See :func:`providers`.

    Returns
    -------
    onnxruntime.InferenceSession
        Shared. On the CPU it runs with as many threads as torch has.

    Raises
    ------
    ValueError
        If there is no such file, or onnxruntime cannot run it, or not on this device.
    ImportError
        If onnxruntime is not installed.
    """
    file = Path(path)
    if not file.is_file():
        raise ValueError(f"path={str(path)!r}: there is no such file.")
    found = file.stat()
    state = (found.st_ino, found.st_size, found.st_mtime_ns)
    return _open(str(file.resolve()), state, device)


@functools.lru_cache(maxsize=16)
def _open(path, state, device):
    try:
        import onnxruntime
    except ImportError:
        raise ImportError(
            f"path={path!r} needs onnxruntime: pip install 'skfusion[onnx]'."
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    chosen = providers(device, onnxruntime.get_available_providers())
    try:
        return onnxruntime.InferenceSession(path, options, providers=chosen)
    except Exception as error:  # the runtime has classes of its own
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ValueError(
            f"path={path!r} cannot be run by onnxruntime ({reason})."
        ) from None


def providers(device, available) -> list[str]:
    """Return the providers of onnxruntime that a device stands for.

    Parameters
    ----------
    device : str
        ``"auto"``: CUDA where onnxruntime has it, else the CPU. Other providers go by
        their name, e.g. ``"tensorrt"``; behind a colon may stand a number.
    available : list of str
        What this onnxruntime has.

    Returns
    -------
    list of str
        The CPU last.

    Raises
    ------
    ValueError
        If there is no such provider; the message names those that are.
    """
    cpu = "CPUExecutionProvider"
    known = {name.removesuffix("ExecutionProvider").lower(): name for name in available}
    kind = device.partition(":")[0].lower()
    if kind == "auto":
        return [known[name] for name in ("cuda",) if name in known] + [cpu]
    if kind not in known:
        raise ValueError(
            f"device={device!r}: this onnxruntime runs on {', '.join(sorted(known))}; "
            "use one of these or 'auto'."
        )
    return list(dict.fromkeys([known[kind], cpu]))
