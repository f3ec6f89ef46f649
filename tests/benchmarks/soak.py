"""A live run over three processes for minutes: do memory, queues and latency stay flat, and sound and picture together?

`make soak` runs ten minutes; `python tests/benchmarks/soak.py 1` one. Pictures of 512x512 at 25 a second and sound in
chunks of 20 ms leave one process, pass another and meet in a third. Every five seconds the memory of all processes, the
packets that wait and the median latency of both streams are noted; a line is laid through them after a first sixth.
Flat is: over the whole run the line rises by less than 2 MB (or 1 %), 1 packet, 2 ms. Sound and picture are together
where the medians of their latencies differ by less than 5 ms in every sample.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import deque
from pathlib import Path

import numpy as np
from rich.progress import track

from graphcore import check
from graphcore.graph.load import load_text
from graphcore.places.declared import place_nodes
from graphcore.places.placed_run import PlacedRun
from graphcore.plugins import find_nodes

EVERY_S = 5.0
FLAT = {"memory MB": 2.0, "packets waiting": 1.0, "picture ms": 2.0, "sound ms": 2.0}
TOGETHER_MS = 5.0

PLUGIN = '''
import time
import numpy as np
from avatar_nodes.payloads import AudioChunk, VideoFrame
from graphcore import Input, Node, Output, Param, Source, hookimpl


class Stage(Source):
    """A device that brings pictures and sound for so long."""

    live = True
    video = Output(VideoFrame)
    audio = Output(AudioChunk)
    seconds = Param(60.0)

    def produce(self):
        frame = np.random.default_rng(0).integers(0, 255, (512, 512, 3), dtype=np.uint8)
        ticks = 0
        while self.context.clock.now() < self.seconds * 1e9:
            time.sleep(max(0.0, (ticks * 20_000_000 - self.context.clock.now()) / 1e9))
            now = self.context.clock.now()
            if ticks % 2 == 0:
                self.video.send(VideoFrame(frame.copy()), timestamp=now)
            self.audio.send(AudioChunk(np.zeros((320, 1), np.float32), 16000), timestamp=now)
            ticks += 1
            yield


class Pass(Node):
    """Hands both on."""

    video = Input(VideoFrame, align="each")
    audio = Input(AudioChunk, align="each")
    seen = Output(VideoFrame)
    heard = Output(AudioChunk)

    def process(self, video, audio):
        if video is not None:
            self.seen.send(VideoFrame(255 - video.pixels))
        if audio is not None:
            self.heard.send(audio)


class Meet(Node):
    """Remembers how long each took."""

    video = Input(VideoFrame, align="each")
    audio = Input(AudioChunk, align="each")

    def process(self, video, audio):
        took = (self.context.clock.now() - self.timestamp) / 1e6
        (LATENCIES["video"] if video is not None else LATENCIES["audio"]).append(took)


LATENCIES = {"video": [], "audio": []}


@hookimpl
def register_nodes():
    return [Stage, Pass, Meet]
'''

GRAPH = """
nodes:
  stage: {{type: stage, place: first, params: {{seconds: {seconds}}}}}
  pass: {{type: pass, place: second, inputs: {{video: stage.video, audio: stage.audio}}}}
  meet: {{type: meet, inputs: {{video: pass.seen, audio: pass.heard}}}}
"""
PLACES = "places:\n  first: {kind: process}\n  second: {kind: process}\n"


def memory_mb(pid: int) -> float:
    """What a process has allocated, and its share of the shared memory; files that it maps are other programs', too."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(row.split()[1]) for row in rows if row.startswith(("Pss_Anon:", "Pss_Shmem:"))) / 1024


def sample(run: PlacedRun, latencies: dict[str, list[float]]) -> dict[str, float]:
    """One row of what is noted."""
    stats = run.stats()
    taken = {name: latencies[name][:] for name in latencies}
    for each in latencies.values():
        each.clear()
    return {
        "memory MB": sum(memory_mb(place["pid"]) for place in stats["places"].values()),
        "packets waiting": sum(link["depth"] for link in stats["links"]),
        "picture ms": statistics.median(taken["video"]) if taken["video"] else float("nan"),
        "sound ms": statistics.median(taken["audio"]) if taken["audio"] else float("nan"),
    }


def main() -> int:
    """Run, and print the slopes; 1 where something is not flat."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    samples: deque[dict[str, float]] = deque()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("more").mkdir()
        Path("more/soak_nodes.py").write_text(PLUGIN)
        Path("places.yaml").write_text(PLACES)
        spec = load_text(GRAPH.format(seconds=minutes * 60), "soak.yaml")
        registry = find_nodes(Path("more"))
        latencies = sys.modules["graphcore_loose.soak_nodes"].LATENCIES
        placement = place_nodes(spec, Path("places.yaml"))
        run = PlacedRun(
            check(spec, registry), placement.place_of, registry.types, live=True, plugins=Path("more").absolute()
        )
        run.start()
        while not run.opened:
            threading.Event().wait(0.05)
        for _ in track(range(int(minutes * 60 / EVERY_S) - 1), description="running"):
            time.sleep(EVERY_S)
            samples.append(sample(run, latencies))
        run.wait()
        return report(list(samples), run)


def report(samples: list[dict[str, float]], run: PlacedRun) -> int:
    """What rose, what was lost, and how far sound and picture were apart."""
    kept = samples[len(samples) // 6 :]
    failed = 0
    for name, limit in FLAT.items():
        values = np.array([row[name] for row in kept])
        slope = float(np.polyfit(np.arange(len(values)), values, 1)[0]) * len(values)
        allowed = max(limit, 0.01 * float(values.mean())) if name == "memory MB" else limit
        failed += not slope <= allowed  # nothing came: not a number
        figures = f"mean {values.mean():8.2f}, highest {values.max():8.2f}"
        print(f"{name:16} {figures}, rises {slope:+.2f} (at most {allowed:.1f})")
    apart = max(abs(row["picture ms"] - row["sound ms"]) for row in kept)
    failed += not apart <= TOGETHER_MS
    print(f"sound and picture at most {apart:.2f} ms apart (at most {TOGETHER_MS:.0f})")
    print(f"lost: {json.dumps(run.losses)}")
    return 1 if failed or run.losses else 0


if __name__ == "__main__":
    sys.exit(main())
