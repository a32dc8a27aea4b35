"""One bad pair costs itself: found before the work, named, left out."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from ._text import sentence
from .images.notices import Notices
from .sizes import sized

__all__ = ["readable"]


def readable(pairs, estimator=None):
    """Read every pair once and leave out those that cannot be read.

    Parameters
    ----------
    pairs : ImagePairs
    estimator : fuser, Pipeline or what stands around one, optional
        A pair of two sizes can be read if its steps bring it to one.

    Returns
    -------
    pairs : ImagePairs
        At least one.
    sizes : list of int
        Pixels of each.
    failures : list of dict
        Of each pair that is left out ``pair``, its name, and ``error``, a sentence.

    Raises
    ------
    ValueError
        If no pair can be read.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion import ImagePairs
    >>> from skfusion.bad_pairs import readable
    >>> image = np.zeros((4, 6))
    >>> X = ImagePairs([image, image], [image, "none.png"], names=["a", "b"])
    >>> good, sizes, failures = readable(X)
    >>> good.names.tolist(), sizes, failures[0]["pair"]
    (['a'], [24], 'b')
    """
    good, sizes, failures = [], [], []
    with Notices():
        for i, name in enumerate(pairs.names):
            try:
                sizes.append(sized(estimator, pairs[i : i + 1]).read(0)[0].size)
                good.append(i)
            except (ValueError, OSError) as error:
                failures.append({"pair": str(name), "error": sentence(error)})
    if failures and not good:
        raise ValueError(
            f"none of the {len(pairs)} pairs can be read, the first because "
            f"{failures[0]['error']}"
        )
    return pairs[good], sizes, failures
