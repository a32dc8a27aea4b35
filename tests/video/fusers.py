"""Fusers that show one camera."""

# SPDX-License-Identifier: BSD-3-Clause

import pytest

from skfusion.fusers import AverageFuser

av = pytest.importorskip("av")


VISIBLE = AverageFuser(visible_weight=1.0)


INFRARED = AverageFuser(visible_weight=0.0)
