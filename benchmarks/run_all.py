"""Run every benchmark of this folder, each in a process of its own."""

import subprocess
import sys
from pathlib import Path


def main():
    failed = []
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        print(f"\n== {path.name}", flush=True)
        if subprocess.run([sys.executable, str(path)]).returncode:
            failed.append(path.name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
