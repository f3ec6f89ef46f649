"""Random graphs spread over places at random: every sink sees what it sees in one place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphcore.graph.spec import Graph
from parts import MS
from random_graphs import Made, described, fan_ins, graphs
from thread_places import Seen, ThreadRun


@st.composite
def spread_graphs(draw: st.DrawFn) -> tuple[Made, dict[str, str]]:
    """A random graph, and a place for each of its nodes."""
    made = draw(graphs())
    return made, {name: draw(st.sampled_from(("here", "near", "far"))) for name in made.nodes}


def ran(made: Made, place_of: dict[str, str]) -> Seen:
    """What its sinks saw, at its end."""
    seen = Seen()
    run = ThreadRun(Graph(made.nodes), place_of, seen.types)
    run.start()
    if not run.wait(10):
        run.cancel()
        pytest.fail(f"it does not end: {place_of}\n{described(made)}")
    return seen


@settings(max_examples=20, deadline=None, database=None, derandomize=True)
@given(spread=spread_graphs())
def test_places_change_nothing_of_what_sinks_see(spread: tuple[Made, dict[str, str]]) -> None:
    made, place_of = spread
    seen = ran(made, place_of)
    for name, packets in seen.packets.items():
        link = made.nodes[name].links["number"]
        expected = made.streams[f"{link.source}.{link.output}"]
        assert [time for time, _ in packets] == [time for time, _ in expected]
        assert [value for _, value in packets] == pytest.approx([float(value) for _, value in expected], rel=1e-9)
        assert seen.ends[name] == ["finish", "close"]


@pytest.mark.parametrize("apart", ["mix", "left", "look", "other", "main"])
def test_two_fan_ins_that_wait_for_each_other_across_places(apart: str) -> None:
    made = fan_ins()
    seen = ran(made, {name: "far" if name == apart else "here" for name in made.nodes})
    expected = [(int(index * 40 * MS), 2.0 * index) for index in range(50)]
    assert seen.packets == {"first": expected, "second": expected}
