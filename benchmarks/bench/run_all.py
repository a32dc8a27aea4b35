"""Run the benchmarks of this folder, each in a process of its own.

python benchmarks/bench/run_all.py [NAME ...]
"""

# SPDX-License-Identifier: BSD-3-Clause
import argparse
import subprocess
import sys
from pathlib import Path

SCRIPTS = {
    path.stem: path
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py"))
    if path.name != Path(__file__).name
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SCRIPTS))
    names = parser.parse_args().names
    unknown = sorted(set(names) - set(SCRIPTS))
    if unknown:
        parser.error(f"{unknown[0]!r} is unknown: choose from {', '.join(SCRIPTS)}")
    failed = []
    for name in names or SCRIPTS:
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, str(SCRIPTS[name])]).returncode:
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
