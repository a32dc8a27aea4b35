"""Fusion metrics, their registry, and scorers for scikit-learn's searches."""

# SPDX-License-Identifier: BSD-3-Clause
import sys as _sys
import types as _types

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)


class _Package(_types.ModuleType):
    """Keeps ``metrics.ssim`` the function once the module ``ssim`` is loaded.

    The import system binds a freshly loaded submodule to its name in the package;
    where the submodule defines something of that very name, that is what is meant.
    """

    def __setattr__(self, name, value):
        if isinstance(value, _types.ModuleType):
            value = getattr(value, name, value)
        super().__setattr__(name, value)


_sys.modules[__name__].__class__ = _Package
