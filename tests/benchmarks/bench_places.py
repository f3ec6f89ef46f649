"""Places: start to the first packet of a three-process graph, kill -9 to packets again, a hop between two processes.

Limits: 1.0 s from the start to the first packet, 0.35 s from the kill to the first packet again, medians of several
runs. The hops are of a live run, 200 packets a second; for frames the limit is set beside other systems elsewhere.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from limits import limit

ROUNDS = 3

PLUGIN = '''
import json
import os
import signal
import statistics
import time
from pathlib import Path
from typing import Annotated
import numpy as np
from numpy.typing import NDArray
from graphcore import Input, Node, Output, Param, Shape, Source, hookimpl, payload


@payload
class Stamped:
    """Bytes, and when they were sent (ns of this machine's monotonic clock)."""

    content: Annotated[NDArray[np.uint8], Shape("bytes")]
    sent_ns: int


class Beat(Source):
    """A device that brings as many bytes every 5 ms."""

    live = True
    beat = Output(Stamped)
    count = Param(400)
    size = Param(320)

    def produce(self):
        for index in range(self.count):
            content = np.full(self.size, index % 256, np.uint8)
            time.sleep(0.005 if self.context.live else 0)
            stamped = Stamped(content, time.monotonic_ns())
            self.beat.send(stamped, timestamp=self.context.clock.now() if self.context.live else index)
            yield


class Light(Node):
    """Hands on; kills its process once, before packet `dies_at`."""

    beat = Input(Stamped)
    same = Output(Stamped)
    dies_at = Param(-1)

    def open(self):
        self._count = 0

    def process(self, beat):
        if self._count == self.dies_at and not Path("died").exists():
            Path("died").write_text(str(time.monotonic_ns()))
            os.kill(os.getpid(), signal.SIGKILL)
        self._count += 1
        self.same.send(beat)


class Arrive(Node):
    """Writes when the first packet came, and how long the others took."""

    beat = Input(Stamped)

    def open(self):
        self._first_ns = None
        self._took_us = []

    def process(self, beat):
        now = time.monotonic_ns()
        self._first_ns = self._first_ns or now
        self._took_us.append((now - beat.sent_ns) / 1000)

    def finish(self):
        Path("arrived").write_text(json.dumps([self._first_ns, statistics.median(self._took_us)]))


@hookimpl
def register_nodes():
    return [Beat, Light, Arrive]
'''

THREE = """\
nodes:
  beat: {type: beat, place: a, params: {count: 40}}
  light: {type: light, place: b, inputs: {beat: beat.beat}}
  arrive: {type: arrive, inputs: {beat: light.same}}
"""

TWO = """\
nodes:
  beat: {type: beat, place: a}
  arrive: {type: arrive, inputs: {beat: beat.beat}}
"""


def run(graph: str, *arguments: str) -> tuple[float, list[float]]:
    """Run a graph; says when it was started (ns), and what `arrive` wrote."""
    Path("died").unlink(missing_ok=True)
    command = [sys.executable, "-m", "graphcore", "run", graph, "--places", "places.yaml", "--plugins", "more"]
    started = time.monotonic_ns()
    subprocess.run([*command, *arguments], check=True, capture_output=True)
    return started, json.loads(Path("arrived").read_text())


def seconds_to_first_packet() -> float:
    """From the start of the command."""
    started, (first_ns, _) = run("three.yaml")
    return (first_ns - started) / 1e9


def seconds_from_kill() -> float:
    """From kill -9 of a light node to the first packet of the next attempt."""
    _, (first_ns, _) = run("three.yaml", "--set", "light.dies_at=20")
    return (first_ns - int(Path("died").read_text())) / 1e9


def hop_us(size: int) -> float:
    """From before `send` to `process` in another process, the median of a live run."""
    _, (_, median_us) = run("two.yaml", "--live", "--set", f"beat.size={size}")
    return median_us


def main() -> None:
    """Print the medians."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("more").mkdir()
        Path("more/beats.py").write_text(PLUGIN)
        Path("three.yaml").write_text(THREE)
        Path("two.yaml").write_text(TWO)
        Path("places.yaml").write_text("places:\n  a: {kind: process}\n  b: {kind: process}\n")
        first = statistics.median(seconds_to_first_packet() for _ in range(ROUNDS))
        again = statistics.median(seconds_from_kill() for _ in range(ROUNDS))
        print(f"three processes, start to first packet: {first:.2f} s ({limit(first, at_most=1.0)})")
        print(f"kill -9 of a light node to packets again: {again:.2f} s ({limit(again, at_most=0.35)})")
        print(f"320 B to another process, p50: {hop_us(320):.0f} us")
        print(f"786 KB to another process, p50: {hop_us(786_432):.0f} us")
        os.chdir("/")


if __name__ == "__main__":
    main()
