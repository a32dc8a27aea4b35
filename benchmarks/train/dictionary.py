"""Learn the arrays that ship with the sparse and low-rank fusers.

    python benchmarks/train/dictionary.py FOLDER [NAME ...]

FOLDER holds ordinary photographs, e.g. the training images of BSDS500. Without names
all four files are written to skfusion/weights: the same photographs and versions give
the same bytes.
"""

# SPDX-License-Identifier: BSD-3-Clause
import argparse
import time
from pathlib import Path

from skfusion import ImagePairs
from skfusion.fusers import ConvSR, LatLRR, MDLatLRR, SparseRepresentationFuser
from skfusion.images import luma, read_image

OUT = Path(__file__).resolve().parents[2] / "skfusion" / "weights"
RECIPES = {
    "dictionary_256_8": SparseRepresentationFuser(
        weights=None, n_patches=50_000, random_state=0
    ),
    "latlrr_8": LatLRR(weights=None, random_state=0),
    "latlrr_16": MDLatLRR(weights=None, random_state=0),
    "convsr_32_8": ConvSR(weights=None, random_state=0),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("photographs", type=Path)
    parser.add_argument("names", nargs="*", choices=[[], *RECIPES], default=[])
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    paths = sorted(args.photographs.glob("*.jpg"))
    images = [luma(read_image(path)) for path in paths]
    # One photograph in both columns: a fit draws from either.
    X = ImagePairs(images, images)
    for name in args.names or RECIPES:
        start = time.perf_counter()
        fuser = RECIPES[name].fit(X)
        target = args.out / f"{name}.safetensors"
        fuser.save_weights(target)
        seconds = time.perf_counter() - start
        print(f"{target} from {len(paths)} photographs in {seconds:.0f} s")


if __name__ == "__main__":
    main()
