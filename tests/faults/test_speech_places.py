"""A voice in a process of its own that is broken off, and lost: silence at once, and the next line is heard."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_nodes.audio.playout import Playout
from avatar_nodes.audio.text_to_speech import TextToSpeech
from avatar_nodes.payloads import AudioChunk, VideoFrame
from graphcore import Input, Node, Output, Packet
from graphcore.graph.spec import Graph, GraphNode, Link
from graphcore.places.placed_run import PlacedRun
from graphcore.places.places_file import HERE
from graphcore.plugins import find_nodes
from graphcore.testing import accept_params, run_node

MS = 1_000_000
LONG = "One thousand and one words, and many more of them, without an end. " * 3
SHORT = "Bob may."
RATE = 22_050
PAUSE = 0.02  # louder is speech


class Draw(Node):
    """A picture for every other chunk."""

    audio = Input(AudioChunk)
    frames = Output(VideoFrame)

    def process(self, audio: AudioChunk) -> None:
        if self.timestamp // (20 * MS) % 2 == 0:
            self.frames.send(VideoFrame(np.zeros((2, 2, 3), np.uint8)))


class Ear(Node):
    """Listens."""

    sound = Input(AudioChunk)

    def process(self, sound: AudioChunk) -> None:
        """Nothing is done with it."""


class Talk:
    """A voice in another process, and the sound that leaves playout here."""

    def __init__(self) -> None:
        nodes = [
            node("voice", TextToSpeech, text="", wait_for_lines=True, speed_wpm=300),
            node("draw", Draw, audio="voice.audio"),
            node("playout", Playout, audio="voice.audio", video="draw.frames"),
            node("ear", Ear, sound="playout.sound"),
        ]
        graph = Graph({each.name: each for each in nodes})
        place_of = {each.name: HERE for each in nodes} | {"voice": "there"}
        self.run = PlacedRun(graph, place_of, find_nodes().types | {"draw": Draw, "ear": Ear}, live=True)
        self._packets: list[Packet] = []
        self._came = threading.Condition(threading.RLock())
        assert self.run.tap("playout", "sound", self._take)

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until it holds after some sound."""
        with self._came:
            assert self._came.wait_for(holds, 20), self.run.notices

    @property
    def packets(self) -> list[Packet]:
        with self._came:
            return self._packets.copy()

    def said(self, line: NDArray[np.float32], since: int) -> bool:
        """Whether a line was heard, whole and with silence after it, in what came since so many packets."""
        sound = joined(self.packets[since:])
        there = np.flatnonzero(sound)
        if not len(there) or len(sound) - there[-1] < RATE // 10:
            return False
        return np.array_equal(sound[: there[-1] + 1][-len(line) :], line)

    def _take(self, packet: Packet) -> None:
        with self._came:
            self._packets.append(packet)
            self._came.notify_all()


def node(name: str, kind: type[Node], **given: object) -> GraphNode:
    params = {key: value for key, value in given.items() if key in kind.params}
    made = GraphNode(name, kind, accept_params(kind, params), {})
    for port in given.keys() - params.keys():
        source, output = str(given[port]).split(".")
        made.links[port] = Link(source, output, name, port, kind.inputs[port].align)
    return made


def joined(packets: list[Packet]) -> NDArray[np.float32]:
    parts = [packet.payload.samples[:, 0] for packet in packets]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def loud(sound: NDArray[np.float32]) -> int:
    return int((np.abs(sound) > PAUSE).sum())


def trimmed(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    there = np.flatnonzero(sound)
    return sound[there[0] : there[-1] + 1]


@pytest.fixture
def talk() -> Iterator[Talk]:
    made = Talk()
    made.run.start()
    yield made
    made.run.cancel()
    while not made.run.ended:
        made.run._done.wait(1)


@pytest.fixture(scope="module")
def short() -> NDArray[np.float32]:
    """The short line, as it is said by itself."""
    params = {"text": SHORT, "speed_wpm": 300, "lead_in_s": 0.0}
    return trimmed(joined(run_node(TextToSpeech, params=params).outputs["audio"]))


def test_an_interrupt_reaches_a_voice_in_another_process(talk: Talk, short: NDArray[np.float32]) -> None:
    talk.run.set("voice", "line", LONG)
    talk.until(lambda: loud(joined(talk.packets)) > 3000)
    talk.run.interrupt()
    heard = len(talk.packets)
    talk.run.set("voice", "line", SHORT)
    talk.until(lambda: talk.said(short, heard))
    after = np.flatnonzero(joined(talk.packets[heard:]))
    assert len(after) - len(short) < RATE // 2, "what was on its way, and no more of a line of many seconds"


def test_an_interrupt_while_a_voice_is_away_breaks_nothing(talk: Talk, short: NDArray[np.float32]) -> None:
    talk.run.interrupt()  # before anything has begun
    talk.until(lambda: bool(talk.packets))
    os.kill(talk.run.stats()["places"]["there"]["pid"], signal.SIGKILL)
    while not talk.run.notices:
        talk.run.interrupt()
        assert not talk.run.wait(0.01)
    talk.run.interrupt()
    while not talk.run.notices[-1].startswith("place there: opened again"):
        assert not talk.run.wait(0.01)
    heard = len(talk.packets)
    talk.run.interrupt()
    talk.run.set("voice", "line", SHORT)
    talk.until(lambda: talk.said(short, heard))
