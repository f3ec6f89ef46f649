"""A run that is cancelled or interrupted ends, wherever it stands, and closes its nodes."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator

import pytest

from graphcore import Cancelled, Output, Param, Run, RunError, Source, VirtualClock
from parts import (
    MS,
    Endless,
    Gate,
    Number,
    Sink,
    Slow,
    graph,
    node,
    sink_of,
)


@pytest.mark.usefixtures("restless_threads")
def test_a_cancel_is_never_lost() -> None:
    for number in range(300):
        made = graph(
            node("endless", Endless),
            node("slow", Slow, {"number": "endless.number"}),
            node("sink", Sink, {"number": "slow.scaled"}),
        )
        run = Run(made)
        run.start()
        run.wait(number % 10 * 1e-4)
        run.cancel()
        with pytest.raises(Cancelled):
            run.wait(10)


class Waits(Gate):
    """Waits on a thread of its own until the run is cancelled."""

    own_thread = True
    opened = threading.Event()
    entered = threading.Event()
    told = threading.Event()

    def process(self, number: Number) -> None:
        super().process(number)
        if self.context.cancelled:
            self.told.set()


class FailsBeside(Sink):
    """Fails once its neighbour waits."""

    def process(self, number: Number) -> None:
        assert Waits.entered.wait(10)
        raise ValueError("a bug")


def test_a_node_that_waits_is_told_when_another_one_fails() -> None:
    Waits.entered.clear()
    Waits.told.clear()
    made = graph(
        node("endless", Endless),
        node("waits", Waits, {"number": "endless.number"}),
        node("fails", FailsBeside, {"number": "endless.number"}),
    )
    run = Run(made)
    run.start()
    with pytest.raises(RunError, match=r"fails at 0\.000 s: ValueError: a bug"):
        run.wait(10)
    assert Waits.told.is_set()


class Burst(Source):
    """Sends everything before it yields."""

    number = Output(Number)

    def produce(self) -> Iterator[None]:
        for index in range(10):
            self.number.send(Number(index), timestamp=index * MS)
        yield


class Third(Gate):
    """Waits at its third packet; notes its factor at the begin of each call."""

    opened = threading.Event()
    entered = threading.Event()
    factor = Param(2.0, live=True)

    def open(self) -> None:
        self.factors: list[float] = []

    def process(self, number: Number) -> None:
        self.factors.append(self.factor)
        if number.value == 2:
            super().process(number)


@pytest.fixture
def third() -> tuple[Run, Third]:
    """A run of a burst that stands at the third packet."""
    Third.opened.clear()
    Third.entered.clear()
    run = Run(graph(node("burst", Burst), node("third", Third, {"number": "burst.number"})))
    run.start()
    assert Third.entered.wait(10)
    made = run._assembly.members["third"].node
    assert isinstance(made, Third)
    return run, made


def test_a_long_outbox_is_broken_off_by_cancel(third: tuple[Run, Third]) -> None:
    run, made = third
    run.cancel()
    with pytest.raises(Cancelled):
        run.wait(10)
    assert len(made.factors) == 3


def test_a_live_param_reaches_the_next_call_of_a_long_outbox(third: tuple[Run, Third]) -> None:
    run, made = third
    run.set("third", "factor", 5.0)
    Third.opened.set()
    assert run.wait(10)
    assert made.factors == [2.0] * 3 + [5.0] * 7


class Interrupts(Sink):
    """Presses Ctrl-C."""

    def process(self, number: Number) -> None:
        super().process(number)
        if number.value == 2:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send to oneself")
@pytest.mark.parametrize("virtual", [False, True])
def test_an_interrupted_run_closes_its_nodes_and_says_so(virtual: bool) -> None:
    made = graph(
        node("endless", Endless),
        node("slow", Slow, {"number": "endless.number"}),
        node("sink", Interrupts, {"number": "slow.scaled"}),
    )
    run = Run(made, clock=VirtualClock() if virtual else None)
    with pytest.raises(KeyboardInterrupt):
        run.run()
    assert sink_of(run).ends == ["close"]
    with pytest.raises(Cancelled):
        run.wait(0)


@pytest.mark.parametrize("threads", [None, 1])
def test_cancel_reaches_every_node(threads: int | None) -> None:
    Gate.opened.clear()
    Gate.entered.clear()
    made = graph(
        node("endless", Endless),
        node("gate", Gate, {"number": "endless.number"}),
        node("sink", Sink, {"number": "gate.same"}),
        node("slow", Slow, {"number": "endless.number"}),
        node("other", Sink, {"number": "slow.scaled"}),
    )
    run = Run(made, threads=threads)
    run.start()
    assert Gate.entered.wait(10)
    run.cancel()
    with pytest.raises(Cancelled):
        run.wait(10)
    assert sink_of(run).ends == ["close"]
    assert sink_of(run, "other").ends == ["close"]
