"""Microphones and speakers by name, and looking for them anew."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from avatar_nodes.audio.sound_devices_model import PATIENCE, SoundDeviceError, SoundDevices
from sound_cards import Card, SoundCards

HEADSET = Card("Blue Headset", channels_in=1, channels_out=2)
BOX = Card("Monitor Box: USB Audio (hw:1,0)", channels_out=2)
DESK = Card("Desk USB Microphone", channels_in=2, rates=(48000,))


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> SoundCards:
    made = SoundCards(HEADSET, BOX, DESK)
    monkeypatch.setitem(sys.modules, "sounddevice", made)  # type: ignore[arg-type]
    return made


def nobody(*_: Any) -> None:
    """Takes a block."""


def opened(devices: SoundDevices, kind: Any, name: str | None, rate: int | None) -> Any:
    return devices.open(kind, name, rate, block_s=0.02, latency_s=0.04, callback=nobody)


@pytest.mark.usefixtures("cards")
def test_they_are_found_by_a_part_of_their_name() -> None:
    devices = SoundDevices()
    assert devices.find("microphone", None).name == "Blue Headset"
    assert devices.find("microphone", "usb").name == "Desk USB Microphone"
    assert devices.find("speaker", "usb").name == BOX.name
    assert devices.find("speaker", "blue headset").name == "Blue Headset"


@pytest.mark.usefixtures("cards")
def test_a_name_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(SoundDeviceError) as caught:
        SoundDevices().find("microphone", "desk usb microfone")
    assert caught.value.what == "no microphone has 'desk usb microfone' in its name"
    assert caught.value.fix.startswith("did you mean 'Desk USB Microphone'? there are: 'Blue Headset'")


def test_where_there_is_none_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", SoundCards(BOX))  # type: ignore[arg-type]
    with pytest.raises(SoundDeviceError, match="there is no microphone here"):
        SoundDevices().find("microphone", None)


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)  # as where it is not installed
    with pytest.raises(SoundDeviceError) as caught:
        SoundDevices().find("microphone", None)
    assert caught.value.fix == "pip install 'graphcore[audio]'"


def test_a_device_is_opened_as_it_can(cards: SoundCards) -> None:
    devices = SoundDevices()
    for kind, name, rate in (("microphone", "headset", 16000), ("microphone", "desk", 16000), ("speaker", None, None)):
        devices.close(opened(devices, kind, name, rate))
    asked = [(each["channels"], each["samplerate"], each["blocksize"]) for each in cards.openings]
    assert asked == [(1, 16000, 320), (1, 48000.0, 960), (2, 48000.0, 960)]


@pytest.mark.usefixtures("cards")
def test_what_cannot_be_opened_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DESK, "there", False)
    with pytest.raises(SoundDeviceError, match="'Desk USB Microphone' cannot be opened: Device unavailable"):
        opened(SoundDevices(), "microphone", "desk", 16000)


def test_looking_anew_closes_streams_and_finds_what_was_plugged_in(cards: SoundCards) -> None:
    devices = SoundDevices()
    cards.cards.append(Card("New", channels_in=1))
    devices.look_again()
    stream = opened(devices, "microphone", "new", 16000)
    generation = devices.generation
    for _ in range(PATIENCE - 1):  # others are not interrupted each time that one device is missing
        devices.look_again()
    assert (devices.generation, stream.active) == (generation, True)
    devices.look_again()
    assert (devices.generation, stream.active) == (generation + 1, False)
    devices.close(stream)
