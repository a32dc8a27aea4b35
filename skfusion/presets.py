"""The presets under their old name: see :mod:`skfusion.pipelines`."""

# SPDX-License-Identifier: BSD-3-Clause
from .pipelines.presets import balanced, fast, natural, targets

__all__ = ["balanced", "fast", "natural", "targets"]
