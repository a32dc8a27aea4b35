"""Colour of an image whose luma was enhanced."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

# One grey level: keeps the noise of near-black pixels from exploding.
_FLOOR = np.float32(1 / 255)


def recolour(image, before, after):
    """Scale the channels of each pixel by the gain of its luma.

    Hue and saturation stay, and the luma of the result is ``after`` as far as no
    channel leaves [0, 1], where it is cut.
    """
    gain = (after + _FLOOR) / (before + _FLOOR)
    out = (image + _FLOOR) * gain[..., np.newaxis]
    out -= _FLOOR
    return np.clip(out, 0.0, 1.0, out=out)
