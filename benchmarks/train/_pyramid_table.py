"""What the opponents of the learned pyramid reach on its training pairs."""

# SPDX-License-Identifier: BSD-3-Clause
import json
import os

import cv2
import numpy as np

from skfusion import ImagePairs
from skfusion.metrics.sets import Entry, compute_entries, metric_set
from skfusion.pipelines import get_pipeline

OPPONENTS = (
    "average laplacian_pyramid dtcwt lp_sr rp_sr tif gff mgff adf fpde msvd cbf gtf "
    "ifevip vsmwls hybrid_msd hmsd_gf gfce saif wavelet pyramid_natural "
    "pyramid_balanced fast pyramid_targets"
).split()
SECOND = "vif viff scd cc ms_ssim nabf qw".split()


def entries():
    """The columns of the table: VIFB's thirteen, then those of the second table."""
    return [*metric_set("vifb"), *(Entry(key, key) for key in SECOND)]


def encode(image):
    return cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, 88])[1].ravel()


def decode(blob):
    return cv2.imdecode(blob, cv2.IMREAD_GRAYSCALE)


def write_pairs(pairs, path):
    """Write the pairs as compressed images; what is decoded is what is trained on."""
    blobs = [encode(image) for pair in pairs for image in pair[3:]]
    np.savez(
        path,
        blob=np.concatenate(blobs),
        ends=np.cumsum([len(blob) for blob in blobs]),
        kind=np.array([pair[0] for pair in pairs]),
        name=np.array([pair[1] for pair in pairs]),
        held=np.array([pair[2] for pair in pairs]),
    )


def read_pairs(path):
    """Return ``(infrared, visible, kind, name, held)``, the images uint8 stacks."""
    with np.load(path) as file:
        blobs = np.split(file["blob"], file["ends"][:-1])
        rest = file["kind"], file["name"], file["held"]
    images = [decode(blob) for blob in blobs]
    return np.stack(images[::2]), np.stack(images[1::2]), *rest


def measure(infrared, visible, path, part=0, n_parts=1):
    """Add the values of this part of the pairs to a file of JSON lines."""
    done = set()
    if os.path.exists(path):
        with open(path) as file:
            done = {json.loads(line)["pair"] for line in file if line.endswith("\n")}
    methods = [get_pipeline(_today(name)) for name in OPPONENTS]
    with open(path, "a") as file:
        for i in range(part, len(infrared), n_parts):
            if i in done:
                continue
            ir, vis = infrared[i], visible[i]
            pair = ImagePairs([ir], [vis])
            values = []
            for method in methods:
                fused = np.rint(method.fit_transform(pair)[0] * 255).astype(np.uint8)
                row = compute_entries(ir, vis, fused, entries())
                values.append([float(row[entry.column]) for entry in entries()])
            file.write(json.dumps({"pair": i, "values": values}) + "\n")
            file.flush()


def _today(name):
    from skfusion.pipelines import pipeline_names

    return name if name in pipeline_names() else name.removeprefix("pyramid_")


def gather(paths, n_pairs):
    """Return the table ``(n_pairs, opponents, metrics)``; NaN where not measured."""
    table = np.full((n_pairs, len(OPPONENTS), len(entries())), np.nan, np.float32)
    for path in paths:
        with open(path) as file:
            for line in file:
                if line.endswith("\n"):
                    row = json.loads(line)
                    table[row["pair"]] = row["values"]
    return table
