"""`graphs/live.yaml` with a talker in place of the microphone, and viewers: what bench_live.py measures."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import numpy as np
from bench_motion import RATE, Sound

from avatar_nodes.payloads import AudioChunk
from graphcore import Output, Source, check, load, timestamp_of
from graphcore.graph.spec import Graph, GraphNode
from graphcore.plugins import find_nodes
from graphcore.testing import accept_params

GRAPH = Path(__file__).parents[2] / "graphs" / "live.yaml"
CHUNK = RATE // 50  # samples: 20 ms, as devices give them
SILENCE_NS = 900_000_000  # after an interrupt
VIEWER = """
import json, sys, time
import av
seen = []
try:
    with av.open(sys.argv[1], format="nut", options={"fflags": "nobuffer", "probesize": "4096"}) as stream:
        for packet in stream.demux(video=0):
            if packet.pts is not None:
                seen.append((float(packet.pts * packet.time_base), time.monotonic()))
except av.error.FFmpegError:
    pass  # the stream has ended
print(json.dumps(seen))
"""


class Talker(Source):
    """Gives speech as a microphone does: a chunk comes when its last sample is over. Interrupted, they pause."""

    live = True
    audio = Output(AudioChunk)
    sound: ClassVar[Sound]

    def open(self) -> None:
        self._silent_until = 0

    def interrupt(self) -> None:
        self._silent_until = self.context.clock.now() + SILENCE_NS

    def produce(self) -> Iterator[None]:
        chunks = np.array_split(self.sound[:, None], len(self.sound) // CHUNK)
        index = said = 0
        while True:
            start = timestamp_of(index * CHUNK, RATE)
            while (wait := start + 20_000_000 - self.context.clock.now()) > 0:
                time.sleep(min(wait / 1e9, 0.1))
            silent = start < self._silent_until
            samples = np.zeros((CHUNK, 1), np.float32) if silent else chunks[said % len(chunks)][:CHUNK].copy()
            self.audio.send(AudioChunk(samples, RATE), timestamp=start)
            index, said = index + 1, said + (not silent)
            yield


def live_graph(rate: int, sinks: Sequence[str], folder: str, ports: dict[str, int], motion: str = "") -> Graph:
    """The graph at a frame rate with some of its sinks; `motion` names another type of that node."""
    overrides = {f"{name}.port": str(port) for name, port in ports.items()}
    graph = check(load(GRAPH, overrides | {"recorder.path": f"{folder}/live.mp4"}), find_nodes())
    graph.frame_rate = Fraction(rate)
    for name in {"obs", "page", "recorder"} - set(sinks):
        del graph.nodes[name]
    graph.nodes["microphone"] = GraphNode("microphone", Talker, {}, {})
    if motion:
        kind = find_nodes().types[motion]
        graph.nodes["motion"] = GraphNode("motion", kind, accept_params(kind, {}), graph.nodes["motion"].links)
    return graph


def free_port() -> int:
    """One that nobody uses now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Viewer:
    """Looks at obs_stream from a process of its own, and says when which frame came."""

    def __init__(self, port: int) -> None:
        command = [sys.executable, "-c", VIEWER, f"tcp://127.0.0.1:{port}"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def seen(self) -> list[tuple[float, float]]:
        """The frames that came, once the stream has ended: media time, and when it came (monotonic), s."""
        told, _ = self._process.communicate(timeout=30)
        return [(at, came) for at, came in json.loads(told)]


def canvas_latencies(url: str, seconds: float) -> list[float]:
    """From browser_view to the canvas of a Chromium without a screen, ms each; empty where there is no browser."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return []
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        return []
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(f"{url}?mute=1")
        page.wait_for_timeout(1000 * seconds)
        found = page.evaluate("window.graphcoreView.figures.latencies")
        browser.close()
    return [float(each) for each in found]
