"""Your own network, in memory, as a fuser."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import copy
import weakref

import torch
from torch import nn

from ....learning.devices import resolve_device
from ._external import ExternalFuser

__all__ = ["ModuleFuser"]

# Copies for inference, by module: its state and the device -> the copy.
_COPIES: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


class ModuleFuser(ExternalFuser):
    """Fuse by any torch module.

    What a fuser of this library does around its network is done around yours: sizes,
    colour, tiles, devices, folders, benchmarks and grids.

    Parameters
    ----------
    module : torch.nn.Module
        From float32 ``(1, channels, H, W)`` to the fused image, ``(1, 1, H, W)`` or
        ``(1, 3, H, W)`` (whose luma is taken); of a tuple or list, the first is taken.
        It is used in eval mode, in a copy.
    inputs : {"pair", "stack"}, default="pair"
        Called with two tensors, or with one of both images' channels.
    first : {"infrared", "visible"}, default="infrared"
        Which image comes first.
    channels : {1, 3}, default=1
        Channels of each image; 3 are copies of the gray one.
    scale : (float, float), default=(0, 1)
        The values of black and white, of what goes in and of what comes out.
    multiple_of : int, default=1
        Height and width are padded to multiples of this, and cropped again.
    pad : {"reflect", "symmetric", "replicate", "zeros"}, default="reflect"
        By what. ``"zeros"`` are 0 whatever ``scale`` is.
    reach : int or None, default=None
        How many pixels around it a fused pixel depends on; needed for tiles.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.
    tile_size : int or None, default=None
        Fuse images larger than this in overlapping tiles.
    device : str, default="auto"
        ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda"``, ...

    See Also
    --------
    skfusion.fusers.ONNXFuser : A network in a file, without its Python code.

    Notes
    -----
    It pickles if the module does. Parameters changed in place are seen at the next use.

    Examples
    --------
    >>> import numpy as np
    >>> from torch import nn
    >>> from skfusion.fusers import ModuleFuser
    >>> class Larger(nn.Module):
    ...     def forward(self, infrared, visible):
    ...         return infrared.maximum(visible)
    >>> X = [(np.zeros((5, 7)), np.full((5, 7), 0.5))]
    >>> float(ModuleFuser(Larger(), multiple_of=4).transform(X)[0].max())
    0.5
    """

    _parameter_constraints: dict = {
        **ExternalFuser._parameter_constraints,
        "module": [nn.Module, None],
    }

    def __init__(
        self,
        module=None,
        inputs="pair",
        *,
        first="infrared",
        channels=1,
        scale=(0, 1),
        multiple_of=1,
        pad="reflect",
        reach=None,
        color="gray",
        tile_size=None,
        device="auto",
    ):
        self.module = module
        self.inputs = inputs
        self.first = first
        self.channels = channels
        self.scale = scale
        self.multiple_of = multiple_of
        self.pad = pad
        self.reach = reach
        self.color = color
        self.tile_size = tile_size
        self.device = device

    def _validate_params(self):
        super()._validate_params()
        if self.module is None:
            raise ValueError("module=None: give the torch.nn.Module that fuses.")

    def _name(self):
        return f"module {type(self.module).__name__}"

    def _runner(self):
        device = resolve_device(self.device)
        network = _copy_of(self.module, device)

        def run(planes):
            tensors = [torch.from_numpy(plane).to(device) for plane in planes]
            with torch.inference_mode():
                output = network(*tensors)
            if isinstance(output, (tuple, list)) and output:
                output = output[0]
            if not isinstance(output, torch.Tensor):
                raise ValueError(
                    f"{self._name()} returned a {type(output).__name__}: expected a "
                    "tensor, or a tuple that starts with one."
                )
            return output.float().cpu().numpy()

        return run


def _copy_of(module, device):
    """Return a copy for inference, made again when the module has changed."""
    tensors = [*module.parameters(), *module.buffers()]
    state = (device, tuple((id(tensor), tensor._version) for tensor in tensors))
    copies = _COPIES.setdefault(module, {})
    found = copies.get(state)
    if found is None:
        with torch.no_grad():
            found = copy.deepcopy(module).eval().to(device)
        copies.clear()
        copies[state] = found
    return found
