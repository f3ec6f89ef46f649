"""Live runs, on a clock that jumps: pacing, drops, latency."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from graphcore import Input, Node, Output, Run, Source, VirtualClock
from graphcore.graph.spec import Link, Overflow
from parts import MS, Count, Endless, Follow, Number, Scale, Sink, Slow, graph, node


class Clocked(Node):
    """Notes when things arrive."""

    number = Input(Number)

    def open(self) -> None:
        self.arrivals: list[tuple[int, int]] = []

    def process(self, number: Number) -> None:
        self.arrivals.append((self.timestamp, self.context.clock.now()))


class Heavy(Node):
    """Takes three frames' time for each packet."""

    number = Input(Number)
    same = Output(Number)

    def process(self, number: Number) -> None:
        clock = self.context.clock
        assert isinstance(clock, VirtualClock)
        clock.jump_to(clock.now() + 120 * MS)
        self.same.send(number)


class Device(Source):
    """Stamps with the clock, as a microphone does."""

    live = True
    number = Output(Number)

    def produce(self) -> Iterator[None]:
        clock = self.context.clock
        assert isinstance(clock, VirtualClock)
        for index in range(5):
            clock.jump_to(clock.now() + 10 * MS)
            self.number.send(Number(index), timestamp=clock.now())
            yield


def test_a_media_source_is_paced_by_its_timestamps() -> None:
    run = Run(
        graph(node("count", Count), node("clocked", Clocked, {"number": "count.number"})),
        live=True,
        clock=VirtualClock(),
    )
    run.run()
    made = run._assembly.members["clocked"].node
    assert isinstance(made, Clocked)
    assert made.arrivals == [(index * 40 * MS, index * 40 * MS) for index in range(5)]


def test_a_device_is_not_paced() -> None:
    run = Run(
        graph(node("device", Device), node("clocked", Clocked, {"number": "device.number"})),
        live=True,
        clock=VirtualClock(),
    )
    run.run()
    made = run._assembly.members["clocked"].node
    assert isinstance(made, Clocked)
    assert [timestamp for timestamp, _ in made.arrivals] == [index * 10 * MS for index in range(1, 6)]


@pytest.mark.parametrize(("overflow", "second"), [("drop_oldest", 2.0), ("drop_newest", 1.0)])
def test_a_full_link_drops_by_its_policy_and_counts_it(overflow: Overflow, second: float) -> None:
    made = graph(node("count", Count, count=60), node("heavy", Heavy, {"number": "count.number"}), node("sink", Sink))
    made.nodes["heavy"].links["number"] = Link(
        "count", "number", "heavy", "number", "exact", queue=2, overflow=overflow, cut=True
    )
    made.nodes["sink"].links["number"] = Link("heavy", "same", "sink", "number", "exact")
    run = Run(made, live=True, clock=VirtualClock())
    run.run()
    sink = run._assembly.members["sink"].node
    assert isinstance(sink, Sink)
    (row,) = [row for row in run.stats()["links"] if row["link"] == "count.number -> heavy.number"]
    assert row["dropped"] > 10
    assert row["dropped"] + len(sink.seen) == 60
    assert run.losses == [f"count.number -> heavy.number: {row['dropped']} packets dropped"]
    assert sink.seen[1][1] == second


def test_offline_nothing_is_dropped_whatever_the_overflow() -> None:
    made = graph(node("count", Count, count=60), node("sink", Sink))
    made.nodes["sink"].links["number"] = Link(
        "count", "number", "sink", "number", "exact", queue=1, overflow="drop_oldest", cut=True
    )
    run = Run(made)
    run.run()
    sink = run._assembly.members["sink"].node
    assert isinstance(sink, Sink)
    assert len(sink.seen) == 60


def test_live_a_follower_that_is_behind_does_not_hold_its_driver() -> None:
    made = graph(
        node("count", Count, count=10),
        node("gaze", Endless, step_ms=1000.0),
        node("follow", Follow, {"number": "count.number", "offset": "gaze.number"}),
        node("sink", Sink, {"number": "follow.total"}),
    )
    run = Run(made, live=True, clock=VirtualClock())
    run.run()
    sink = run._assembly.members["sink"].node
    assert isinstance(sink, Sink)
    assert len(sink.seen) == 10


def test_latency_is_counted_from_media_time() -> None:
    made = graph(node("count", Count), node("heavy", Heavy, {"number": "count.number"}))
    run = Run(made, live=True, clock=VirtualClock())
    run.run()
    assert run.stats()["nodes"]["heavy"]["latency_p50_us"] >= 120_000


def test_a_live_clock_keeps_real_time() -> None:
    made = graph(
        node("count", Count, count=4, step_ms=30.0),
        node("slow", Slow, {"number": "count.number"}),
        node("scale", Scale, {"number": "slow.scaled"}),
        node("sink", Sink, {"number": "scale.scaled"}),
    )
    run = Run(made, live=True)
    run.run()
    assert run.wall_s >= 0.09
