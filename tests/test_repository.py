"""What the build files promise is there."""

# SPDX-License-Identifier: BSD-3-Clause
import ast
import configparser
import importlib
import re
from importlib.util import find_spec


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
