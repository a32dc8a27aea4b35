"""Who may import whom, and what no file may contain."""

import ast
import re
import subprocess
import sys

import pytest

# A room imports from itself and from those on lower floors, never from its own floor.
LEVELS = (
    ("_urls",),
    ("_version", "_text", "_lists", "_atomic_files", "_limits", "_ranks", "_kernels")
    + ("networks", "workers"),
    ("images", "losses"),
    ("pairs", "fused_files", "fingerprints"),
    ("base", "sizes", "fused_records"),
    ("learning", "bad_pairs", "registration"),
    ("weights", "transforms", "metrics", "datasets"),
    ("compose", "fusers"),
    ("inspection", "pipelines", "ranking", "testing"),
    ("presets", "batch", "model_files", "video"),
    ("search", "leaderboard", "demo", "app"),
    ("cli",),
    ("__main__",),
)
RANK = {name: i for i, names in enumerate(LEVELS) for name in names}
ALLOWED = {
    "_kernels": {"numpy", "numba", "math", "warnings", "__future__"},
    "networks": {"torch", "math", "__future__", "collections", "typing", "functools"},
}


def files(root):
    return sorted((root / "skfusion").rglob("*.py"))


def own_module(path, root):
    return path.relative_to(root / "skfusion").with_suffix("").parts


def imported(path, root):
    """Yield (top module of skfusion or "", absolute name) of every import."""
    parts = own_module(path, root)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0:
                yield node.module
            else:
                base = ("skfusion", *parts)[: -node.level]
                module = ".".join([*base, node.module or ""]).rstrip(".")
                if module == "skfusion" or not node.module:
                    for alias in node.names:
                        yield f"{module}.{alias.name}"
                else:
                    yield module


def test_every_module_has_a_level(root):
    for path in files(root):
        top = own_module(path, root)[0]
        assert top in RANK or top == "__init__", f"{top} has no place in LEVELS"


def test_nothing_imports_upwards(root):
    for path in files(root):
        top = own_module(path, root)[0]
        if top == "__init__":
            continue
        for name in imported(path, root):
            if not name.startswith("skfusion."):
                continue
            target = name.split(".")[1]
            below = RANK[target] < RANK[top] or target == top
            assert below, f"{path.name} imports {name}"


@pytest.mark.parametrize("package", ALLOWED)
def test_inner_packages_import_only_their_library(root, package):
    for path in sorted((root / "skfusion" / package).rglob("*.py")):
        for name in imported(path, root):
            top = name.split(".")[0]
            own = name.startswith(f"skfusion.{package}")
            assert own or top in ALLOWED[package], f"{path.name} imports {name}"


def test_one_module_compiles_kernels(root):
    for path in files(root):
        if "numba" in {name.split(".")[0] for name in imported(path, root)}:
            assert own_module(path, root) == ("_kernels", "_jit"), path


# Everybody loads these before anything is computed: they import what is heavy where
# they need it. Every other module imports at its top: it is loaded when it is used.
LIGHT = (
    "compose._chroma",
    "images.false_colour",
    "images.files",
    "images.formats.jpeg_scans",
    "images.formats.libraries",
    "images.formats.png",
    "metrics.context",
    "workers",
)


def heavy(tree):
    """Imports of OpenCV or of compiled kernels: at the top of a file, below it."""
    top, inner = [], []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [getattr(node, "module", None) or "", *(n.name for n in node.names)]
            words = {word for name in names for word in name.split(".")}
            if words & {"cv2", "_kernels"} and not words & {"luma", "taps"}:
                (top if node in tree.body else inner).append(node.lineno)
    return top, inner


def test_kernels_and_opencv_are_imported_at_the_top_of_what_computes(root):
    for path in files(root):
        top, inner = heavy(ast.parse(path.read_text()))
        name = ".".join(own_module(path, root))
        if name in LIGHT:
            assert inner and not top, f"{name}: {top} {inner}"
        else:
            assert not inner, f"{name}: {inner}"


def test_what_everybody_loads_is_light():
    names = ", ".join(f"skfusion.{name}" for name in LIGHT)
    code = (
        f"import sys, {names}, skfusion.pipelines, skfusion.metrics\n"
        "assert not {'cv2', 'numba', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


FORBIDDEN = (
    r"\bfastmath\s*=\s*True",
    r"\bpickle\.loads?\(",
    r"allow_pickle\s*=\s*True",
    r"\byaml\.load\(",
    r"(?<![\w.])eval\(",
    r"(?<![\w.])exec\(",
    r"\burlopen\b|\brequests\.|\bhttp\.client\b|\bsocket\.",
)


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_no_file_executes_or_fetches_data(root, pattern):
    for path in files(root):
        assert not re.search(pattern, path.read_text()), path


def parsed(root):
    return [(path, ast.parse(path.read_text())) for path in files(root)]


def test_no_check_of_the_library_is_gone_under_optimisation(root):
    for path, tree in parsed(root):
        found = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]
        assert not found, f"{path.name}:{found}: raise an error in place of assert"


def returns(function):
    """Return whether a function itself, not one inside it, returns or yields values."""
    todo = list(function.body)
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if isinstance(node, ast.Return) and node.value is not None:
            return True
        if not isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            todo += ast.iter_child_nodes(node)
    return False


def test_what_is_declared_to_return_nothing_returns_nothing(root):
    for path, tree in parsed(root):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.returns is not None:
                nothing = ast.unparse(node.returns) == "None"
                assert not (nothing and returns(node)), f"{path.name}: {node.name}"


def test_a_documented_result_is_returned_and_a_returned_one_documented(root):
    for path, tree in parsed(root):
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            text = ast.get_docstring(node) or ""
            if "Parameters\n---" not in text:
                continue  # one line says it all
            documented = re.search(r"^(Returns|Yields)\n---", text, re.M) is not None
            assert documented == returns(node), f"{path.name}: {node.name}"


def test_no_warning_is_silenced_without_a_name(root):
    for path, tree in parsed(root):
        for node in ast.walk(tree):
            called = node.func if isinstance(node, ast.Call) else None
            if getattr(called, "attr", "") in ("simplefilter", "filterwarnings"):
                named = len(node.args) > 1 or node.keywords
                assert named, f"{path.name}:{node.lineno}: name the warning"


def test_torch_load_only_converts_weights_and_executes_nothing(root):
    for path in files(root):
        for call in re.findall(r"torch\.load\([^)]*\)", path.read_text(), re.S):
            assert path.parts[-2:] == ("learning", "checkpoints.py")
            assert "weights_only=True" in call


def test_every_file_names_its_licence(root):
    for path in files(root):
        text = path.read_text()
        if len(text.splitlines()) > 3:
            assert "SPDX-License-Identifier: BSD-3-Clause" in text, path
