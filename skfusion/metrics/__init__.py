"""Fusion metrics, their registry, and scorers for scikit-learn's searches."""

# SPDX-License-Identifier: BSD-3-Clause
import sys as _sys
import types as _types

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submodules=[],
    submod_attrs={
        "context": ["Context"],
        "registry": [
            "ImageTooSmallError",
            "Metric",
            "UndefinedMetricWarning",
            "registry",
        ],
        "scorer": [
            "FusionScorer",
            "get_fusion_scorer",
            "make_fusion_scorer",
            "single_split",
        ],
        "evaluate": ["evaluate"],
        "sets": ["metric_set", "metric_sets"],
        "information": [
            "ce",
            "cross_entropy",
            "en",
            "entropy",
            "mi",
            "mutual_information",
            "nmi",
            "qncie",
            "qte",
        ],
        "fmi": ["fmi", "fmi_dct", "fmi_pixel", "fmi_w"],
        "features": [
            "ag",
            "average_gradient",
            "definition",
            "df",
            "edge_intensity",
            "ei",
            "sd",
            "sf",
            "spatial_frequency",
            "standard_deviation",
        ],
        "gradient": ["labf", "nabf", "qabf", "qm", "qsf"],
        "correlation": ["cc", "scd"],
        "error": ["mse", "psnr", "rmse"],
        "ssim": ["mef_ssim", "ms_ssim", "ssim"],
        "piella": ["qe", "qs", "qw"],
        "yang_cvejic": ["qc", "qy"],
        "vif": ["vif", "viff"],
        "perceptual": ["qcb", "qcv"],
        "phase": ["qp"],
    },
)


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
