"""A device that comes and goes, in words."""

from __future__ import annotations

from avatar_nodes.audio.presence_model import MOST, Presence


def test_each_change_is_told_once() -> None:
    presence = Presence("gone", "again")
    assert [presence.news(there) for there in (True, False, False, True, True)] == ["", "gone", "", "again", ""]


def test_a_loose_plug_is_not_told_of_for_ever() -> None:
    presence = Presence("gone", "again")
    assert sum(bool(presence.news(bool(index % 2))) for index in range(1000)) == MOST
