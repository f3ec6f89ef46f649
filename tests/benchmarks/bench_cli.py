"""How long `graphcore --help` and `graphcore check` take, as whole processes, beside a bare interpreter.

Limit: 0.3 s each. The first run of each is thrown away: it writes the byte code.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from limits import limit

ROOT = Path(__file__).parents[2]
ROUNDS = 11
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "graphcore --help": ["-m", "graphcore", "--help"],
    "graphcore check graphs/talk.yaml": ["-m", "graphcore", "check", "graphs/talk.yaml"],
}


def seconds(arguments: list[str]) -> float:
    """How long one process takes."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - started


def main() -> None:
    """Print medians of interleaved rounds."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for index in range(ROUNDS + 1):
        for name, arguments in COMMANDS.items():
            taken = seconds(arguments)
            if index:
                times[name].append(taken)
    bare = statistics.median(times["python -c pass"])
    for name, taken in times.items():
        middle = statistics.median(taken)
        kept = limit(middle, at_most=0.3)
        print(f"{name}: {middle:.3f} s (worst {max(taken):.3f}), {middle / bare:.1f} x a bare interpreter; {kept}")


if __name__ == "__main__":
    main()
