"""Infrared-visible image fusion with scikit-learn's habits."""

# SPDX-License-Identifier: BSD-3-Clause
import lazy_loader as _lazy

from ._version import __version__

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
__all__ += ["__version__"]
