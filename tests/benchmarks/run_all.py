"""Run every benchmark in this folder, one after the other, each in a process of its own.

The exit code is that of benchmarks which could not run; with `--strict` it is 1, too, where a limit was missed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from limits import MISSED


def run(path: Path) -> tuple[int, list[str]]:
    """Print what it prints; its exit code, and its lines that miss a limit."""
    missed = []
    with subprocess.Popen([sys.executable, str(path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            print(line, end="", flush=True)
            if MISSED in line:
                missed.append(f"{path.stem}: {line.strip()}")
    return child.returncode, missed


def main() -> int:
    """All of them, and at the end what was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail where a limit was missed")
    strict = parser.parse_args().strict
    failed, missed = 0, []
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        print(f"== {path.stem}", flush=True)
        code, lines = run(path)
        failed |= code
        missed += lines
    if missed:
        print("== limits that were missed; other work on the machine is one reason", *missed, sep="\n")
    return failed or int(strict and bool(missed))


if __name__ == "__main__":
    sys.exit(main())
