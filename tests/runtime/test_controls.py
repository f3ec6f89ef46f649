"""What reaches a node from outside while it runs: new values of its live params, and interrupts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graphcore import Input, Node, NodeError, Output, Param, ParamError, Run, RunError, Source, VirtualClock
from graphcore.runtime.context import MOST_NOTICES
from graphcore.runtime.interrupted import ON_ITS_WAY_NS
from parts import MS, Endless, Number, Sink, graph, node


class Lines(Source):
    """Sends a number every 40 ms; what it is told to say comes first, one line a number."""

    line = Param("", live=True)
    picture = Param.file_in(__file__, live=True)
    number = Output(Number)

    def open(self) -> None:
        self.waiting: list[str] = []
        self.told: list[str] = []

    def changed(self, param: str) -> None:
        self.told.append(param)
        if self.line == "bad":
            raise NodeError("nobody can say that", fix="say something else")
        self.waiting.append(self.line)

    def interrupt(self) -> None:
        self.waiting.clear()

    def produce(self) -> Iterator[None]:
        for index in range(6):
            said = self.waiting.pop(0) if self.waiting else ""
            self.number.send(Number(float(len(said))), timestamp=index * 40 * MS)
            yield


class Hears(Node):
    """Notes what came, counts it, and calls somebody after the first."""

    number = Input(Number)
    heard: list[float]
    then: Callable[[], None]

    def open(self) -> None:
        type(self).heard = []

    def process(self, number: Number) -> None:
        self.heard.append(number.value)
        self.context.counts["heard"] = len(self.heard)
        if len(self.heard) == 1:
            type(self).then()


def heard_after(act: Callable[[Run], None]) -> tuple[list[float], Run]:
    """What comes through a live run in which `act` is done after the first number."""
    made = Run(
        graph(node("lines", Lines), node("hears", Hears, {"number": "lines.number"})),
        live=True,
        clock=VirtualClock(),
    )
    Hears.then = lambda: act(made)
    made.run()
    return Hears.heard, made


def say(*lines: str) -> Callable[[Run], None]:
    def act(run: Run) -> None:
        for line in lines:
            run.set("lines", "line", line)

    return act


def test_every_value_is_told_in_order() -> None:
    heard, run = heard_after(say("one", "three", "one"))
    assert heard == [0, 3, 5, 3, 0, 0]
    lines = run._assembly.members["lines"].node
    assert isinstance(lines, Lines)
    assert lines.told == ["line"] * 3


def test_an_interrupt_forgets_what_waits_and_the_run_goes_on() -> None:
    def act(run: Run) -> None:
        say("one", "three")(run)
        run.interrupt()
        say("later")(run)

    assert heard_after(act)[0] == [0, 5, 0, 0, 0, 0]


class Slow(Node):
    """Hands on one number, and then waits until it may go on."""

    number = Input(Number)
    same = Output(Number)
    may_go_on = threading.Event()
    entered = threading.Event()
    own_thread = True

    def process(self, number: Number) -> None:
        self.entered.set()
        assert self.may_go_on.wait(10)
        self.same.send(number)


class Forgets(Node):
    """Notes what an interrupt was about, by its name."""

    number = Input(Number)
    told: dict[str, int]

    def process(self, number: Number) -> None:
        """Nothing is done with it."""

    def interrupt(self) -> None:
        self.told[self.context.name] = self.context.forget_before["number"]


def test_an_interrupt_is_about_what_the_sources_of_a_node_had_sent() -> None:
    """One source is held up, the other one keeps to the clock."""
    Slow.may_go_on.clear()
    Slow.entered.clear()
    Forgets.told = {}
    slow = node("slow", Slow, {"number": "lags.number"})
    slow.links["number"].queue = 2
    run = Run(
        graph(
            node("lags", Endless, step_ms=10.0),
            slow,
            node("late", Forgets, {"number": "slow.same"}),
            node("keeps", Endless, step_ms=1.0),
            node("at_once", Forgets, {"number": "keeps.number"}),
        ),
        live=True,
    )
    run.start()
    assert Slow.entered.wait(10)
    while run.stats()["nodes"]["keeps"]["outputs"]["number"]["packets"] < 200:
        assert not run.wait(0.02)
    run.interrupt()
    now = run.clock.now()
    Slow.may_go_on.set()
    run.stop()
    assert run.wait(10)
    assert Forgets.told["late"] == 30 * MS + ON_ITS_WAY_NS  # one in its call, two that wait, one that is held up
    assert 199 * MS + ON_ITS_WAY_NS <= Forgets.told["at_once"] <= now + 1 * MS + ON_ITS_WAY_NS


def test_what_goes_wrong_names_the_node() -> None:
    with pytest.raises(RunError, match="lines: nobody can say that; say something else"):
        heard_after(say("bad"))


def test_a_live_file_is_found_before_the_node_hears_of_it(tmp_path: Path) -> None:
    (tmp_path / "me.jpg").write_bytes(b"")

    def act(run: Run) -> None:
        with pytest.raises(ParamError, match=r"lines\.picture"):
            run.set("lines", "picture", str(tmp_path / "nobody.jpg"))
        run.set("lines", "picture", str(tmp_path / "me.jpg"))

    lines = heard_after(act)[1]._assembly.members["lines"].node
    assert isinstance(lines, Lines)
    assert lines.picture == tmp_path / "me.jpg"
    assert lines.told == ["picture"]


def test_what_nodes_count_is_in_the_statistics() -> None:
    stats = heard_after(lambda _: None)[1].stats()["nodes"]
    assert stats["hears"]["counts"] == {"heard": 6}
    assert stats["lines"]["counts"] == {}


def test_counts_may_be_written_while_they_are_read() -> None:
    run = heard_after(lambda _: None)[1]
    counts = run._assembly.members["hears"].node.context.counts
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for index in range(100):
                counts[f"words {index}"] = index
            counts.clear()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(200):
            run.stats()
    finally:
        stop.set()
        writer.join()


class Chatty(Endless):
    """Has something to say about every number."""

    def produce(self) -> Iterator[None]:
        for index in range(2 * MOST_NOTICES):
            self.context.notice(f"number {index}")
            self.number.send(Number(0.0), timestamp=index)
            yield


def test_notices_are_bounded() -> None:
    run = Run(graph(node("chatty", Chatty), node("sink", Sink, {"number": "chatty.number"})), clock=VirtualClock())
    run.run()
    assert run.notices[:2] == ["chatty: number 0", "chatty: number 1"]
    assert len(run.notices) == MOST_NOTICES + 1
    assert "enough" in run.notices[-1]
