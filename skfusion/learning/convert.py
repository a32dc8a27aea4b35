"""Published checkpoints made into safetensors files that the fusers read."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

from .checkpoints import check_tensor
from .published import PUBLISHED, SEVERAL_FILES
from .published_pairs import PUBLISHED_PAIRS
from .weights import WeightsError, write_weights

__all__ = ["convert_weights", "converters"]


def convert_weights(method, source, output) -> None:
    """Convert a published checkpoint.

    Nothing in the checkpoint is executed: PyTorch files are read with
    ``weights_only=True``, TensorFlow's V2 checkpoints and MATLAB files as tables of
    numbers.

    Parameters
    ----------
    method : str
        A key of :data:`converters`: whose checkpoint it is.
    source : path
        The folder with the files as their authors published them, or the one file of
        methods that have a single one (of TensorFlow's two, the ``.index``).
    output : path
        The ``.safetensors`` file to write, for the ``weights`` of the fuser.

    Raises
    ------
    WeightsError
        If a file is missing, is no checkpoint, or does not hold what the network of
        this method needs; the message names the file and the key.
    ValueError
        For an unknown method or another ending of ``output``.

    Examples
    --------
    >>> from skfusion.learning.convert import convert_weights
    >>> convert_weights("auif", "no such folder", "auif.safetensors")
    Traceback (most recent call last):
    skfusion.learning.weights.WeightsError: source='no such folder' is no folder: ...
    """
    if method not in converters:
        raise ValueError(
            f"method={method!r} has no published checkpoint that can be converted: use "
            f"one of {', '.join(converters)}."
        )
    folder = Path(source)
    if not folder.is_dir() and (method in SEVERAL_FILES or not folder.is_file()):
        raise WeightsError(
            f"source={str(source)!r} is no folder: give the one that holds the "
            f"published {method} files."
        )
    import torch

    # As large as the file says, but without numbers: it is built to be compared.
    with torch.device("meta"):
        tensors, network, metadata = converters[method](folder)
    _match(folder, tensors, network.state_dict())
    write_weights(output, tensors, {**metadata, "source": f"published {method}"})


#: Method name -> function from the source to tensors, network and metadata.
converters: MappingProxyType[str, Callable] = MappingProxyType(
    {**PUBLISHED, **PUBLISHED_PAIRS}
)


def _match(folder, tensors, expected):
    """Check names, shapes and values against a network's state dict."""
    where = f"source={str(folder)!r}"
    for kind, names in (
        ("lacks", sorted(set(expected) - set(tensors), key=str)),
        ("has the unknown", sorted(set(tensors) - set(expected), key=str)),
    ):
        if names:
            raise WeightsError(
                f"{where} {kind} {names[0]!r} ({len(names)} such keys): it was made "
                "for another network."
            )
    for key, like in expected.items():
        check_tensor(where, key, tensors[key], like)
