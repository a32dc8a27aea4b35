"""What AUIF and DIDFuse share: encode both images, join the maps, decode."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import copy
import os

import numpy as np
import torch
from sklearn.utils._param_validation import StrOptions

from ....images import luma
from ....learning.fuser import NetworkFuser
from ....learning.pair_fuser import reflect_to
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

    A subclass implements ``_make_form(network, device)``: an object with ``encode``,
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
            maps = form.encode(image)
            for out, k in zip((base, detail), self._base_and_detail):
                cut = maps[k][0][crop].cpu().numpy()
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
            decoded = form.decode(form.encode(image))[0][crop][0]
            out[i, j] = np.ascontiguousarray(decoded.cpu().numpy())
        return out

    def _single_images(self, X):
        """Yield row, column, form, the image as a padded tensor, and what to keep."""
        self._validate_params()
        pairs = as_pairs(X)
        form = self._form()
        for i in range(len(pairs)):
            ir, vis = pairs.read(i)
            for j, image in enumerate((ir, luma(vis))):
                height, width = image.shape
                padded = reflect_to(image, form.margin + 1)
                tensor = torch.from_numpy(padded)[None, None]
                yield i, j, form, tensor, np.s_[:, :height, :width]

    def _fuse(self, ir, vis):
        form = self._form()
        height, width = ir.shape
        stack = np.stack([reflect_to(image, form.margin + 1) for image in (ir, vis)])
        fused = map_tiles(
            lambda tile: self._fuse_tile(form, tile),
            stack,
            self.tile_size,
            form.reach + (self.rule == "l1"),
        )
        fused = fused[:height, :width]
        return fused if self.level is None else lifted(fused, _level(ir, vis))

    def _fuse_tile(self, form, stack):
        maps = form.encode(torch.from_numpy(stack)[:, None])
        joined = tuple(join_maps(z[0], z[1], self.rule)[None] for z in maps)
        return form.decode(joined)[0, 0].cpu().numpy()

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
    return (np.maximum(ir, vis) + (ir + vis) / 2) / 2


def lifted(fused, brighter):
    """Lift the grey levels of an image to those of another one, never below its own.

    One rising curve for all pixels, through 33 quantiles of both images, so that
    nothing rings.

    Parameters
    ----------
    fused, brighter : ndarray of float32, shape (H, W)

    Returns
    -------
    ndarray of float32, shape (H, W)
    """
    step = max(1, int((fused.size / _SAMPLES) ** 0.5))
    share = np.linspace(0, 1, 33)
    own, wanted = (
        np.quantile(image[::step, ::step], share) for image in (fused, brighter)
    )
    rising = own + np.arange(len(own)) * 1e-7  # what is flat has no inverse
    return np.interp(fused, rising, np.maximum(own, wanted)).astype(np.float32)


class TorchForm:
    """A network as it is, on a device, for inference."""

    def __init__(self, network, device):
        self.margin, self.reach = network.margin, network.reach
        self.device = device
        network = copy.deepcopy(network).to(device, memory_format=torch.channels_last)
        self.network = network.eval().requires_grad_(False)

    @torch.inference_mode()
    def encode(self, images):
        """Return the maps of ``(n, 1, h, w)`` images."""
        return self.network.encode(images.to(self.device))

    @torch.inference_mode()
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
