"""The end of a stream: who is finished and closed, and when."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from graphcore import Output, Run
from parts import (
    MS,
    Add,
    Count,
    Endless,
    Follow,
    Number,
    Scale,
    Sink,
    graph,
    node,
    sink_of,
)


def test_a_node_is_finished_when_its_driver_has_ended_and_closed_last() -> None:
    run = Run(graph(node("count", Count), node("sink", Sink, {"number": "count.number"})))
    run.run()
    assert [value for _, value in sink_of(run).seen] == [0, 1, 2, 3, 4]
    assert sink_of(run).ends == ["finish", "close"]


@pytest.mark.parametrize("threads", [None, 1, 2])
def test_a_source_without_end_ends_with_its_listeners(threads: int | None) -> None:
    made = graph(
        node("count", Count, count=50),
        node("gaze", Endless),
        node("follow", Follow, {"number": "count.number", "offset": "gaze.number"}),
        node("sink", Sink, {"number": "follow.total"}),
    )
    run = Run(made, threads=threads)
    run.run()
    assert [value for _, value in sink_of(run).seen] == [2 * index for index in range(50)]
    assert run._assembly.members["gaze"].node.sent <= 50 + 2 * 16 + 2  # type: ignore[attr-defined]


def test_a_source_that_nobody_hears_ends_at_once() -> None:
    Run(graph(node("gaze", Endless))).run()


def test_stop_ends_the_sources_and_finishes_what_was_sent() -> None:
    made = graph(node("endless", Endless), node("sink", Sink, {"number": "endless.number"}))
    run = Run(made)
    run.start()
    while run.position_ns < 100 * MS:
        assert not run.wait(0.001)
    run.stop()
    assert run.wait(10)
    assert sink_of(run).ends == ["finish", "close"]
    values_seen = [value for _, value in sink_of(run).seen]
    assert values_seen == list(range(len(values_seen)))


class Recorder(Scale):
    """Passes on, on a thread of its own, and notes how it ends."""

    own_thread = True

    def open(self) -> None:
        self.ends: list[str] = []

    def finish(self) -> None:
        self.ends.append("finish")

    def close(self) -> None:
        self.ends.append("close")


class EndlessTidy(Endless):
    """Has no end, and notes how it is ended."""

    def produce(self) -> Iterator[None]:
        self.ends: list[str] = []
        try:
            yield from super().produce()
        finally:
            self.ends.append("cleanup")

    def finish(self) -> None:
        self.ends.append("finish")

    def close(self) -> None:
        self.ends.append("close")


@pytest.mark.parametrize("threads", [None, 1])
def test_a_node_whose_outputs_are_all_closed_is_finished_and_closed(threads: int | None) -> None:
    made = graph(
        node("endless", EndlessTidy),
        node("recorder", Recorder, {"number": "endless.number"}),
        node("short", Count, count=3),
        node("add", Add, {"left": "recorder.scaled", "right": "short.number"}),
        node("sink", Sink, {"number": "add.total"}),
    )
    run = Run(made, threads=threads)
    run.start()
    assert run.wait(10)
    assert [value for _, value in sink_of(run).seen] == [0, 3, 6]
    recorder, endless = (run._assembly.members[name].node for name in ("recorder", "endless"))
    assert recorder.ends == ["finish", "close"]  # type: ignore[attr-defined]
    assert endless.ends == ["finish", "cleanup", "close"]  # type: ignore[attr-defined]


class Both(Sink):
    """Passes on, and keeps what came: worth calling though nobody hears it any more."""

    same = Output(Number)

    def process(self, number: Number) -> None:
        super().process(number)
        self.same.send(number)


def test_a_closed_output_beside_an_open_one_ends_nothing() -> None:
    made = graph(
        node("count", Count, count=60),
        node("both", Both, {"number": "count.number"}),
        node("short", Count, count=3),
        node("add", Add, {"left": "both.same", "right": "short.number"}),
        node("first", Sink, {"number": "add.total"}),
        node("second", Sink, {"number": "both.same"}),
    )
    run = Run(made)
    run.run()
    assert len(sink_of(run, "first").seen) == 3
    assert len(sink_of(run, "second").seen) == 60
