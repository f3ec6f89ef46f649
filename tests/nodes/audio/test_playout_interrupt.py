"""playout when speech is broken off in a live graph: what was said before is forgotten, what is said after is heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from avatar_nodes.audio.playout import Playout
from avatar_nodes.payloads import AudioChunk, VideoFrame
from graphcore import Input, Node, Output, Packet, Param, Run, Source, VirtualClock
from graphcore.graph.spec import Graph, GraphNode, Link
from graphcore.testing import accept_params

MS = 1_000_000
RATE, CHUNK = 16_000, 320
AT = 100  # number of the chunk before which speech is broken off
QUIET = 2  # chunks that a voice is silent for then


class Voice(Source):
    """Says 20 ms chunks of ones, and of twos after it was broken off."""

    audio = Output(AudioChunk)
    broken_off: Callable[[], None]

    def produce(self) -> Iterator[None]:
        for index in range(3 * AT):
            if index == AT:
                type(self).broken_off()
            level = 1.0 if index < AT else 2.0 * (index >= AT + QUIET)
            self.audio.send(AudioChunk(np.full((CHUNK, 1), level, np.float32), RATE), timestamp=index * 20 * MS)
            yield


class Draw(Node):
    """A picture for every other chunk, each the work of a while."""

    audio = Input(AudioChunk)
    frames = Output(VideoFrame)
    work_ms = Param(0.0)

    def process(self, audio: AudioChunk) -> None:
        clock = self.context.clock
        assert isinstance(clock, VirtualClock)
        if self.timestamp % (40 * MS) == 0:
            clock.jump_to(clock.now() + int(self.work_ms * MS))
            self.frames.send(VideoFrame(np.zeros((2, 2, 3), np.uint8)))


class Shown(Node):
    """Takes sound and pictures."""

    sound = Input(AudioChunk, align="each", default=None)
    frames = Input(VideoFrame, align="each", default=None)

    def process(self, sound: AudioChunk | None, frames: VideoFrame | None) -> None:
        """Nothing is done with them."""


def node(name: str, kind: type[Node], links: dict[str, str], **params: object) -> GraphNode:
    made = GraphNode(name, kind, accept_params(kind, params), {})
    for port, where in links.items():
        source, output = where.split(".")
        made.links[port] = Link(source, output, name, port, kind.inputs[port].align)
    return made


@pytest.mark.parametrize("work_ms", [0.0, 30.0, 60.0, 200.0])
def test_what_is_said_after_an_interrupt_is_heard_however_far_the_graph_is_behind(work_ms: float) -> None:
    nodes = [
        node("voice", Voice, {}),
        node("draw", Draw, {"audio": "voice.audio"}, work_ms=work_ms),
        node("playout", Playout, {"audio": "voice.audio", "video": "draw.frames"}),
        node("shown", Shown, {"sound": "playout.sound", "frames": "playout.frames"}),
    ]
    run = Run(Graph({each.name: each for each in nodes}), live=True, clock=VirtualClock())
    sound: list[Packet] = []
    before: list[tuple[int, int]] = []  # how much was heard, and how far the voice was behind, at the interrupt

    def broken_off() -> None:
        before.append((len(sound), run.clock.now() - AT * 20 * MS))
        run.interrupt()

    Voice.broken_off = broken_off
    run.tap("playout", "sound", sound.append)
    run.run()
    heard, behind_ns = before[0]
    assert behind_ns > (work_ms - 40) / 40 * 1500 * MS
    after = np.concatenate([packet.payload.samples[:, 0] for packet in sound[heard:]])
    old, new = after[(after > 0) & (after <= 1)], after[after == 2]
    assert len(new) == (2 * AT - QUIET) * CHUNK, "all of it"
    assert len(old) <= RATE * 5 // 1000
    assert (np.diff(old) <= 0).all(), "a fade"
