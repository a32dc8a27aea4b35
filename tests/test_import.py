"""What ``import skfusion`` costs and what it leaves alone."""

import subprocess
import sys

HEAVY = ("torch", "numba", "cv2", "matplotlib", "sklearn", "pandas", "scipy", "PIL")


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_import_loads_no_heavy_library():
    code = f"import skfusion, sys; print([m for m in {HEAVY} if m in sys.modules])"
    assert run(code) == "[]"


def test_every_public_name_is_found():
    code = (
        "import skfusion\n"
        "for name in skfusion.__all__:\n"
        "    getattr(skfusion, name)\n"
        "print(len(skfusion.__all__) > 10)"
    )
    assert run(code) == "True"


def test_every_room_opens_from_the_front_door():
    from .test_public_names import MODULES

    rooms = [name.removeprefix("skfusion.") for name in MODULES if "." in name]
    code = (
        "import importlib, skfusion\n"
        f"for room in {rooms}:\n"
        "    door, *inner = room.split('.')\n"
        "    assert door in skfusion.__all__, room\n"
        "    getattr(skfusion, door)\n"
        "    importlib.import_module(f'skfusion.{room}')\n"
        "print(len(skfusion.__all__))"
    )
    assert int(run(code)) > len(rooms)


def test_import_works_under_optimisation():
    out = subprocess.run(
        [sys.executable, "-OO", "-c", "import skfusion.cli; print('ok')"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert out.stdout.strip() == "ok"


def test_the_version_is_a_string():
    assert run("import skfusion; print(skfusion.__version__)").count(".") >= 2
