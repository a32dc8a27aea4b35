"""The presets under their old name: see :mod:`skfusion.pipelines`."""

# SPDX-License-Identifier: BSD-3-Clause
from .pipelines.presets import *  # noqa: F403
from .pipelines.presets import __all__ as __all__
