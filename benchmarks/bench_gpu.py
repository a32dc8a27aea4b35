"""Networks on a GPU in one table: `benchmarks/bench/gpu.py` by a shorter way."""

# SPDX-License-Identifier: BSD-3-Clause
import runpy
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "bench"

if __name__ == "__main__":
    sys.path.insert(0, str(FOLDER))
    runpy.run_path(str(FOLDER / "gpu.py"), run_name="__main__")
