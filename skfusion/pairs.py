"""What X is: one row a scene, two columns, infrared and visible."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ._urls import as_path
from .images import as_float, door, pixels
from .images.cells import LazyImage, Stretched, file_state, shape_of
from .images.objects import as_array

__all__ = ["ImagePairs", "as_pairs", "pair_array", "stretch_infrared"]

_COLUMNS = ("infrared", "visible")


class ImagePairs:
    """Infrared-visible pairs: lazy over paths, sliceable, cheap to send to workers.

    Parameters
    ----------
    infrared, visible : sequence of array-like or path, length n
        The two images of scene i are ``infrared[i]`` and ``visible[i]``. Paths are
        read when a pair is used and forgotten after.
    names : sequence of str, optional
        One name a pair, used for output files and in errors. Defaults to the stem of
        the visible path, or ``pair_0003`` for an array.

    Attributes
    ----------
    shape : tuple
        ``(n, 2)``, so that scikit-learn counts rows.
    names : ndarray of str, shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion import ImagePairs
    >>> dark, bright = np.zeros((4, 6)), np.ones((4, 6))
    >>> X = ImagePairs([dark, bright], [bright, bright], names=["a", "b"])
    >>> X.shape, X[1:].names.tolist()
    ((2, 2), ['b'])
    >>> infrared, visible = X.read(0)
    >>> infrared.dtype, visible.shape
    (dtype('float32'), (4, 6))
    """

    ndim = 2
    dtype = np.dtype(object)

    def __init__(self, infrared, visible, *, names=None):
        self._infrared = _as_column(infrared, "infrared")
        self._visible = _as_column(visible, "visible")
        n = len(self._visible)
        if len(self._infrared) != n:
            raise ValueError(
                f"infrared holds {len(self._infrared)} images and visible {n}: every "
                "pair needs one of each; skfusion.load_pairs pairs folders by name."
            )
        if names is None:
            names = [_default_name(self._visible.peek(i), i) for i in range(n)]
        self.names = np.array([str(name) for name in names], dtype=object)
        if len(self.names) != n:
            raise ValueError(f"names holds {len(self.names)} entries for {n} pairs.")

    @property
    def shape(self):
        """``(number of pairs, 2)``."""
        return (len(self._visible), 2)

    @property
    def infrared(self):
        """The infrared column: an object array of images or paths."""
        return self._infrared.cells()

    @property
    def visible(self):
        """The visible column: an object array of images or paths."""
        return self._visible.cells()

    def __len__(self):
        return len(self._visible)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __repr__(self):
        return f"ImagePairs({len(self)} pairs, {self._infrared.kind})"

    def __getitem__(self, key):
        """Rows by int (a tuple of two cells), slice, mask or index array.

        ``X[:, 0]`` and ``X[:, 1]`` are the columns.
        """
        column = None
        if isinstance(key, tuple):
            key = tuple(part for part in key if part is not Ellipsis)
            if len(key) == 2:
                column = key[1]
            key = key[0] if key else slice(None)
        if isinstance(key, (int, np.integer)):
            row = (self._infrared.peek(key), self._visible.peek(key))
            return row if column is None else row[column]
        if not isinstance(key, slice):
            key = np.asarray(key)
            key = key.astype(np.intp) if key.size == 0 else key
        indices = np.arange(len(self))[key]
        taken = object.__new__(ImagePairs)
        taken._infrared = self._infrared.take(indices)
        taken._visible = self._visible.take(indices)
        taken.names = self.names[indices]
        if column is None:
            return taken
        return (taken.infrared, taken.visible)[column]

    def __array__(self, dtype=None, copy=None):
        """An ``(n, 2)`` object array of the cells."""
        if dtype is not None and np.dtype(dtype) != object:
            raise ValueError(f"ImagePairs only becomes an object array, not {dtype}.")
        return pair_array(self.infrared, self.visible)

    def paths(self, index):
        """Return the two cells of a pair as paths, ``None`` for an in-memory image.

        Those of an address have the methods of a path, too.
        """
        return tuple(
            None if (path := _file_of(cell)) is None else as_path(path)
            for cell in (self._infrared.peek(index), self._visible.peek(index))
        )

    def files(self):
        """Yield the paths of all images that are read from files."""
        for i in range(len(self)):
            yield from (path for path in self.paths(i) if path is not None)

    def read(self, index):
        """Read, convert and check one pair.

        Parameters
        ----------
        index : int

        Returns
        -------
        infrared : ndarray of float32, shape (H, W)
            In [0, 1]; colour is reduced to luma.
        visible : ndarray of float32, shape (H, W) or (H, W, 3)
            In [0, 1].

        Raises
        ------
        ValueError
            If an image is not one, or the two differ in size; the message names the
            pair and the file.

        Warns
        -----
        skfusion.images.NarrowRangeWarning
            If one of them has 16 bits and fills a sliver of them.
        """
        ir, vis = self.read_stored(index)
        return pixels.weighed(pixels.scaled(ir)), pixels.scaled(vis)

    def read_stored(self, index):
        """Read and check one pair as :meth:`read` does, unscaled.

        Parameters
        ----------
        index : int

        Returns
        -------
        infrared, visible : ndarray of uint8, uint16 or float32, shape (H, W) or \
(H, W, 3)
            The numbers that are stored; float ones lie in [0, 1].

        Raises
        ------
        ValueError
            As :meth:`read`.
        """
        infrared, visible = self._infrared.peek(index), self._visible.peek(index)
        name = self.names[index]
        ir = door.stored_infrared(infrared, _call("infrared", infrared, name))
        vis = door.stored_visible(visible, _call("visible", visible, name))
        if ir.shape[:2] != vis.shape[:2]:
            raise ValueError(
                f"pair {name!r}: infrared is {ir.shape[0]}x{ir.shape[1]} and visible "
                f"{vis.shape[0]}x{vis.shape[1]} (rows x columns): bring them to one "
                "size, e.g. with skfusion.transforms.Resize(to='visible') for the same "
                "field of view, or register them first."
            )
        return ir, vis

    def read_visible(self, index, *, stored=False):
        """Read, convert and check the visible image of a pair alone.

        Parameters
        ----------
        index : int
        stored : bool, default=False
            Return the numbers that are stored, as :meth:`read_stored` does.

        Returns
        -------
        ndarray of float32, shape (H, W) or (H, W, 3)
            In [0, 1]; `stored` ones may also be uint8 or uint16.

        Raises
        ------
        ValueError
            If it is no image; the message names the pair or the file.
        """
        cell = self._visible.peek(index)
        read = door.stored_visible if stored else door.visible
        return read(cell, _call("visible", cell, self.names[index]))

    def visible_shape(self, index):
        """Return the size of the visible image of a pair; no pixel of a file is read.

        Parameters
        ----------
        index : int

        Returns
        -------
        height, width : int

        Raises
        ------
        ValueError
            If a file is no image; the message names it.

        Examples
        --------
        >>> import numpy as np
        >>> from skfusion import ImagePairs
        >>> ImagePairs([np.zeros((2, 3))], [np.zeros((2, 3, 3))]).visible_shape(0)
        (2, 3)
        """
        return shape_of(self._visible.peek(index))

    def pack(self):
        """Return the same pairs with all pixels in one flat buffer.

        A parallel search then maps the buffer into its workers once in place of
        pickling every image for every task. Paths are read; 8- and 16-bit images
        stay 8- and 16-bit.

        Returns
        -------
        ImagePairs
        """
        packed = object.__new__(ImagePairs)
        images = [self._infrared.peek(i) for i in range(len(self))]
        images += [self._visible.peek(i) for i in range(len(self))]
        both = _PackedColumn.from_images(images)
        packed._infrared = both.take(np.arange(len(self)))
        packed._visible = both.take(np.arange(len(self), 2 * len(self)))
        packed.names = self.names.copy()
        return packed


def pair_array(infrared, visible) -> np.ndarray:
    """Build the ``(n, 2)`` object array of pairs.

    ``numpy.array(pairs, dtype=object)`` makes a 4-D array of numbers where all sizes
    agree; this never does.

    Parameters
    ----------
    infrared, visible : sequence of array-like or path, length n

    Returns
    -------
    ndarray of object, shape (n, 2)

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion import pair_array
    >>> pair_array([np.zeros((2, 3))] * 5, [np.ones((2, 3))] * 5).shape
    (5, 2)
    """
    infrared, visible = list(infrared), list(visible)
    if len(infrared) != len(visible):
        raise ValueError(
            f"infrared holds {len(infrared)} images and visible {len(visible)}: every "
            "pair needs one of each."
        )
    X = np.empty((len(infrared), 2), dtype=object)
    for i, row in enumerate(zip(infrared, visible)):
        X[i, 0], X[i, 1] = row
    return X


def stretch_infrared(pairs, low=1.0, high=99.0) -> ImagePairs:
    """Return the same pairs with each infrared image stretched when it is read.

    For the counts of a thermal camera, which fill a sliver of 16 bits: what
    :class:`skfusion.transforms.LinearStretch` does, but nothing is read here, and the
    stretched images are also those that a metric sees.

    Parameters
    ----------
    pairs : pairs
        Any form that :func:`as_pairs` takes.
    low, high : float, default=1.0 and 99.0
        Percentiles of each image that become 0 and 1.

    Returns
    -------
    ImagePairs

    Raises
    ------
    ValueError
        If the percentiles are not in order, between 0 and 100.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion import ImagePairs
    >>> from skfusion.pairs import stretch_infrared
    >>> counts = np.array([[7200, 7700, 8200]], dtype=np.uint16)
    >>> X = stretch_infrared(ImagePairs([counts], [np.zeros((1, 3))]), 0, 100)
    >>> X.read(0)[0].round(3)
    array([[0. , 0.5, 1. ]], dtype=float32)
    """
    if not 0 <= low < high <= 100:
        raise ValueError(
            f"low={low!r} and high={high!r}: expected percentiles, 0 <= low < high "
            "<= 100."
        )
    pairs = as_pairs(pairs)
    infrared = [Stretched(cell, float(low), float(high)) for cell in pairs.infrared]
    return ImagePairs(infrared, pairs.visible, names=pairs.names)


def as_pairs(X) -> ImagePairs:
    """Return any accepted form of X as :class:`ImagePairs`.

    Parameters
    ----------
    X : ImagePairs, object array (n, 2), list of (infrared, visible), data frame, \
or dense array (n, 2, H, W) or (n, 2, H, W, 3)
        A pandas or polars frame is read by its columns ``infrared`` and ``visible``
        (and ``name``, if there is one); further columns are ignored.

    Returns
    -------
    ImagePairs

    Raises
    ------
    ValueError
        If X is none of these.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.pairs import as_pairs
    >>> as_pairs([(np.zeros((2, 3)), np.ones((2, 3)))])
    ImagePairs(1 pairs, in memory)
    """
    if isinstance(X, ImagePairs):
        return X
    if hasattr(X, "columns") and not isinstance(X, np.ndarray):
        missing = [name for name in _COLUMNS if name not in list(X.columns)]
        if missing:
            raise ValueError(
                f"X is a frame without the column {missing[0]!r}: it has "
                f"{list(map(str, X.columns))}; name the two columns 'infrared' and "
                "'visible'."
            )
        names = list(X["name"]) if "name" in list(X.columns) else None
        return ImagePairs(list(X["infrared"]), list(X["visible"]), names=names)
    if isinstance(X, np.ndarray):
        if X.ndim >= 2 and X.shape[1] == 2 and (X.dtype == object or X.ndim in (4, 5)):
            return ImagePairs(list(X[:, 0]), list(X[:, 1]))
        raise ValueError(
            f"X is an array of shape {X.shape} and dtype {X.dtype}: expected (n, 2) "
            "of objects, (n, 2, H, W) or (n, 2, H, W, 3); "
            "skfusion.pair_array(infrared, visible) builds one."
        )
    if isinstance(X, (str, os.PathLike)):
        raise ValueError(
            f"X={str(X)!r} is a path: skfusion.load_pairs(X) makes pairs of a folder."
        )
    if isinstance(X, Iterable):
        rows = list(X)
        for i, row in enumerate(rows):
            if not (isinstance(row, Sequence | np.ndarray) and len(row) == 2) or (
                isinstance(row, str)
            ):
                raise ValueError(
                    f"X[{i}] is {_describe(row)}: expected a pair (infrared, visible); "
                    "a single pair is X=[(infrared, visible)]."
                )
        return ImagePairs([row[0] for row in rows], [row[1] for row in rows])
    raise ValueError(
        f"X is {_describe(X)}: expected ImagePairs, a list of (infrared, visible), a "
        "frame with these columns, or an array (n, 2, H, W)."
    )


class _Cells(np.ndarray):
    """An object array of images and paths, pickled with the state of their files.

    Whatever hashes it by its pickle (``Pipeline(memory=)``, joblib, dask) sees that a
    file has changed; who unpickles it gets the cells alone.
    """

    def __reduce__(self):
        states = [_state(cell) for cell in self.ravel()]
        return _unpickled_cells, (self.shape, list(self.ravel()), states)


def _unpickled_cells(shape, cells, _states):
    column = np.empty(len(cells), dtype=object)
    for i, cell in enumerate(cells):
        column[i] = cell
    return column.reshape(shape).view(_Cells)


def _state(cell):
    path = _file_of(cell)
    try:
        return None if path is None else file_state(path)
    except OSError:
        return None


class _ListColumn:
    """Images or paths, one object each."""

    def __init__(self, cells):
        self._cells = cells

    @property
    def kind(self):
        paths = sum(_file_of(cell) is not None for cell in self._cells)
        if paths == len(self._cells):
            return "on disk"
        return "in memory" if paths == 0 else "mixed"

    def __len__(self):
        return len(self._cells)

    def peek(self, index):
        return self._cells[index]

    def take(self, indices):
        return _ListColumn(self._cells[indices])

    def cells(self):
        return self._cells.copy()


class _PackedColumn:
    """Images in one flat buffer, found through a table."""

    kind = "packed"
    _DTYPES = (np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.float32))
    _ALIGN = 64

    def __init__(self, buffer, table):
        self._buffer = buffer
        self._table = table  # rows of (offset, dtype code, H, W, channels or 0)

    @classmethod
    def from_images(cls, images):
        arrays = [cls._stored(image) for image in images]
        sizes = [-(-array.nbytes // cls._ALIGN) * cls._ALIGN for array in arrays]
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        buffer = np.zeros(int(offsets[-1]), dtype=np.uint8)
        table = np.zeros((len(arrays), 5), dtype=np.int64)
        for i, array in enumerate(arrays):
            start = int(offsets[i])
            buffer[start : start + array.nbytes] = array.reshape(-1).view(np.uint8)
            channels = array.shape[2] if array.ndim == 3 else 0
            code = cls._DTYPES.index(array.dtype)
            table[i] = (start, code, array.shape[0], array.shape[1], channels)
        return cls(buffer, table)

    @classmethod
    def _stored(cls, image):
        array = as_array(door.load(image))
        if array.dtype not in cls._DTYPES[:2] or array.ndim not in (2, 3):
            array = as_float(array)
        return np.ascontiguousarray(array)

    def __len__(self):
        return len(self._table)

    def peek(self, index):
        start, code, height, width, channels = (int(v) for v in self._table[index])
        shape = (height, width, channels) if channels else (height, width)
        dtype = self._DTYPES[code]
        stop = start + int(np.prod(shape)) * dtype.itemsize
        image = self._buffer[start:stop].view(dtype).reshape(shape)
        image.flags.writeable = False
        return image

    def take(self, indices):
        return _PackedColumn(self._buffer, self._table[indices])

    def cells(self):
        column = np.empty(len(self), dtype=object)
        for i in range(len(self)):
            column[i] = self.peek(i)
        return column


def _as_column(cells, name):
    if isinstance(cells, (_ListColumn, _PackedColumn)):
        return cells
    if isinstance(cells, (str, os.PathLike)):
        raise ValueError(
            f"{name}={str(cells)!r} is one path: pass a list of them, or use "
            "skfusion.load_pairs for a folder."
        )
    cells = list(cells)
    return _ListColumn(_unpickled_cells((len(cells),), cells, None))


def _file_of(cell):
    """Return the path of the file that a cell is read from, or None."""
    while isinstance(cell, LazyImage) and hasattr(cell, "image"):
        cell = cell.image
    return cell if isinstance(cell, (str, os.PathLike)) else None


def _default_name(visible, index):
    path = _file_of(visible)
    return f"pair_{index:04d}" if path is None else Path(path).stem


def _call(role, cell, name):
    path = _file_of(cell)
    return f"{role} of pair {name!r}" if path is None else f"{role} {str(path)!r}"


def _describe(value):
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, (str, os.PathLike)):
        return f"the path {str(value)!r}"
    return f"a {type(value).__name__}"
