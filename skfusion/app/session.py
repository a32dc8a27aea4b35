"""What one visitor has: a folder for uploads, and results that are not made twice."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import shutil
import tempfile
import weakref
from collections import OrderedDict
from dataclasses import fields, is_dataclass
from pathlib import Path

from ..fingerprints import digest
from . import sources
from .choices import build
from .downloads import model_bytes, video_bytes
from .results import fuse_pair, gallery, maps, metric_table

__all__ = ["Session"]

_KEPT = 2**29  # bytes of results; the least recently used go first


class Session:
    """A folder that goes with the session, and the work that is done already.

    Attributes
    ----------
    folder : Path
        Of uploads and of the drawn scenes; removed with the session.
    """

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="skfusion-app-"))
        # Also where nobody closes it, and at the end of the process.
        self._remove = weakref.finalize(self, shutil.rmtree, self.folder, True)
        self._done = OrderedDict()
        self._drawn = None
        self._uploaded = None, None

    def close(self) -> None:
        """Remove the folder and forget all results."""
        self._done.clear()
        self._remove()

    def drawn(self) -> sources.Source:
        """Return the drawn scenes."""
        if self._drawn is None:
            self._drawn = sources.drawn_source(self.folder)
        return self._drawn

    def uploaded(self, infrared, visible, *, by_position=False) -> sources.Source:
        """Return the pairs of uploaded files; see :func:`sources.uploaded_source`.

        Files that were uploaded before are removed.
        """
        key = [[f.file_id for f in files] for files in (infrared, visible)]
        key.append(by_position)
        if self._uploaded[0] != key:
            place = self.folder / "uploads"
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            source = sources.uploaded_source(
                infrared, visible, place, by_position=by_position
            )
            self._uploaded = key, source
        return self._uploaded[1]

    def frame(self, videos, number):
        """Return one pair of frames of two videos, as :class:`ImagePairs`."""
        return self._once(
            ["frame", *map(str, videos), number],
            lambda: sources.frame_pair(videos, number),
        )

    def fused(self, choices, pairs):
        """Return the :class:`~skfusion.app.results.Result` of one pair."""
        return self._of_pair("fused", choices, pairs, fuse_pair)

    def maps(self, choices, pairs):
        """Return what the method decides about one pair."""
        return self._of_pair("maps", choices, pairs, maps)

    def metrics(self, choices, pairs, metrics):
        """Return the table of one set of metrics for one pair."""
        return self._of_pair(
            f"metrics {metrics}",
            choices,
            pairs,
            lambda *_: metric_table(self.fused(choices, pairs), metrics),
        )

    def gallery(self, choices, pairs, tell=lambda done, name: None):
        """Return ``(name, Result or sentence)`` of every fast method.

        Parameters
        ----------
        choices : Choices
        pairs : ImagePairs
            One pair.
        tell : callable
            Hears how many are done, and the name of the last one.
        """

        def run():
            found = []
            for each in gallery(choices, pairs):
                found.append(each)
                tell(len(found), each[0])
            return found

        return self._once(self._gallery_key(choices, pairs), run)

    def has_gallery(self, choices, pairs) -> bool:
        """Return whether the gallery of a pair is made already."""
        return digest(self._gallery_key(choices, pairs)) in self._done

    def video(self, choices, videos) -> bytes:
        """Return two videos fused, as an MP4 file."""
        estimator = build(choices)
        return self._once(
            self._video_key(choices, videos), lambda: video_bytes(estimator, videos)
        )

    def has_video(self, choices, videos) -> bool:
        """Return whether the videos are fused already."""
        return digest(self._video_key(choices, videos)) in self._done

    def _video_key(self, choices, videos):
        return ["video", model_bytes(build(choices)).decode(), *map(str, videos)]

    def _gallery_key(self, choices, pairs):
        around = [choices.infrared, choices.visible, choices.retinex, choices.align]
        plain = [choices.color, *map(repr, around)]
        return ["gallery", plain, sources.state(pairs)]

    def _of_pair(self, what, choices, pairs, work):
        estimator = build(choices)
        key = [what, model_bytes(estimator).decode(), sources.state(pairs)]
        return self._once(key, lambda: work(estimator, pairs))

    def _once(self, key, work):
        key = digest(key)
        if key not in self._done:
            self._done[key] = work()
        self._done.move_to_end(key)
        while len(self._done) > 1 and _size(list(self._done.values())) > _KEPT:
            self._done.popitem(last=False)
        return self._done[key]


def _size(value):
    """Return the bytes of the arrays in a result."""
    if isinstance(value, dict):
        return _size(list(value.values()))
    if isinstance(value, (list, tuple)):
        return sum(map(_size, value))
    if is_dataclass(value):
        return _size([getattr(value, field.name) for field in fields(value)])
    if isinstance(value, bytes):
        return len(value)
    return getattr(value, "nbytes", 0) if hasattr(value, "dtype") else 0
