"""The app: a pair, a method, the picture, in a browser on this machine."""

# SPDX-License-Identifier: BSD-3-Clause
import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__, submod_attrs={"server": ["run_app"]}
)
