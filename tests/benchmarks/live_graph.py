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
from typing import Any, ClassVar

import numpy as np
from bench_motion import RATE, Sound
from numpy.typing import NDArray

from avatar_nodes.payloads import AudioChunk
from graphcore import Output, Source, check, load, timestamp_of
from graphcore.graph.spec import Graph, GraphNode
from graphcore.plugins import find_nodes
from graphcore.testing import accept_params

GRAPH = Path(__file__).parents[2] / "graphs" / "live.yaml"
CHUNK = RATE // 50  # samples: 20 ms, as devices give them
SILENCE_NS = 900_000_000  # after an interrupt
HEARD_S = 10.0  # of sound that a viewer keeps: the newest
VIEWER = """
import collections, json, sys, time
import av
seen, heard, kept_s = [], collections.deque(), float(sys.argv[2])
try:
    with av.open(sys.argv[1], format="nut", options={"fflags": "nobuffer", "probesize": "4096"}) as stream:
        for packet in stream.demux():
            if packet.pts is None:
                continue
            at = float(packet.pts * packet.time_base)
            if packet.stream.type == "video":
                seen.append((at, time.monotonic()))
            else:
                heard.append((at, bytes(packet)))
                while heard[0][0] < at - kept_s:
                    heard.popleft()
except av.error.FFmpegError:
    pass  # the stream has ended
print(json.dumps({"seen": seen, "heard": [(at, sound.hex()) for at, sound in heard]}))
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
    """Looks at obs_stream from a process of its own: says when which frame came, and what was heard last."""

    def __init__(self, port: int) -> None:
        command = [sys.executable, "-c", VIEWER, f"tcp://127.0.0.1:{port}", str(HEARD_S)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self._told: dict[str, list[tuple[float, Any]]] | None = None

    def seen(self) -> list[tuple[float, float]]:
        """The frames that came, once the stream has ended: media time, and when it came (monotonic), s."""
        return [(at, came) for at, came in self._tell()["seen"]]

    def sound_lag_ms(self) -> float:
        """How much later than its media time the sound of the last seconds stands in the stream."""
        heard = self._tell()["heard"]
        pieces = [np.frombuffer(bytes.fromhex(sound), "<i2")[::2] for _, sound in heard]  # 48 kHz, the left one
        start = heard[0][0]
        times = start + np.arange(sum(map(len, pieces))) / 48_000
        came = np.concatenate(pieces)[::3].astype(float)
        wanted = said_at(np.round(times[::3] * RATE).astype(int))
        lags = np.fft.irfft(np.fft.rfft(came) * np.conj(np.fft.rfft(wanted)))
        lag = int(np.argmax(lags))
        return 1e3 * (lag if lag < len(came) / 2 else lag - len(came)) / RATE

    def _tell(self) -> dict[str, list[tuple[float, Any]]]:
        if self._told is None:
            self._told = json.loads(self._process.communicate(timeout=30)[0])
        return self._told


def said_at(samples: NDArray[np.int64]) -> NDArray[np.float64]:
    """What the talker says at these samples since time zero, where nobody interrupts."""
    chunks = np.array_split(Talker.sound, len(Talker.sound) // CHUNK)
    whole = np.concatenate([chunk[:CHUNK] for chunk in chunks]).astype(float)
    return whole[samples % len(whole)]


def canvas_latencies(url: str, seconds: float, query: str) -> list[float]:
    """From browser_view to the canvas of a Chromium without a screen, ms each; empty where there is no browser."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return []
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        return []
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"],
        )
        page = browser.new_page()
        page.goto(url + query)
        page.wait_for_timeout(1000 * seconds)
        found = page.evaluate("window.graphcoreView.figures.latencies")
        browser.close()
    return [float(each) for each in found]
