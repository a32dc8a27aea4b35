"""A picture of how a fuser weights the two images of a pair."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np

from ..images import as_float, luma

__all__ = ["WeightMapDisplay"]

_TITLES = {
    "infrared": "infrared",
    "visible": "visible",
    "score": "score of the visible image",
    "chosen": "visible chosen",
    "visible_distance": "distance, visible region",
    "infrared_distance": "distance, infrared region",
    "weight": "weight of the visible image",
    "fused": "fused",
}


class WeightMapDisplay:
    """Show a pair, the maps between it and its weights, the weights and the result.

    Make it with :meth:`from_estimator`.

    Parameters
    ----------
    maps : dict of str to ndarray, shape (H, W)
        Panels by name, in order: ``"infrared"``, ``"visible"``, ``"score"``,
        ``"chosen"``, ``"visible_distance"``, ``"infrared_distance"``, ``"weight"``,
        ``"fused"``, or any others. Distances have a scale of their own; all else
        is in [0, 1].

    Attributes
    ----------
    figure_ : matplotlib Figure
    axes_ : ndarray of matplotlib Axes
        One a panel, after :meth:`plot`.

    See Also
    --------
    skfusion.fusers.SharpnessFuser.maps : The maps of a pair as arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import AverageFuser
    >>> from skfusion.inspection import WeightMapDisplay
    >>> display = WeightMapDisplay.from_estimator(
    ...     AverageFuser(), np.zeros((8, 8)), np.ones((8, 8))
    ... )  # doctest: +SKIP
    >>> list(display.maps)  # doctest: +SKIP
    ['infrared', 'visible', 'weight', 'fused']
    """

    def __init__(self, maps):
        self.maps = maps

    @classmethod
    def from_estimator(cls, estimator, infrared, visible, *, axes=None):
        """Fuse a pair and plot what happened.

        Parameters
        ----------
        estimator : fuser with ``weight_map``
            Such as :class:`skfusion.fusers.SharpnessFuser`, which shows its scores
            and distances too. A pipeline's steps before the fuser come first:
            ``pipeline[:-2].transform(X)``.
        infrared, visible : array-like or path
            Images of one size.
        axes : sequence of matplotlib Axes, default=None
            As many as panels; a new figure by default.

        Returns
        -------
        WeightMapDisplay
        """
        if not hasattr(estimator, "weight_map"):
            raise ValueError(
                f"estimator={estimator!r} has no weight_map: give the fuser itself, "
                "for a pipeline its step 'fuse', and one that weights pixels."
            )
        X = [(infrared, visible)]
        maps = {"infrared": luma(infrared, "infrared"), "visible": as_float(visible)}
        if hasattr(estimator, "maps"):
            maps.update(estimator.maps(infrared, visible))
        else:
            maps["weight"] = estimator.weight_map(X)[0]
        maps["fused"] = estimator.transform(X)[0]
        return cls(maps).plot(axes=axes)

    def plot(self, *, axes=None):
        """Draw the panels.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, default=None

        Returns
        -------
        self

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there are fewer axes than panels.
        """
        try:
            import matplotlib.pyplot as plt
        except ImportError:
            raise ImportError(
                "WeightMapDisplay needs matplotlib: pip install 'skfusion[plot]'."
            ) from None
        if axes is None:
            columns = min(4, len(self.maps))
            rows = -(-len(self.maps) // columns)
            height, width = next(iter(self.maps.values())).shape[:2]
            size = (3 * columns, (3 * height / width + 0.4) * rows)
            figure, axes = plt.subplots(
                rows, columns, figsize=size, squeeze=False, layout="constrained"
            )
            for spare in axes.ravel()[len(self.maps) :]:
                spare.set_visible(False)
        axes = np.atleast_1d(np.asarray(axes, dtype=object)).ravel()
        if len(axes) < len(self.maps):
            raise ValueError(
                f"axes holds {len(axes)} axes for {len(self.maps)} panels: "
                f"{', '.join(self.maps)}."
            )
        self.axes_ = axes[: len(self.maps)]
        self.figure_ = self.axes_[0].figure
        for ax, (name, image) in zip(self.axes_, self.maps.items()):
            scale = {} if name.endswith("distance") else {"vmin": 0, "vmax": 1}
            ax.imshow(image, cmap="gray", **scale)
            ax.set_title(_TITLES.get(name, name), fontsize="small")
            ax.set_axis_off()
        return self
