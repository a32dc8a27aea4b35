"""Image pairs that lie on a device; crops are drawn and varied there."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional


def read_folder(folder):
    """Return ``{name: (infrared, visible)}`` of a folder with ``ir`` and ``vis``."""
    folder = Path(folder)
    names = sorted(path.name for path in (folder / "ir").iterdir())

    def read(name):
        both = [cv2.imread(str(folder / side / name), 0) for side in ("ir", "vis")]
        if any(x is None for x in both) or both[0].shape != both[1].shape:
            raise ValueError(f"{folder}: {name!r} is no pair of images of one size.")
        return both

    with ThreadPoolExecutor() as pool:
        return dict(zip(names, pool.map(read, names)))


class DevicePairs:
    """Gray pairs in one flat buffer of bytes, and random crops of them.

    Parameters
    ----------
    pairs : dict of str to (ndarray, ndarray)
        Infrared and visible, uint8 of one shape.
    shares : dict of str to float
        How often pairs whose name begins so are drawn; together, whatever their number.
    device : torch.device
    """

    def __init__(self, pairs, shares, device):
        self.device = device
        names = list(pairs)
        chance = np.zeros(len(names))
        for start, share in shares.items():
            chosen = [name.startswith(start) for name in names]
            if any(chosen):
                chance[chosen] = share / sum(chosen)
        if not chance.sum() > 0:
            raise ValueError(f"no pair has a name that begins with {list(shares)}.")
        flat = [np.stack([x.ravel() for x in pairs[name]]) for name in names]
        self._bytes = torch.from_numpy(np.concatenate(flat, 1)).to(device)
        sizes = torch.tensor([pairs[name][0].shape for name in names])
        self._sizes = sizes.to(device)
        starts = sizes.prod(1).cumsum(0) - sizes.prod(1)
        self._starts = starts.to(device)
        self._chances = torch.tensor(chance / chance.sum()).cumsum(0).to(device)

    def crops(self, n, size, generator, zoom=(0.75, 1.8)):
        """Return ``(n, 2, size, size)`` crops in [0, 1], without leaving the device.

        Half of them as they are, half zoomed; mirrored, turned, and continued by
        reflection where an image is smaller.
        """

        def uniform(*shape):
            shape = (n, *shape)
            return torch.rand(shape, generator=generator, device=self.device)

        chosen = torch.searchsorted(self._chances, uniform().double())
        chosen = chosen.clamp(max=len(self._starts) - 1)
        low, high = (math.log(x) for x in zoom)
        zooms = torch.exp(low + (high - low) * uniform())
        zooms = torch.where(uniform() < 0.5, 1.0, zooms)
        sizes, starts = self._sizes[chosen], self._starts[chosen]
        rows, columns = (
            self._places(size, sizes[:, i], zooms, uniform(), uniform()) for i in (0, 1)
        )
        width = sizes[:, 1]
        crop = 0.0
        for row, share_r in rows:
            for column, share_c in columns:
                index = starts[:, None, None] + row[:, :, None] * width[:, None, None]
                index = index + column[:, None, :]
                share = share_r[:, :, None] * share_c[:, None, :]
                crop = crop + share * self._bytes[:, index].float()
        crop = crop.transpose(0, 1) / 255
        turned = (uniform() < 0.5)[:, None, None, None]
        return torch.where(turned, crop.transpose(2, 3), crop)

    def _places(self, size, length, zooms, at, mirrored):
        """Return the two neighbours of each sample along one axis, and their shares."""
        room = (length - (size - 1) / zooms - 1).clamp(min=0)
        first = at * room
        first = torch.where(zooms == 1, first.floor(), first)
        step = torch.arange(size, device=self.device)
        step = torch.where((mirrored < 0.5)[:, None], step, size - 1 - step)
        place = first[:, None] + step / zooms[:, None]
        lower = place.floor()
        share = place - lower
        lower = lower.long()
        return (
            (_reflected(lower, length[:, None]), 1 - share),
            (_reflected(lower + 1, length[:, None]), share),
        )


def _reflected(place, length):
    """Return indices continued by reflection, without repeating the border."""
    period = (2 * (length - 1)).clamp(min=1)
    place = place % period
    return torch.minimum(place, period - place)


def varied(pairs, generator):
    """Vary what the cameras do: exposure, polarity, sharpness and noise.

    Parameters
    ----------
    pairs : Tensor, shape (n, 2, h, w)
        Infrared and visible in [0, 1].
    generator : torch.Generator
        On the device of the pairs.
    """

    def uniform(low=0.0, high=1.0, sides=2):
        shape = (len(pairs), sides, 1, 1)
        drawn = torch.rand(shape, generator=generator, device=pairs.device)
        return low + (high - low) * drawn

    def sometimes(chance, changed, plain):
        return torch.where(uniform() < chance, changed, plain)

    softer = functional.avg_pool2d(functional.pad(pairs, [1] * 4, "replicate"), 3, 1)
    softer = functional.avg_pool2d(functional.pad(softer, [1] * 4, "replicate"), 3, 1)
    pairs = sometimes(0.3, torch.lerp(pairs, softer, uniform()), pairs)
    pairs = sometimes(
        0.4, pairs.clamp(min=1e-4) ** torch.exp(uniform(-0.6, 0.6)), pairs
    )
    mean = pairs.mean((2, 3), keepdim=True)
    gain, shift = torch.exp(uniform(-1.2, 0.4)), uniform(-0.15, 0.15)
    pairs = sometimes(0.4, mean + shift + gain * (pairs - mean), pairs)
    infrared, visible = pairs.chunk(2, 1)
    black_hot = uniform(sides=1) < 0.1
    infrared = torch.where(black_hot, 1 - infrared, infrared)
    night = uniform(sides=1) < 0.2
    visible = torch.where(night, visible * uniform(0.15, 0.8, sides=1), visible)
    pairs = torch.cat([infrared, visible], 1)
    noise = torch.randn(pairs.shape, generator=generator, device=pairs.device)
    amount = sometimes(0.4, uniform(0, 8 / 255), torch.zeros_like(gain))
    return (pairs + amount * noise).clamp(0, 1)
