"""How the documentation is built: ``make docs``; ``make docs-check`` draws nothing."""

# SPDX-License-Identifier: BSD-3-Clause
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))
sys.path.insert(0, str(HERE.parent))

import skfusion  # noqa: E402

project = "skfusion"
author = "The skfusion developers"
copyright = "The skfusion developers, BSD-3-Clause"
version = release = skfusion.__version__

extensions = [
    "sphinx.ext.autodoc",
    "numpydoc",
    "myst_parser",
    "sphinx_design",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "house",
]
exclude_patterns = ["_build", "_ext", "gallery/**/*.ipynb", "gallery/**/*.py"]
nitpicky = True
# No inventory of other projects is fetched: a build needs no network.
FOREIGN = {"joblib", "numpy", "pandas", "scipy", "sklearn", "torch"}
FOREIGN |= sys.stdlib_module_names
nitpick_ignore_regex = [(r"py:.*", rf"({'|'.join(sorted(FOREIGN))})\..+")]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autodoc_typehints = "none"  # the sections of the docstrings say the types
autodoc_member_order = "bysource"
toc_object_entries_show_parents = "hide"  # beside the page is room for a short name
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("skfusion",),
    "reference_url": {"skfusion": None},
    "show_memory": False,
    "write_computation_times": False,  # its page would load scripts from elsewhere
    "default_thumb_file": str(HERE / "images" / "methods" / "balanced.jpg"),
    "remove_config_comments": True,
    "download_all_examples": False,
    "show_signature": False,
    "min_reported_time": 3600,  # how long a machine took says nothing to others
    "within_subsection_order": "house.GalleryOrder",
}

html_theme = "pydata_sphinx_theme"
html_title = "skfusion"
html_math_renderer = "mathml"  # equations without a script from elsewhere
html_static_path = ["_static"]
html_css_files = ["house.css"]
html_theme_options = {
    "navbar_align": "left",
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_show_sourcelink = False
