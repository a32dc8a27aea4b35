"""A batch of pairs as the differentiable metrics see it, with the work done once."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch

__all__ = ["Sources"]


class Sources:
    """The source images of a batch and what was computed from them alone.

    Everything that does not depend on the fused image (windows, spectra, histograms,
    gradients of the sources) is computed when a metric first asks for it and kept, so
    that a training or an ascent pays for it once.

    Parameters
    ----------
    infrared, visible : Tensor, shape (N, H, W) or (N, 1, H, W)
        Gray images in [0, 1], both of one shape, dtype and device. Images of 8 bits
        divided by 255 are put back to whole levels.

    Attributes
    ----------
    a, b : Tensor, shape (N, H, W)
        Infrared and visible images on the scale 0..255.

    Raises
    ------
    ValueError
        For another number of axes, or images that differ in shape, dtype or device.

    Examples
    --------
    >>> import torch
    >>> from skfusion.losses import Sources, metric_values
    >>> a, b = torch.rand(2, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    >>> sources = Sources(a, b)
    >>> metric_values((a + b) / 2, sources, ["qabf", "vif"]).shape
    torch.Size([3, 2])
    >>> len(sources[:2])
    2
    """

    def __init__(self, infrared, visible):
        with torch.no_grad():
            self.a = _levels(_planes(infrared, "infrared"))
            self.b = _levels(_planes(visible, "visible"))
        if (self.a.shape, self.a.dtype, self.a.device) != (
            self.b.shape,
            self.b.dtype,
            self.b.device,
        ):
            raise ValueError(
                f"infrared {_told(self.a)} and visible {_told(self.b)} differ: bring "
                "both to one shape, dtype and device first."
            )
        self._memo = {}

    def __len__(self):
        return len(self.a)

    @property
    def shape(self):
        """(N, H, W)."""
        return self.a.shape

    def __getitem__(self, index):
        """Return some of the pairs, with what was already computed of them.

        Parameters
        ----------
        index : slice or Tensor of int or bool
            Which pairs, as an index into the first axis of a tensor.

        Returns
        -------
        Sources
        """
        part = object.__new__(type(self))
        part.a, part.b = self.a[index], self.b[index]
        part._memo = {key: _part(value, index) for key, value in self._memo.items()}
        return part

    @classmethod
    def join(cls, parts):
        """Return the pairs of several sources as one, with what all have computed.

        Parameters
        ----------
        parts : sequence of Sources
            Of one image size.

        Returns
        -------
        Sources
        """
        whole = object.__new__(cls)
        whole.a = torch.cat([part.a for part in parts])
        whole.b = torch.cat([part.b for part in parts])
        known = [key for key in parts[0]._memo if all(key in p._memo for p in parts)]
        whole._memo = {key: _joined([p._memo[key] for p in parts]) for key in known}
        return whole

    def prepare(self, metrics="vifb"):
        """Compute now what the metrics will ask for.

        Parameters
        ----------
        metrics : str or sequence, default="vifb"
            As for :func:`metric_values`, of which ``LOOKS`` is one.

        Returns
        -------
        self
        """
        from .values import metric_values

        with torch.no_grad():
            metric_values((self.a + self.b) / 510, self, metrics)
        return self

    def image(self, which):
        """Return the images called ``"a"`` or ``"b"``."""
        return self.a if which == "a" else self.b

    def get(self, key, compute):
        """Return what is kept under `key`, computing it at the first request.

        What is kept is a tensor with one row a pair, or a tuple of such tensors.
        """
        if key not in self._memo:
            with torch.no_grad():
                self._memo[key] = compute()
        return self._memo[key]


class Measured:
    """Fused images beside their sources, with what the metrics share about them."""

    def __init__(self, fused, sources):
        fused = _planes(fused, "fused")
        if fused.shape != sources.shape or fused.device != sources.a.device:
            raise ValueError(
                f"fused {_told(fused)} does not belong to sources {_told(sources.a)}: "
                "both need one shape and device."
            )
        self.f = _levels(fused.to(sources.a.dtype))
        self.s = sources
        self._memo = {}

    def get(self, key, compute):
        """Return what is kept under `key`; gradients pass through it."""
        if key not in self._memo:
            self._memo[key] = compute()
        return self._memo[key]


def _planes(images, name):
    if not torch.is_tensor(images) or not images.is_floating_point():
        kind = images.dtype if torch.is_tensor(images) else type(images).__name__
        raise ValueError(
            f"{name} is {kind}: expected a float tensor with values in [0, 1], "
            "(N, H, W) or (N, 1, H, W)."
        )
    if images.ndim == 4 and images.shape[1] == 1:
        return images[:, 0]
    if images.ndim != 3:
        raise ValueError(
            f"{name} has shape {tuple(images.shape)}: expected (N, H, W) or "
            "(N, 1, H, W); reduce colour to luma, and write image[None] for one image."
        )
    return images


def _levels(images):
    """Scale to 0..255; what misses a whole level by rounding only is put back on it."""
    levels = 255.0 * images
    nearest = levels.detach().round()
    off = nearest - levels.detach()
    rounding = 1e-9 if levels.dtype == torch.float64 else 1e-4
    return levels + torch.where(off.abs() < rounding, off, torch.zeros_like(off))


def _told(images):
    shape = "x".join(map(str, images.shape))
    return f"({shape}, {images.dtype}, {images.device})".replace("torch.", "")


def _part(value, index):
    if isinstance(value, tuple):
        return tuple(_part(x, index) for x in value)
    return value[index]


def _joined(values):
    if isinstance(values[0], tuple):
        return tuple(_joined(parts) for parts in zip(*values))
    return torch.cat(values)
