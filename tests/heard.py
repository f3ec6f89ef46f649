"""A source that runs live, and what it has sent so far."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphcore import Input, Node, Packet, Run
from graphcore.graph.spec import Graph, GraphNode, Link
from graphcore.testing import accept_params

WAIT_S = 10.0


class Heard:
    """What a running source of sound has sent."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.packets: dict[str, list[Packet]] = {}
        self._came = threading.Condition()

    def listen(self, output: str) -> None:
        """Before the start: keep what is sent there."""
        packets = self.packets.setdefault(output, [])

        def see(packet: Packet) -> None:
            with self._came:
                packets.append(packet)
                self._came.notify_all()

        self.run.tap("node", output, see)

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until it holds after some packet."""
        with self._came:
            assert self._came.wait_for(holds, WAIT_S), "it did not come about"

    @property
    def samples(self) -> NDArray[np.float32]:
        """The sound so far, its first channel."""
        with self._came:
            parts = [packet.payload.samples[:, 0] for packet in self.packets["audio"]]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    @property
    def speech(self) -> NDArray[np.float32]:
        """From the first sample that is not silent to the last one."""
        samples = self.samples
        there = np.flatnonzero(samples)
        return samples[there[0] : there[-1] + 1] if len(there) else samples[:0]

    @property
    def timestamps(self) -> list[int]:
        """Of the sound."""
        with self._came:
            return [packet.timestamp for packet in self.packets["audio"]]

    @property
    def counts(self) -> dict[str, int]:
        """What the source counts."""
        counts: dict[str, int] = self.run.stats()["nodes"]["node"]["counts"]
        return counts


@contextmanager
def listening_to(source: type[Node], params: dict[str, Any]) -> Iterator[Heard]:
    """The source `node` in a live run, with somebody who listens to it; it has begun."""
    nodes = {"node": GraphNode("node", source, accept_params(source, params), {})}
    for name, output in source.outputs.items():
        link = Link("node", name, f"ear_{name}", "heard", "exact")
        nodes[link.target] = GraphNode(link.target, _ear(output.payload), {}, {"heard": link})
    run = Run(Graph(nodes), live=True)
    heard = Heard(run)
    for name in source.outputs:
        heard.listen(name)
    run.start()
    try:
        while not heard.timestamps and not run.wait(0.01):
            continue
        yield heard
    finally:
        run.stop()
        run.wait(WAIT_S)


def _ear(payload: type[Any]) -> type[Node]:
    class Ear(Node):
        """Listens."""

        heard: Input[Any] = Input(payload)

        def process(self, heard: Any) -> None:
            """Nothing is done with it."""

    return Ear
