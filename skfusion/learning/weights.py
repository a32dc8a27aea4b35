"""Network weights: safetensors files, read defensively and only as data."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import contextlib
import functools
import json
from pathlib import Path

from .._atomic_files import replace_file
from .._version import __version__

__all__ = [
    "WeightsError",
    "is_shipped",
    "load_network",
    "load_once",
    "pretrained_names",
    "read_metadata",
    "read_once",
    "read_weights",
    "write_weights",
]

_FOLDER = Path(__file__).parents[1] / "weights"
_MAX_BYTES = 2**31


class WeightsError(ValueError):
    """A weights file that is missing, damaged or made for another network."""


def pretrained_names() -> list[str]:
    """Return the names of the weights that ship with the package.

    Examples
    --------
    >>> from skfusion.weights import pretrained_names
    >>> isinstance(pretrained_names(), list)
    True
    """
    return sorted(path.stem for path in _FOLDER.glob("*.safetensors"))


def is_shipped(name) -> bool:
    """Tell whether weights of a name ship with the package; looks for one file."""
    return (_FOLDER / f"{name}.safetensors").is_file()


def read_weights(source, expected=None) -> dict:
    """Read tensors from a safetensors file.

    Parameters
    ----------
    source : str or path
        The name of shipped weights, or a file ending in ``.safetensors``.
    expected : dict of str to tensor or shape, optional
        A state dict (or shapes) that the file must match key by key.

    Returns
    -------
    dict of str to torch.Tensor
        Floating tensors as float32, however they are stored.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, of another format, holds NaN or infinity or
        scales of bytes that are missing or not above 0, or
        does not match ``expected``: the message names the file and the key.
    """
    from safetensors.torch import load_file

    from ._storage import declared, unpack

    path = _resolve(source)
    with _intact(path):
        parts = _parts(path)
    try:
        # By the header alone: nothing that does not fit is ever allocated.
        found = declared(parts, _MAX_BYTES)
        if expected is not None:
            _match(path, found, expected)
        with _intact(path):
            tensors = load_file(path)
        return unpack(tensors, _MAX_BYTES)
    except WeightsError:
        raise
    except ValueError as error:
        raise WeightsError(f"weights {str(path)!r}: {error}") from None


@contextlib.contextmanager
def _intact(path):
    """Call whatever the reader of safetensors says of a file a WeightsError."""
    import safetensors

    damaged = safetensors.SafetensorError, ValueError, KeyError, RuntimeError, OSError
    try:
        yield
    except WeightsError:
        raise
    except damaged as error:
        # An old reader also says so of kinds of numbers that came after it.
        raise WeightsError(
            f"weights {str(path)!r} is no intact safetensors file to safetensors "
            f"{safetensors.__version__} ({error}); published checkpoints go through "
            "`skfusion convert-weights` first."
        ) from None


def _parts(path):
    """Return dtype and shape of each part of a file, from its header."""
    from safetensors import safe_open

    from ._storage import FORMATS

    if path.stat().st_size > _MAX_BYTES:
        raise WeightsError(f"weights {str(path)!r} is larger than {_MAX_BYTES} bytes.")
    parts = {}
    with safe_open(path, framework="pt") as file:
        for key in file.keys():
            part = file.get_slice(key)
            dtype = part.get_dtype()
            if dtype not in FORMATS:
                raise WeightsError(
                    f"weights {str(path)!r}: {key!r} is stored as {dtype}, which is "
                    "no number of a network here: store it as F32, F16 or BF16."
                )
            parts[key] = FORMATS[dtype], tuple(part.get_shape())
    return parts


def write_weights(
    path, tensors, metadata=None, *, storage="float32", ranks=None
) -> None:
    """Write tensors and a little metadata as safetensors, atomically.

    Parameters
    ----------
    path : path
        A file ending in ``.safetensors``, replaced if it exists.
    tensors : dict of str to torch.Tensor
    metadata : dict of str to str, optional
        The version of the library is added.
    storage : {"float32", "float16", "int8"}, default="float32"
        How floating tensors are stored; :func:`read_weights` gives float32 in every
        case. ``"int8"`` takes a quarter of the bytes: whole numbers from -127 to 127
        and one scale an output channel (a slice along the first axis), which is wrong
        by at most 1/254 of the channel's largest value. Vectors stay float32.
    ranks : dict of str to int, optional
        Tensors to store as the product of two of that rank, the nearest to them.

    Raises
    ------
    ValueError
        For another suffix or storage, a rank that a tensor cannot have, keys or
        tensors that stand for stored parts (``"::"``, int8), or values that the
        storage cannot hold.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import torch
    >>> from skfusion.weights import read_weights, write_weights
    >>> path = Path(tempfile.mkdtemp()) / "line.safetensors"
    >>> write_weights(path, {"w": torch.tensor([[1.0, 0.5]])}, storage="int8")
    >>> read_weights(path)["w"]
    tensor([[1.0000, 0.5039]])
    """
    from safetensors.torch import save

    from ._storage import pack

    path = Path(path)
    if path.suffix != ".safetensors":
        raise ValueError(f"path={str(path)!r}: weights end in '.safetensors'.")
    metadata = {"skfusion": __version__, **(metadata or {})}
    metadata = {key: str(metadata[key]) for key in sorted(metadata)}
    data = _in_order(save(pack(tensors, storage, ranks), metadata), metadata)
    replace_file(path, data)


def _in_order(data, metadata):
    """Return the file with its metadata sorted: the writer's order is random."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header["__metadata__"] = metadata
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    return data[:8] + text.ljust(size) + data[8 + size :]


def read_metadata(source) -> dict:
    """Return the metadata of a weights file as a dict of strings."""
    from safetensors import safe_open

    path = _resolve(source)
    with _intact(path), safe_open(path, framework="pt") as file:
        return dict(file.metadata() or {})


def load_network(build, source, metadata=None, parameters=None):
    """Build a network and load its weights, once a process for each file and form.

    Parameters
    ----------
    build : callable
        Returns the network that the estimator's parameters ask for.
    source : str or path
        As in :func:`read_weights`.
    metadata : dict, optional
        Identifies the architecture. What the file says of the same names must agree:
        no shape gives away the filters that a network was trained behind.
    parameters : dict of str to str, optional
        The estimator's parameter, where it has another name than in the metadata.

    Returns
    -------
    torch.nn.Module
        In eval mode, on the CPU, without gradients; shared: do not change it.

    Raises
    ------
    WeightsError
        As :func:`read_weights`, and where the metadata disagree.
    """
    metadata = {name: str(value) for name, value in (metadata or {}).items()}

    def make(path):
        _check_origin(path, metadata, parameters or {})
        outline = _outline(build)
        tensors = read_weights(path, outline.state_dict())
        network = _filled(outline, build)
        network.load_state_dict(tensors)
        return network.eval().requires_grad_(False)

    return load_once(make, source, tuple(sorted(metadata.items())))


def _outline(build):
    """Build a network without its numbers: nothing is drawn, filled or allocated."""
    import torch

    with torch.device("meta"):
        return build()


def _filled(outline, build):
    """Return a network whose parameters will be replaced, drawing none of them.

    What no state dict holds, a filter that the constructor computes, is lost in the
    outline: such a network is built as it is, and the global generator put back.
    """
    import torch

    kept = set(outline.state_dict())
    if all(name in kept for name, _ in outline.named_buffers()):
        return outline.to_empty(device="cpu")
    state = torch.get_rng_state()
    network = build()
    torch.set_rng_state(state)
    return network


def load_once(make, source, key=()):
    """Return ``make(path)`` of weights, called once a process for each state of a file.

    Parameters
    ----------
    make : callable
        From the path of the file to what shall be kept.
    source : str or path
        As in :func:`read_weights`.
    key : hashable
        Tells apart what is made of one file.

    Returns
    -------
    object
        Shared: do not change it.
    """
    return read_once(make, _resolve(source), key)


def read_once(make, path, key=()):
    """Do as :func:`load_once` with a file of any kind, which is there."""
    path = path.resolve()
    found = path.stat()
    state = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return _load_once(_Maker(make, key), path, state)


class _Maker:
    """A function that is equal to another one of the same key."""

    def __init__(self, make, key):
        self.make, self.key = make, key

    def __eq__(self, other):
        return self.key == other.key

    def __hash__(self):
        return hash(self.key)


@functools.lru_cache(maxsize=32)
def _load_once(maker, path, state):
    return maker.make(path)


def _check_origin(path, metadata, parameters):
    stored = read_metadata(path)
    for name, value in metadata.items():
        if stored.get(name, value) != value:
            called = parameters.get(name)
            way_out = f"set {name} to that" if called is None else f"set {called}"
            raise WeightsError(
                f"weights {str(path)!r} was made with {name}={stored[name]!r}, not "
                f"{value!r}: {way_out}, or weights=None to train."
            )


def _resolve(source):
    path = Path(source)
    if path.suffix != ".safetensors":
        shipped = _FOLDER / f"{source}.safetensors"
        if path.suffix == "" and path.name == str(source) and shipped.is_file():
            return shipped
        raise WeightsError(
            f"weights={str(source)!r} is neither a .safetensors file nor one of the "
            f"shipped {pretrained_names()}; published checkpoints go through "
            "`skfusion convert-weights` first."
        )
    if not path.is_file():
        raise WeightsError(f"weights={str(source)!r}: there is no such file.")
    return path


def _match(path, tensors, expected):
    missing = sorted(set(expected) - set(tensors))
    extra = sorted(set(tensors) - set(expected))
    if missing or extra:
        what = f"lacks {missing[0]!r}" if missing else f"has the unknown {extra[0]!r}"
        raise WeightsError(
            f"weights {str(path)!r} {what} ({len(missing)} keys missing, {len(extra)} "
            "unknown): it was made for another network."
        )
    for key, value in expected.items():
        shape = tuple(getattr(value, "shape", value))
        dtype, found = tensors[key]
        if found != shape:
            raise WeightsError(
                f"weights {str(path)!r}: {key!r} has shape {found}, this network needs "
                f"{shape}; was it made with another width?"
            )
        wanted = getattr(value, "dtype", None)  # of a shape alone: floating
        floating = wanted is None or wanted.is_floating_point
        if dtype.is_floating_point != floating:
            kind = "floating" if floating else "whole"
            raise WeightsError(
                f"weights {str(path)!r}: {key!r} holds {dtype}, this network needs "
                f"{kind} numbers there; was it written by another program?"
            )
