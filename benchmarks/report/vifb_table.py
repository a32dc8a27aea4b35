# SPDX-License-Identifier: BSD-3-Clause
"""Recompute the table that the VIFB benchmark published from its own fused images.

Writes docs/vifb_table.md. Needs ../shared/data beside the repository.

    python benchmarks/report/vifb_table.py [-j WORKERS]
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from skfusion import ImagePairs
from skfusion.metrics import evaluate
from skfusion.search.tables import VIFB_COLUMNS

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
TABLE = DATA / "published_results" / "metric_tables" / "VIFB_published_metrics_dev.csv"

# The table lists this method twice under two names.
FOLDERS = {"MST_SR": "LP_SR"}


def recompute(n_jobs):
    """Published and recomputed values, one row a (method, image, metric)."""
    published = pd.read_csv(TABLE)
    images = sorted(published["image"].unique())
    pairs = ImagePairs(
        [DATA / "VIFB" / "ir" / f"{name}.jpg" for name in images],
        [DATA / "VIFB" / "vis" / f"{name}.jpg" for name in images],
        names=images,
    )
    tables = {}
    rows = []
    for method in sorted(published["method"].unique()):
        folder = FOLDERS.get(method, method)
        if folder not in tables:
            fused = DATA / "published_results" / folder / "VIFB"
            tables[folder] = evaluate(pairs, fused, "vifb", n_jobs=n_jobs)
        long = tables[folder].stack().rename("value")
        long.index.names = ["image", "column"]
        rows.append(long.reset_index().assign(method=method))
    got = pd.concat(rows)
    published["column"] = published["metric"].map(VIFB_COLUMNS)
    return published.merge(
        got, on=["method", "image", "column"], suffixes=("_published", "_recomputed")
    )


def report(table):
    """The page as Markdown."""
    published, got = table["value_published"], table["value_recomputed"]
    table = table.assign(error=(got - published).abs() / published.abs())
    close = table["error"] <= 1e-3
    off = sorted(table.loc[~close, "method"].unique())
    regular = table[~table["method"].isin(off)]
    other = table[table["method"].isin(off)]
    n_methods, n_images = table["method"].nunique(), table["image"].nunique()
    lines = [
        "# The published VIFB table, recomputed",
        "",
        f"{n_methods} methods x {n_images} images x {table['column'].nunique()} "
        f"metrics = {len(table)} values of the table that VIFB publishes, recomputed "
        "by "
        '`skfusion.metrics.evaluate(pairs, fused, "vifb")` from the fused JPEG files '
        "that VIFB publishes beside it (5 printed digits). Made by "
        "`benchmarks/report/vifb_table.py`.",
        "",
        f"**{close.mean():.2%} of the values lie within 1e-3 relative**; "
        f"all {len(regular)} values of {regular['method'].nunique()} methods do "
        f"(largest deviation {regular['error'].max():.1e}, median "
        f"{regular['error'].median():.0e}, i.e. the printed rounding).",
        "",
        "| metric | within 1e-3 | median | largest | largest without "
        f"{' and '.join(off)} |",
        "|---|---|---|---|---|",
    ]
    for column, rows in table.groupby("column"):
        rest = regular.loc[regular["column"] == column, "error"].max()
        lines.append(
            f"| {column} | {(rows['error'] <= 1e-3).mean():.2%} | "
            f"{rows['error'].median():.1e} | {rows['error'].max():.1e} | {rest:.1e} |"
        )
    lines += [
        "",
        "## What the rest is due to",
        "",
        f"All {np.count_nonzero(~close)} values outside belong to "
        f"{' and '.join(off)}. For these methods every metric is off a little on every "
        f"image (median deviation {other['error'].median():.0e} against "
        f"{regular['error'].median():.0e}), those that look at single pixels or rare "
        "grey levels (CE, Qcv, Qcb) most: the table's values were computed from other "
        "image files than the ones published, presumably before they were saved as "
        "JPEG. That is an inference; the files alone cannot show it.",
        "",
        "| method | image | metric | published | recomputed | deviation |",
        "|---|---|---|---|---|---|",
    ]
    for row in table[~close].sort_values("error", ascending=False).itertuples():
        lines.append(
            f"| {row.method} | {row.image} | {row.column} | "
            f"{row.value_published:.5g} | {row.value_recomputed:.5g} | "
            f"{row.error:.1e} |"
        )
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-j", "--n-jobs", type=int, default=1)
    parser.add_argument("--csv", type=Path, help="also write all values here")
    args = parser.parse_args()
    table = recompute(args.n_jobs)
    if args.csv:
        table.to_csv(args.csv, index=False)
    (ROOT / "docs").mkdir(exist_ok=True)
    (ROOT / "docs" / "vifb_table.md").write_text(report(table))


if __name__ == "__main__":
    main()
