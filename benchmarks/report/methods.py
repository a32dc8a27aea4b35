"""Write the pictures of the documentation and its table of methods, docs/methods.md."""

from pathlib import Path

import numpy as np

from skfusion import fusers, presets
from skfusion.compose import PreserveChroma
from skfusion.datasets import make_scene_pairs
from skfusion.images import write_image
from skfusion.inspection.contact_sheet import contact_sheet
from skfusion.pipelines import DEFAULT_METHOD, get_pipeline, registry

ROOT = Path(__file__).resolve().parents[2]
HEAD = """# All methods

Every name goes with {func}`skfusion.fuse`, {func}`skfusion.pipelines.get_pipeline` and
`--method`; the picture is one drawn night scene. Presets come first; {doc}`choosing`
says which to take. Written by `make tables`.

| name | method | in one picture |
|---|---|---|
"""
THUMBNAIL = (96, 120)


def main():
    (ROOT / "docs" / "images" / "methods").mkdir(parents=True, exist_ok=True)
    pairs = make_scene_pairs(4, night="mixed", random_state=7)
    _write_picture(pairs)
    _write_presets(pairs)
    _write_methods(pairs[[3]])


def _write_picture(pairs):
    chosen = pairs[[0, 1, 3]]
    methods = (DEFAULT_METHOD, "natural")
    results = [
        PreserveChroma(get_pipeline(name)).fit_transform(chosen) for name in methods
    ]
    rows = [
        [*chosen.read(i), *(fused[i] for fused in results)] for i in range(len(chosen))
    ]
    captions = [["infrared", "visible", *methods]] * len(chosen)
    path = ROOT / "docs" / "images" / "fusion.png"
    write_image(path, contact_sheet(rows, captions, tile_height=256))
    print(path)


def _write_presets(pairs):
    chosen = pairs[[0, 1, 3]]
    results = [
        PreserveChroma(get_pipeline(name)).fit_transform(chosen)
        for name in presets.__all__
    ]
    rows = [
        [*chosen.read(i), *(images[i] for images in results)]
        for i in range(len(chosen))
    ]
    captions = [["infrared", "visible", *presets.__all__]] * len(rows)
    path = ROOT / "docs" / "images" / "presets.jpg"
    write_image(path, contact_sheet(rows, captions, tile_height=200))
    print(path)


def _write_methods(pair):
    lines = []
    for entry in registry.values():
        estimator = PreserveChroma(get_pipeline(entry.name))
        fused = estimator.fit(pair).transform(pair)[0]
        path = ROOT / "docs" / "images" / "methods" / f"{entry.name}.jpg"
        write_image(path, _thumbnail(fused))
        picture = f"![{entry.name}](images/methods/{entry.name}.jpg)"
        lines.append(f"| `{entry.name}` | {_title(entry)} | {picture} |\n")
        print(path)
    (ROOT / "docs" / "methods.md").write_text(HEAD + "".join(lines), encoding="utf-8")


def _title(entry):
    fuser = type(get_pipeline(entry.name)["fuse"]).__name__
    assert fuser in fusers.__all__
    return f"{entry.title} ({{class}}`~skfusion.fusers.{fuser}`)"


def _thumbnail(image):
    import cv2

    height, width = THUMBNAIL
    return np.clip(
        cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), 0, 1
    )


if __name__ == "__main__":
    main()
