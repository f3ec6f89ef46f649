"""`graphs/talk.yaml` offline: how many times faster than real time, and where the time goes.

Limit: at least 3 times real time at 512x512, 25 fps, on 2 cores. Preparation (imports, reading the photo) is
shown apart. The face alone, warped and not encoded, is the limit that the graph is held against.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from limits import limit

from graphcore import Run, check, load
from graphcore.plugins import find_nodes

ROOT = Path(__file__).parents[2]
ROUNDS = 3


def once(folder: str) -> Run:
    """One whole run."""
    overrides = {"movie.path": str(Path(folder) / "talk.mp4")}
    run = Run(check(load(ROOT / "graphs" / "talk.yaml", overrides), find_nodes()))
    run.run()
    return run


def main() -> None:
    """Print the median of some runs, and the share of each node in the last."""
    with tempfile.TemporaryDirectory() as folder:
        runs = [once(folder) for _ in range(ROUNDS)]
    media = runs[0].stats()["media_s"]
    speeds = [media / (run.wall_s - run.open_s) for run in runs]
    whole = [media / run.wall_s for run in runs]
    speed = statistics.median(speeds)
    print(
        f"{speed:.1f} times real time after preparation ({limit(speed, at_least=3)}),"
        f" {statistics.median(whole):.1f} with it;"
        f" preparation {statistics.median(run.open_s for run in runs):.1f} s (first {runs[0].open_s:.1f} s)"
    )
    nodes = runs[-1].stats()["nodes"]
    for name, node in sorted(nodes.items(), key=lambda item: -item[1]["total_ms"]):
        print(f"  {name:10s} {node['total_ms']:9.1f} ms in {node['calls']:5d} calls, p50 {node['p50_us'] / 1e3:.3f} ms")
    face = nodes["face"]["total_ms"] / 1e3
    ratio = statistics.median(speeds) * face / media
    print(f"  the face alone would allow {media / face:.1f} times real time; ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
