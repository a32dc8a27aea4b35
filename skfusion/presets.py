"""The presets under their old name: see :mod:`skfusion.pipelines`."""

# SPDX-License-Identifier: BSD-3-Clause
from .pipelines.presets import (
    balanced,
    fast,
    natural,
    pyramid_balanced,
    pyramid_natural,
    pyramid_targets,
    targets,
)

__all__ = [
    "balanced",
    "fast",
    "natural",
    "pyramid_balanced",
    "pyramid_natural",
    "pyramid_targets",
    "targets",
]
