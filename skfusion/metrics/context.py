"""One pair and its fused image as the metrics see them, with a memo they share."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from skfusion.images import as_levels

__all__ = ["Context"]


class Context:
    """The three gray images on the 0..255 scale and what was computed from them.

    Metrics of one pair share work: the histogram of the fused image serves EN, CE,
    MI and NMI, one pass over the gradients serves Qabf and Nabf. Each metric asks
    :meth:`get` for the intermediate result under a key, and only the first one pays.

    Parameters
    ----------
    infrared, visible, fused : array-like or path
        ``(H, W)`` or ``(H, W, 3)``, any dtype that :func:`skfusion.images.as_levels`
        takes. Colour is reduced to BT.601 luma.

    Attributes
    ----------
    a, b, f : ndarray of float64, shape (H, W)
        Infrared, visible and fused image, 0..255, C-contiguous. Metrics never write
        to them.

    Raises
    ------
    ValueError
        If the three sizes differ, or an image is none.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.metrics.context import Context
    >>> image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    >>> ctx = Context(image, image, image)
    >>> ctx.get("mean of f", lambda: float(ctx.f.mean()))
    5.5
    >>> int(ctx.hist("f").sum())
    12
    """

    __slots__ = ("a", "b", "f", "_memo")

    def __init__(self, infrared, visible, fused):
        self._fill(
            as_levels(infrared, "infrared"),
            as_levels(visible, "visible"),
            as_levels(fused, "fused"),
        )

    def _fill(self, a, b, f):
        if not a.shape[:2] == b.shape[:2] == f.shape[:2]:
            raise ValueError(
                f"infrared {a.shape[:2]}, visible {b.shape[:2]} and fused "
                f"{f.shape[:2]} differ in size: resize or register them first, e.g. "
                "with skfusion.transforms.Resize."
            )
        self.a, self.b, self.f = a, b, f
        self._memo: dict[Hashable, Any] = {}

    @classmethod
    def of_levels(cls, a, b, f) -> Context:
        """Build a context from three float64 gray images on the 0..255 scale."""
        self = cls.__new__(cls)
        self._fill(*(np.ascontiguousarray(x, dtype=np.float64) for x in (a, b, f)))
        return self

    @classmethod
    def of_image(cls, image, name="image") -> Context:
        """Build the context of a metric that looks at one image only, as ``f``."""
        levels = as_levels(image, name)
        self = cls.__new__(cls)
        self._fill(levels, levels, levels)
        return self

    @classmethod
    def for_channel(cls, infrared, visible, fused, channel="luma") -> list[Context]:
        """Contexts over which a metric is averaged, by the treatment of colour.

        Parameters
        ----------
        infrared, visible, fused : array-like or path
            Images of one size.
        channel : {"luma", "mean", "vifb"}, default="luma"
            ``"luma"``: one context of gray images. ``"mean"``: one for each colour
            channel of the fused image; a gray source stands for each of its channels.
            ``"vifb"``: one context of the channels laid side by side, as VIFB's spatial
            frequency reads a colour image. A gray fused image always means luma.

        Returns
        -------
        list of Context
        """
        if channel not in ("luma", "mean", "vifb"):
            raise ValueError(f'channel={channel!r}: expected "luma", "mean" or "vifb".')
        names = ("infrared", "visible", "fused")
        images = (infrared, visible, fused)
        if channel == "luma":
            return [cls(*images)]
        levels = [as_levels(x, name, gray=False) for x, name in zip(images, names)]
        if levels[2].ndim == 2:
            gray = (as_levels(x, name) for x, name in zip(images, names))
            return [cls.of_levels(*gray)]
        levels = [x if x.ndim == 3 else np.repeat(x[:, :, None], 3, 2) for x in levels]
        cls.of_levels(*levels)  # sizes agree
        if channel == "vifb":
            return [
                cls.of_levels(*(np.hstack(list(np.moveaxis(x, 2, 0))) for x in levels))
            ]
        return [cls.of_levels(*(x[:, :, k] for x in levels)) for k in range(3)]

    def image(self, which: str) -> np.ndarray:
        """Return the image called ``"a"``, ``"b"`` or ``"f"``."""
        return getattr(self, which)

    def get(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """Return the value stored under `key`, computing it at the first request."""
        try:
            return self._memo[key]
        except KeyError:
            value = self._memo[key] = compute()
            return value

    # What several families need --------------------------------------------------

    def is_constant(self, which: str) -> bool:
        """Whether an image holds one value only."""

        def compute():
            image = self.image(which)
            return bool(image.min() == image.max())

        return self.get(("constant", which), compute)

    def is_integer(self, which: str) -> bool:
        """Whether an image holds whole grey levels only (every 8-bit image does)."""
        return self._grey(which)[1]

    def grey(self, which: str) -> np.ndarray:
        """Grey levels rounded half up, uint8."""
        return self._grey(which)[0]

    def _grey(self, which):
        from skfusion._kernels.metrics.information import whole_levels

        return self.get(("grey", which), lambda: whole_levels(self.image(which)))

    def stretched(self, which: str) -> np.ndarray:
        """Return round(255 (x - min) / (max - min)), float64 (NaN if constant, not 0).

        The first step of the metrics that Liu et al. (2012) collected: an image that
        is zero everywhere is left alone, and any other constant image is undefined.
        """

        def compute():
            image = self.image(which)
            low, high = image.min(), image.max()
            if low == high:
                return np.zeros_like(image) if low == 0 else np.full_like(image, np.nan)
            return np.floor((image - low) / (high - low) * 255.0 + 0.5)

        return self.get(("stretched", which), compute)

    def hist(self, which: str, kind: str = "grey") -> np.ndarray:
        """256-bin histogram of ``grey`` or ``stretched`` levels, int64 counts."""
        from skfusion._kernels.metrics.information import histogram

        return self.get(
            ("hist", which, kind), lambda: histogram(self._levels(which, kind))
        )

    def joint(self, which: str, other: str, kind: str = "grey") -> np.ndarray:
        """256 x 256 joint histogram, rows = levels of `which`, int64 counts."""
        from skfusion._kernels.metrics.information import joint_histogram

        return self.get(
            ("joint", which, other, kind),
            lambda: joint_histogram(
                self._levels(which, kind), self._levels(other, kind)
            ),
        )

    def _levels(self, which, kind):
        if kind == "grey":
            return self.grey(which)
        return self.get(
            ("stretched uint8", which), lambda: self.stretched(which).astype(np.uint8)
        )
