"""A small pair, and whether what was made of it can be right."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

__all__ = ["wrong"]

_IMAGE = np.random.default_rng(0).integers(0, 256, (24, 28), dtype=np.uint8)


def wrong(estimator) -> str | None:
    """Fuse the pair; say what cannot be right with the result."""
    fused = estimator.transform([(_IMAGE, _IMAGE[::-1])])[0]
    if fused.shape != _IMAGE.shape:
        return f"its shape is {fused.shape}"
    return None if np.isfinite(fused).all() else "its result is not finite"
