"""What doctor says of sound devices."""

from __future__ import annotations

import sys

import pytest

from avatar_nodes.sound_devices_doctor import findings
from sound_cards import Card, SoundCards


def test_it_lists_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    cards = SoundCards(Card("Box", channels_out=2), *[Card(f"Desk {number}", channels_in=1) for number in range(8)])
    monkeypatch.setitem(sys.modules, "sounddevice", cards)  # type: ignore[arg-type]
    microphones, speakers = findings()
    assert (microphones.name, microphones.state) == ("microphone", "ok")
    assert microphones.what == "Desk 0, Desk 1, Desk 2, Desk 3, Desk 4, Desk 5 and 2 more"
    assert (speakers.state, speakers.what) == ("ok", "Box")


def test_a_machine_without_one_is_warned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", SoundCards(Card("Box", channels_out=2)))  # type: ignore[arg-type]
    microphones, speakers = findings()
    assert (microphones.state, microphones.what) == ("warn", "there is no microphone here")
    assert speakers.state == "ok"


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    (found,) = findings()
    assert (found.state, found.fix) == ("warn", "pip install 'graphcore[audio]'")
