"""
Fuse on a device without torch
==============================

A network is exported once, as ONNX. What the device needs are NumPy, onnxruntime and
the lines between the two rules; the file tells how it wants its images. Here both
happen in one script, and the results are compared.
"""

import tempfile
from pathlib import Path

import numpy as np

from skfusion.compose import PreserveChroma
from skfusion.datasets import make_scene_pairs
from skfusion.fusers import DIDFuse

fuser = DIDFuse()
infrared, visible = make_scene_pairs(1, size=(120, 161), random_state=0).read(0)

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "didfuse.onnx"
    fuser.export_onnx(path)

    # --- on the device: float32 images in [0, 1], (H, W) and (H, W, 3) ---------------
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    luma = visible @ np.float32([0.299, 0.587, 0.114])
    inputs = {"infrared": infrared[None, None], "visible": luma[None, None]}
    fused = session.run(["fused"], inputs)[0][0, 0]
    # The visible colours back, pale rather than cut where they do not fit.
    chroma = visible - luma[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(chroma > 0, 1 - fused[..., None], -fused[..., None]) / chroma
    keep = np.nanmin(np.where(chroma == 0, 1, room), axis=2).clip(0, 1)
    picture = fused[..., None] + keep[..., None] * chroma
    # ---------------------------------------------------------------------------------

    print(session.get_modelmeta().custom_metadata_map["color"])
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")

expected = PreserveChroma(fuser).transform([(infrared, visible)])[0]
print(f"largest difference from skfusion: {np.abs(picture - expected).max():.1e}")
