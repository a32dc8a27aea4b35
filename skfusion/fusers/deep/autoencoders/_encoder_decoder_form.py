"""The encoder-decoder network for inference: strided, and composed where linear."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from ....networks.autoencoders.encoder_decoder import fold_pool, ungrouped

__all__ = ["InferenceForm"]

# Composing the encoders takes a second once; smaller images are done before that.
_SMALLEST_COMPOSED = 2**16

# Where a cell of a map lies along one axis, and of what kind its four children are
# one scale below: None lies outside the image, where the padding is zero.
_CHILDREN = {
    "first": (None, "first", "inside", "inside"),
    "inside": ("inside", "inside", "inside", "inside"),
    "last": ("inside", "inside", "last", None),
}


class InferenceForm:
    """An encoder-decoder network on a device; called with planes in [0, 1].

    It computes in `dtype`; what goes in and comes out is float32.

    A 3x3 convolution and the mean behind it are one 4x4 convolution of stride 2. The
    last transposed convolution and the 3x3 behind it are one convolution at half the
    size. Without an activation the encoders are linear as well: the maps of the first
    four scales then come straight from the image, each from a patch of 4, 10, 22 or
    46 pixels, with the 1x1 fusion folded in.

    Dense, as it is where matrix units are, the transposed convolutions have no groups:
    more arithmetic, with zeros, in the form that these units take.
    """

    def __init__(self, network, device, dtype=torch.float32, dense=None):
        self.dtype, self._activation = dtype, network.activation
        parts = network.state_dict()
        self._encoders = [
            [fold_pool(parts[f"{side}.{i}.weight"]) for i in range(5)]
            for side in ("infrared", "visible")
        ]
        self._mix = [
            (parts[f"fusion.{i}.weight"], parts[f"fusion.{i}.bias"]) for i in range(5)
        ]
        self._up = [parts[f"up.{i}.weight"] for i in range(5)]
        self._out = parts["out.weight"]
        self._last = _last_kernel(self._up[0], self._out)
        self._groups = len(self._up[0]) // 4
        dense = device.type != "cpu" if dense is None else dense
        if dense:
            self._up = [ungrouped(weight, self._groups) for weight in self._up]
            self._groups = 1
        self._bring(device, dtype, dense)
        self._direct = None

    def _bring(self, device, dtype, dense):
        """Bring all kernels to the device; dense ones in the order of matrix units."""
        order = torch.channels_last if dense else torch.preserve_format

        def there(kernel):
            return kernel.to(device, dtype).to(memory_format=order)

        self._encoders = [[there(kernel) for kernel in x] for x in self._encoders]
        self._mix = [(there(x), bias.to(device, dtype)) for x, bias in self._mix]
        self._up = [there(weight) for weight in self._up]
        self._out, self._last = there(self._out), there(self._last)

    def __call__(self, planes):
        """Return fused planes ``(n, c, h, w)`` of ``(n, 1 + c, h, w)`` ones."""
        images = (2 * planes - 1).to(self.dtype)
        images = images[:, :1], images[:, 1:]
        if self._activation is None and self._composes(planes):
            # Pair by pair: the patches of one fill the cache.
            pairs = zip(*(image.split(1) for image in images))
            maps = zip(*(self._composed_maps(pair) for pair in pairs))
            fused = [torch.cat(scale) for scale in maps]
        else:
            fused = self._maps(images)
        out = torch.tanh(self._decode(fused).float())
        return (out + 1) / 2

    def _composes(self, planes):
        exact_on_cpu = planes.device.type == "cpu" and self.dtype == torch.float32
        return exact_on_cpu and planes[0, 0].numel() >= _SMALLEST_COMPOSED

    def _maps(self, images):
        """Return the five fused maps, scale by scale."""
        act = self._activation or nn.Identity()
        fused = []
        for *kernels, (mix, bias) in zip(*self._encoders, self._mix):
            images = [
                act(functional.conv2d(image, kernel, stride=2, padding=1))
                for image, kernel in zip(images, kernels)
            ]
            fused.append(act(functional.conv2d(torch.cat(images, 1), mix, bias)))
        return fused

    def _decode(self, fused):
        act = self._activation or nn.Identity()
        # The groups of a transposed convolution of two joined maps never mix them.
        x = self._transposed([fused[4]], self._up[4])
        for skip, weight in zip(fused[3:0:-1], self._up[3:0:-1]):
            x = self._transposed([skip, act(x)], weight)
        x = torch.cat([fused[0], act(x)], 1)
        out = functional.pixel_shuffle(functional.conv2d(x, self._last, padding=1), 2)
        self._mend_border(x, out)
        return out

    def _transposed(self, maps, weight):
        x = torch.cat(maps, 1) if len(maps) > 1 else maps[0]
        return functional.conv_transpose2d(
            x, weight, stride=2, padding=1, groups=self._groups
        )

    def _mend_border(self, x, out):
        """Redo the outermost pixels, where the last convolution meets its padding."""
        for i in (0, -1):
            for dim in (2, 3):
                n = min(3, x.shape[dim])
                strip = x.narrow(dim, 0 if i == 0 else x.shape[dim] - n, n)
                full = functional.conv2d(
                    self._transposed([strip], self._up[0]), self._out, padding=1
                )
                out.select(dim, i).copy_(full.select(dim, i))

    # The composed form ---------------------------------------------------------------

    def _composed_maps(self, images):
        if self._direct is None:
            self._direct = self._compose()
        batch = [image[0] for image in images]
        fused, patches = [], []
        for scale in range(4):
            patches = [_patches(image, scale + 1) for image in batch]
            if scale < 3:
                joined = torch.cat(patches)
                x = _map_cells(joined, self._direct[scale], images[0].shape, scale + 1)
                fused.append(x + self._mix[scale][1][:, None, None])
        fourth = [
            _map_cells(patch, kernels, images[0].shape, 4)
            for patch, kernels in zip(patches, self._direct[3])
        ]
        fourth = torch.cat(fourth)[None]
        fused = [x[None] for x in fused]
        fused.append(functional.conv2d(fourth, *self._mix[3]))
        fused.append(
            functional.conv2d(
                fourth, self._direct[4], self._mix[4][1], stride=2, padding=1
            )
        )
        return fused

    def _compose(self):
        """Return kernels from patches: fused 1-3, both encoders' 4; and fused 5."""
        composed, mixed = [None, None], []
        for scale in range(4):
            for side in (0, 1):
                composed[side] = _next_scale(
                    composed[side], self._encoders[side][scale], scale
                )
            if scale < 3:
                halves = self._mix[scale][0][:, :, 0, 0].chunk(2, 1)
                mixed.append(
                    {
                        kind: torch.cat(
                            [
                                half @ kernels[kind].flatten(1)
                                for half, kernels in zip(halves, composed)
                            ],
                            1,
                        )
                        for kind in composed[0]
                    }
                )
        mixed.append(
            [
                {kind: k.flatten(1) for kind, k in kernels.items()}
                for kernels in composed
            ]
        )
        halves = self._mix[4][0][:, :, 0, 0].chunk(2, 1)
        fifth = [
            torch.einsum("om,mihw->oihw", half, kernels[4])
            for half, kernels in zip(halves, self._encoders)
        ]
        return [*mixed, torch.cat(fifth, 1)]


def _last_kernel(up, out):
    """Compose the last transposed convolution and the 3x3 one behind it.

    Returns ``(4 c, c_in, 3, 3)``: the four pixels of a cell, in the order of
    ``pixel_shuffle``.
    """
    dense = ungrouped(up, up.shape[0] // 4)
    n_in = len(up)
    # What one pixel of each input map becomes, seen in the cells around it.
    probe = torch.eye(n_in).to(up)[:, :, None, None]
    probe = functional.pad(probe, (2, 2, 2, 2))
    full = functional.conv_transpose2d(probe, dense, stride=2, padding=1)
    answer = functional.conv2d(full, out, padding=1)
    cells = functional.pixel_unshuffle(answer, 2)[:, :, 1:4, 1:4]
    return cells.flip(2, 3).transpose(0, 1).contiguous()


def _next_scale(below, weight, scale):
    """Compose the kernels of a scale with the convolution to the next.

    ``below`` maps (kind of row, kind of column) to ``(c, c_image, k, k)`` kernels, or
    is None for the image itself.
    """
    if below is None:
        return {
            (row, column): _without_padding(weight, row, column)
            for row in _CHILDREN
            for column in _CHILDREN
        }
    step, size = 2**scale, 3 * 2 ** (scale + 1) - 2
    kernels = {}
    for row, rows in _CHILDREN.items():
        for column, columns in _CHILDREN.items():
            child = below["inside", "inside"]
            total = weight.new_zeros(weight.shape[0], child.shape[1], size, size)
            for a, kind_a in enumerate(rows):
                for b, kind_b in enumerate(columns):
                    if kind_a is None or kind_b is None:
                        continue
                    child = below[kind_a, kind_b]
                    k = child.shape[2]
                    part = weight[:, :, a, b] @ child.flatten(1)
                    total[..., a * step : a * step + k, b * step : b * step + k] += (
                        part.view(-1, *child.shape[1:])
                    )
            kernels[row, column] = total
    return kernels


def _without_padding(weight, row, column):
    kept = [[kind is not None for kind in _CHILDREN[k]] for k in (row, column)]
    rows, columns = (torch.tensor(k).to(weight) for k in kept)
    return weight * rows[:, None] * columns


def _patches(image, scale):
    """Return the patches that the cells of a scale see: ``(c k k, cells)``."""
    size, step = 3 * 2**scale - 2, 2**scale
    return functional.unfold(image[None], size, padding=step - 1, stride=step)[0]


def _map_cells(patches, kernels, shape, scale):
    """Apply the kernel of its kind to every cell: ``(c, rows, columns)``."""
    rows, columns = (n >> scale for n in shape[2:])
    out = (kernels["inside", "inside"] @ patches).view(-1, rows, columns)
    patches = patches.view(-1, rows, columns)
    ends = {
        "first": slice(0, 1),
        "inside": slice(1, -1),
        "last": slice(-1, None),
    }
    for (row, column), kernel in kernels.items():
        if row == column == "inside":
            continue
        where = (slice(None), ends[row], ends[column])
        part = patches[where]
        if part.numel():
            out[where] = (kernel @ part.flatten(1)).view(-1, *part.shape[1:])
    return out
