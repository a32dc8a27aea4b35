"""Install the wheel in an empty environment far from the repository and use it."""

# SPDX-License-Identifier: BSD-3-Clause
import os
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SPACE = """
pipeline: laplacian_pyramid
metrics: [qabf, en]
params:
  fuse__n_levels: [2, 3]
"""
DRAW = """
from pathlib import Path
from skfusion.datasets import make_scene_pairs
from skfusion.images import write_image

scenes = make_scene_pairs(2, random_state=0)
for side, images in (("ir", scenes.infrared), ("vis", scenes.visible)):
    Path("pairs", side).mkdir(parents=True)
    for i, image in enumerate(images):
        write_image(Path("pairs", side, f"{i}.png"), image)
"""


def main(dist):
    (wheel,) = Path(dist).resolve().glob("*.whl")
    (sdist,) = Path(dist).resolve().glob("*.tar.gz")
    check_content(wheel)
    with tempfile.TemporaryDirectory(prefix="skfusion-wheel-") as folder:
        folder = Path(folder).resolve()
        start = time.perf_counter()
        venv.create(folder / "env", with_pip=True)
        install(folder, wheel)
        installed = time.perf_counter()
        use(folder)
    print(
        f"installed in {installed - start:.0f} s, used in "
        f"{time.perf_counter() - installed:.0f} s"
    )
    for path in (wheel, sdist):
        print(f"{path.name}: {path.stat().st_size / 2**20:.1f} MiB")


def check_content(wheel):
    """Compare what the wheel holds with the package as git knows it."""
    listed = subprocess.run(
        ["git", "ls-files", "skfusion"], cwd=ROOT, capture_output=True, text=True
    )
    wanted = {name for name in listed.stdout.split() if (ROOT / name).is_file()}
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        weights = [i for i in archive.infolist() if i.filename.endswith("safetensors")]
    if missing := sorted(wanted - held):
        sys.exit(f"the wheel lacks {', '.join(missing)}")
    foreign = {n.split("/")[0] for n in held if ".dist-info/" not in n} - {"skfusion"}
    if foreign:
        sys.exit(f"the wheel holds {', '.join(sorted(foreign))} beside the package")
    if not any(name.endswith("/NOTICE.md") for name in held):
        sys.exit("the wheel holds no NOTICE.md")
    size = sum(info.compress_size for info in weights) / 2**20
    print(f"{len(held)} files, {len(weights)} of them weights of {size:.1f} MiB")


def install(folder, wheel):
    run(folder, "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", wheel)


def use(folder):
    """Demo, fuse, evaluate and search, from the command line alone."""
    said = run(folder, "skfusion", "--version")
    if "commit" not in said:
        sys.exit(f"the installed version names no commit: {said}")
    run(folder, "skfusion", "info")
    run(folder, "skfusion", "demo", "-o", "demo")
    run(folder, "python", "-c", DRAW)
    pairs = folder / "pairs"
    fuse = ("skfusion", "fuse", pairs, "-o", "fused", "--quiet")
    run(folder, *fuse, "--method", "learned_pyramid_small")
    run(folder, "skfusion", "evaluate", pairs, "fused", "-o", "table.csv")
    (folder / "space.yaml").write_text(SPACE)
    run(folder, "skfusion", "search", pairs, "space.yaml", "-o", "found")
    best = folder / "found" / "best.json"
    run(folder, *fuse[:3], "-o", "again", "--quiet", "--model", best)
    for name in ("demo", "fused", "again"):
        if not list((folder / name).rglob("*.png")):
            sys.exit(f"{name}: no image was written")
    if not (folder / "table.csv").read_text().count("\n") > 2:
        sys.exit("the table of metrics is empty")


def run(folder, program, *words):
    """Run a program of the new environment in a folder that is not the repository."""
    here = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    words = [str(word) for word in words]
    print("$", program, *(word.split("\n")[0] for word in words), flush=True)
    done = subprocess.run(
        [here / program, *words],
        cwd=folder,
        env={**clean, "PATH": f"{here}{os.pathsep}{clean['PATH']}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\n{program} ended with {done.returncode}")
    return done.stdout


if __name__ == "__main__":
    main(sys.argv[1])
