"""The learned pyramid for inference on the CPU: kernels of our own."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
import threading
from typing import NamedTuple

import cv2
import numpy as np
import torch

from ...._kernels import pyramid_decisions as kernels
from ...._kernels.pyramid_convolution import (
    planes_of,
    repeat_ends,
    rooms_for,
    run_level,
    tiling,
)
from ...._kernels.pyramid_grain import diagonal_shares, take_grain
from ...._kernels.pyramid_guard import add_missing_light
from ....learning.tiling import map_tiles
from ....networks.pyramid_decisions import N_FINE, N_KNOTS
from ....networks.pyramid_grain import FACTOR, LEAST, N_SIZES, TOP, grain_of
from ....networks.pyramid_guard import BRIGHT, DARKER, SHARES
from ...multiscale._pyramid import expand, gaussian_pyramid, reduce

__all__ = ["KernelForm", "PyramidMaps", "Scene"]


class Rooms(threading.local):
    """Arrays in which a thread computes, kept until it meets an image of another size.

    New ones would be pages of memory that the system has to hand out for every image.
    """

    def __init__(self):
        self._arrays, self._shape = {}, None

    def make_ready(self, shape):
        """Let go of what was kept for images of another shape."""
        if shape != self._shape:
            self._arrays, self._shape = {}, shape

    def kept(self, level, make, *args):
        """Return what was made before for a level of the same arguments, or make it.

        It holds what was written there; for images beyond memory nothing is kept.
        """
        if math.prod(self._shape) > _LARGEST_KEPT:
            return make(*args)
        key = level, make, args
        if key not in self._arrays:
            self._arrays[key] = make(*args)
        return self._arrays[key]


_LARGEST_KEPT = 2**21  # pixels, for which they take 60 MB
_ROOMS = Rooms()


class PyramidMaps(NamedTuple):
    """What a :class:`skfusion.fusers.LearnedPyramid` decided for a pair.

    Attributes
    ----------
    weights : list of ndarray
        Share of the visible band in [0, 1] at each level, fine to coarse.
    gains : list of ndarray
        Factor of the joined band at each level.
    base : ndarray
        Share of the visible image in the coarsest level.
    curve : ndarray or None
        The tone curve at even spaced greys from 0 to 1; None without one.
    """

    weights: list
    gains: list
    base: np.ndarray
    curve: np.ndarray | None


class Scene(NamedTuple):
    """The histograms of a pair, which stay the same for all of its tiles."""

    shares: np.ndarray
    fine: np.ndarray


class KernelForm:
    """A trained network as NumPy arrays; see :mod:`skfusion._kernels`.

    Parameters
    ----------
    network : skfusion.networks.pyramid_decisions.PyramidDecisions
    """

    def __init__(self, network):
        self.network = network
        self.n_levels, self.tone = network.n_levels, network.tone
        state = {k: v.detach().numpy() for k, v in network.state_dict().items()}
        c, m = network.n_channels, network.n_hidden
        mix = state["mix.weight"]
        own, carried = (transformed(mix[:, k : k + c], k > 0) for k in (0, c))
        both = np.concatenate([own, carried], 2)
        head, head_bias = state["head.weight"][:, :, 0, 0], state["head.bias"]
        hidden, hidden_bias = np.zeros((m, c), np.float32), np.zeros(m, np.float32)
        hidden_head = np.zeros((4, m), np.float32)
        if m:
            hidden, hidden_bias = (state[f"hidden.{x}"] for x in ("weight", "bias"))
            hidden = np.ascontiguousarray(hidden[:, :, 0, 0])
            hidden_head = state["hidden_head.weight"][:, :, 0, 0]
        self._read = transformed(state["read.weight"]), state["read.bias"]
        self._mix = own, both
        self._mix_bias = state["mix.bias"] + state["level_bias"]
        self._hidden, head = (hidden, hidden_bias), np.hstack([head, hidden_head])
        self._head = head, head_bias
        # At the coarsest level a fifth output is the share of the base.
        base = np.pad(state["base.weight"][:, :, 0, 0], ((0, 0), (0, m)))
        coarsest = np.concatenate([head, base])
        self._coarsest_head = coarsest, np.append(head_bias, state["base.bias"])
        self._scene = [
            state[f"scene.{i}.{x}"] for i in (0, 2) for x in ("weight", "bias")
        ]
        self._growth = np.tanh(state["growth"])
        self._preference = state["preference"]

    def fuse(self, stack, strength, tone, guard, tiles):
        """Fuse a batch, pair by pair.

        Parameters
        ----------
        stack : Tensor, shape (n, 2 + p, h, w)
            Infrared, visible, and further planes of the visible image.
        strength, tone, guard : float
        tiles : (int or None, int)
            Their size and reach.

        Returns
        -------
        Tensor, shape (n, 1 + p, h, w)
            The fused image, then those of the further planes.
        """
        return _batch(
            [self._fused(x, strength, tone, guard, tiles) for x in stack.numpy()]
        )

    def denoised(self, stack, share):
        """Return a batch ``(n, p, h, w)`` without a share of its grain."""
        planes = [plane for image in stack.numpy() for plane in image]
        clean = [without_grain(plane, share) for plane in planes]
        if all(new is plane for new, plane in zip(clean, planes)):
            return stack
        return torch.from_numpy(np.stack(clean).reshape(stack.shape))

    def maps(self, stack, strength, tiles):
        """Return the :class:`PyramidMaps` of one pair, ``(1, 2, h, w)``."""
        pair = stack[0].numpy()
        scene = self.scene(*pair)
        _, bands, weights, gains, finest, base = self.decide(*pair, scene, strength)
        weights[0], gains[0] = np.empty((2, *pair[0].shape), np.float32)
        choice, gain, numbers = finest
        kernels.decide_finest(choice, gain, bands[0], numbers, weights[0], gains[0])
        curve = None
        if self.tone:
            fused, _ = self._tiled(pair, scene, strength, tiles)
            curve = self.curve(fused[0], scene)
        return PyramidMaps(weights, gains, base, curve)

    def _fused(self, planes, strength, tone, guard, tiles):
        scene = self.scene(planes[0], planes[1])
        fused, levels = self._tiled(planes, scene, strength, tiles)
        if self.tone and tone:
            before = fused[0].copy() if len(fused) > 1 else None
            knots = self.curve(fused[0], scene)
            kernels.apply_curve(fused[0], knots, np.float32(tone), fused[0])
            if before is not None:
                # One shift of tone for all planes, so that none of them takes a tint.
                fused[1:] += fused[0] - before
        if guard:
            light = missing_light(fused[0], planes[0], planes[1], levels)
            for plane in fused:
                cv2.scaleAdd(light, guard, plane, dst=plane)
        return fused

    def _tiled(self, planes, scene, strength, tiles):
        """Return the fused planes and the levels of both images, of the last tile."""
        levels = []

        def rebuild(tile):
            fused, levels[:] = self.rebuild(tile, scene, strength)
            return fused

        return map_tiles(rebuild, planes, *tiles), levels

    def scene(self, infrared, visible):
        """Return the :class:`Scene` of a pair."""
        fine = [kernels.histogram(image, N_FINE) for image in (infrared, visible)]
        shares = [_COARSER @ counts for counts in fine]
        return Scene(np.concatenate(shares), (fine[0] + fine[1]) / 2)

    def decide(self, infrared, visible, scene, strength):
        """Return the levels of both images, their bands, and the decisions.

        Returns
        -------
        levels : pair of lists of ndarray
        bands : list of ndarray (2, h, w)
        weights, gains : list of ndarray (h, w)
            Of the levels from the second one on.
        finest : tuple
            What decides at the finest level; see the kernel :func:`decide_finest`.
        base : ndarray (h, w)
        """
        _ROOMS.make_ready(infrared.shape)
        levels, bands = self._pyramids(infrared, visible)
        bias, shifts = self._shifts(scene.shares)
        weights, gains = [None] * self.n_levels, [None] * self.n_levels
        nothing = np.zeros((2, 0, 2, 0), np.float32)
        none = np.empty((2, 0, 0), np.float32)
        strength, carried = np.float32(strength), nothing
        for level in range(self.n_levels, 0, -1):
            shape, finer = levels[0][level].shape, levels[0][level - 1].shape
            coarsest = level == self.n_levels
            here = none if coarsest else bands[level]
            sizes, c, m = (*shape, *tiling(*shape)), len(bias), len(self._hidden[1])
            maps = _ROOMS.kept(level, planes_of, 8, 4, *shape)
            pair = levels[0][level], levels[1][level]
            kernels.level_maps(*pair, here, bands[level - 1], maps, sizes[2])
            new = _ROOMS.kept(level, planes_of, c, 2, *finer) if level > 1 else nothing
            head = self._coarsest_head if coarsest else self._head
            mix_bias = self._mix_bias[level - 1] + bias
            weights_here = *self._read, *self._mix, mix_bias, *self._hidden, *head
            out = np.empty((len(head[1]), *shape), np.float32)
            rooms = _ROOMS.kept(level, rooms_for, sizes, c, m, len(out))
            step = tiling(*finer)[0]
            run_level(maps, carried, weights_here, sizes, rooms, new, step, out)
            repeat_ends(new, shape[0], step)
            carried = new
            if coarsest:
                base = self._base_share(out[4], shifts[0], strength)
            else:
                weights[level], gains[level] = np.empty((2, *shape), np.float32)
                gain = self._gains(out[1], shifts[1])
                numbers = self._numbers(level, strength)
                kernels.decide(
                    *(out[0], gain, here, numbers, weights[level], gains[level])
                )
        gain = self._gains(out[3], shifts[2])
        finest = out[2], gain, self._numbers(0, strength)
        return levels, bands, weights, gains, finest, base

    def rebuild(self, planes, scene, strength):
        """Return the fused image before its curve, then those of further planes.

        Parameters
        ----------
        planes : ndarray of float32 (2 + p, h, w)
            Infrared, visible, and what is fused by the same decisions in place of it.
        scene : Scene
        strength : float

        Returns
        -------
        fused : ndarray of float32 (1 + p, h, w)
        levels : pair of lists of ndarray
            Of both images.
        """
        levels, bands, *decided = self.decide(planes[0], planes[1], scene, strength)
        fused = [self._rebuilt(levels, bands, None, decided)]
        for plane in planes[2:]:
            pyramid = gaussian_pyramid(plane, self.n_levels)
            fused.append(self._rebuilt(levels, bands, pyramid, decided))
        return np.stack(fused) if len(fused) > 1 else fused[0][None], levels

    def curve(self, fused, scene):
        """Return the knots of the tone curve for a fused image before it."""
        fine = kernels.histogram(fused, N_FINE)
        arrays = scene.shares, _COARSER @ fine, fine, scene.fine
        with torch.inference_mode():
            tensors = [torch.from_numpy(array)[None] for array in arrays]
            return self.network.curve_of(*tensors)[0].numpy()

    def _pyramids(self, infrared, visible):
        levels = [gaussian_pyramid(x, self.n_levels) for x in (infrared, visible)]
        bands = []
        for level in range(self.n_levels):
            shape = levels[0][level].shape
            band = np.empty((2, *shape), np.float32)
            for k in range(2):
                coarser = expand(levels[k][level + 1], shape)
                np.subtract(levels[k][level], coarser, out=band[k])
            bands.append(band)
        return levels, bands

    def _rebuilt(self, levels, bands, pyramid, decided):
        weights, gains, finest, base = decided
        other = levels[1] if pyramid is None else pyramid
        fused = levels[0][-1] + base * (other[-1] - levels[0][-1])
        for level in range(self.n_levels - 1, -1, -1):
            shape = bands[level].shape[1:]
            fused = expand(fused, shape)
            if pyramid is None:
                band = bands[level][1]
            else:
                band = pyramid[level] - expand(pyramid[level + 1], shape)
            if level:
                infrared = bands[level][0]
                kernels.merge(fused, infrared, band, weights[level], gains[level])
            else:
                kernels.merge_finest(fused, bands[0], band, *finest)
        return fused

    def _shifts(self, shares):
        w0, b0, w1, b1 = self._scene
        out = w1 @ np.maximum(w0 @ shares + b0, 0) + b1
        c = self.network.n_channels
        return out[:c], out[c:]

    def _base_share(self, odds, shift, strength):
        share = 1 / (1 + np.exp(-odds - shift))
        return (0.5 + strength * (share - 0.5)).astype(np.float32)

    def _gains(self, rows, shift):
        out = np.empty_like(rows)
        max_gain = np.float32(self.network.max_gain)
        kernels.gains(rows, np.float32(shift), max_gain, out)
        return out

    def _numbers(self, level, strength):
        return (
            np.float32(self._preference[level]),
            np.float32(self.network.max_gain),
            np.float32(self._growth[level]),
            strength,
        )


# A histogram with even spaced greys among those of another one, from that one: lines
# between the first are lines between the others too.
_COARSER = np.arange(N_FINE + 1) * (N_KNOTS / N_FINE) - np.arange(N_KNOTS + 1)[:, None]
_COARSER = np.maximum(1 - np.abs(_COARSER), 0).astype(np.float32)


def _batch(images):
    return torch.from_numpy(np.stack(images) if len(images) > 1 else images[0][None])


def missing_light(fused, infrared, visible, levels=()):
    """Do as :func:`skfusion.networks.pyramid_guard.missing_light`, with arrays.

    `levels` may hold levels of the infrared and the visible image.
    """
    n = len(SHARES)
    if not levels or levels[0][0].shape != fused.shape or len(levels[0]) < n:
        levels = [gaussian_pyramid(image, n - 1) for image in (infrared, visible)]
    pyramids = [gaussian_pyramid(fused, n - 1), *levels]
    steps = [np.float32([low, high - low]) for low, high in (BRIGHT, DARKER)]
    light = np.zeros_like(pyramids[0][-1])
    for level in range(len(SHARES) - 1, -1, -1):
        images = [levels[level] for levels in pyramids]
        add_missing_light(*images, np.float32(SHARES[level]), *steps, level, light)
        if level:
            light = expand(light, pyramids[0][level - 1].shape)
    return light


def without_grain(image, share):
    """Do as :func:`skfusion.networks.pyramid_grain.without_grain`, with an array."""
    if min(image.shape) < 2:
        return image
    shares = torch.from_numpy(diagonal_shares(image, np.float32(TOP), N_SIZES))
    threshold = FACTOR * max(grain_of(shares[None]).item() - LEAST, 0)
    if threshold == 0:
        return image
    coarser = expand(reduce(image), image.shape)
    band = image - coarser
    band *= band
    energy, out = expand(reduce(band), image.shape), np.empty_like(image)
    limit = np.float32(threshold**4)
    take_grain(image, coarser, energy, limit, np.float32(share), out)
    return out


# G of Winograd's F(4, 3). Where each pixel is there twice, the third row meets nothing
# but zeros, and the second and the fourth what is a half and -1 / 3 of their share.
_G = [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]
_G = np.array(_G) / 24
_DOUBLED = np.array([[1], [2], [0], [-3], [1], [1]])


def transformed(kernels, doubled=False):
    """Return G g G^T of ``(o, i, 3, 3)`` kernels as ``(36, o, i)``.

    Of maps that are doubled, those that fit :func:`run_level`.
    """
    g = _G * _DOUBLED if doubled else _G
    planes = np.einsum("ua,vb,oiab->uvoi", g, g, kernels.astype(np.float64))
    return np.ascontiguousarray(planes.reshape(36, *kernels.shape[:2]), np.float32)
