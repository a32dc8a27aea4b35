"""Names that are not UTF-8, and that mean harm, cost neither the run nor the table."""

# SPDX-License-Identifier: BSD-3-Clause
import json
import os
import sys

import numpy as np
import pytest

from skfusion.cli import main
from skfusion.images import write_image

NAMES = [b"a", b"=cmd|calc", b"<script>x", b"b\x1b[31m", b"z\xff"]


@pytest.fixture
def folder(tmp_path, monkeypatch, rng):
    monkeypatch.chdir(tmp_path)
    for side in ("ir", "vis"):
        os.makedirs(f"data/{side}")
        for name in NAMES:
            write_image("x.png", rng.integers(0, 256, (24, 32), dtype=np.uint8))
            try:
                os.rename(b"x.png", b"data/%s/%s.png" % (side.encode(), name))
            except OSError:
                pytest.skip("no such names on this system")
    assert main(["fuse", "data", "-o", "out", "--method", "average", "--quiet"]) == 0
    return tmp_path


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes")
@pytest.mark.parametrize("suffix", [".csv", ".md", ".json"])
def test_evaluate_writes_a_row_for_each(folder, capsys, suffix):
    words = ["evaluate", "data", "out", "--metrics", "sd", "-o", f"t{suffix}"]
    assert main(words) == 0
    text = (folder / f"t{suffix}").read_text("utf-8")
    for harm in ("\x1b", "\n=", "| <script>"):
        assert harm not in text and harm not in capsys.readouterr().out
    if suffix == ".json":
        assert len(json.loads(text)) == len(NAMES) + 1
    assert main(words) == 2 and "--force replaces it" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes")
def test_bench_finishes(folder):
    words = ["bench", "data", "--methods", "average", "--metrics", "sd"]
    assert main([*words, "-o", "bench", "--quiet"]) == 0


def test_an_unknown_metric_is_told_the_nearest():
    from skfusion.metrics import metric_set

    with pytest.raises(ValueError, match=r"Did you mean 'qabf'\?$"):
        metric_set("qbaf")
