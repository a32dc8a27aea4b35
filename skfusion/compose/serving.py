"""An estimator around a fuser that devices of this process compute, for all others."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import contextlib
import copy

from sklearn.pipeline import Pipeline

from ..base import COLORS
from .colour import DropChroma, PerChannel, PreserveChroma

__all__ = ["device_fuser", "served_on_devices", "with_fuser"]


def device_fuser(estimator):
    """Return the fuser of an estimator that works on a device.

    Parameters
    ----------
    estimator : fuser, Pipeline or what stands around one
        Fitted, or one that needs no fitting.

    Returns
    -------
    DeviceFuser or None
        With the colour that its surroundings ask it for. ``None`` where there is no
        such fuser, or more than one, or something around it that is not ours.

    Examples
    --------
    >>> from skfusion.compose import with_color
    >>> from skfusion.compose.serving import device_fuser
    >>> from skfusion.fusers import AverageFuser, SeAFusion
    >>> device_fuser(with_color(SeAFusion(), "luma"))
    SeAFusion()
    >>> device_fuser(AverageFuser()) is None
    True
    """
    if hasattr(estimator, "_workers"):
        return estimator
    found = [fuser for step in _inside(estimator) if (fuser := device_fuser(step))]
    if len(found) != 1:
        return None
    if type(estimator) is PerChannel and found[0].color in COLORS:
        (fuser,) = map(copy.copy, found)
        fuser.color = "per_channel"
        return fuser
    return found[0]


def with_fuser(estimator, fuser):
    """Return an estimator with another fuser in the place of that on a device.

    Parameters
    ----------
    estimator : fuser, Pipeline or what stands around one
        Left as it is; :func:`device_fuser` finds its fuser.
    fuser : fuser

    Returns
    -------
    fuser, Pipeline or what stands around one
        In the same state.

    Examples
    --------
    >>> from skfusion.compose import with_color
    >>> from skfusion.compose.serving import with_fuser
    >>> from skfusion.fusers import AverageFuser, SeAFusion
    >>> with_fuser(with_color(SeAFusion(), "gray"), AverageFuser())
    DropChroma(estimator=AverageFuser())
    """
    if hasattr(estimator, "_workers"):
        return fuser
    if device_fuser(estimator) is None:
        return estimator
    twin = copy.copy(estimator)
    if isinstance(twin, Pipeline):
        twin.steps = [(name, with_fuser(step, fuser)) for name, step in twin.steps]
        return twin
    twin.estimator = inner = with_fuser(twin._inner(), fuser)
    if hasattr(twin, "estimator_"):
        twin.estimator_ = inner
    return twin


@contextlib.contextmanager
def served_on_devices(estimator):
    """Have the fuser of an estimator served, if it works elsewhere than on one CPU.

    Parameters
    ----------
    estimator : fuser, Pipeline or what stands around one
        Fitted, or one that needs no fitting.

    Yields
    ------
    fuser, Pipeline or what stands around one, or None
        Until the end of the block any thread of any process of this machine may have it
        transform pairs: it is small, and the devices stay in this process. ``None``
        where there is nothing to serve.

    Raises
    ------
    ValueError
        If there is no such device on this machine.

    Examples
    --------
    >>> from skfusion.compose.serving import served_on_devices
    >>> from skfusion.fusers import AverageFuser
    >>> with served_on_devices(AverageFuser()) as served:
    ...     print(served)
    None
    """
    fuser = device_fuser(estimator)
    if fuser is None or not _elsewhere(fuser):
        yield None
        return
    from ..learning.serving import FusionServer

    with FusionServer(fuser) as served:
        yield with_fuser(estimator, served)


def _elsewhere(fuser):
    """Return whether a fuser works elsewhere than on the CPU alone."""
    from ..learning.devices import resolve_devices

    return [device.type for device in resolve_devices(fuser.device)] != ["cpu"]


def _inside(estimator):
    if type(estimator) is Pipeline:
        return [step for _, step in estimator.steps]
    if type(estimator) in (PreserveChroma, DropChroma, PerChannel):
        return [estimator._inner()]
    return []
