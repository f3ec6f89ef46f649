"""A part travels as JSON and arrives as it was."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from graphcore import RunError, check, load
from graphcore.graph.plan import plan
from graphcore.places.messages import from_text, to_text
from graphcore.places.part import describe, read
from graphcore.places.spread import spread
from graphcore.plugins import find_nodes
from parts import NODES, Add, Count, Scale, Sink, graph, node

TYPES = {each.type_name: each for each in NODES}


def test_every_part_of_the_demo_arrives_as_it_was(tmp_path: Path) -> None:
    registry = find_nodes()
    demo = check(load("talk_processes", {"movie.path": str(tmp_path / "a.mp4")}), registry)
    place_of = {name: node.place or "here" for name, node in demo.nodes.items()}
    parts = spread(demo, place_of, live=False, threads=2)
    assert list(parts) == ["voice", "here", "picture"]
    for part in parts.values():
        assert read(from_text(to_text(describe(part))), registry.types) == part


def test_both_ends_of_a_link_between_places_have_one_number() -> None:
    made = graph(
        node("count", Count),
        node("scale", Scale, {"number": "count.number"}),
        node("add", Add, {"left": "count.number", "right": "scale.scaled"}),
        node("sink", Sink, {"number": "add.total"}),
    )
    parts = spread(made, {"count": "a", "scale": "b", "add": "a", "sink": "a"}, live=False, threads=None)
    assert [(way.number, way.port, way.peer) for way in parts["b"].incoming] == [(0, "number", "a")]
    assert [(way.number, way.port, way.peer) for way, _ in parts["a"].outgoing] == [(0, "number", "b")]
    assert [(way.number, way.port, way.peer) for way in parts["a"].incoming] == [(2, "right", "b")]
    assert parts["a"].peers == ["b"]
    assert parts["a"].plan.rivals == plan(made).part(("count", "add", "sink")).rivals


def test_a_node_type_that_a_place_does_not_have_is_named() -> None:
    made = graph(node("count", Count), node("sink", Sink, {"number": "count.number"}))
    part = spread(made, {"count": "a", "sink": "b"}, live=False, threads=None)["b"]
    with pytest.raises(RunError, match=r"^sink: place 'b' has no node type 'sink'; install its plugin there$"):
        read(describe(part), {name: each for name, each in TYPES.items() if name != "sink"})


@pytest.mark.parametrize(
    ("key", "value"),
    [("frame_rate", each) for each in ("1e30000000", "1/0", "9" * 10**6, "0", "121", "-1", "1_0", "nan", "")]
    + [(key, each) for key in ("seed", "max_bytes") for each in (-1, 2**2000, 1.0, "1", True, None)]
    + [("threads", each) for each in (0, 10**9, 1.0, "1", True)],
)
def test_numbers_that_no_graph_has_are_refused(key: str, value: Any) -> None:
    made = graph(node("count", Count), node("sink", Sink, {"number": "count.number"}))
    content = describe(spread(made, {"count": "a", "sink": "b"}, live=False, threads=None)["a"]) | {key: value}
    with pytest.raises(RunError, match=f"^graph: {key}.* expected a "):
        read(content, TYPES)


@pytest.mark.parametrize("queue", [0, 2**70, 1.5, None])
def test_a_queue_that_no_link_has_is_refused(queue: Any) -> None:
    made = graph(node("count", Count), node("sink", Sink, {"number": "count.number"}))
    content = describe(spread(made, {"count": "a", "sink": "b"}, live=False, threads=None)["a"])
    content["outgoing"][0][1]["queue"] = queue
    with pytest.raises(RunError, match="queue: expected a whole number from 1 to"):
        read(content, TYPES)


@pytest.mark.parametrize("rate", [23.976023976023978, 1.0000000000000002, "30000/1001", 120])
def test_every_frame_rate_that_a_graph_may_say_arrives(rate: Any) -> None:
    made = graph(node("count", Count), node("sink", Sink, {"number": "count.number"}))
    made.frame_rate = Fraction(str(rate))
    part = spread(made, {"count": "a", "sink": "a"}, live=False, threads=None)["a"]
    assert read(from_text(to_text(describe(part))), TYPES).graph.frame_rate == made.frame_rate
