"""Keep the tone of fused frames steady: what jumps though the sources do not."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math

import numpy as np

__all__ = ["ToneSmoother"]

# Levels of either source in the table of fused grey; pixels looked at in a frame.
_LEVELS = 32
_SAMPLE = 40_000
# Cells with fewer pixels say little of a mean.
_FEWEST = 4
# Share of the pixels whose cells two frames have in common; below it is a cut.
_CUT = 0.3
_COARSE = 8
# Whether fuser or sources flicker is judged over some time constants. Noise makes the
# regression err towards zero.
_MEMORY = 4
_UNDECIDED = (0.2, 0.7)


class ToneSmoother:
    """Correct each fused frame towards the running tone of the frames before it.

    A fuser that normalises by statistics of the whole frame (percentiles, a maximum, a
    histogram) changes everywhere when these jump. The sources tell that from a real
    change: pixels of the same infrared and visible grey had, one frame ago, the same
    fused grey. So the mean fused grey is kept as a table over (infrared, visible) grey,
    as an exponential mean over time, and each frame is brought to it by one correction
    that is linear in the fused grey and in both sources: a gain, an offset, and a
    shift of weight between the sources. Frames are never blended, so that nothing
    ghosts; what moves in the sources moves as it did.

    Parameters
    ----------
    seconds : float
        Time constant of the mean. A jump of tone becomes a drift of that duration.

    Notes
    -----
    What it leaves: flicker of the sources themselves, and of single regions (a weight
    map that changes its mind about an object). At a cut, when the greys of the sources
    have little in common with those before, it starts afresh.
    """

    def __init__(self, seconds):
        self.seconds = seconds
        self._count = None

    def __call__(self, infrared, visible, fused, elapsed):
        """Return the fused frame in the running tone.

        Parameters
        ----------
        infrared, visible, fused : ndarray of float32, shape (H, W)
            In [0, 1].
        elapsed : float
            Seconds since the frame before.

        Returns
        -------
        ndarray of float32, shape (H, W)
            In [0, 1].
        """
        sample = np.stack([_sample(image) for image in (fused, infrared, visible)])
        count, mean = _table(sample)
        if self._count is None or _is_cut(self._count, count):
            self._count, self._mean = count, mean
            self._before, self._evidence = (sample[0], 0.0), np.zeros(2)
            return fused
        change = _fit(count, mean, self._known(), self._mean)
        step = _change(change, *sample)
        forget = math.exp(-elapsed / self.seconds)
        self._evidence *= forget ** (1 / _MEMORY)
        self._evidence += _evidence(sample[0] - self._before[0], self._before[1] - step)
        self._before = sample[0], step
        self._learn(count, mean, change, 1 - forget)
        out = _change(self._trust() * change, fused, infrared, visible)
        out += fused
        return np.clip(out, 0, 1, out=out)

    def _trust(self):
        """Return the share of the correction to apply, 0 to 1.

        All of it where the fused frame changes as the table says that it should not:
        there the fuser flickers. None where it stays and the correction would change
        it: there the sources flicker, and the fuser makes up for it.
        """
        explained, total = self._evidence
        if total <= 0:
            return 0.0
        low, high = _UNDECIDED
        return min(max((explained / total - low) / (high - low), 0.0), 1.0)

    def _known(self):
        return self._mean[0] >= 0

    def _learn(self, count, mean, change, share):
        """Move the running means towards what was seen, in step where it was not."""
        seen, known = count >= _FEWEST, self._known()
        both = seen & known
        drift = _features(self._mean) @ change
        self._mean[:, both] += share * (mean[:, both] - self._mean[:, both])
        self._mean[0, known & ~seen] -= share * drift[known & ~seen]
        new = seen & ~known
        self._mean[:, new] = mean[:, new]
        self._mean[0, new] += (1 - share) * (_features(mean) @ change)[new]
        self._count = count


def _sample(image):
    step = max(1, math.isqrt(image.size // _SAMPLE))
    return image[step // 2 :: step, step // 2 :: step].ravel()


def _table(sample):
    """Return the count and the means (fused, infrared, visible) in cells of grey.

    Cells of fewer than ``_FEWEST`` pixels have the mean -1.
    """
    _, ir, vis = sample
    scale, top = np.float32(_LEVELS), _LEVELS - 1
    rows = np.minimum((ir * scale).astype(np.intp), top)
    cells = rows * _LEVELS + np.minimum((vis * scale).astype(np.intp), top)
    size = _LEVELS * _LEVELS
    count = np.bincount(cells, minlength=size)
    total = [np.bincount(cells, image, minlength=size) for image in sample]
    mean = np.full((3, size), -1.0)
    np.divide(total, count, out=mean, where=count >= _FEWEST)
    return count, mean


def _is_cut(before, now):
    side = _LEVELS // _COARSE
    coarse = [
        table.reshape(_COARSE, side, _COARSE, side).sum((1, 3)) / table.sum()
        for table in (before, now)
    ]
    return np.minimum(*coarse).sum() < _CUT


def _evidence(change, unexplained):
    """Return the two sums of a regression of a change on what no source explains."""
    size = np.abs(change)
    still = size <= 3 * np.median(size) + 1 / 255
    change, unexplained = change[still], unexplained[still]
    # Not "@": threads of BLAS, waiting for work of this size, cost more than it.
    return np.array(
        [np.multiply(x, unexplained).sum(dtype=float) for x in (change, unexplained)]
    )


def _change(change, fused, infrared, visible):
    """Return what a correction adds to each pixel."""
    out = np.float32(change[1]) * fused
    out += np.float32(change[2]) * infrared
    out += np.float32(change[3]) * visible
    out += np.float32(change[0])
    return out


def _features(mean):
    """One row a cell: what the correction is linear in."""
    return np.column_stack([np.ones(mean.shape[1]), *mean])


def _fit(count, mean, known, running):
    """Return offset and coefficients of fused, infrared and visible grey."""
    use = known & (count >= _FEWEST)
    if use.sum() < 2:
        return np.zeros(4)
    weight = count[use].astype(np.float64)
    here, there = mean[:, use], running[:, use]
    # The greys inside a cell wander too: compare the two means at one place of it.
    slope = _solve(_features(here[1:]), here[0], weight)[1:]
    target = there[0] - here[0] - slope @ (there[1:] - here[1:])
    rows = _features(here)
    change = _solve(rows, target, weight)
    # Moving objects bring their own greys into some cells: reweight (Huber).
    for _ in range(3):
        residual = np.abs(target - rows @ change)
        limit = 2 * np.median(residual) + 1 / 510
        change = _solve(
            rows, target, weight * np.minimum(1, limit / (residual + 1e-12))
        )
    return change


def _solve(rows, target, weight):
    """Weighted ridge regression that leaves the offset free."""
    weight = weight / weight.sum()
    centre, level = weight @ rows, weight @ target
    spread = rows - centre
    normal = (spread * weight[:, None]).T @ spread
    # Greys that vary by a hundredth carry no gain.
    normal += 1e-4 * np.eye(len(normal))
    slope = np.linalg.solve(normal, spread.T @ (weight * (target - level)))
    slope[0] = level - slope[1:] @ centre[1:]
    return slope
