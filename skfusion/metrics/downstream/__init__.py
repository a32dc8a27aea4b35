"""Detection and segmentation in fused images: does fusion help what comes after?"""

# SPDX-License-Identifier: BSD-3-Clause
import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
