"""What the build files promise is there."""

# SPDX-License-Identifier: BSD-3-Clause
import configparser
import re


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
