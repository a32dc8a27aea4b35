"""Look at what an estimator does: plots and contact sheets."""

# SPDX-License-Identifier: BSD-3-Clause
import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "alignment": ["checkerboard", "edge_overlay", "inspect_alignment"],
        "weight_map": ["WeightMapDisplay"],
    },
)
