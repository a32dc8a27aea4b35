"""Data: drawn scenes, and the pairs of a folder in the layouts public sets use."""

# SPDX-License-Identifier: BSD-3-Clause
import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "annotations": ["read_boxes", "read_class_maps"],
        "folders": ["FoundPairs", "UnpairedImageWarning", "find_pairs", "load_pairs"],
        "scenes": ["make_scene_pairs"],
        "sharpness": ["make_sharpness_patches", "write_sharpness_patches"],
    },
)
