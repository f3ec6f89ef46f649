"""run_node and run_graph: what authors of nodes test with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from graphcore import DeclarationError, GraphError, Input, Node, Output, Param, ParamError, RunError, Source
from graphcore.plugins import Registry
from graphcore.testing import run_graph, run_node
from parts import MS, NODES, Add, Count, Endless, Follow, Merge, Number, Scale, Sink, Strict, graph, node, values

ONE = [(0, Number(1.0))]


class Teller(Node):
    """Says everything that a node can say."""

    number = Input(Number)
    same = Output(Number)

    def process(self, number: Number) -> None:
        context = self.context
        self.same.send(number)
        self.same.send(number)
        context.notice(f"{context.name} {context.frame_rate} {context.live} {sorted(context.linked)}")
        context.made(Path("a.wav"), 3, "samples")


def test_a_result_holds_outputs_notices_losses_and_what_was_made() -> None:
    result = run_node(Teller, inputs={"number": ONE}, frame_rate=30)
    assert list(result.outputs) == ["same"]
    (packet,) = result.outputs["same"]
    assert (packet.timestamp, packet.sequence, packet.payload.value) == (0, 0, 1.0)
    assert result.notices == ["node: node 30 False ['number', 'same']"]
    assert result.losses == ["node.same: 1 packet late: sooner than delay_ms allows, or not rising"]
    assert [(made.node, made.path, made.count, made.unit) for made in result.made] == [
        ("node", Path("a.wav"), 3, "samples")
    ]
    assert result.stats["nodes"]["node"]["calls"] == 1


def test_a_driver_without_a_partner_is_a_loss() -> None:
    result = run_node(Add, inputs={"left": [*ONE, (40 * MS, Number(2.0))], "right": ONE})
    assert values(result.outputs["total"]) == [2.0]
    result = run_node(Strict, inputs={"number": ONE, "offset": []})
    assert result.losses == ["node: 1 packet without a partner at that time"]


def test_inputs_must_be_those_of_the_node() -> None:
    with pytest.raises(DeclarationError, match="add: inputs left; expected left, right, at least right"):
        run_node(Add, inputs={"left": ONE})
    with pytest.raises(DeclarationError, match="add: inputs none; expected left, right, at least left, right"):
        run_node(Add)
    with pytest.raises(DeclarationError, match="scale: inputs nubmer, number; expected number"):
        run_node(Scale, inputs={"number": ONE, "nubmer": ONE})
    with pytest.raises(DeclarationError, match="count: inputs number; expected none"):
        run_node(Count, inputs={"number": ONE})


def test_an_input_that_drives_must_be_given() -> None:
    class Optional(Node):
        """Its driver may stay unlinked, beside a sibling that drives."""

        number = Input(Number, default=None)
        offset = Input(Number, follows=True, default=Number(7.0))

        def process(self, number: Number | None, offset: Number) -> None: ...

    for node_class, inputs in ((Merge, {}), (Optional, {"offset": ONE})):
        with pytest.raises(DeclarationError, match="no input that makes it run; expected"):
            run_node(node_class, inputs=inputs)


def test_params_must_be_those_of_the_node() -> None:
    class Words(Source):
        """Must be told its words."""

        number = Output(Number)
        words = Param(type=str)

        def produce(self) -> Iterator[None]:
            yield

    with pytest.raises(ParamError, match=r"scale: unknown params fator, x"):
        run_node(Scale, inputs={"number": ONE}, params={"x": 1, "fator": 1})
    with pytest.raises(ParamError, match=r"words\.words: missing, expected text"):
        run_node(Words)
    with pytest.raises(ParamError, match=r"scale\.factor: 11\.0, expected number from -10\.0 to 10\.0"):
        run_node(Scale, inputs={"number": ONE}, params={"factor": 11})


def test_nearest_has_half_a_frame_of_tolerance() -> None:
    class Near(Node):
        """Takes what is near."""

        left = Input(Number, align="nearest")
        right = Input(Number, align="nearest")
        total = Output(Number)

        def process(self, left: Number, right: Number) -> None:
            self.total.send(Number(left.value + right.value))

    for distance, calls in ((20 * MS, 1), (20 * MS + 1, 0)):
        result = run_node(Near, inputs={"left": ONE, "right": [(distance, Number(2.0))]}, frame_rate=25)
        assert len(result.outputs["total"]) == calls


def test_a_source_without_end_is_stopped() -> None:
    result = run_node(Endless, until_ns=100 * MS)
    assert [packet.timestamp for packet in result.outputs["number"]] == [0, 40 * MS, 80 * MS, 120 * MS]


def test_live_a_run_jumps_through_time() -> None:
    result = run_node(Count, params={"count": 3, "step_ms": 1e6}, live=True)
    assert [packet.timestamp for packet in result.outputs["number"]] == [0, 10**6 * MS, 2 * 10**6 * MS]
    assert result.stats["live"]


def test_a_graph_sends_every_output_of_every_node_and_is_not_changed() -> None:
    made = graph(node("count", Count), node("scale", Scale, {"number": "count.number"}))
    result = run_graph(made)
    assert {name: values(packets) for name, packets in result.outputs.items()} == {
        "count.number": [0, 1, 2, 3, 4],
        "scale.scaled": [0, 2, 4, 6, 8],
    }
    assert list(made.nodes) == ["count", "scale"]


@pytest.mark.parametrize("threads", [1, 2, None])
def test_listening_does_not_keep_a_source_without_end(threads: int | None) -> None:
    made = graph(
        node("count", Count, count=20),
        node("gaze", Endless),
        node("follow", Follow, {"number": "count.number", "offset": "gaze.number"}),
    )
    result = run_graph(made, threads=threads)
    assert values(result.outputs["follow.total"]) == [2 * index for index in range(20)]
    assert len(result.outputs["gaze.number"]) >= 20


TEXT = """
nodes:
  count: {type: count, params: {count: 3}}
  scale: {type: scale, inputs: {number: count.number}}
"""
REGISTRY = Registry({one.type_name: one for one in NODES})


def test_a_graph_may_be_text_or_a_file_with_overrides(tmp_path: Path) -> None:
    (tmp_path / "g.yaml").write_text(TEXT)
    for given in (TEXT, tmp_path / "g.yaml"):
        result = run_graph(given, overrides={"scale.factor": "3"}, registry=REGISTRY)
        assert values(result.outputs["scale.scaled"]) == [0, 3, 6]


def test_a_graph_with_mistakes_does_not_run() -> None:
    with pytest.raises(GraphError, match="unknown input of scale 'nubmer'"):
        run_graph(TEXT.replace("inputs: {number:", "inputs: {nubmer:"), registry=REGISTRY)


def test_what_a_run_raises_is_raised() -> None:
    class Bad(Sink):
        """Cannot."""

        def process(self, number: Number) -> None:
            raise ValueError("a bug")

    with pytest.raises(RunError, match=r"node at 0\.000 s: ValueError: a bug"):
        run_node(Bad, inputs={"number": ONE})
