"""The benchmark of networks on a GPU, small on a CPU, so that it stays alive."""

# SPDX-License-Identifier: BSD-3-Clause
import json
import os
import subprocess
import sys


def test_the_small_form_prints_a_table_and_writes_json(root, tmp_path):
    found = subprocess.run(
        [
            *(sys.executable, root / "benchmarks" / "bench_gpu.py", "--small"),
            *("--device", "cpu", "-o", tmp_path / "found.json"),
            *("--methods", "encoder-decoder 16 leaky", "learned pyramid"),
        ],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rows = json.loads((tmp_path / "found.json").read_text())["methods"]
    assert list(rows) == ["encoder-decoder 16 leaky", "learned pyramid"]
    for name, row in rows.items():
        line = next(x for x in found.splitlines() if x.startswith(name + "  "))
        assert f"{100 * row['of_floor']:.0f} %" in line
        assert min(row["transform"], row["alone"], row["folder"], row["floor"]) > 0
        assert row["levels"] == 0 and row["mebibytes"] == 0
    assert rows["learned pyramid"]["target"] == 1500
