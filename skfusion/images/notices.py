"""What there is to say about an image that was read, said once."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import sys
import warnings
from contextvars import ContextVar

__all__ = [
    "FalseColourWarning",
    "ImageWarning",
    "NarrowRangeWarning",
    "Notices",
    "notify",
]

_LIBRARIES = ("skfusion.", "sklearn.", "joblib.")
_open: ContextVar[Notices | None] = ContextVar("open_notices", default=None)


class ImageWarning(UserWarning):
    """An image was read, but something about it should be known."""


class NarrowRangeWarning(ImageWarning):
    """A 16-bit image fills a sliver of its range: it looks all but flat."""


class FalseColourWarning(ImageWarning):
    """An infrared image is a picture for people: a palette, a scale drawn into it."""


class Notices:
    """Collect what is said about images and say it once for all of them.

    Inside of a ``with`` block nothing is said; at its end comes one warning of each
    kind, that of the first image, with the number of the others. Blocks may be
    nested: an inner one hands what it has to the outer one. The same object may be
    entered again, for each frame of a video, say: a kind that it has said once it
    does not repeat.

    Parameters
    ----------
    quiet : bool, default=False
        Say nothing at the end; :attr:`found` has what was said.

    Attributes
    ----------
    found : list of (type, str, str)
        Kind of warning, name of the image, and the sentence about it.

    Examples
    --------
    >>> from skfusion.images.notices import ImageWarning, Notices, notify
    >>> with Notices(quiet=True) as notices:
    ...     for name in "abc":
    ...         notify(ImageWarning, name, "is upside down")
    >>> [sentence for _, sentence in notices.sentences()]
    ['a is upside down. (2 more like it, such as b.)']
    """

    def __init__(self, *, quiet=False):
        self.quiet = quiet
        self.found = []
        self._said = set()
        self._outer = []

    def __enter__(self):
        self._outer.append(_open.get())
        _open.set(self)
        return self

    def __exit__(self, *_):
        outer = self._outer.pop()
        _open.set(outer)
        if self.quiet or not self.found:
            return
        found, self.found = self.found, []
        if outer is not None:
            outer.extend(found)
            return
        for kind, sentence in _sentences(found):
            if kind not in self._said:
                self._said.add(kind)
                _warn(kind, sentence)

    def extend(self, found):
        """Add what another collection found, each thing about an image once."""
        known = set(self.found)
        for entry in map(tuple, found):
            if entry not in known:
                self.found.append(entry)
                known.add(entry)

    def sentences(self):
        """Return one ``(kind, sentence)`` for each kind of warning."""
        return _sentences(self.found)


def notify(kind, name, what):
    """Say something about an image, or leave it to the :class:`Notices` around.

    Parameters
    ----------
    kind : subclass of ImageWarning
    name : str
        What the image is called.
    what : str
        The rest of the sentence, without its full stop.
    """
    notices = _open.get()
    if notices is None:
        _warn(kind, f"{name} {what}.")
    else:
        notices.extend([(kind, str(name), str(what))])


def _sentences(found):
    first, others = {}, {}
    for kind, name, what in found:
        if kind in first:
            others.setdefault(kind, {})[name] = None
        else:
            first[kind] = (name, what)
    said = []
    for kind, (name, what) in first.items():
        more = [other for other in others.get(kind, ()) if other != name]
        tail = f" ({len(more)} more like it, such as {more[0]}.)" if more else ""
        said.append((kind, f"{name} {what}.{tail}"))
    return said


def _warn(kind, sentence):
    """Warn at the line outside of the libraries that led here."""
    level, frame = 1, sys._getframe(0)
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(_LIBRARIES):
        frame, level = frame.f_back, level + 1
    warnings.warn(sentence, kind, stacklevel=level)
