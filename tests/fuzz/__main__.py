"""``python -m tests.fuzz``: run the campaign, write what it finds."""

# SPDX-License-Identifier: BSD-3-Clause
import argparse
import importlib
import os
import sys
from pathlib import Path

from .campaign import case, run

# Each a module here that defines a TARGET: add yours.
TARGETS = ("images", "search_files", "videos", "weights", "model_files")


def main(words=None) -> int:
    """Run the targets; return 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(TARGETS)}; all")
    parser.add_argument("--cases", type=int, default=2000, help="damaged files each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--minutes", type=float, default=None, help="at most, each")
    parser.add_argument("--out", type=Path, default=Path("fuzz_findings"))
    options = parser.parse_args(words)
    unknown = set(options.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no target {', '.join(unknown)}: use {', '.join(TARGETS)}")
    os.nice(10)
    found = 0
    for name in options.targets or TARGETS:
        target = importlib.import_module(f"{__package__}.{name}").TARGET
        tally = run(
            target,
            cases=options.cases,
            seed=options.seed,
            first=options.first,
            minutes=options.minutes,
        )
        for finding in tally.findings:
            options.out.mkdir(parents=True, exist_ok=True)
            file = f"{name}-{options.seed}-{finding.number}{target.suffix}"
            data = case(target, options.seed, finding.number)
            (options.out / file).write_bytes(data)
        found += len(tally.findings)
        print(
            f"{name}: {tally.accepted} accepted, {tally.refused} refused, "
            f"{len(tally.findings)} findings"
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
