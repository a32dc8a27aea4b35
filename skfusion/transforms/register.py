"""Registration: bring the two images of a pair onto one grid."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ..base import PairTransformer
from ..images import luma
from ..images.notices import Notices, notify
from ..pairs import ImagePairs, as_pairs
from ..registration.applied import given, measured, ordered, registered, unmoved
from ..registration.calibration import Calibration, read_calibration
from ..registration.estimate import Alignment
from ..registration.failures import RegistrationError, RegistrationWarning
from ..registration.files import read_transforms
from ..registration.memory import remembered
from ..registration.methods import METHODS
from ..registration.models import MODELS, fit_points
from ..registration.rig import align_rig, common_sizes
from ..registration.warping import FILLS

__all__ = ["Register", "RegistrationError", "RegistrationWarning"]


class Register(PairTransformer):
    """Warp one image of each pair onto the grid of the other.

    Takes pairs of any two sizes and fields of view. What maps one image to the other
    is found from the edges that both show, is given (``matrix``), or comes from a
    calibration of the cameras (:meth:`from_calibration`) or points that were picked
    by hand (:meth:`from_points`).

    Parameters
    ----------
    model : {"translation", "similarity", "affine", "homography"}, default="affine"
        Family of the transforms that are tried.
    scope : {"pair", "rig"}, default="pair"
        Estimate a transform for each pair, or, in ``fit``, one for all pairs of two
        cameras that do not move against each other. A rig is more exact, and has no
        pair that fails.
    moving : {"infrared", "visible"}, default="infrared"
        The image that is warped. The other one is left as it is.
    methods : sequence of {"ecc", "ngf", "mi"}, default=("ecc", "ngf", "mi")
        What gives candidates: enhanced correlation, normalised gradient fields,
        mutual information, all on edges.
    on_failure : {"raise", "warn", "identity", "rig"}, default="raise"
        What becomes of a pair whose quality is below `quality_threshold`: an error,
        or the pair is left as it was (resized where the sizes differ), with a warning
        or without one, or the transform that ``fit`` found for all pairs is taken.
    quality_threshold : float, default=0.27
        Least correlation of the edge maps of a registered pair, -1 to 1.
    matrix : array-like of shape (3, 3), dict of name to such, or None, default=None
        Known transforms, from pixels (x, y, 1) of the fixed image to pixels of the
        moving one; by the names of the pairs, or one for all. Nothing is estimated.
    calibration : Calibration, dict of its fields, or None, default=None
        Known cameras and lenses; see :class:`skfusion.registration.Calibration`.
    crop : {"valid"} or None, default=None
        Cut both images to the largest rectangle that the moving image covers.
    fill : {"edge", "zero", "fixed"}, default="edge"
        What stands in the moving image where it has nothing: its nearest border
        pixel, zero, or the (gray) fixed image.

    Attributes
    ----------
    matrices_ : ndarray of float64, shape (n, 3, 3)
        Of the pairs of the last ``fit`` or ``transform``: from pixels (x, y, 1) of
        the fixed image to pixels of the moving one.
    quality_ : ndarray of float64, shape (n,)
        Correlation of their edge maps once registered.
    failed_ : ndarray of bool, shape (n,)
        Where the quality is below `quality_threshold`.
    masks_ : ndarray of object, shape (n,)
        Bool ``(H, W)`` images: what the moving image covers of the fixed one, before
        a crop. After ``transform``.
    matrix_ : ndarray of float64, shape (3, 3)
        The one transform of a rig. After ``fit``.

    See Also
    --------
    Resize : For two sizes of one field of view.
    skfusion.inspection.inspect_alignment : Tells whether pairs need it.

    Notes
    -----
    No method is safe alone. Each gives candidates; that with the highest normalised
    mutual information of the *edge maps*, ``(H(a) + H(b)) / H(a, b)``, is taken, and
    the correlation of the edges tells success from failure [1]_. The moving image is
    sampled once, cubic. A scorer compares the fused image with the registered pair, as
    it does behind :class:`Resize`.

    One transform holds for one distance: what is much nearer or farther keeps a
    parallax, which no single matrix removes.

    References
    ----------
    .. [1] E. Haber and J. Modersitzki, "Intensity gradient based registration and
       fusion of multi-modal images", MICCAI 2006; G. D. Evangelidis and E. Z.
       Psarakis, "Parametric image alignment using enhanced correlation coefficient
       maximization", IEEE TPAMI 30 (2008) 1858-1865; C. Studholme, D. L. G. Hill and
       D. J. Hawkes, "An overlap invariant entropy measure of 3D medical image
       alignment", Pattern Recognition 32 (1999) 71-86.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.datasets import make_scene_pairs
    >>> from skfusion.transforms import Register
    >>> infrared, visible = make_scene_pairs(1, size=(240, 320), random_state=1)[0]
    >>> moved = np.roll(infrared, (2, 5), axis=(0, 1))
    >>> register = Register("translation")
    >>> pairs = register.fit_transform([(moved, visible)])
    >>> register.matrices_[0].round()
    array([[1., 0., 5.],
           [0., 1., 2.],
           [0., 0., 1.]])
    """

    _sizes_may_differ = True
    _parameter_constraints: dict = {
        "model": [StrOptions(set(MODELS))],
        "scope": [StrOptions({"pair", "rig"})],
        "moving": [StrOptions({"infrared", "visible"})],
        "methods": [tuple, list],
        "on_failure": [StrOptions({"raise", "warn", "identity", "rig"})],
        "quality_threshold": [Interval(Real, -1, 1, closed="both")],
        "matrix": ["array-like", dict, None],
        "calibration": [Calibration, dict, None],
        "crop": [StrOptions({"valid"}), None],
        "fill": [StrOptions(set(FILLS))],
    }

    def __init__(
        self,
        model="affine",
        scope="pair",
        moving="infrared",
        methods=METHODS,
        on_failure="raise",
        quality_threshold=0.27,
        matrix=None,
        calibration=None,
        crop=None,
        fill="edge",
    ):
        self.model = model
        self.scope = scope
        self.moving = moving
        self.methods = methods
        self.on_failure = on_failure
        self.quality_threshold = quality_threshold
        self.matrix = matrix
        self.calibration = calibration
        self.crop = crop
        self.fill = fill

    @classmethod
    def from_points(cls, src, dst, model="homography", **params):
        """Return a transformer for points that were picked in both images.

        Parameters
        ----------
        src, dst : array-like, shape (n, 2)
            Points (x, y) of the fixed image, and the same points of the scene in the
            moving one, in pixels.
        model : {"translation", "similarity", "affine", "homography"}, \
default="homography"
            Needs 1, 2, 3 or 4 points; of more, those that agree within 3 pixels are
            fitted by least squares.
        **params
            Further parameters of the class.

        Returns
        -------
        Register

        Raises
        ------
        ValueError
            If there are too few points, or they lie on a line.

        Examples
        --------
        >>> from skfusion.transforms import Register
        >>> corners = [[0, 0], [9, 0], [0, 9], [9, 9]]
        >>> moved = [[2, 1], [11, 1], [2, 10], [11, 10]]
        >>> Register.from_points(corners, moved, "translation").matrix
        [[1.0, 0.0, 2.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0]]
        """
        src, dst = (np.asarray(points, np.float64) for points in (src, dst))
        if src.shape != dst.shape or src.ndim != 2 or src.shape[1:] != (2,):
            raise ValueError(
                f"src has the shape {src.shape} and dst {dst.shape}: expected as many "
                "points (x, y) in both, (n, 2)."
            )
        if model not in MODELS:
            raise ValueError(f"model={model!r}: use one of {', '.join(MODELS)}.")
        needed = MODELS[model][1]
        if len(src) < needed:
            raise ValueError(
                f"src holds {len(src)} points: model={model!r} needs {needed}."
            )
        matrix = fit_points(model, src, dst)
        if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-9:
            raise ValueError(
                f"src: model={model!r} does not follow from these points, which lie on "
                "a line or on each other: pick points all over the image."
            )
        return cls(model=model, matrix=matrix.tolist(), **params)

    @classmethod
    def from_calibration(cls, file, *, first="visible", distance=None, **params):
        """Return a transformer for two calibrated cameras.

        Parameters
        ----------
        file : path
            OpenCV's YAML, XML or JSON, or plain JSON: a homography ``H``, or camera
            matrices ``K1``, ``K2``, distortions ``D1``, ``D2``, ``R`` and ``T`` as
            ``cv2.stereoCalibrate`` gives them; see
            :func:`skfusion.registration.read_calibration`.
        first : {"visible", "infrared"}, default="visible"
            Which camera is number 1.
        distance : float, default=None
            Of what is to be sharp, in the unit of ``T``; ``None`` is far away.
        **params
            Further parameters of the class.

        Returns
        -------
        Register

        Raises
        ------
        CalibrationError
            A ValueError, if the file says too little or cannot be read.
        """
        if first not in ("visible", "infrared"):
            raise ValueError(f"first={first!r}: use 'visible' or 'infrared'.")
        if distance is not None and not (isinstance(distance, Real) and distance > 0):
            raise ValueError(f"distance={distance!r}: expected above 0, or None.")
        moving = params.get("moving", "infrared")
        found = read_calibration(file, first=first, moving=moving, distance=distance)
        if isinstance(found, np.ndarray):
            return cls(matrix=found.tolist(), **params)
        return cls(calibration=dict(found.__dict__), **params)

    @classmethod
    def from_file(cls, file, **params):
        """Return a transformer for what a file says of two cameras.

        Parameters
        ----------
        file : path
            The ``transforms.json`` that ``skfusion register`` wrote, or a calibration,
            see :meth:`from_calibration`.
        **params
            Further parameters of the class.

        Returns
        -------
        Register

        Raises
        ------
        CalibrationError
            A ValueError, if the file cannot be read.
        """
        known = read_transforms(file)
        if known is None:
            return cls.from_calibration(file, **params)
        moving = params.setdefault("moving", known["moving"])
        if moving != known["moving"]:
            raise ValueError(
                f"moving={moving!r}: the transforms of {str(file)!r} move the "
                f"{known['moving']} image."
            )
        return cls(**{**known, **params})

    def fit(self, X=None, y=None):
        """Estimate the transforms of the pairs, or the one transform of their rig.

        Parameters
        ----------
        X : pairs, optional
            Any form that :func:`skfusion.pairs.as_pairs` takes. Needed for a rig.
        y : None
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        RegistrationError
            If the rig's quality is below the threshold and ``on_failure="raise"``.
        ValueError
            If the pairs of a rig have several sizes, or a parameter is out of its
            range.
        """
        self._validate_params()
        if X is None:
            if self._learns():
                raise ValueError("X=None: fit needs the pairs of the rig.")
            return self
        pairs = as_pairs(X)
        grays = []
        for i in range(len(pairs)):
            images = ordered(self.moving, *self._read(pairs, i))
            grays.append(tuple(luma(image) for image in images))
        if self._learns():
            self._fit_rig(grays, pairs.names)
        found = [self._aligned(*g, name) for g, name in zip(grays, pairs.names)]
        self.matrices_ = _stack(a.matrix for a in found)
        self._keep_quality(found)
        return self

    def _aligned(self, fixed, moving, name):
        """Return the alignment of a pair, whatever its quality."""
        transform = given(self.matrix, self.calibration, name)
        if transform is None and self.scope == "rig":
            transform = self.matrix_
        if transform is None:
            return remembered(fixed, moving, self.model, self.methods)
        return measured(transform, fixed, moving)

    def fit_transform(self, X, y=None):
        """Fit, and register the same pairs.

        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes.
        y : None
            Ignored.

        Returns
        -------
        ImagePairs
        """
        return self.fit(X).transform(X)

    def transform(self, X):
        """Register each pair.

        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes.

        Returns
        -------
        ImagePairs
            float32 images in [0, 1], the two of a pair of one size, under the names
            of X.

        Raises
        ------
        RegistrationError
            A ValueError, naming the pair, if one fails and ``on_failure="raise"``, or
            if nothing is left of it after a crop.
        sklearn.exceptions.NotFittedError
            If a rig was not fitted.

        Warns
        -----
        RegistrationWarning
            If pairs fail and ``on_failure="warn"``.
        """
        self._validate_params()
        check_is_fitted(self)
        pairs = as_pairs(X)
        columns, found, masks = ([], []), [], np.empty(len(pairs), dtype=object)
        with Notices():
            for i, name in enumerate(pairs.names):
                images, masks[i], alignment = self._registered(
                    *self._read(pairs, i), name
                )
                found.append(alignment)
                for column, image in zip(columns, images):
                    column.append(image)
        self.matrices_ = _stack(a.matrix for a in found)
        self.masks_ = masks
        if not self._known():
            self._keep_quality(found)
        return ImagePairs(*columns, names=pairs.names)

    def transforms_of(self, X):
        """Return the transform of each pair, with what ``on_failure`` makes of it.

        Parameters
        ----------
        X : pairs
            Any form that :func:`skfusion.pairs.as_pairs` takes.

        Returns
        -------
        list of ndarray of shape (3, 3), or of Calibration
        """
        self._validate_params()
        check_is_fitted(self)
        pairs = as_pairs(X)
        given_for_all = self._known() and not self._learns()
        with Notices():
            if given_for_all:
                names = pairs.names
                return [given(self.matrix, self.calibration, name) for name in names]
            return [
                self._chosen(*self._read(pairs, i), name)[0]
                for i, name in enumerate(pairs.names)
            ]

    def as_given(self):
        """Return the rig that was found as a step that needs no fitting.

        Returns
        -------
        Register
            With ``matrix``; plain data that a model file holds.
        """
        check_is_fitted(self)
        params = self.get_params(deep=False)
        return type(self)(**{**params, "matrix": self.matrix_.tolist()})

    def _registered(self, ir, vis, name):
        transform, alignment = self._chosen(ir, vis, name)
        *images, mask = registered(
            transform, ir, vis, self.moving, self.crop, self.fill
        )
        if not images[0].size:
            raise RegistrationError(
                f"pair {name!r}: the {self.moving} image covers nothing of the other "
                "one: nothing is left after crop='valid'."
            )
        return images, mask, alignment

    def _known(self):
        """Whether nothing is estimated for a pair."""
        given = self.matrix is not None or self.calibration is not None
        return given or self.scope == "rig"

    def _learns(self):
        """Whether ``fit`` finds the one transform of all pairs."""
        given = self.matrix is not None or self.calibration is not None
        return not given and "rig" in (self.scope, self.on_failure)

    def _chosen(self, ir, vis, name):
        """Return the transform to use for a pair, and the alignment to report."""
        fixed, moving = ordered(self.moving, ir, vis)
        transform = given(self.matrix, self.calibration, name)
        if transform is None and self.scope == "rig":
            transform = self._rig_of(fixed, moving, name)
        if transform is not None:
            matrix = transform
            if isinstance(transform, Calibration):
                matrix = transform.at(fixed.shape, moving.shape).matrix()
            return transform, Alignment(matrix, np.nan, "given")
        found = remembered(luma(fixed), luma(moving), self.model, self.methods)
        if found.quality >= self.quality_threshold:
            return found.matrix, found
        if self.on_failure == "raise":
            raise RegistrationError(
                f"pair {name!r} could not be registered: its edges correlate by "
                f"{found.quality:.2f}, less than quality_threshold="
                f"{self.quality_threshold:g}; on_failure='warn' leaves such pairs as "
                "they are, scope='rig' takes one transform for all pairs."
            )
        if self.on_failure == "rig":
            matrix = self._rig_of(fixed, moving, name)
        else:
            matrix = unmoved(fixed, moving)
        if self.on_failure == "warn":
            notify(
                RegistrationWarning,
                f"pair {name!r}",
                "could not be registered and is left as it was: its edges correlate "
                f"by {found.quality:.2f}",
            )
        return matrix, Alignment(matrix, found.quality, self.on_failure)

    def _rig_of(self, fixed, moving, name):
        sizes = fixed.shape[:2], moving.shape[:2]
        if sizes != self.sizes_:
            raise ValueError(
                f"pair {name!r}: the images have the sizes {sizes}, those of the rig "
                f"{self.sizes_} (rows x columns, fixed and moving): fit a rig for each."
            )
        return self.matrix_

    def _fit_rig(self, grays, names):
        sizes = common_sizes(grays, names)
        alone = [remembered(*gray, self.model, self.methods) for gray in grays]
        found = align_rig(
            grays, self.model, self.methods, self.quality_threshold, alone
        )
        failed = found.quality < self.quality_threshold
        if failed and self.scope == "rig" and self.on_failure != "identity":
            message = (
                f"could not be registered: edges correlate by {found.quality:.2f}, "
                f"less than quality_threshold={self.quality_threshold:g}; give more "
                "pairs with clear edges, or the transform by Register.from_points"
            )
            if self.on_failure == "raise":
                raise RegistrationError(f"the rig {message}.")
            notify(RegistrationWarning, "the rig", message)
        self.matrix_ = unmoved(*grays[0]) if failed else found.matrix
        self.sizes_ = sizes

    def _keep_quality(self, found):
        self.quality_ = np.array([a.quality for a in found], dtype=np.float64)
        self.failed_ = self.quality_ < self.quality_threshold

    def _validate_params(self):
        super()._validate_params()
        unknown = [method for method in self.methods if method not in METHODS]
        if unknown or not self.methods:
            raise ValueError(
                f"methods={self.methods!r}: use one or more of {', '.join(METHODS)}."
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = self._learns()
        return tags

    def __sklearn_is_fitted__(self):
        return hasattr(self, "matrix_") or not self._learns()


def _stack(matrices):
    return np.array(list(matrices), dtype=np.float64).reshape(-1, 3, 3)
