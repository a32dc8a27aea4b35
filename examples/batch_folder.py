"""
Fuse a folder in parallel
=========================

Two workers read, fuse and write; a broken file costs only its own pair, and a second
run does only what is missing. For a cluster, wrap the call in
``joblib.parallel_config(backend="dask")``.
"""

import tempfile
from pathlib import Path

from skfusion import load_pairs
from skfusion.batch import fuse_folder
from skfusion.compose import PreserveChroma
from skfusion.datasets import make_scene_pairs
from skfusion.images import write_image
from skfusion.pipelines import get_pipeline

with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    scenes = make_scene_pairs(4, size=(96, 128), random_state=0)
    for side, images in (("ir", scenes.infrared), ("vis", scenes.visible)):
        (folder / side).mkdir()
        for name, image in zip(scenes.names, images):
            write_image(folder / side / f"{name}.png", image)
    (folder / "vis" / f"{scenes.names[1]}.png").write_bytes(b"not an image")

    pairs = load_pairs(folder)
    estimator = PreserveChroma(get_pipeline("tif"))
    for _ in range(2):
        report = fuse_folder(
            estimator, pairs, folder / "fused", n_jobs=2, on_error="warn"
        )
        print(report)
