"""What AUIF and DIDFuse share: encode both images, join the maps, decode."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os

import numpy as np
import torch
from sklearn.utils._param_validation import StrOptions

from ....images import luma
from ....learning.devices import inference, resolve_device
from ....learning.fuser import NetworkFuser
from ....learning.pair_fuser import for_inference, reflect_to
from ....learning.tiling import map_tiles
from ....pairs import as_pairs
from ._join import join_maps

__all__ = [
    "DecompositionFuser",
    "TorchForm",
    "are_single_images",
    "lifted",
]


# Pixels, at least, that a tone curve is read off.
_SAMPLES = 16384


class DecompositionFuser(NetworkFuser):
    """Base class of the fusers that decompose both images by one network.

    A subclass implements ``_make_form(network, device, dtype)``: with ``encode``,
    from ``(n, 1, h, w)`` to a tuple of ``(n, c, h, w)`` maps whose positions
    ``_base_and_detail`` are the base and the detail map, ``decode``, the way back
    (neither leaves a gradient), and the numbers ``margin`` (the image needs one row
    and column more) and ``reach`` (how far a pixel reaches in the output).
    """

    _parameter_constraints: dict = {
        **NetworkFuser._parameter_constraints,
        "rule": [StrOptions({"sum", "average", "l1"})],
        "level": [StrOptions({"sources"}), None],
    }
    _base_and_detail: tuple[int, int]

    def decompose(self, X):
        """Return the base and the detail maps of both images of each pair.

        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes.

        Returns
        -------
        base, detail : ndarray of object, shape (n, 2)
            Columns infrared and visible (its luma), as in X. The maps are float32:
            ``(H, W)``, or ``(n_channels, H, W)`` where the network has several.
        """
        base, detail = (np.empty((len(as_pairs(X)), 2), dtype=object) for _ in "12")
        for i, j, form, image, crop in self._single_images(X):
            with inference(image.device):
                maps = form.encode(image)
            for out, k in zip((base, detail), self._base_and_detail):
                cut = maps[k][0][crop].float().cpu().numpy()
                out[i, j] = np.ascontiguousarray(cut[0] if len(cut) == 1 else cut)
        return base, detail

    def reconstruct(self, X):
        """Return what the network makes of each image on its own.

        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes.

        Returns
        -------
        ndarray of object, shape (n, 2)
            float32 ``(H, W)`` in [0, 1], columns infrared and visible (its luma).
        """
        out = np.empty((len(as_pairs(X)), 2), dtype=object)
        for i, j, form, image, crop in self._single_images(X):
            with inference(image.device):
                decoded = form.decode(form.encode(image))[0][crop][0]
            out[i, j] = np.ascontiguousarray(decoded.float().cpu().numpy())
        return out

    def _single_images(self, X):
        """Yield row, column, form, the image as a padded tensor, and what to keep."""
        self._validate_params()
        pairs = as_pairs(X)
        device = resolve_device(self.device)
        form = self._form(device)
        for i in range(len(pairs)):
            ir, vis = pairs.read(i)
            for j, image in enumerate((ir, luma(vis))):
                height, width = image.shape
                tensor = torch.from_numpy(image)[None, None].to(device)
                padded = reflect_to(tensor, form.margin + 1)
                yield i, j, form, padded, np.s_[:, :height, :width]

    def _fuse_batch(self, ir, vis):
        form = self._form(ir.device)
        height, width = ir.shape[2:]
        stack = reflect_to(torch.cat([ir, vis], 1), form.margin + 1)
        fused = map_tiles(
            lambda tile: self._fuse_tile(form, tile),
            stack,
            self._tile_size_on(ir.device),
            form.reach + (self.rule == "l1"),
        )
        fused = fused[..., :height, :width]
        return fused if self.level is None else lifted(fused, _level(ir, vis))

    def _fuse_tile(self, form, stack):
        """Fuse ``(n, 2, h, w)`` to ``(n, 1, h, w)``."""
        maps = form.encode(stack.flatten(0, 1)[:, None])
        joined = tuple(join_maps(z[::2], z[1::2], self.rule) for z in maps)
        return form.decode(joined).float()

    def _onnx_module(self):
        from .._onnx_graphs import DecompositionGraph

        if self.level is not None:
            raise ValueError(
                f"level={self.level!r} is a curve of the whole image and cannot be "
                "exported: use level=None."
            )
        network = self._network()
        return DecompositionGraph(self._onnx_network(network), self.rule)

    def _onnx_network(self, network):
        """Return the network, with encode and decode, in the form to be exported."""
        raise NotImplementedError


def _level(ir, vis):
    """Return the image whose grey levels a fused one is lifted to.

    The larger of both alone would wash out a scene in glare, their mean keeps a
    scene dark that one of them sees well: halfway between.
    """
    return (torch.maximum(ir, vis) + (ir + vis) / 2) / 2


def lifted(fused, brighter):
    """Lift the grey levels of images to those of others, never below their own.

    One rising curve for all pixels of an image, through 33 quantiles of both, so that
    nothing rings.

    Parameters
    ----------
    fused, brighter : Tensor of float32, shape (n, 1, H, W)

    Returns
    -------
    Tensor of float32, shape (n, 1, H, W)
    """
    step = max(1, int((fused[0].numel() / _SAMPLES) ** 0.5))
    share = torch.linspace(0, 1, 33, dtype=torch.float64, device=fused.device)
    own, wanted = (
        torch.quantile(images[..., ::step, ::step].flatten(1).double(), share, dim=1).T
        for images in (fused, brighter)
    )
    # What is flat has no inverse.
    rising = own + torch.arange(len(share), device=fused.device) * 1e-7
    rising = rising.contiguous()
    wanted = torch.maximum(own, wanted)
    slopes = wanted.diff() / rising.diff()
    values = fused.flatten(1).double()
    values = values.clamp(rising[:, :1], rising[:, -1:])
    place = torch.searchsorted(rising, values, right=True).sub_(1)
    place = place.clamp_(0, len(slopes[0]) - 1)
    values = values.sub_(rising.gather(1, place)).mul_(slopes.gather(1, place))
    return values.add_(wanted.gather(1, place)).float().view_as(fused)


class TorchForm:
    """A network as it is, on a device, for inference."""

    def __init__(self, network, device, dtype=torch.float32):
        self.margin, self.reach, self.dtype = network.margin, network.reach, dtype
        self.network = for_inference(network, device, dtype)

    def encode(self, images):
        """Return the maps of ``(n, 1, h, w)`` images."""
        return self.network.encode(images.to(self.dtype))

    def decode(self, maps):
        """Return the ``(n, 1, h, w)`` images of maps."""
        return self.network.decode(*maps)


def are_single_images(X):
    """Tell a sequence of images from pairs: by its first item."""
    if isinstance(X, np.ndarray) and X.dtype != object:
        return X.ndim == 3
    if isinstance(X, (list, tuple)) and X:
        first = X[0]
    elif isinstance(X, np.ndarray) and X.ndim == 1 and len(X):
        first = X[0]
    else:
        return False
    if isinstance(first, np.ndarray):
        return first.ndim == 2 or (first.ndim == 3 and first.shape[2] in (1, 3))
    return isinstance(first, (str, os.PathLike))
