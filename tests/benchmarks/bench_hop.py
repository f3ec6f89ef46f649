"""What a fused hop costs, statistics on: a chain of ten pass-through nodes, beside bare Python calls.

Limits: at most 1.0 us a hop, 10 us for the chain. Prints the median of several rounds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from limits import limit

from graphcore import Input, Node, Output, Source, payload
from graphcore.graph.spec import Graph, GraphNode, Link
from graphcore.runtime.run import Run

HOPS = 10
PACKETS = 20_000
ROUNDS = 7


@payload
class Number:
    """A small payload."""

    value: int


class Count(Source):
    """Sends numbers."""

    number = Output(Number)

    def produce(self) -> Iterator[None]:
        for index in range(PACKETS):
            self.number.send(Number(index), timestamp=index)
            yield


class Pass(Node):
    """Hands on what it gets."""

    number = Input(Number)
    same = Output(Number)

    def process(self, number: Number) -> None:
        self.same.send(number)


class End(Node):
    """Takes what it gets."""

    number = Input(Number)

    def process(self, number: Number) -> None:
        pass


def graph_of(hops: int) -> Graph:
    """A source, so many pass-through nodes, a sink."""
    nodes = {"count": GraphNode("count", Count, {}, {})}
    last = ("count", "number")
    for index in range(hops):
        name = f"pass{index}"
        nodes[name] = GraphNode(name, Pass, {}, {"number": Link(*last, name, "number", "exact")})
        last = (name, "same")
    nodes["end"] = GraphNode("end", End, {}, {"number": Link(*last, "end", "number", "exact")})
    return Graph(nodes)


def seconds(hops: int) -> float:
    """How long a run takes."""
    run = Run(graph_of(hops), threads=1)
    started = time.perf_counter()
    run.run()
    return time.perf_counter() - started


def bare() -> float:
    """Microseconds a hop for plain method calls, and a new object at the start."""

    class Plain:
        def process(self, number: Number) -> Number:
            return number

    nodes = [Plain() for _ in range(HOPS)]
    started = time.perf_counter()
    for index in range(PACKETS):
        number = Number(index)
        for node in nodes:
            number = node.process(number)
    return (time.perf_counter() - started) / PACKETS / HOPS * 1e6


def main() -> None:
    """Print microseconds a hop."""
    hop, chain, direct = [], [], []
    for _ in range(ROUNDS):
        without, with_hops = seconds(0), seconds(HOPS)
        hop.append((with_hops - without) / PACKETS / HOPS * 1e6)
        chain.append(with_hops / PACKETS * 1e6)
        direct.append(bare())
    ours, raw = statistics.median(hop), statistics.median(direct)
    kept = limit(ours, at_most=1.0)
    print(f"fused hop, statistics on: {ours:.2f} us ({kept}); bare call {raw:.3f} us; ratio {ours / raw:.1f}")
    whole = statistics.median(chain)
    print(f"chain of {HOPS} with source and sink: {whole:.2f} us a packet ({limit(whole, at_most=10)})")


if __name__ == "__main__":
    main()
