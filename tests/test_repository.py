"""What the build files promise is there."""

# SPDX-License-Identifier: BSD-3-Clause
import ast
import configparser
import importlib
import re
from importlib.util import find_spec

import pytest


def test_every_phony_target_has_a_rule(root):
    text = (root / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", text, re.M)[1].split()
    rules = re.findall(r"^([\w-]+):", text, re.M)
    assert sorted(phony) == sorted(rules)


IMPORTED_AS = {"PyWavelets": "pywt", "dask": "distributed"}


def test_every_extra_is_used_somewhere(root):
    config = configparser.ConfigParser(interpolation=None)
    config.read(root / "setup.cfg")
    code = "\n".join(
        path.read_text()
        for folder in ("skfusion", "tests", "benchmarks")
        for path in (root / folder).rglob("*.py")
    )
    for extra, packages in config["options.extras_require"].items():
        if extra == "dev":
            continue
        name = re.match(r"[\w-]+", packages.strip())[0]
        name = IMPORTED_AS.get(name, name)
        assert re.search(rf"\b(import|from|importorskip\(\")\W*{name}\b", code), extra


def floors(root):
    """The lowest version of each dependency that setup.cfg promises."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(root / "setup.cfg")
    lists = [config["options"]["install_requires"]]
    extras = dict(config["options.extras_require"])
    lists += [
        packages for extra, packages in extras.items() if extra not in ("dev", "docs")
    ]
    found = re.findall(r"^([\w-]+)(?:\[\w+\])? >= ([\d.]+)$", "\n".join(lists), re.M)
    return {name.lower(): version for name, version in found}


def pins(path):
    found = re.findall(r"^([\w.-]+)==(\S+)$", path.read_text(), re.M)
    return {name.lower(): version for name, version in found}


# Wheels of old releases for the processor alone are not to be had.
NOT_AT_ITS_FLOOR = {"torch"}


def test_the_oldest_environment_holds_every_floor_of_setup_cfg(root):
    oldest = pins(root / "constraints-oldest.txt")
    for name, floor in floors(root).items():
        if name in NOT_AT_ITS_FLOOR:
            assert oldest[name] == pins(root / "constraints.txt")[name]
        else:
            pinned, wanted = (
                [int(part) for part in version.split(".")]
                for version in (oldest[name], floor)
            )
            padded = wanted + [0] * (len(pinned) - len(wanted))
            assert pinned == padded, f"{name}: {oldest[name]}, setup.cfg says {floor}"


def test_every_floor_is_pinned_for_make_test(root):
    assert set(floors(root)) <= set(pins(root / "constraints.txt"))


def test_the_version_is_said_once_and_cited(root):
    from skfusion import __version__

    cited = re.search(r"^version: (\S+)$", (root / "CITATION.cff").read_text(), re.M)
    assert cited[1] == __version__


@pytest.mark.parametrize("data", ["RoadScene", "BSDS500", "M3SVD"])
def test_the_notices_name_the_weights_of_each_data_set(root, data):
    notice = (root / "NOTICE.md").read_text()
    row = re.search(rf"^\| {data} .*\|(.*)\|$", notice, re.M)[1]
    fitted = set()
    for card in (root / "skfusion" / "weights").glob("*.md"):
        said = re.search(r"^(\| data \||- \*\*Data\*\*).*", card.read_text(), re.M)
        if data in said[0]:
            fitted.add(card.stem)
    assert set(re.findall(r"`(\w+)`", row)) == fitted


def own_imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("skfusion"):
            for alias in node.names:
                yield node.module, alias.name


def test_what_benchmarks_and_examples_import_is_there(root):
    for folder in ("benchmarks", "examples"):
        for path in sorted((root / folder).rglob("*.py")):
            for module, name in own_imports(ast.parse(path.read_text())):
                where = importlib.import_module(module)
                found = hasattr(where, name) or find_spec(f"{module}.{name}")
                assert found, f"{path.name}: {module} has no {name}"


# In the history only; the cards of the weights that it made say so.
GONE = {"benchmarks/train_encoder_decoder.py"}


def test_every_script_that_a_file_names_is_there(root):
    files = [root / "Makefile", *root.glob("*.md"), *root.glob("docs/**/*.md")]
    for folder in ("benchmarks", "skfusion/weights"):
        files += [p for p in (root / folder).rglob("*") if p.suffix in (".py", ".md")]
    for path in files:
        text = path.read_text(encoding="utf-8")
        for name in {*re.findall(r"benchmarks/[\w/]+\.(?:py|yaml)", text)} - GONE:
            assert (root / name).is_file(), f"{path.name} names {name}"


def test_every_file_beside_the_code_is_in_the_package(root):
    config = configparser.ConfigParser(interpolation=None)
    config.read(root / "setup.cfg")
    data = config["options.package_data"]
    package = root / "skfusion"
    shipped = set(package.rglob("*.pyi"))
    for pattern in data["skfusion"].split():
        found = set(package.glob(pattern))
        assert found, f"package_data: {pattern} names no file"
        shipped |= found
    kinds = (".css", ".html", ".js", ".md", ".typed", ".safetensors", ".json")
    beside = {path for path in package.rglob("*") if path.suffix in kinds}
    assert beside | {package / "py.typed"} <= shipped
