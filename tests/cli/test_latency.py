"""Where the time of a live run went, in a line for each sink."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graphcore import Input, Node, Output, Param, Run, Source, VirtualClock, payload
from graphcore.cli.latency import latency_lines
from graphcore.graph.spec import Graph, GraphNode, Link

MS = 1_000_000


@payload
class Number:
    """A number."""

    value: int


class Device(Source):
    """Gives a number 20 ms after its time."""

    live = True
    number = Output(Number)

    def produce(self) -> Iterator[None]:
        for index in range(5):
            _pass(self, (index + 1) * 20)
            self.number.send(Number(index), timestamp=index * 20 * MS)
            yield


class Lookahead(Node):
    """Answers for two steps before, so 40 ms late."""

    number = Input(Number)
    wish = Input(Number, follows=True, default=Number(0))
    answer = Output(Number, delay_ms=40)

    def process(self, number: Number, wish: Number) -> None:
        if number.value >= 2:
            self.answer.send(number, timestamp=self.timestamp - 40 * MS)


class Shown(Node):
    """Takes both."""

    picture = Input(Number, align="each", default=None)
    sound = Input(Number, align="each", default=None)

    def process(self, picture: Number | None, sound: Number | None) -> None:
        _pass(self, 0 if picture is None else self.context.clock.now() // MS + 5)


def _pass(node: Node, until_ms: int) -> None:
    clock = node.context.clock
    assert isinstance(clock, VirtualClock)
    clock.jump_to(until_ms * MS)


def ended(*, live: bool) -> Run:
    """A run over all of them."""
    links = {
        "device": [],
        "ahead": [Link("device", "number", "ahead", "number", "exact")],
        "shown": [
            Link("ahead", "answer", "shown", "picture", "each"),
            Link("device", "number", "shown", "sound", "each"),
        ],
    }
    kinds = {"device": Device, "ahead": Lookahead, "shown": Shown}
    nodes = {n: GraphNode(n, kinds[n], {}, {link.input: link for link in each}) for n, each in links.items()}
    run = Run(Graph(nodes), live=live, clock=VirtualClock())
    run.run()
    return run


def test_each_node_tells_what_it_added_on_the_slowest_way() -> None:
    (line,) = latency_lines(ended(live=True))
    expected = r"shown: latency (\d+) ms \(p50\), \d+ ms \(p99\): device \+(\d+), ahead \+(\d+), shown \+(\d+)"
    told = re.fullmatch(expected, line)
    assert told is not None, line
    whole, device, ahead, shown = map(int, told.groups())
    assert device >= 20
    assert ahead >= 40
    assert whole == device + ahead + shown


def test_what_was_not_live_has_none() -> None:
    assert latency_lines(ended(live=False)) == []


class Film(Source):
    """Sends each number 40 ms ahead of its time."""

    number = Output(Number)

    def produce(self) -> Iterator[None]:
        for index in range(5):
            self.number.send(Number(index), timestamp=(index + 1) * 40 * MS)
            yield


class Slow(Node):
    """Takes until so long after the time of a number."""

    number = Input(Number)
    late_ms = Param(0)
    answer = Output(Number)

    def process(self, number: Number) -> None:
        _pass(self, self.timestamp // MS + self.late_ms)
        self.answer.send(number)


def film(late_ms: int) -> Run:
    """A run of a film over a node to a sink."""
    nodes = {
        "film": GraphNode("film", Film, {}, {}),
        "slow": GraphNode(
            "slow", Slow, {"late_ms": late_ms}, {"number": Link("film", "number", "slow", "number", "each")}
        ),
        "shown": GraphNode("shown", Shown, {}, {"sound": Link("slow", "answer", "shown", "sound", "each")}),
    }
    run = Run(Graph(nodes), live=True, clock=VirtualClock())
    run.run()
    return run


def test_what_is_sent_ahead_of_its_time_is_no_step_of_the_way() -> None:
    (line,) = latency_lines(film(30))
    assert re.fullmatch(r"shown: latency \d+ ms \(p50\), \d+ ms \(p99\): slow \+\d+(, shown \+\d+)?", line), line


def test_what_came_in_time_has_no_latency_to_tell() -> None:
    assert latency_lines(film(-20)) == []
