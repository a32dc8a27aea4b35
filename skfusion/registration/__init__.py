"""Two cameras, one grid: transforms between the images of a pair, and their warps."""

# SPDX-License-Identifier: BSD-3-Clause
import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
