"""The contracts: image transformers, fusers, fusers with a weight map."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import contextlib
import os
import warnings

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import StrOptions

from ._limits import check_limits
from .images import as_float, luma
from .images.notices import Notices
from .images.pixels import grey_levels
from .pairs import ImagePairs, as_pairs

__all__ = [
    "COLORS",
    "BaseFuser",
    "ImageOrPairTransformer",
    "ImageTransformer",
    "PairTransformer",
    "WeightMapFuser",
    "as_result",
    "current_names",
]


def as_result(image, estimator, what) -> np.ndarray:
    """Return what an estimator made as float32, or say that it is not finite.

    Parameters
    ----------
    image : array-like of float
    estimator : estimator
        Which made it.
    what : str
        Of what, e.g. ``"pair 3, 'street'"``.

    Returns
    -------
    ndarray of float32
        The image itself where it is that already.

    Raises
    ------
    ValueError
        For NaN and infinity, also of values that float32 does not hold.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.base import as_result
    >>> from skfusion.fusers import TIF
    >>> as_result(np.array([[np.nan]]), TIF(), "pair 0, 'street'")
    Traceback (most recent call last):
    ValueError: TIF() made 1 NaN or infinite values of pair 0, 'street': ...
    """
    with np.errstate(over="ignore"):
        image = np.asarray(image, dtype=np.float32)
    if not _all_finite(image):
        bad = np.count_nonzero(~np.isfinite(image))
        raise _out_of_reason(estimator, f"made {bad} NaN or infinite values of {what}")
    return image


def _all_finite(image):
    """Tell whether a float32 image holds no NaN and no infinity."""
    # Both stay in a sum, which needs no memory; a sum too large says nothing.
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.einsum("i->", image.reshape(-1))
    return bool(np.isfinite(total) or np.isfinite(image).all())


def _is_pair(item):
    """Tell a pair of arrays or paths from an image that is a tuple of its rows."""
    return (
        isinstance(item, tuple)
        and len(item) == 2
        and all(np.ndim(x) >= 2 or isinstance(x, (str, os.PathLike)) for x in item)
    )


_FOR_PAIRS = "pairs go through skfusion.compose.EnhanceByModality."


@contextlib.contextmanager
def _arithmetic(estimator, what):
    """Say of numbers that overflow on the way whose they are, and of what."""
    try:
        yield
    except ArithmeticError as error:
        reason = f"cannot be computed for {what} ({error})"
        raise _out_of_reason(estimator, reason) from error


def _out_of_reason(estimator, what):
    return ValueError(
        f"{' '.join(repr(estimator).split())} {what}: bring its parameters nearer to "
        "their defaults, or use other weights if it has any."
    )


def current_names(cls, params):
    """Return parameters of a class under the names they have now.

    Parameters
    ----------
    cls : type
        Its attribute ``_renamed_parameters`` says what each old name has become.
    params : dict

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If a parameter is given under both of its names.

    Warns
    -----
    FutureWarning
        For each old name; it names the new one.

    Examples
    --------
    >>> from skfusion.base import current_names
    >>> from skfusion.fusers import GTF
    >>> current_names(GTF, {"n_iter": 3})
    {'n_iter': 3}
    """
    renamed = getattr(cls, "_renamed_parameters", {})
    for old in [name for name in params if name in renamed]:
        new = renamed[old]
        if new in params:
            raise ValueError(f"{cls.__name__}: {old} is now {new}: give {new} only.")
        warnings.warn(
            f"{cls.__name__}: the parameter {old} is now called {new}: use {new}.",
            FutureWarning,
            stacklevel=3,
        )
        params = {new if name == old else name: v for name, v in params.items()}
    return params


def _called(pairs, i):
    return f"pair {i}, {pairs.names[i]!r}"


class _Stateless:
    """Parameters are checked at use; nothing is learned, so ``fit`` is optional."""

    _renamed_parameters: dict = {}  # old name -> the name it has now

    def set_params(self, **params):
        """Set parameters, also by names they once had.

        Parameters
        ----------
        **params
            Parameters of the estimator, or ``step__parameter`` of a nested one.

        Returns
        -------
        self
        """
        return super().set_params(**current_names(type(self), params))

    def _validate_params(self):
        super()._validate_params()
        check_limits(self)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.no_validation = True
        return tags

    def __sklearn_is_fitted__(self):
        return True


class ImageTransformer(_Stateless, TransformerMixin, BaseEstimator):
    """Base class of the enhancement steps: images in, images out.

    A subclass declares ``_parameter_constraints`` and implements
    ``_transform_image(image)``: float32 ``(H, W)`` or ``(H, W, 3)`` in [0, 1] in, the
    same out. ``_changes_size`` says whether the new image may have another size.
    """

    _parameter_constraints: dict = {}
    _changes_size = False

    def fit(self, X=None, y=None):
        """Check the parameters; there is nothing to learn.

        Parameters
        ----------
        X : sequence of images, optional
        y : None
            Ignored.

        Returns
        -------
        self
        """
        self._validate_params()
        if X is not None:
            self._images(X)
        return self

    def transform(self, X):
        """Transform each image.

        Parameters
        ----------
        X : sequence of array-like or path, or dense array (n, H, W) or (n, H, W, 3)
            Images: uint8, uint16 or float in [0, 1].

        Returns
        -------
        ndarray
            float32 in [0, 1]; dense for a dense X, else an object array ``(n,)``.

        Raises
        ------
        ValueError
            If X is not a sequence of images or a parameter is out of its range.
        """
        self._validate_params()
        images, dense = self._images(X)
        out = np.empty(len(images), dtype=object)
        for i, image in enumerate(images):
            image = as_float(image, f"X[{i}]")
            with _arithmetic(self, f"X[{i}]"):
                found = self._transform_image(image)
            out[i] = as_result(found, self, f"X[{i}]")
        if dense and len(out):
            return np.stack(list(out))
        return out

    def _transform_image(self, image):
        raise NotImplementedError

    def _sized(self, pairs):
        """Behind a fuser: what becomes of the size of pairs."""
        if not self._changes_size:
            return pairs
        columns = (list(self.transform(c)) for c in (pairs.infrared, pairs.visible))
        return ImagePairs(*columns, names=pairs.names)

    @staticmethod
    def _images(X):
        if isinstance(X, np.ndarray) and X.dtype != object:
            if X.ndim in (3, 4):
                return list(X), True
            raise ValueError(
                f"X has shape {X.shape}: expected images (n, H, W) or (n, H, W, 3); a "
                "single image is X=[image]."
            )
        if isinstance(X, (str, os.PathLike)):
            raise ValueError(f"X={str(X)!r} is one path: a single image is X=[path].")
        if isinstance(X, np.ndarray) and X.ndim != 1:
            raise ValueError(
                f"X is an object array of shape {X.shape}: expected (n,) images; "
                f"{_FOR_PAIRS}"
            )
        if isinstance(X, ImagePairs):
            raise ValueError(f"X is an ImagePairs: expected images; {_FOR_PAIRS}")
        try:
            images = list(X)
        except TypeError:
            raise ValueError(
                f"X is a {type(X).__name__}: expected a sequence of images."
            ) from None
        if images and _is_pair(images[0]):
            raise ValueError(f"X[0] is a pair: expected images; {_FOR_PAIRS}")
        return images, False


class PairTransformer(_Stateless, TransformerMixin, BaseEstimator):
    """Base class of the steps that change pairs before they are fused.

    A subclass declares ``_parameter_constraints`` and implements
    ``_transform_pair(ir, vis)``: a gray and a gray or colour float32 image in [0, 1]
    in, two such images out. ``_sizes_may_differ`` says whether it takes pairs of two
    sizes.
    """

    _parameter_constraints: dict = {}
    _sizes_may_differ = False

    def fit(self, X=None, y=None):
        """Check the parameters and the form of X; there is nothing to learn.

        Parameters
        ----------
        X : pairs, optional
            Any form that :func:`skfusion.pairs.as_pairs` takes.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        self._validate_params()
        if X is not None:
            as_pairs(X)
        return self

    def transform(self, X):
        """Transform each pair.

        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes.

        Returns
        -------
        ImagePairs
            float32 images in [0, 1], under the names of X.

        Raises
        ------
        ValueError
            If a pair cannot be read or a parameter is out of its range.
        """
        self._validate_params()
        pairs = as_pairs(X)
        columns = [], []
        for i in range(len(pairs)):
            pair, what = self._read(pairs, i), _called(pairs, i)
            with _arithmetic(self, what):
                images = self._transform_pair(*pair)
            for column, image in zip(columns, images):
                column.append(as_result(image, self, what))
        return ImagePairs(*columns, names=pairs.names)

    def _read(self, pairs, i):
        if not self._sizes_may_differ:
            return pairs.read(i)
        ir, vis = pairs[i]
        name = pairs.names[i]
        return (
            luma(ir, f"infrared of pair {name!r}"),
            as_float(vis, f"visible of pair {name!r}"),
        )

    def _sized(self, pairs):
        return self.transform(pairs) if self._sizes_may_differ else pairs

    def _transform_pair(self, ir, vis):
        raise NotImplementedError


class ImageOrPairTransformer(PairTransformer, ImageTransformer):
    """Base class of the steps that take images, or pairs where a parameter says so.

    A subclass implements ``_takes_pairs()`` beside ``_transform_image(image)`` and
    ``_transform_pair(ir, vis)``.
    """

    def fit(self, X=None, y=None):
        """Check the parameters and the form of X; there is nothing to learn.

        Parameters
        ----------
        X : images or pairs, optional
            Which of them, a parameter of the step says.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        self._validate_params()
        return self._kind().fit(self, X, y)

    def transform(self, X):
        """Transform each image, or each pair.

        Parameters
        ----------
        X : images or pairs
            Which of them, a parameter of the step says. Images as every transformer
            takes them; pairs in any form of :func:`skfusion.pairs.as_pairs`.

        Returns
        -------
        ndarray or ImagePairs
            float32 images in [0, 1], or pairs of such.

        Raises
        ------
        ValueError
            If X is not of that form, or a parameter is out of its range.
        """
        self._validate_params()
        return self._kind().transform(self, X)

    def _sized(self, pairs):
        return self._kind()._sized(self, pairs)

    def _kind(self):
        return PairTransformer if self._takes_pairs() else ImageTransformer

    def _takes_pairs(self):
        raise NotImplementedError


# What every fuser can do with a colour visible image; "luma" is an older word for
# "gray".
COLORS = ("gray", "luma", "per_channel")


class BaseFuser(_Stateless, TransformerMixin, BaseEstimator):
    """Base class of the fusion methods: pairs in, fused images out.

    A subclass declares ``_parameter_constraints`` and implements ``_fuse(ir, vis)``
    on two float32 ``(H, W)`` images in [0, 1]; it may return values outside [0, 1],
    which ``transform`` clips.

    Parameters
    ----------
    color : {"gray", "per_channel"}, default="gray"
        What to do with a colour visible image: fuse its luma to a gray image, or fuse
        each channel with the infrared image (some methods decide once, on luma, for
        all channels). ``"luma"`` is another word for ``"gray"``. To fuse luma and
        keep the visible image's chroma, or to choose for a whole pipeline, wrap it:
        :class:`skfusion.compose.PreserveChroma`, :func:`skfusion.compose.with_color`.

    Notes
    -----
    There is deliberately no ``score``: at the end of a pipeline it would compare with
    the *enhanced* images. Use :class:`skfusion.metrics.FusionScorer`.
    """

    # White in the arithmetic of the authors' program, 255 or 1, for the classes whose
    # ``parity=True`` repeats it: ``_original`` then gets float64 images of whole grey
    # levels (where the source has 8 bits) on this scale.
    original_white: int | None = None
    _parameter_constraints: dict = {"color": [StrOptions(set(COLORS))]}

    color = "gray"  # of a subclass whose own __init__ does not take it

    def __init__(self, *, color="gray"):
        self.color = color

    def fit(self, X=None, y=None):
        """Check the parameters and the form of X.

        Parameters
        ----------
        X : pairs, optional
            Any form that :func:`skfusion.pairs.as_pairs` takes.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        self._validate_params()
        if X is not None:
            as_pairs(X)
        return self

    def transform(self, X):
        """Fuse each pair.

        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes; images of one pair
            agree in size, pairs may differ.

        Returns
        -------
        ndarray of object, shape (n,)
            Fused images, float32 in [0, 1]: ``(H, W)``, or ``(H, W, 3)`` for a colour
            visible image under ``color="per_channel"``.

        Raises
        ------
        ValueError
            If a pair cannot be read or its sizes differ, a parameter is out of its
            range, or the result is not finite.
        """
        self._validate_params()
        pairs = as_pairs(X)
        out = np.empty(len(pairs), dtype=object)
        with Notices():
            for i, fused in self._fuse_pairs(pairs):
                out[i] = fused
        return out

    def _fuse_pairs(self, pairs):
        """Yield the number and the fused image of each pair, in any order."""
        for i in range(len(pairs)):
            pair = pairs.read(i)
            with _arithmetic(self, _called(pairs, i)):
                fused = self._fuse_any(*pair)
            fused = self._result(fused, pairs, i)
            yield i, np.ascontiguousarray(np.clip(fused, 0, 1))

    def _result(self, image, pairs, i):
        """Return what was made of a pair as float32; refuse what is not finite."""
        return as_result(image, self, _called(pairs, i))

    def _fuse_any(self, ir, vis):
        if vis.ndim == 2:
            return self._fuse_plane(ir, vis)
        if self.color == "per_channel":
            return self._fuse_channels(ir, vis)
        return self._fuse_plane(ir, luma(vis))

    def _fuse_plane(self, ir, vis):
        """Fuse, in the arithmetic of the authors' program where parity asks for it."""
        if not self._as_published():
            return self._fuse(ir, vis)
        fused = self._original(*self._levels(ir, vis))
        return fused / 255 if self.original_white == 255 else fused

    def _as_published(self):
        return self.original_white is not None and self.parity

    def _levels(self, *images):
        """Return float64 images whose white is that of the authors' program."""
        if not self._as_published():
            return images
        levels = [grey_levels(image) for image in images]
        return levels if self.original_white == 255 else [x / 255 for x in levels]

    def _fuse(self, ir, vis):
        raise NotImplementedError

    def _original(self, ir, vis):
        """Fuse as the authors' program does; by default by the same steps."""
        return self._fuse(ir, vis)

    def _fuse_channels(self, ir, vis):
        """Fuse a colour visible image channel by channel."""
        planes = (np.ascontiguousarray(vis[..., c]) for c in range(3))
        channels = [self._fuse_plane(ir, plane) for plane in planes]
        return np.stack(channels, axis=-1)


class WeightMapFuser(BaseFuser):
    """Base class of the fusers that are a weighted mean of the two images.

    A subclass implements ``_weight(ir, vis)``: the weight of the visible image, float
    ``(H, W)`` in [0, 1].
    """

    def weight_map(self, X):
        """Return the weight of the visible image for each pair.

        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes.

        Returns
        -------
        ndarray of object, shape (n,)
            float32 ``(H, W)`` maps in [0, 1]; the infrared weight is one minus them.
        """
        self._validate_params()
        pairs = as_pairs(X)
        out = np.empty(len(pairs), dtype=object)
        with Notices():
            for i in range(len(pairs)):
                ir, vis = pairs.read(i)
                weight = self._weight(ir, luma(vis))
                out[i] = self._result(weight, pairs, i)
        return out

    def _weight(self, ir, vis):
        raise NotImplementedError

    def _fuse(self, ir, vis):
        w = self._weight(ir, vis)
        return w * vis + (1 - w) * ir

    def _fuse_channels(self, ir, vis):
        """One weight map, from luma, for all channels."""
        w = self._weight(ir, luma(vis))[..., None]
        return w * vis + (1 - w) * ir[..., None]
