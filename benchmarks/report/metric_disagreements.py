# SPDX-License-Identifier: BSD-3-Clause
"""What a metric's name means in each code; writes docs/why_your_numbers_differ.md.

Uses the drawn pair `odd` in tests/golden and its four fused images.

    python benchmarks/report/metric_disagreements.py
"""

import math
import sys
import warnings
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from skfusion.metrics import UndefinedMetricWarning, registry  # noqa: E402
from skfusion.metrics.context import Context  # noqa: E402
from tests.metrics.golden_map import call_of, exception_of  # noqa: E402
from tests.metrics.golden_rows import GOLDEN, drawn_images, read_rows  # noqa: E402

FUSED = ("mean", "max", "TIF", "LP_SR")

INTRO = """# Why your numbers differ

Two papers that print "Qabf" or "MI" often print different quantities: the codes differ
in constants, borders, value range, logarithm, or contain a slip that was copied on.
This page shows, for one drawn pair (`tests/golden`, pair `odd`) and four fused images,
what each published code gives and which call of this library gives the same number (see
the [parity of the metrics](metric_parity.md) for how exactly). The last column is the
order in which the code ranks the four images: where the orders differ, the choice of
code decides which method "wins".

The largest traps:

1. **MI = 2 EN.** `analysis_MI` of the RFN-Nest and thfylsty collections returns twice
   the entropy of the fused image (`mi(..., variant="rfn_2en")`).
2. **PSNR 54 to 64 dB.** VIFB takes a root too many (`variant="vifb"`), Tang's code and,
   until 17 July 2025, IVIF_ZOO compare an error on [0, 1] with a peak of 255
   (`variant="lt"`, 48.13 dB too much). Since that day IVIF_ZOO's is `psnr(...)`. Fused
   images of two different sources have 10 to 25 dB.
3. **Qabf and Nabf on [0, 1].** The Qabf code treats equal gradients as G = g_F, the
   Nabf code has an absolute threshold of 2 grey levels: both change with the value
   range (`data_range=1`).
4. **Nabf of the wrong image.** One call hands over the infrared image as the fused one
   (`nabf(..., variant="lt_wrong_order")`).
5. **SSIM with L = 1 on 0..255 data** loses its stabilising constants (`variant="tang"`,
   `"zoo"`); its ranking has little to do with SSIM.
6. **"FMI_pixel" is computed on edges**, not on pixels (`fmi(..., variant="edge")`).
7. **uint8 in MATLAB saturates**: CC, SCD, MI, SD, SF and VIF change when the same file
   is called with uint8 in place of double (`variant="uint8"`). **An SD of 8 to 11** is
   Tang's code until March 2023, in SeAFusion's tables and those that followed: what is
   darker than the mean counts 0 and no square more than 255, so that no image has more
   than 15.97. The same image has an SD of 35 to 40. Its SF of that time is on [0, 1]
   (`sf(..., variant="mean_of_differences", data_range=1)`, 0.03 to 0.1), its VIF has
   next to no first scale (`vif(..., variant="uint8", reduction="sum")`).
   `evaluate(..., "tang2022")` gives all 17 columns of then, `"tang"` those of now.
8. **Sum or mean of the two sources**: SSIM, MS-SSIM and VIF are sums in some codes
   (`reduction="sum"`).
9. **Colour**: VIFB scores each channel and averages (`channel="mean"`), everybody else
   converts to gray first.

## The codes

Where a number was compared with a code, this is the state of it. "Before" and "since"
are what its author changed.

"""

# Name here, repository or what it is, commit or date.
CODES = (
    ("VIFB", "xingchenzhang/VIFB", "22b2ea9"),
    (
        "Objective-evaluation-for-image-fusion",
        "thfylsty/Objective-evaluation-for-image-fusion",
        "6f55732",
    ),
    (
        "imageFusionMetrics",
        "zhengliu6699/imageFusionMetrics (Liu et al., TPAMI 2012)",
        "d6f7f1a",
    ),
    ("pyFusionSR", "ferhatcan/pyFusionSR", "c8600c7"),
    ("imagefusion-rfn-nest", "hli1221/imagefusion-rfn-nest", "76e4e05"),
    (
        'Image-Fusion, `"tang"`',
        "Linfeng-Tang/Image-Fusion, in double since March 2023",
        "dba5bf3",
    ),
    (
        'Tang before March 2023, `"tang2022"`',
        "Linfeng-Tang/SeAFusion; the same files in Linfeng-Tang/Image-Fusion",
        "d3ae78e; 53f5542",
    ),
    ('IVIF_ZOO, `"zoo"`', "RollingPlain/IVIF_ZOO before 17 July 2025", "61b0a44"),
    (
        'IVIF_ZOO since, `"zoo2025"`',
        "the same, PSNR with a peak of 1",
        "17 July 2025",
    ),
    (
        "image-fusion-metrics",
        "ShiweiWu98/image-fusion-metrics (SD and SF in uint8)",
        "9dcfd37",
    ),
)

# Forms that were read in the code, not run: the arithmetic is that of the tests.
READ = (
    ("sd", {"variant": "uint8"}, "uint8_saturating (Tang before March 2023)"),
    ("sd", {"variant": "uint8"}, "uint8_saturating (image-fusion-metrics)"),
    (
        "sf",
        {"variant": "mean_of_differences", "data_range": 1},
        "mean_of_diffs_0_1 (Tang before March 2023)",
    ),
    ("sf", {"variant": "uint8"}, "uint8_saturating (image-fusion-metrics)"),
    (
        "vif",
        {"variant": "uint8", "reduction": "sum"},
        "vifp_uint8_sum (Tang before March 2023)",
    ),
    ("psnr", {"variant": "lt"}, "mse_0_1_peak255 (Tang before March 2023)"),
    ("psnr", {}, "mse_0_1_peak1 (IVIF_ZOO since 17 July 2025)"),
)


def published_calls():
    """Calls by key of the registry: {key: {(keywords): published variant names}}."""
    calls = defaultdict(lambda: defaultdict(list))
    for row in read_rows(GOLDEN / "metrics.csv"):
        call = call_of(row)
        if call is None or (exception_of(row) or "").startswith("needs"):
            continue
        key, kwargs = call
        source = row["implementation"].split(":")[0].split("/")[-1]
        name = f"{row['variant']} ({source})"
        names = calls[key][tuple(sorted(kwargs.items()))]
        if name not in names:
            names.append(name)
    for key, kwargs, name in READ:
        calls[key][tuple(sorted(kwargs.items()))].append(name)
    return calls


def order_of(values, record):
    """Names of the fused images from best to worst."""
    if any(math.isnan(v) for v in values):
        return "-"
    scores = [record.better(v) for v in values]
    best_first = sorted(range(len(values)), key=lambda i: -scores[i])
    return " > ".join(FUSED[i] for i in best_first)


def section(key, calls, contexts):
    """One metric: a line a published variant."""
    record = registry[key]
    calls.setdefault((), ["not in the reference values"])
    lines = [
        f"## {key}: {record.title}",
        "",
        "| call | published as | " + " | ".join(FUSED) + " | order, best first |",
        "|---|---|" + "---|" * (len(FUSED) + 1),
    ]
    orders = set()
    for kwargs, names in sorted(calls.items(), key=lambda item: str(item[0])):
        values = [record.compute([ctx], **dict(kwargs)) for ctx in contexts]
        text = "".join(f", {k}={v!r}" for k, v in kwargs)
        order = order_of(values, record)
        orders.add(order)
        lines.append(
            f"| `{key}(...{text})` | {'; '.join(names)} | "
            + " | ".join(f"{v:.5g}" for v in values)
            + f" | {order} |"
        )
    if len(orders - {"-"}) > 1:
        lines += ["", "The order depends on the code."]
    return lines + [""]


def number(x):
    """A bound of a range in words."""
    return {math.inf: "∞", -math.inf: "-∞"}.get(x, f"{x:g}")


def main():
    warnings.simplefilter("ignore", UndefinedMetricWarning)
    contexts = [Context(*drawn_images("odd", name)) for name in FUSED]
    calls = published_calls()
    # Five scales do not fit into the pair.
    keys = [key for key in registry if key in calls and key != "ms_ssim"]
    lines = ["| name here | code | state |", "|---|---|---|"]
    lines += ["| " + " | ".join(row) + " |" for row in CODES]
    lines += ["", "## The metrics", "", "From the registry.", ""]
    lines += ["| key | metric | better | range | citation |", "|---|---|---|---|---|"]
    for key, record in registry.items():
        better = "higher" if record.higher_is_better else "lower"
        if record.target is not None:
            better = f"near {record.target:g}"
        low, high = (number(x) for x in record.range)
        lines.append(
            f"| `{key}` | {record.title} | {better} | {low} to {high} | "
            f"{record.citation} |"
        )
    lines.append("")
    for key in keys:
        lines += section(key, calls[key], contexts)
    page = INTRO + "\n".join(lines)
    (ROOT / "docs").mkdir(exist_ok=True)
    (ROOT / "docs" / "why_your_numbers_differ.md").write_text(page)


if __name__ == "__main__":
    main()
