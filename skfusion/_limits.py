"""How large a parameter may be: beyond it nothing is computed, and much allocated."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

__all__ = ["LARGEST", "check_limits"]

_COUNT, _WINDOW, _CHANNELS, _DEPTH, _SIDE = 10**7, 8191, 4096, 1000, 2**16

#: Name of a parameter -> the largest value that is taken, far beyond all that helps.
LARGEST = {
    # channels and layers of networks, atoms and filters
    "base_channels": _CHANNELS,
    "critic_channels": _CHANNELS,
    "n_atoms": _CHANNELS,
    "n_channels": _CHANNELS,
    "n_filters": _CHANNELS,
    "n_first": _CHANNELS,
    "n_hidden": _CHANNELS,
    "widths": _CHANNELS,
    "n_layers": _DEPTH,
    "n_nodes": _DEPTH,
    "n_steps": _DEPTH,
    "n_levels": 64,
    # windows, pixels
    "activity_window": _WINDOW,
    "base_size": _WINDOW,
    "base_window": _WINDOW,
    "covariance_size": 255,  # each pixel looks at all of the window
    "detail_size": _WINDOW,
    "gaussian_size": _WINDOW,
    "mean_size": _WINDOW,
    "median_size": 255,
    "overlap": _WINDOW,
    "radius": _WINDOW,
    "radius_base": _WINDOW,
    "radius_detail": _WINDOW,
    "radius_ratio": 10,
    "refine": _WINDOW,
    "saliency_size": _WINDOW,
    "sigma": 10**5,
    "softness": 1000,
    "stride": _WINDOW,
    "subsample": _WINDOW,
    "window": _WINDOW,
    "window_size": 255,
    # weights and steps beside which float32 holds nothing else
    "looks": 10**6,
    "step": 10**6,
    # sides of images, pixels
    "crop_size": _SIDE,
    "height": _SIDE,
    "multiple_of": _SIDE,
    "reach": _SIDE,
    "tile_size": _SIDE,
    "width": _SIDE,
    # rounds, and what is drawn
    "batch_size": _COUNT,
    "critic_steps": _COUNT,
    "crops_per_pair": _COUNT,
    "frozen_epochs": _COUNT,
    "inference_batch_size": _COUNT,
    "max_epochs": _COUNT,
    "max_iter": 10**4,
    "n_crops": _COUNT,
    "n_iter": 10**4,
    "n_iter_no_change": _COUNT,
    "n_patches": _COUNT,
}
_ANY_INTEGER = 2**32 - 1  # the seed of a generator


def check_limits(estimator) -> None:
    """Refuse parameters of an estimator that are larger than anything needs.

    Parameters
    ----------
    estimator : estimator
        Numbers, and lists and tuples of numbers, among its parameters are looked at.

    Raises
    ------
    ValueError
        Naming class, parameter, value and limit.

    Examples
    --------
    >>> from skfusion._limits import check_limits
    >>> from skfusion.fusers import AUIF
    >>> check_limits(AUIF(n_layers=10**9))
    Traceback (most recent call last):
    ValueError: AUIF: n_layers=1000000000 is beyond 1000, the largest that is taken.
    """
    for name, value in estimator.get_params(deep=False).items():
        for number in value if isinstance(value, (list, tuple)) else (value,):
            kind = Real if name in LARGEST else Integral
            limit = LARGEST.get(name, _ANY_INTEGER)
            if isinstance(number, kind) and number > limit:
                raise ValueError(
                    f"{type(estimator).__name__}: {name}={value!r} is beyond {limit}, "
                    "the largest that is taken."
                )
