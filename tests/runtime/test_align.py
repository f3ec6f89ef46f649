"""Which packets meet, and when."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphcore import Input, Node, Output
from graphcore.graph.spec import Link
from graphcore.runtime.align import Alignment
from graphcore.runtime.inlet import Inlet
from graphcore.testing import run_graph, run_node
from parts import MS, Add, Count, Follow, Merge, Number, Own, Recent, Strict, graph, node, values


def at(*times_ms: float) -> list[tuple[int, Number]]:
    """Packets whose value is their time."""
    return [(int(time * MS), Number(float(time))) for time in times_ms]


def test_drivers_meet_where_their_timestamps_are_equal() -> None:
    result = run_node(Add, inputs={"left": at(0, 10, 20, 40), "right": at(0, 20, 30, 40)})
    assert [packet.timestamp for packet in result.outputs["total"]] == [0, 20 * MS, 40 * MS]
    assert values(result.outputs["total"]) == [0, 40, 80]
    assert result.stats["nodes"]["node"]["unmatched"] == 2


def test_the_stream_that_ends_first_ends_the_node() -> None:
    result = run_node(Add, inputs={"left": at(0, 10), "right": at(*range(0, 5000, 10))})
    assert values(result.outputs["total"]) == [0, 20]


def test_a_follower_holds_its_newest_value_and_begins_with_its_default() -> None:
    result = run_node(Follow, inputs={"number": at(0, 10, 20, 30), "offset": at(10, 25)})
    assert values(result.outputs["total"]) == [1000, 20, 30, 55]


def test_a_follower_without_default_and_without_value_drops_the_driver_and_counts_it() -> None:
    result = run_node(Strict, inputs={"number": at(0, 10, 20), "offset": at(10)})
    assert values(result.outputs["total"]) == [20, 30]
    assert result.stats["nodes"]["node"]["unmatched"] == 1


def test_a_window_ends_at_the_drivers_time_and_starts_after_its_length() -> None:
    result = run_node(Recent, inputs={"number": at(0, 100, 150), "around": at(0, 50, 100, 140, 160)})
    assert values(result.outputs["total"]) == [0, 150, 240]


def test_an_unlinked_window_is_empty() -> None:
    assert values(run_node(Recent, inputs={"number": at(0, 10)}).outputs["total"]) == [0, 0]


def test_a_driver_can_have_a_window() -> None:
    inputs = {"number": at(0, 50, 100, 150)}
    assert values(run_node(Own, inputs=inputs).outputs["total"]) == [0, 50, 150, 250]


def test_each_is_called_in_the_order_of_time_and_waits_for_the_later_stream() -> None:
    result = run_node(Merge, inputs={"left": at(0, 30, 60), "right": at(10, 20, 30, 70)})
    assert [packet.timestamp for packet in result.outputs["merged"]] == [t * MS for t in (0, 10, 20, 30, 60, 70)]
    assert result.stats["nodes"]["node"]["calls"] == 7


def test_each_goes_on_with_one_stream_when_the_other_has_ended_or_is_not_linked() -> None:
    assert len(run_node(Merge, inputs={"left": at(0, 10, 20)}).outputs["merged"]) == 3
    assert len(run_node(Merge, inputs={"left": at(0, 10, 20), "right": []}).outputs["merged"]) == 3


def meeting(tolerance_ms: float) -> Alignment:
    """Add's inputs, nearest."""
    links = {
        name: Link("s", "o", "t", name, "nearest", tolerance_ns=int(tolerance_ms * MS)) for name in ("left", "right")
    }
    return Alignment(Add, {n: Inlet(link, live=False) for n, link in links.items()}, ["left", "right"], live=False)


def calls_of(alignment: Alignment, left: list[float], right: list[float]) -> list[tuple[float, float]]:
    """What meets, once everything has come."""
    for name, times in (("left", left), ("right", right)):
        for index, (timestamp, number) in enumerate(at(*times)):
            alignment.inlets[name].offer(number, timestamp, index)
        alignment.inlets[name].ended = True
    found = []
    while (call := alignment.next()) is not None:
        found.append((call[1][0].value, call[1][1].value))
    return found


def test_nearest_pairs_within_the_tolerance() -> None:
    assert calls_of(meeting(10), [0, 40, 80, 120], [5, 33, 60, 131]) == [(0, 5), (40, 33)]


def test_nearest_takes_the_nearer_of_two() -> None:
    assert calls_of(meeting(20), [40], [25, 38, 45]) == [(40, 38)]


def test_nearest_waits_while_a_nearer_one_may_come() -> None:
    alignment = meeting(10)
    alignment.inlets["left"].offer(Number(0), 0, 0)
    alignment.inlets["right"].offer(Number(-5), -5 * MS, 0)
    assert alignment.next() is None
    assert alignment.starving == [alignment.inlets["right"]]
    alignment.inlets["right"].settled = 10 * MS
    assert alignment.next() is not None


def test_a_follower_is_waited_for_until_it_is_settled() -> None:
    inlets = {
        "number": Inlet(Link("s", "o", "t", "number", "exact"), live=False),
        "offset": Inlet(Link("s", "o", "t", "offset", "hold"), live=False),
    }
    alignment = Alignment(Follow, inlets, ["number", "offset"], live=False)
    inlets["number"].offer(Number(1), 10 * MS, 0)
    inlets["offset"].offer(Number(5), 0, 0)
    assert alignment.next() is None
    inlets["offset"].settled = 10 * MS
    call = alignment.next()
    assert call is not None
    assert call[1][1].value == 5


def test_live_a_follower_is_what_is_there() -> None:
    inlets = {
        "number": Inlet(Link("s", "o", "t", "number", "exact"), live=True),
        "offset": Inlet(Link("s", "o", "t", "offset", "hold"), live=True),
    }
    alignment = Alignment(Follow, inlets, ["number", "offset"], live=True)
    inlets["number"].offer(Number(1), 10 * MS, 0)
    call = alignment.next()
    assert call is not None
    assert call[1][1].value == 1000


def test_live_a_follower_that_comes_after_its_time_was_answered_is_late_once() -> None:
    inlets = {
        "number": Inlet(Link("s", "o", "t", "number", "exact"), live=True),
        "offset": Inlet(Link("s", "o", "t", "offset", "hold"), live=True),
    }
    alignment = Alignment(Follow, inlets, ["number", "offset"], live=True)
    for time, offset in ((10, None), (20, 5), (30, 25), (40, None)):
        inlets["number"].offer(Number(time), time * MS, time)
        if offset is not None:
            inlets["offset"].offer(Number(offset), offset * MS, offset)
        call = alignment.next()
        assert call is not None
        assert call[1][1].value == {10: 1000, 20: 5, 30: 25, 40: 25}[time]
    assert inlets["offset"].metrics.late == 1


class OnRight(Node):
    """Sends what comes on the right alone; the left has the same times."""

    left = Input(Number, align="each", default=None)
    right = Input(Number, align="each", default=None)
    same = Output(Number)

    def process(self, left: Number | None, right: Number | None) -> None:
        if right is not None:
            self.same.send(right)


@pytest.mark.parametrize("threads", [None, 1])
def test_each_has_settled_a_time_only_after_its_last_packet_of_that_time(threads: int | None) -> None:
    made = graph(
        node("one", Count),
        node("two", Count),
        node("right", OnRight, {"left": "one.number", "right": "two.number"}),
        node("follow", Follow, {"number": "one.number", "offset": "right.same"}),
    )
    result = run_graph(made, threads=threads)
    assert values(result.outputs["follow.total"]) == [0, 2, 4, 6, 8]
    assert result.losses == []


class Shifted(Count):
    """Sends each packet 5 ms later."""

    def produce(self) -> Iterator[None]:
        for index in range(self.count):
            self.number.send(Number(float(index)), timestamp=int((index * self.step_ms + 5) * MS))
            yield


@pytest.mark.parametrize(("left", "right"), [(Count, Shifted), (Shifted, Count)])
@pytest.mark.parametrize("named", ["left", "right"])
def test_nearest_is_the_same_on_whichever_link_it_stands(left: type[Node], right: type[Node], named: str) -> None:
    for tolerance_ms, expected in ((10, [0, 2, 4, 6, 8]), (4, [])):
        made = graph(
            node("one", left), node("two", right), node("add", Add, {"left": "one.number", "right": "two.number"})
        )
        link = made.nodes["add"].links[named]
        link.align, link.tolerance_ns = "nearest", tolerance_ms * MS
        assert values(run_graph(made).outputs["add.total"]) == expected


@given(
    times=st.lists(st.integers(0, 400), min_size=1, max_size=30, unique=True),
    follower=st.lists(st.integers(0, 400), max_size=30, unique=True),
)
def test_hold_is_the_newest_at_or_before_whatever_the_times_are(times: list[int], follower: list[int]) -> None:
    times, follower = sorted(times), sorted(follower)
    result = run_node(Follow, inputs={"number": at(*times), "offset": at(*follower)})
    expected = [time + max((f for f in follower if f <= time), default=1000) for time in times]
    assert values(result.outputs["total"]) == expected


@pytest.mark.parametrize(("time", "expected"), [(0, 0), (25, 25), (40, 40), (100, 80)])
def test_interpolate_is_between_its_neighbours_and_holds_the_last(time: int, expected: float) -> None:
    inlets = {
        "number": Inlet(Link("s", "o", "t", "number", "exact"), live=False),
        "offset": Inlet(Link("s", "o", "t", "offset", "interpolate"), live=False),
    }
    alignment = Alignment(Follow, inlets, ["number", "offset"], live=False)
    inlets["number"].offer(Number(0), time * MS, 0)
    for index, (timestamp, number) in enumerate(at(0, 40, 80)):
        inlets["offset"].offer(number, timestamp, index)
    inlets["offset"].ended = True
    call = alignment.next()
    assert call is not None
    assert call[1][1].value == expected
