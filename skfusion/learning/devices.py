"""Where networks run and in which precision: one place that knows both."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import contextlib
import os

import torch

from ..workers import FirstToLast

__all__ = [
    "PRECISIONS",
    "inference",
    "resolve_device",
    "resolve_devices",
    "resolve_precision",
]

PRECISIONS = ("auto", "float32", "bfloat16", "float16")

if hasattr(os, "register_at_fork"):
    # A child of fork() has the locks of torch's threads, and none of the threads: it
    # would wait for them for ever. With one thread it computes on its own.
    os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))


def resolve_device(device):
    """Return the ``torch.device`` that ``"auto"`` or a name stands for, now.

    Of several names, ``"cuda:0,cuda:1"``, the first counts.

    Raises
    ------
    ValueError
        If there is no such device on this machine.
    """
    return resolve_devices(device)[0]


def resolve_devices(device) -> list:
    """Return the devices that ``"auto"`` or names with commas between stand for, now.

    Parameters
    ----------
    device : str or torch.device
        A device may be named more than once: each name gets a worker of its own.

    Returns
    -------
    list of torch.device
        At least one.

    Raises
    ------
    ValueError
        If there is no such device on this machine.

    Examples
    --------
    >>> from skfusion.learning.devices import resolve_devices
    >>> resolve_devices("cpu,cpu")
    [device(type='cpu'), device(type='cpu')]
    """
    if device == "auto":
        return [torch.device("cuda" if torch.cuda.is_available() else "cpu")]
    return [_resolved(name.strip(), device) for name in str(device).split(",")]


def _resolved(name, device):
    try:
        resolved = torch.device(name)
        torch.empty(0, device=resolved)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f"device={device!r} cannot be used here ({reason}): use 'auto' or 'cpu'."
        ) from None
    return resolved


def resolve_precision(precision, device, half=None):
    """Return the dtype in which a network runs on a device.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16", "float16"}
        ``"auto"`` is `half` on a GPU and float32 elsewhere.
    device : torch.device
    half : str or None, default=None
        The short type in which the network was found to be close enough.

    Returns
    -------
    torch.dtype

    Examples
    --------
    >>> import torch
    >>> from skfusion.learning.devices import resolve_precision
    >>> resolve_precision("auto", torch.device("cpu"), "float16")
    torch.float32
    >>> resolve_precision("auto", torch.device("cuda"), "float16")
    torch.float16
    """
    if precision == "auto":
        precision = half if half and device.type == "cuda" else "float32"
    return getattr(torch, precision)


class _WithoutTF32(FirstToLast):
    """float32 convolutions and products that are just that, on every GPU."""

    def hold(self, undo):
        """Set the flags of torch, which hold for the whole process."""
        backends = torch.backends
        if hasattr(backends.cudnn, "conv"):
            flags, name, exact = backends.cudnn.conv, "fp32_precision", "ieee"
        else:  # before torch 2.9
            flags, name, exact = backends.cudnn, "allow_tf32", False
        for holder in (flags, backends.cuda.matmul):
            undo.callback(setattr, holder, name, getattr(holder, name))
            setattr(holder, name, exact)


_without_tf32 = _WithoutTF32()


@contextlib.contextmanager
def inference(device):
    """Compute without gradients, and in float32 where that is asked.

    A GPU's TF32 rounds the factors of convolutions to ten bits, which moves results by
    up to 3e-4: it is off inside. Threads may be inside together; what was before comes
    back with the last.

    Parameters
    ----------
    device : torch.device

    Yields
    ------
    None
    """
    with contextlib.ExitStack() as inside:
        inside.enter_context(torch.inference_mode())
        if device.type == "cuda":
            inside.enter_context(_without_tf32)
            if device.index is not None:  # kernels of our own go to the current one
                inside.enter_context(torch.cuda.device(device))
        yield
