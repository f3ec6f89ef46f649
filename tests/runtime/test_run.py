"""Whole runs: errors, backpressure, live params, statistics, equal results whatever the threads."""

from __future__ import annotations

import threading

import pytest

from graphcore import GraphError, Input, Node, Output, ParamError, Run, RunError, VirtualClock
from graphcore.graph.spec import Graph
from graphcore.plugins import Registry
from graphcore.testing import run_graph, run_node
from parts import (
    MS,
    NODES,
    Add,
    Block,
    Blocks,
    Count,
    Endless,
    Fail,
    Follow,
    Gate,
    Look,
    Merge,
    Number,
    Scale,
    Sink,
    Slow,
    graph,
    node,
    sink_of,
    values,
)


def diamond() -> Graph:
    """One arm looks 100 frames ahead: the other must hold more than its queue."""
    return graph(
        node("count", Count, count=300),
        node("look", Look, {"number": "count.number"}),
        node("add", Add, {"left": "count.number", "right": "look.smooth"}),
        node("sink", Sink, {"number": "add.total"}),
    )


@pytest.mark.parametrize("threads", [None, 1, 2])
def test_a_diamond_whose_one_arm_looks_far_ahead_does_not_lock_up(threads: int | None) -> None:
    run = Run(diamond(), threads=threads)
    run.run()
    assert [value for _, value in sink_of(run).seen] == [2 * index for index in range(300)]
    links = {row["link"]: row for row in run.stats()["links"]}
    assert links["count.number -> add.left"]["grown"] > 0
    assert links["count.number -> add.left"]["max_depth"] >= 100
    assert links["look.smooth -> add.right"]["grown"] == 0


class Never(Node):
    """Sends nothing before the end."""

    block = Input(Block)
    number = Output(Number, delay_ms=60_000)

    def process(self, block: Block) -> None:
        pass


class Pair(Node):
    """Waits for both."""

    block = Input(Block)
    number = Input(Number)
    pair = Output(Number)

    def process(self, block: Block, number: Number) -> None:
        self.pair.send(number)


def test_a_fan_in_that_outgrows_its_memory_fails_and_names_both_links() -> None:
    made = graph(
        node("blocks", Blocks),
        node("never", Never, {"block": "blocks.block"}),
        node("pair", Pair, {"block": "blocks.block", "number": "never.number"}),
        max_bytes=3_000_000,
    )
    with pytest.raises(RunError) as caught:
        Run(made).run()
    assert caught.value.node == "pair"
    assert "blocks.block -> pair.block" in str(caught.value)
    assert "never.number -> pair.number" in str(caught.value)
    assert "max_mb" in str(caught.value)


@pytest.mark.parametrize("own", [Scale, Slow])
def test_results_do_not_depend_on_threads_or_cuts(own: type[Node]) -> None:
    def once(threads: int | None) -> list[tuple[int, float]]:
        made = graph(
            node("count", Count, count=120),
            node("fast", Count, count=400, step_ms=11.0),
            node("own", own, {"number": "count.number"}),
            node("look", Look, {"number": "fast.number"}, ahead=7),
            node("follow", Follow, {"number": "own.scaled", "offset": "look.smooth"}),
            node("merge", Merge, {"left": "follow.total", "right": "fast.number"}),
            node("sink", Sink, {"number": "merge.merged"}),
        )
        run = Run(made, threads=threads)
        run.run()
        return sink_of(run).seen

    first = once(None)
    assert len(first) > 400
    assert once(None) == first
    assert once(1) == first
    assert once(3) == first


@pytest.mark.parametrize(
    ("kind", "text", "timestamp"),
    [
        ("bug", "fail at 0.080 s: ValueError: a bug", 80 * MS),
        ("node", "fail at 0.080 s: bad node; mend it", 80 * MS),
        ("open", "fail: bad open; mend it", None),
        ("finish", "fail: bad finish; mend it", None),
        ("close", "fail: bad close; mend it", None),
    ],
)
@pytest.mark.parametrize("threads", [None, 1])
def test_an_error_names_node_time_and_cause_and_closes_everybody(
    kind: str, text: str, timestamp: int | None, threads: int | None
) -> None:
    made = graph(
        node("count", Count),
        node("fail", Fail, {"number": "count.number"}, kind=kind),
        node("sink", Sink, {"number": "fail.same"}),
        node("other", Slow, {"number": "count.number"}),
        node("last", Sink, {"number": "other.scaled"}),
    )
    run = Run(made, threads=threads)
    with pytest.raises(RunError) as caught:
        run.run()
    assert str(caught.value) == text
    assert caught.value.timestamp == timestamp
    assert caught.value.__cause__ is not None
    if kind == "open":  # its chain opens in order, and not beyond what fails; other threads may have been faster
        assert sink_of(run).ends == []
    else:
        assert sink_of(run).ends == (["finish", "close"] if kind == "close" else ["close"])
        assert sink_of(run, "last").ends[-1] == "close"


class Careless(Node):
    """Catches whatever `send` raises."""

    number = Input(Number)
    same = Output(Number)

    def process(self, number: Number) -> None:
        try:
            self.same.send(number)
        except Exception:  # an author's mistake that must not hide a neighbour's error
            return


def test_no_authors_except_catches_a_neighbours_error() -> None:
    made = graph(
        node("count", Count),
        node("careless", Careless, {"number": "count.number"}),
        node("fail", Fail, {"number": "careless.same"}),
        node("sink", Sink, {"number": "fail.same"}),
    )
    with pytest.raises(RunError, match=r"fail at 0\.080 s: ValueError"):
        Run(made).run()


class FromTwo(Gate):
    """Waits at the packet that says 2."""

    opened = threading.Event()
    entered = threading.Event()

    def process(self, number: Number) -> None:
        if number.value == 2:
            super().process(number)
        else:
            self.same.send(number)


def test_a_live_param_changes_between_two_calls_and_is_checked() -> None:
    FromTwo.opened.clear()
    FromTwo.entered.clear()
    made = graph(
        node("count", Count),
        node("gate", FromTwo, {"number": "count.number"}),
        node("scale", Scale, {"number": "gate.same"}),
        node("sink", Sink, {"number": "scale.scaled"}),
    )
    run = Run(made)
    run.start()
    assert FromTwo.entered.wait(10)
    for name, param, value, text in [
        ("scale", "factor", 11.0, r"^scale\.factor: 11\.0, expected number from -10\.0 to 10\.0$"),
        ("scale", "factor", "x", r"^scale\.factor: 'x', expected number"),
        ("scale", "faktor", 1.0, r"^scale\.faktor: no live param; expected one of factor$"),
        ("count", "count", 3, r"^count\.count: no live param; expected one of \(none\)$"),
        ("nobody", "x", 3, r"^nobody: no such node; expected one of count, gate, scale, sink$"),
    ]:
        with pytest.raises(ParamError, match=text):
            run.set(name, param, value)
    run.set("scale", "factor", 10)
    FromTwo.opened.set()
    assert run.wait(10)
    assert [value for _, value in sink_of(run).seen] == [0, 2, 20, 30, 40]


def test_statistics_count_packets_and_times() -> None:
    result = run_graph(
        graph(node("count", Count, count=2000), node("scale", Scale, {"number": "count.number"})), threads=None
    )
    stats = result.stats
    assert stats["nodes"]["scale"]["calls"] == 2000
    assert stats["nodes"]["count"]["outputs"]["number"] == {"packets": 2000, "late": 0}
    assert 0 < stats["nodes"]["scale"]["p50_us"] <= stats["nodes"]["scale"]["p99_us"]
    (link,) = [row for row in stats["links"] if row["link"] == "count.number -> scale.number"]
    assert link["packets"] == 2000
    assert link["fused"]


class Restless(Node):
    """Sends each packet twice, and one from the past."""

    number = Input(Number)
    same = Output(Number)

    def process(self, number: Number) -> None:
        self.same.send(number)
        self.same.send(number)
        self.same.send(number, timestamp=self.timestamp - 1)


def test_what_comes_late_is_counted_and_not_delivered() -> None:
    made = graph(
        node("count", Count),
        node("restless", Restless, {"number": "count.number"}),
        node("sink", Sink, {"number": "restless.same"}),
    )
    run = Run(made)
    run.run()
    assert len(sink_of(run).seen) == 5
    assert run.stats()["nodes"]["restless"]["outputs"]["same"] == {"packets": 5, "late": 10}
    assert run.losses == ["restless.same: 10 packets late: sooner than delay_ms allows, or not rising"]


class Wrong(Node):
    """Sends what it did not declare."""

    number = Input(Number)
    block = Output(Block)

    def process(self, number: Number) -> None:
        self.block.send(number)  # type: ignore[arg-type]


def test_a_payload_of_another_type_is_refused() -> None:
    with pytest.raises(RunError, match="block: sent Number, expected Block"):
        run_node(Wrong, inputs={"number": [(0, Number(1))]})


def test_arrays_are_read_only_once_they_are_sent() -> None:
    result = run_graph(graph(node("blocks", Blocks, count=1)))
    assert not result.outputs["blocks.block"][0].payload.content.flags.writeable


def test_a_virtual_clock_runs_everything_in_start() -> None:
    run = Run(graph(node("count", Count), node("sink", Sink, {"number": "count.number"})), clock=VirtualClock())
    before = threading.active_count()
    run.start()
    assert threading.active_count() == before
    assert run.wait(0)
    assert len(sink_of(run).seen) == 5


def test_random_numbers_come_from_the_seed_and_the_name() -> None:
    class Dice(Node):
        """Sends a random number."""

        number = Input(Number)
        drawn = Output(Number)

        def process(self, number: Number) -> None:
            self.drawn.send(Number(float(self.context.rng.random())))

    def drawn(**keys: object) -> list[float]:
        return values(run_node(Dice, inputs={"number": [(0, Number(0)), (1, Number(0))]}, **keys).outputs["drawn"])  # type: ignore[arg-type]

    assert drawn() == drawn()
    assert drawn() != drawn(seed=1)
    assert drawn() != drawn(name="other")


def test_the_position_is_where_every_sink_is_and_nobody_waits_for_unheard_sources() -> None:
    made = graph(
        node("count", Count),
        node("sink", Sink, {"number": "count.number"}),
        node("long", Count, count=9),
        node("other", Sink, {"number": "long.number"}),
        node("unheard", Endless),
    )
    run = Run(made)
    assert run.position_ns == 0
    run.run()
    assert run.position_ns == 160 * MS
    assert run.expected_ns == 360 * MS
    assert run.stats()["media_s"] == 0.16
    assert Run(graph(node("unheard", Endless))).position_ns == 0


def test_a_graph_without_nodes_ends_at_once() -> None:
    Run(graph()).run()


def test_a_fan_in_without_a_driver_is_a_mistake_of_the_graph() -> None:
    text = "nodes: {count: {type: count}, merge: {type: merge}, sink: {type: sink, inputs: {number: merge.merged}}}"
    with pytest.raises(GraphError, match="merge: no input is linked that makes it run; expected a link to 'left' or"):
        run_graph(text, registry=Registry({one.type_name: one for one in NODES}))
