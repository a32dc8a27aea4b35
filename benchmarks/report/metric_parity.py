# SPDX-License-Identifier: BSD-3-Clause
"""How exactly each metric reproduces the published codes; writes docs/metric_parity.md.

Rows of tests/golden/metrics.csv; those of the larger drawn pairs only where ../shared
lies beside the repository.

    python benchmarks/report/metric_parity.py
"""

import sys
import warnings
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from skfusion.metrics import (  # noqa: E402
    ImageTooSmallError,
    UndefinedMetricWarning,
    registry,
)
from skfusion.metrics.context import Context  # noqa: E402
from tests.metrics.golden_map import (  # noqa: E402
    call_of,
    exception_of,
    tolerance_of,
)
from tests.metrics.golden_rows import (  # noqa: E402
    GOLDEN,
    deviation,
    drawn_available,
    drawn_images,
    read_rows,
    value_of,
)


def measure():
    """Deviations by (metric, variant, implementation); rows left out by cause."""
    by_image = defaultdict(list)
    for row in read_rows(GOLDEN / "metrics.csv"):
        if drawn_available(row):
            by_image[row["pair"], row["fused"]].append(row)
    measured, left_out = defaultdict(list), defaultdict(int)
    for (pair, fused), rows in by_image.items():
        ctx = Context(*drawn_images(pair, fused))
        for row in rows:
            name = row["metric"], row["variant"], row["implementation"]
            cause = exception_of(row)
            if cause or call_of(row) is None:
                left_out[*name, cause or "no call"] += 1
                continue
            key, kwargs = call_of(row)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UndefinedMetricWarning)
                try:
                    got = registry[key].of(ctx, **kwargs)
                except ImageTooSmallError:
                    got = float("nan")
            measured[name].append((deviation(got, value_of(row)), tolerance_of(row)))
    return measured, left_out


def _call_text(row_name):
    metric, variant, implementation = row_name
    key, kwargs = call_of({"metric": metric, "variant": variant})
    inside = "".join(f", {k}={v!r}" for k, v in kwargs.items())
    return f"`{key}(...{inside})`"


def report(measured, left_out):
    """The page as Markdown."""
    deviations = [d for rows in measured.values() for d in rows]
    n_good = sum(error <= tolerance for error, tolerance in deviations)
    lines = [
        "# Parity of the metrics with the published codes",
        "",
        "Each line compares library calls with values that a published implementation "
        "(GNU Octave, Python) returned for drawn image pairs; the values are in "
        "`tests/golden/metrics.csv`. Codes in double precision are held to 1e-9 "
        "relative, codes in single precision (IVIF_ZOO, fusionQualityLoss) to 1e-4. "
        "Made by `benchmarks/report/metric_parity.py`.",
        "",
        f"**{n_good} of {len(deviations)} compared values agree within their "
        f"tolerance**; {sum(left_out.values())} rows are not compared, "
        "for the causes below.",
        "",
        "| metric | published variant | implementation | call | values | largest "
        "relative deviation |",
        "|---|---|---|---|---|---|",
    ]
    for name, rows in sorted(measured.items()):
        metric, variant, implementation = name
        lines.append(
            f"| {metric} | {variant} | {implementation} | {_call_text(name)} | "
            f"{len(rows)} | {max(error for error, _ in rows):.1e} |"
        )
    lines += [
        "",
        "## Rows that are not compared",
        "",
        "| metric | published variant | implementation | rows | cause |",
        "|---|---|---|---|---|",
    ]
    for (metric, variant, implementation, cause), n in sorted(left_out.items()):
        lines.append(f"| {metric} | {variant} | {implementation} | {n} | {cause} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (ROOT / "docs").mkdir(exist_ok=True)
    (ROOT / "docs" / "metric_parity.md").write_text(report(*measure()))
