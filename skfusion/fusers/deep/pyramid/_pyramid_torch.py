"""The learned pyramid for inference on other devices: torch, in batches."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch

from ....learning.pair_fuser import for_inference
from ....learning.tiling import map_tiles
from ....networks.pyramid_decisions import (
    N_FINE,
    N_KNOTS,
    Decisions,
    apply_curve,
    soften,
)
from ....networks.pyramid_decisions import histogram as shares_of
from ....networks.pyramid_grain import without_grain
from ....networks.pyramid_guard import missing_light
from ._pyramid_form import PyramidMaps, Scene

__all__ = ["TorchForm"]


class TorchForm:
    """A trained network on a device, with the methods of ``KernelForm`` that fuse.

    Parameters
    ----------
    network : skfusion.networks.pyramid_decisions.PyramidDecisions
    device : torch.device
    dtype : torch.dtype, default=torch.float32
        Of the convolutions; pyramids and curves are float32 in every case.
    """

    def __init__(self, network, device, dtype=torch.float32):
        self.tone, self.dtype = network.tone, dtype
        self.network = for_inference(network, device)

    def fuse(self, stack, strength, tone, guard, tiles):
        """Fuse a batch ``(n, 2 + p, h, w)`` to ``(n, 1 + p, h, w)``.

        See :meth:`KernelForm.fuse`.
        """
        scene = self.scene(stack[:, 0], stack[:, 1])
        fused = self._tiled(stack, scene, strength, tiles)
        if self.tone and tone:
            first = fused[:, 0]
            toned = apply_curve(first, self.curve(first, scene))
            # One shift of tone for all planes, so that none of them takes a tint.
            fused = fused + tone * (toned - first)[:, None]
        if guard:
            light = missing_light(fused[:, 0], stack[:, 0], stack[:, 1])
            fused = fused + guard * light[:, None]
        return fused

    def denoised(self, stack, share):
        """Return a batch ``(n, p, h, w)`` without a share of its grain."""
        return without_grain(stack.flatten(0, 1), share).reshape(stack.shape)

    def maps(self, stack, strength, tiles):
        """Return the :class:`PyramidMaps` of one pair, ``(1, 2, h, w)``."""
        scene = self.scene(stack[:, 0], stack[:, 1])
        _, decided = self._decided(stack, scene, strength)
        curve = None
        if self.tone:
            fused = self._tiled(stack, scene, strength, tiles)[:, 0]
            curve = self.curve(fused, scene)[0].cpu().numpy()
        weights, gains = ([x[0].cpu().numpy() for x in maps] for maps in decided[:2])
        return PyramidMaps(weights, gains, decided.base[0].cpu().numpy(), curve)

    def scene(self, infrared, visible):
        """Return the :class:`Scene` of ``(n, h, w)`` pairs."""
        few = [images[:, ::4, ::4] for images in (infrared, visible)]
        shares = torch.cat([shares_of(images, N_KNOTS) for images in few], 1)
        fine = (shares_of(few[0], N_FINE) + shares_of(few[1], N_FINE)) / 2
        return Scene(shares, fine)

    def curve(self, fused, scene):
        """Return the knots ``(n, k)`` of the tone curves of images before them."""
        few = fused[:, ::4, ::4]
        coarse, fine = shares_of(few, N_KNOTS), shares_of(few, N_FINE)
        return self.network.curve_of(scene.shares, coarse, fine, scene.fine)

    def _tiled(self, stack, scene, strength, tiles):
        return map_tiles(
            lambda tile: self._rebuilt(tile, scene, strength), stack, *tiles
        )

    def _rebuilt(self, stack, scene, strength):
        pyramids, decided = self._decided(stack, scene, strength)
        fused = [self.network.rebuild(pyramids, decided)]
        for plane in stack[:, 2:].unbind(1):
            other = self.network.planes(plane)
            fused.append(self.network.rebuild(pyramids, decided, *other))
        return torch.stack(fused, 1)

    def _decided(self, stack, scene, strength):
        pyramids = self.network.decompose(stack[:, 0], stack[:, 1])
        short = self.dtype != torch.float32
        with torch.autocast(stack.device.type, self.dtype, enabled=short):
            decided = self.network.decide(pyramids, scene.shares)
        weights, gains = ([x.float() for x in maps] for maps in decided[:2])
        decided = Decisions(weights, gains, decided.base.float())
        return pyramids, soften(decided, strength)
