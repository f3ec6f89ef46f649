"""What goes wrong while a graph runs: errors at every place, memory, sparse drivers, a second start."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphcore import Input, Node, Output, Param, ParamError, Run, RunError, Source, VirtualClock, payload
from parts import (
    MS,
    Add,
    Block,
    Blocks,
    Count,
    Endless,
    Fail,
    Number,
    Sink,
    graph,
    node,
    sink_of,
)


class Leaves(Source):
    """Ends its process, or cannot clean up, where it is told to."""

    number = Output(Number)
    where = Param("nowhere", choices=("nowhere", "open", "produce", "cleanup", "finish", "close"))

    def open(self) -> None:
        self._leave("open")

    def produce(self) -> Iterator[None]:
        try:
            for index in range(5):
                self.number.send(Number(index), timestamp=index * MS)
                yield
            self._leave("produce")
            while True:
                yield
        finally:
            self._leave("cleanup")

    def finish(self) -> None:
        self._leave("finish")

    def close(self) -> None:
        self._leave("close")

    def _leave(self, where: str) -> None:
        if where == self.where:
            sys.exit(3)


class LeavesCalled(Sink):
    """Ends its process when it is called."""

    def process(self, number: Number) -> None:
        sys.exit(3)


class LeavesAlone(LeavesCalled):
    """Ends its process when it is called, on its own thread."""

    own_thread = True


class Heard(Sink):
    """Tells when the first packet has come."""

    first = threading.Event()

    def process(self, number: Number) -> None:
        super().process(number)
        self.first.set()


def stopped_once_heard(run: Run) -> None:
    """Start a run, and stop it after its first packet has come."""
    Heard.first.clear()
    run.start()
    assert Heard.first.wait(10)
    run.stop()


@pytest.mark.parametrize("where", ["produce", "cleanup", "finish", "close"])
@pytest.mark.parametrize("threads", [None, 1])
def test_a_source_that_ends_its_process_ends_its_run_only(where: str, threads: int | None) -> None:
    made = graph(node("leaves", Leaves, where=where), node("heard", Heard, {"number": "leaves.number"}))
    run = Run(made, threads=threads)
    if where == "produce":
        run.start()
    else:
        stopped_once_heard(run)
    with pytest.raises(RunError) as caught:
        run.wait(10)
    assert str(caught.value) == "leaves: SystemExit: 3"
    assert caught.value.node == "leaves"
    assert isinstance(caught.value.__cause__, SystemExit)


@pytest.mark.parametrize("threads", [None, 1])
def test_a_source_that_ends_its_process_while_it_opens_ends_its_run_only(threads: int | None) -> None:
    made = graph(node("leaves", Leaves, where="open"), node("sink", Sink, {"number": "leaves.number"}))
    with pytest.raises(RunError, match=r"^leaves: SystemExit: 3$"):
        Run(made, threads=threads).run()


@pytest.mark.parametrize("leaves", [LeavesCalled, LeavesAlone])
@pytest.mark.parametrize("virtual", [False, True])
def test_a_node_that_ends_its_process_ends_its_run_only(leaves: type[Node], virtual: bool) -> None:
    made = graph(
        node("count", Count),
        node("leaves", leaves, {"number": "count.number"}),
        node("sink", Sink, {"number": "count.number"}),
    )
    run = Run(made, clock=VirtualClock() if virtual else None)
    with pytest.raises(RunError, match=r"^leaves at 0\.000 s: SystemExit: 3$"):
        run.run()
    assert sink_of(run).ends[-1] == "close"


class Unplugged(Source):
    """Its device is gone when it wants to give it back."""

    number = Output(Number)

    def produce(self) -> Iterator[None]:
        try:
            for index in range(10**9):
                self.number.send(Number(index), timestamp=index * MS)
                yield
        finally:
            raise OSError("device gone")


def test_an_exception_while_produce_cleans_up_names_its_node() -> None:
    run = Run(graph(node("unplugged", Unplugged), node("heard", Heard, {"number": "unplugged.number"})))
    stopped_once_heard(run)
    with pytest.raises(RunError, match=r"^unplugged: OSError: device gone$"):
        run.wait(10)
    assert sink_of(run, "heard").ends == ["finish", "close"]


def test_the_first_error_is_the_one_that_is_told() -> None:
    made = graph(
        node("unplugged", Unplugged),
        node("fail", Fail, {"number": "unplugged.number"}),
        node("sink", Sink, {"number": "fail.same"}),
    )
    run = Run(made)
    with pytest.raises(RunError, match=r"^fail at 0\.002 s: ValueError: a bug$"):
        run.run()
    assert sink_of(run).ends == ["close"]


class Silent(Node):
    """Takes numbers and sends none before the end."""

    number = Input(Number)
    later = Output(Number, delay_ms=6e9)

    def process(self, number: Number) -> None: ...


def test_max_mb_holds_for_payloads_without_arrays() -> None:
    made = graph(
        node("endless", Endless),
        node("silent", Silent, {"number": "endless.number"}),
        node("add", Add, {"left": "endless.number", "right": "silent.later"}),
        max_bytes=20_000,
    )
    with pytest.raises(RunError, match=r"link endless\.number -> add\.left holds .* max_mb") as caught:
        Run(made).run()
    assert caught.value.node == "add"


class Rare(Node):
    """Takes numbers and sends none, without looking ahead."""

    number = Input(Number)
    rare = Output(Number)

    def process(self, number: Number) -> None: ...


class RareFirst(Node):
    """Its first driver is sparse."""

    number = Input(Number)
    block = Input(Block)

    def process(self, number: Number, block: Block) -> None: ...


class RareLast(Node):
    """Its last driver is sparse."""

    block = Input(Block)
    number = Input(Number)

    def process(self, block: Block, number: Number) -> None: ...


@pytest.mark.parametrize("pair", [RareFirst, RareLast])
@pytest.mark.parametrize("threads", [None, 1])
def test_what_a_sparse_driver_can_not_meet_is_dropped(pair: type[Node], threads: int | None) -> None:
    made = graph(
        node("blocks", Blocks),
        node("rare", Rare, {"number": "blocks.number"}),
        node("pair", pair, {"number": "rare.rare", "block": "blocks.block"}),
        max_bytes=3_000_000,
    )
    run = Run(made, threads=threads)
    run.run()
    rows = {row["link"]: row for row in run.stats()["links"]}
    assert rows["blocks.block -> pair.block"]["max_depth"] <= 17
    assert run.stats()["nodes"]["pair"]["calls"] == 0
    assert run.stats()["nodes"]["pair"]["unmatched"] > 150


def test_a_run_is_started_once() -> None:
    run = Run(graph(node("count", Count), node("sink", Sink, {"number": "count.number"})))
    run.run()
    for again in (run.start, run.run):
        with pytest.raises(RunError, match="this run was started already; make another one"):
            again()
    assert len(sink_of(run).seen) == 5


@pytest.mark.parametrize("threads", [0, -1])
def test_a_run_needs_a_thread(threads: int) -> None:
    with pytest.raises(ParamError, match=f"threads={threads}: expected 1 or more"):
        Run(graph(node("count", Count)), threads=threads)


@payload
class Brittle:
    """Has nothing between two."""

    value: float

    def between(self, other: Brittle, weight: float) -> Brittle:
        raise ZeroDivisionError("nothing between")


class BrittleSource(Source):
    """Sends two, 100 ms apart."""

    brittle = Output(Brittle)

    def produce(self) -> Iterator[None]:
        for index in range(2):
            self.brittle.send(Brittle(index), timestamp=index * 100 * MS)
            yield


class Between(Node):
    """Looks up what may be between two."""

    number = Input(Number)
    brittle = Input(Brittle, follows=True, align="interpolate")

    def process(self, number: Number, brittle: Brittle) -> None: ...


def test_an_error_of_a_payload_names_the_node_that_looked_it_up() -> None:
    made = graph(
        node("count", Count),
        node("source", BrittleSource),
        node("between", Between, {"number": "count.number", "brittle": "source.brittle"}),
    )
    with pytest.raises(RunError, match=r"^between: ZeroDivisionError: nothing between$"):
        Run(made).run()


class Unborn(Sink):
    """Cannot be made."""

    def __init__(self) -> None:
        raise OSError("no licence")


def test_a_node_that_cannot_be_made_is_named() -> None:
    with pytest.raises(RunError, match=r"^unborn: OSError: no licence$"):
        Run(graph(node("count", Count), node("unborn", Unborn, {"number": "count.number"})))


class Writer(Sink):
    """Writes a file."""

    path = Param.file_out()

    def finish(self) -> None:
        self.path.write_text(str(len(self.seen)))


def test_the_folder_of_an_output_is_made_or_its_node_is_named(tmp_path: Path) -> None:
    def run_to(path: Path) -> None:
        Run(graph(node("count", Count), node("writer", Writer, {"number": "count.number"}, path=path))).run()

    run_to(tmp_path / "new" / "folder" / "out.txt")
    assert (tmp_path / "new" / "folder" / "out.txt").read_text() == "5"
    with pytest.raises(RunError, match=r"^writer: .*its folder cannot be made: Not a directory$"):
        run_to(tmp_path / "new" / "folder" / "out.txt" / "more" / "out.txt")
