"""A run stands still only where every place is quiet and nothing is on its way."""

from __future__ import annotations

from graphcore.places.messages import Quiet, Relieved
from graphcore.places.stall import StallWatch


def quiet(peer: str, sent: int, received: int, at: int = 0) -> Quiet:
    """What a place with one peer reports."""
    return Quiet(1, at, (peer,), (sent,), (received,))


def test_a_message_on_its_way_is_no_stall() -> None:
    watch = StallWatch(("a", "b"))
    assert not watch.quiet("a", quiet("b", sent=5, received=3))
    assert not watch.quiet("b", quiet("a", sent=3, received=4))
    assert watch.quiet("b", quiet("a", sent=3, received=5))


def test_a_report_from_before_room_was_made_does_not_count() -> None:
    watch = StallWatch(("a", "b"))
    watch.quiet("a", quiet("b", 0, 0))
    assert watch.quiet("b", quiet("a", 0, 0))
    assert not watch.quiet("a", quiet("b", 0, 0))
    assert not watch.quiet("b", quiet("a", 0, 0))
    assert watch.round == 1


def test_only_where_nobody_could_make_room_it_is_over() -> None:
    watch = StallWatch(("a", "b"))
    watch.quiet("a", quiet("b", 0, 0))
    watch.quiet("b", quiet("a", 0, 0))
    assert watch.relieved("a", Relieved(1, 0, False, "late")) is None
    assert watch.relieved("a", Relieved(1, 1, False, "x waits for y")) is None
    assert watch.relieved("b", Relieved(1, 1, False, "")) == "x waits for y"


def test_room_in_one_place_is_enough() -> None:
    watch = StallWatch(("a", "b"))
    watch.quiet("a", quiet("b", 0, 0))
    watch.quiet("b", quiet("a", 0, 0))
    assert watch.relieved("a", Relieved(1, 1, True, "")) is None
    assert watch.relieved("b", Relieved(1, 1, False, "x waits for y")) is None
