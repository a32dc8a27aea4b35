"""SFDFusion: gradients and attention in space, amplitude and phase in frequency."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import torch
from torch import nn

from ..blocks import Conv, FusionNetwork, Sobel, crop, mirror_to_multiple

__all__ = ["SFDFusionNet"]


class _Refinement(nn.Module):
    """Attention to one image's maps and to the sum of both, and its gradient."""

    def __init__(self, n):
        super().__init__()
        self.own = Conv(n, n, 3, activation="sigmoid")
        self.common = Conv(n, n, 3, activation="sigmoid")
        self.sobel = Sobel(n)

    def forward(self, maps, total):
        own = maps * self.own(maps) + total * self.common(total)
        return own + self.sobel(maps)


def _spectral():
    return nn.Sequential(
        *(Conv(n_in, 1, activation=nn.LeakyReLU(0.1)) for n_in in (2, 1))
    )


class SFDFusionNet(FusionNetwork):
    """The network of SFDFusion; the output of each image fills [0, 1].

    Parameters
    ----------
    n_channels : int, default=8
        Maps of the first layer; the others grow with it.
    stretch : bool, default=True
        Stretch each output to [0, 1].
    """

    def __init__(self, n_channels=8, stretch=True):
        super().__init__()
        n = n_channels
        self.stretch = stretch
        self.infrared, self.visible = (Conv(1, n, 3, activation="relu") for _ in "iv")
        self.refine_infrared, self.refine_visible = _Refinement(n), _Refinement(n)
        self.amplitude, self.phase = _spectral(), _spectral()
        self.frequency = nn.Sequential(
            Conv(2, n // 2, 3, activation="relu"), Conv(n // 2, n, 3, activation="relu")
        )
        self.decoder = nn.Sequential(
            Conv(3 * n, 4 * n, 3, activation="relu"),
            Conv(4 * n, 16 * n, 3, activation="relu"),
            Conv(16 * n, 8 * n, 3, activation="relu"),
            Conv(8 * n, 4 * n, 3, activation="relu"),
            Conv(4 * n, 1, 3, activation="tanh"),
        )

    def forward(self, infrared, visible):
        """Fuse ``(n, 1, h, w)`` images."""
        height, width = infrared.shape[2:]
        # The real inverse transform has an even width.
        infrared, visible = (
            mirror_to_multiple(image, 2, dims=(3,)) for image in (infrared, visible)
        )
        ir, vis = self.infrared(infrared), self.visible(visible)
        maps = [
            self.refine_infrared(ir, ir + vis),
            self.refine_visible(vis, ir + vis),
            self.frequency(self._by_frequency(infrared, visible)),
        ]
        fused = crop(self.decoder(torch.cat(maps, dim=1)), height, width)
        if not self.stretch:
            return fused
        low, high = fused.amin((1, 2, 3), True), fused.amax((1, 2, 3), True)
        return (fused - low) / (high - low).clamp_min(1e-8)

    def _by_frequency(self, infrared, visible):
        spectra = [torch.fft.rfft2(image) for image in (infrared, visible)]
        amplitude = self.amplitude(torch.cat([x.abs() for x in spectra], dim=1))
        phase = self.phase(torch.cat([x.angle() for x in spectra], dim=1))
        real = amplitude * phase.cos() + 1e-8
        imaginary = amplitude * phase.sin() + 1e-8
        image = torch.fft.irfft2(torch.complex(real, imaginary)).abs()
        return torch.cat([image, image], dim=1)
