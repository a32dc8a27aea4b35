"""Write the pages of the API reference: one a public name, one a module.

What is public is said once, by ``tests/public_names.json``, which a test holds equal to
the code. The pages lie in ``docs/api`` and are made anew by each build.
"""

# SPDX-License-Identifier: BSD-3-Clause
import functools
import importlib
import inspect
import json
import pkgutil
from pathlib import Path
from types import ModuleType

import card_pages
from generated import replace_pages

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "api"

# The order in which a newcomer needs them; what is not named here stands at the end.
ORDER = (
    "skfusion",
    "skfusion.pipelines",
    "skfusion.presets",
    "skfusion.fusers",
    "skfusion.transforms",
    "skfusion.registration",
    "skfusion.compose",
    "skfusion.metrics",
    "skfusion.metrics.downstream",
    "skfusion.search",
    "skfusion.ranking",
    "skfusion.leaderboard",
    "skfusion.batch",
    "skfusion.video",
    "skfusion.datasets",
    "skfusion.images",
    "skfusion.pairs",
    "skfusion.inspection",
    "skfusion.losses",
)
LAST = ("set_params", "get_feature_names_out")  # behind what a class is for


def public_modules():
    """Return the public names by module, sub-modules left out, in reading order."""
    locked = json.loads((ROOT / "tests" / "public_names.json").read_text())
    modules = sorted(
        (name for name in locked if name.startswith("skfusion")),
        key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name),
    )
    return {
        module: [key for key in locked[module] if _is_name(module, key)]
        for module in modules
    }


def _is_name(module, key):
    value = getattr(importlib.import_module(module), key)
    return not isinstance(value, ModuleType) and not key.startswith("__")


def canonical_names():
    """Return the full name of each public object's page by each of its full names.

    An object that several modules offer has one page, that of the first of them.
    """
    pages, names = {}, {}
    for module, keys in public_modules().items():
        for key in keys:
            value = getattr(importlib.import_module(module), key)
            shared = callable(value) and not isinstance(value, (str, dict))
            home = pages.setdefault(id(value), f"{module}.{key}") if shared else None
            names[f"{module}.{key}"] = home or f"{module}.{key}"
    return names


def file_names():
    """Return the file of each page; no two of them differ in capitals only."""
    files, taken = {}, set()
    for name in dict.fromkeys(canonical_names().values()):
        file = name
        while file.lower() in taken:
            file += "_"
        taken.add(file.lower())
        files[name] = file
    return files


def write_pages(folder=FOLDER):
    """Write all pages.

    Parameters
    ----------
    folder : Path
    """
    names, files = canonical_names(), file_names()
    pages = {f"{files[name]}.rst": _name_page(name) for name in files}
    for module in public_modules():
        pages[f"{module}.rst"] = _module_page(module, names, files)
    for module in building_blocks():
        pages[f"{module}.rst"] = _block_page(module)
    pages["index.rst"] = _index()
    pages["building_blocks.rst"] = _blocks_index()
    replace_pages(folder, pages)


def building_blocks():
    """Return the modules that contributors build on: what learns, and the networks."""
    found = []
    for package in ("skfusion.learning", "skfusion.networks"):
        path = importlib.import_module(package).__path__
        for entry in pkgutil.walk_packages(path, f"{package}."):
            private = entry.name.rsplit(".", 1)[-1].startswith("_")
            if not private and not entry.ispkg:
                found.append(entry.name)
    return sorted(found)


_MEMBERS = (property, classmethod, staticmethod)


def own_members(cls):
    """Return the public methods and properties that skfusion wrote for a class."""
    members = {}
    for base in reversed(cls.__mro__):
        if not base.__module__.startswith("skfusion"):
            continue
        for key, value in vars(base).items():
            requests = key.startswith("set_") and key.endswith("_request")
            if key.startswith("_") or requests:  # the latter scikit-learn adds
                continue
            if inspect.isroutine(value) or isinstance(value, _MEMBERS):
                members[key] = getattr(cls, key)
    documented = [key for key, value in members.items() if inspect.getdoc(value)]
    return sorted(documented, key=lambda key: key in LAST)


def _name_page(name):
    module, key = name.rsplit(".", 1)
    value = getattr(importlib.import_module(module), key)
    lines = [_heading(key, "="), f".. currentmodule:: {module}", ""]
    if inspect.isclass(value):
        lines += [f".. autoclass:: {key}", ""]
        members = own_members(value)
        lines += _pictures(name)
        lines += _cards(key)
        if members:
            lines += [".. rubric:: Methods and properties", ""]
        for member in members:
            is_property = isinstance(inspect.getattr_static(value, member), property)
            kind = "autoproperty" if is_property else "automethod"
            lines += [f".. {kind}:: {key}.{member}", ""]
    elif callable(value):
        lines += [f".. autofunction:: {key}", "", *_metric_facts(value)]
    else:
        lines += [f".. autodata:: {key}", "   :no-value:", ""]
    lines += [f".. minigallery:: {name}", "   :add-heading: In the gallery", ""]
    return "\n".join(lines)


def _pictures(name):
    """What the registered pipelines around a fuser make of one drawn scene."""
    lines = []
    for method in _methods().get(name, []):
        lines += [
            f".. figure:: ../images/methods/{method}.jpg",
            f"   :alt: A drawn night scene, fused by {method}",
            "   :figclass: method",
            "",
            f"   ``{method}``",
            "",
        ]
    return [".. rubric:: By name", "", *lines] if lines else []


def _cards(key):
    """Name the cards of the weights that ship for a class."""
    stems = [stem for stem, owner in card_pages.owners().items() if owner == key]
    lines = [f"* :doc:`../weights/{stem}`" for stem in stems]
    return [".. rubric:: Weights that ship", "", *lines, ""] if lines else []


@functools.cache
def _methods():
    from skfusion.pipelines import get_pipeline, pipeline_names

    methods = {}
    for method in pipeline_names():
        fuser = type(get_pipeline(method)["fuse"]).__name__
        methods.setdefault(f"skfusion.fusers.{fuser}", []).append(method)
    return methods


def _metric_facts(value):
    """What the registry knows of a metric."""
    from skfusion.metrics import Metric

    if not isinstance(value, Metric):
        return []
    better = "higher" if value.higher_is_better else "lower"
    if value.target is not None:
        better = f"near {value.target:g}"
    low, high = (f"{x:g}".replace("inf", "∞") for x in value.range)
    variants = ", ".join(f"``{v!r}``" for v in value.variants) or "one"
    return [
        ".. rubric:: In the registry",
        "",
        f":key: ``{value.name!r}``",
        f":title: {value.title}",
        f":better: {better}",
        f":range: {low} to {high}, of the default variant",
        f":variants: {variants}",
        f":published: {value.citation}",
        "",
    ]


def _module_page(module, names, files):
    keys = public_modules()[module]
    lines = [_heading(module, "="), f".. automodule:: {module}", "   :no-members:", ""]
    for title, group in _groups(module, keys):
        if title:
            lines += [_heading(title, "-")]
        lines += [".. list-table::", "   :class: api-names", "   :widths: 30 70", ""]
        for key in group:
            name = names[f"{module}.{key}"]
            lines += [
                f"   * - :py:obj:`{key} <{name}>`",
                f"     - {_summary(module, key)}",
            ]
        lines += [""]
    lines += [".. toctree::", "   :hidden:", ""]
    for key in keys:
        name = f"{module}.{key}"
        if names[name] == name:
            lines += [f"   {key} <{files[name]}>"]
    return "\n".join([*lines, ""])


def _block_page(module):
    lines = [_heading(module, "="), f".. automodule:: {module}", "   :members:", ""]
    return "\n".join(lines)


def _blocks_index():
    title = _heading("Building blocks", "=")
    text = (
        "What contributors build on: the training, the weights, the networks. These "
        "names may change with a line in the changelog."
    )
    lines = [title, text, "", ".. list-table::", "   :widths: 40 60", ""]
    for module in building_blocks():
        doc = inspect.getdoc(importlib.import_module(module)) or ""
        lines += [f"   * - :py:mod:`{module}`", f"     - {_first_sentence(doc)}"]
    lines += ["", ".. toctree::", "   :hidden:", ""]
    lines += [f"   {module}" for module in building_blocks()]
    return "\n".join([*lines, ""])


def _index():
    lines = [
        _heading("API reference", "="),
        "Every public name. A name that is not here may change without notice.",
        "",
        ".. list-table::",
        "   :class: api-names",
        "   :widths: 30 70",
        "",
    ]
    for module in public_modules():
        doc = inspect.getdoc(importlib.import_module(module)) or ""
        lines += [f"   * - :py:mod:`{module}`", f"     - {_first_sentence(doc)}"]
    lines += ["", ".. toctree::", "   :hidden:", ""]
    lines += [f"   {module}" for module in public_modules()]
    return "\n".join([*lines, ""])


def _groups(module, keys):
    """Group the names of the two large modules by the files that they come from."""
    if module not in ("skfusion.fusers", "skfusion.metrics"):
        return [("", keys)]
    groups = {}
    for key in keys:
        value = getattr(importlib.import_module(module), key)
        groups.setdefault(_group_title(module, value), []).append(key)
    return sorted(groups.items())


def _group_title(module, value):
    source = getattr(value, "__module__", None) or ""
    part = source.removeprefix(f"{module}.").split(".")[0]
    return GROUP_TITLES.get(part, "Scoring and the rest")


GROUP_TITLES = {
    "deep": "Networks",
    "filters": "Edge-preserving filters, two scales",
    "multiscale": "Multi-scale transforms",
    "sparse": "Sparse and low-rank representations",
    "variational": "Variational and statistical",
    "correlation": "Correlation",
    "error": "Error",
    "feature_information": "Information between features",
    "features": "Features of one image",
    "fidelity": "Visual fidelity",
    "gradient": "Gradients carried over",
    "information": "Information",
    "looks": "Looks",
    "no_reference": "Without a reference",
    "perceptual": "Perception",
    "phase": "Phase congruency",
    "piella": "Piella and Heijmans",
    "structural": "Structural similarity",
    "yang_cvejic": "Yang and Cvejic",
}


def _summary(module, key):
    value = getattr(importlib.import_module(module), key)
    if isinstance(value, (str, dict, tuple, list)):
        return f"``{value!r}``" if isinstance(value, str) else "A constant."
    return _first_sentence(inspect.getdoc(value) or "")


def _first_sentence(doc):
    return " ".join(doc.split("\n\n")[0].split())


def _heading(text, line):
    return f"{text}\n{line * len(text)}\n"
