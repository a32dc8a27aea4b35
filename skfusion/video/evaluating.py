"""Score a fused video against its two sources, frame by frame."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import itertools
import warnings
from numbers import Integral

from ..images.notices import Notices
from ..metrics.sets import as_entries
from ..metrics.tables import measure_pair, score_table
from ..pairs import ImagePairs
from .containers import VideoError
from .pairing import Follower, FramePairs, with_bar
from .reading import FrameReader

__all__ = ["evaluate_video"]


def evaluate_video(
    infrared,
    visible,
    fused,
    metrics="vifb",
    *,
    every=1,
    match="number",
    offset=0.0,
    on_error="raise",
    prepare=None,
    n_jobs=None,
    verbose=0,
):
    """Score a fused video against its two sources.

    Frames are read and measured one after the other, so that memory does not depend on
    their number.

    Parameters
    ----------
    infrared, visible : path
        The sources, as :func:`fuse_video` takes them.
    fused : path
        The fused video. It begins with the first pair of source frames, as
        :func:`fuse_video` writes it.
    metrics : str or list, default="vifb"
        As :func:`skfusion.metrics.evaluate` takes them.
    every : int, default=1
        Measure one of so many frames, the first among them. All are decoded, for each
        frame of a video is stored as a change of others.
    match, offset, on_error
        As in :func:`iter_video`; by ``match="time"`` the fused frame is the one nearest
        in time, too. A damaged frame that ``"repeat"`` replaces is measured as the one
        before.
    prepare : callable, optional
        What to do to each pair before it is measured: called with
        :class:`~skfusion.ImagePairs` of one pair, it returns such, e.g.
        ``functools.partial(skfusion.pairs.stretch_infrared, low=1, high=99)``.
    n_jobs : int, optional
        Workers of joblib, which share a few frames at a time; ``None`` is 1 unless
        inside a joblib context.
    verbose : int, default=0
        A progress bar if positive.

    Returns
    -------
    pandas.DataFrame, shape (number of frames measured, number of metrics)
        Index ``frame``: number of the pair, from 0. NaN where a metric is not defined,
        named in one :class:`~skfusion.metrics.UndefinedMetricWarning`.

    Raises
    ------
    VideoError
        A ValueError, naming the file, if a video is missing, no video or damaged.
    ValueError
        If the sizes of the frames differ.
    ImportError
        If PyAV is not installed.

    Warns
    -----
    UserWarning
        As :func:`iter_video`, for the fused video too.

    Examples
    --------
    >>> from skfusion.video import evaluate_video
    >>> def mean_scores(infrared, visible, fused):
    ...     return evaluate_video(infrared, visible, fused, every=25).mean()
    """
    import pandas as pd
    from joblib import Parallel, delayed, effective_n_jobs

    if not isinstance(every, Integral) or every < 1:
        raise ValueError(f"every={every!r}: expected a whole number, 1 or more.")
    entries = as_entries(metrics)
    workers = effective_n_jobs(n_jobs)
    numbers, rows = [], []
    with (
        _Triples(infrared, visible, fused, match, on_error, offset) as triples,
        Parallel(n_jobs=n_jobs) as parallel,
        Notices() as seen,
    ):
        chosen = itertools.islice(triples.measured(prepare, verbose), 0, None, every)
        while batch := list(itertools.islice(chosen, workers)):
            numbers += [number for number, *_ in batch]
            for row, notices in parallel(
                delayed(measure_pair)(pair, image, entries) for _, pair, image in batch
            ):
                rows.append(row)
                said = {kind for kind, *_ in seen.found}
                seen.extend(notice for notice in notices if notice[0] not in said)
    return score_table(pd.Index(numbers, name="frame"), rows, entries)


class _Triples:
    """Two open sources and their fused video."""

    def __init__(self, infrared, visible, fused, match, on_error, offset):
        self._match = match
        self._pairs = FramePairs(infrared, visible, match, on_error, offset)
        try:
            self._fused = FrameReader(fused, "fused", on_error)
        except BaseException:
            self._pairs.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._pairs.__exit__()
        self._fused.close()

    def measured(self, prepare, verbose):
        """Yield the number of each frame, its pair and its fused image."""
        visible, follower = self._pairs.visible, None
        number = 0
        for now, ir, vis in with_bar(self._pairs, verbose, "measuring"):
            if follower is None:
                follower = Follower(self._fused, visible, self._match, now)
            image = follower.at(now)
            if image is None:
                break
            pair = ImagePairs([ir], [vis], names=[f"frame {number}"])
            yield number, pair if prepare is None else prepare(pair), image
            number += 1
        if follower is None or not number:
            raise VideoError(
                f"{self._pairs.infrared.name}, {visible.name} and {self._fused.name} "
                "have no frame in common to measure."
            )
        if image is None:
            left = 1 + visible.count_left()
            warnings.warn(
                f"{self._fused.name} ends first: {left} frames of {visible.name} are "
                "left over.",
                stacklevel=4,
            )
        follower.report()
