"""Lists whose members are made when they are asked for."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from collections.abc import Sequence

__all__ = ["MadeList"]


class MadeList(Sequence):
    """What is read as a list, and holds less than its members would.

    A subclass implements ``__len__`` and ``_make(i)`` for ``i`` from 0 to the length.

    Examples
    --------
    >>> from skfusion._lists import MadeList
    >>> class Squares(MadeList):
    ...     def __len__(self):
    ...         return 4
    ...
    ...     def _make(self, i):
    ...         return i * i
    >>> Squares()
    [0, 1, 4, 9]
    >>> Squares()[-1], Squares()[1:3], Squares() == [0, 1, 4, 9]
    (9, [1, 4], True)
    """

    __slots__ = ()
    __hash__ = None

    def _make(self, i):
        raise NotImplementedError

    def __getitem__(self, key):
        """Return a member, or the list of those of a slice."""
        numbers = range(len(self))[key]
        if isinstance(key, slice):
            return [self._make(i) for i in numbers]
        return self._make(numbers)

    def __eq__(self, other):
        if not isinstance(other, (list, MadeList)):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other))

    def __repr__(self):
        return repr(list(self))
