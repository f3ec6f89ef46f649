"""A device that is pulled out and plugged in again."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_nodes.audio.held_device_model import HeldDevice
from avatar_nodes.audio.sound_devices_model import SOUND_DEVICES
from sound_cards import Card, PortAudioError, SoundCards, Stream


class Held:
    """A held device, and waiting for what happens to it."""

    def __init__(self, kind: str, name: str | None = None) -> None:
        self.blocks = 0
        self.openings: list[tuple[float, int]] = []
        self._changed = threading.Condition()
        self.device = HeldDevice(
            kind,  # type: ignore[arg-type]
            name,
            16000,
            0.01,
            opened=lambda rate, channels: self.openings.append((rate, channels)),
            work=self._work,
        )

    def _work(self, _block: NDArray[np.float32]) -> None:
        with self._changed:
            self.blocks += 1
            self._changed.notify_all()

    def wait(self, what: Callable[[], bool]) -> None:
        with self._changed:
            while not what():
                self._changed.wait(0.05)

    def wait_until(self, *, there: bool) -> None:
        self.wait(lambda: self.device.there == there)

    def go_on(self) -> None:
        """Wait for two blocks from now on."""
        enough = self.blocks + 2
        self.wait(lambda: self.blocks >= enough)


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    made = Card("Desk", channels_in=1)
    monkeypatch.setitem(sys.modules, "sounddevice", SoundCards(made))  # type: ignore[arg-type]
    return made


@pytest.fixture
def held(card: Card) -> Iterator[Held]:
    made = Held("microphone")
    yield made
    made.device.close()


def test_it_comes_back_after_it_was_pulled_out(card: Card, held: Held) -> None:
    held.go_on()
    card.there = False
    held.wait(lambda: not held.device.there)
    card.there = True
    held.wait(lambda: held.device.there)
    held.go_on()
    assert (held.device.lost, held.device.reconnects) == (1, 1)
    assert held.openings == [(16000.0, 1)] * 2


def test_a_device_that_cannot_even_be_asked_comes_back(card: Card, held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    held.go_on()

    def refused(_stream: Stream) -> bool:
        raise PortAudioError("Invalid stream pointer [PaErrorCode -9988]")

    with monkeypatch.context() as broken:
        card.there = False
        broken.setattr(Stream, "active", property(refused, lambda *_: None), raising=False)
        held.wait(lambda: not held.device.there)
    card.there = True
    held.wait(lambda: held.device.there)
    held.go_on()


def test_a_device_that_says_nothing_any_more_is_opened_again(card: Card, held: Held) -> None:
    held.go_on()
    card.stalls = True
    held.wait(lambda: held.device.lost == 1)
    card.stalls = False
    held.go_on()
    assert held.device.reconnects == 1


def test_one_that_is_not_heard_in_time_gets_more_to_go_on_with(card: Card, held: Held) -> None:
    card.status = "input overflow"
    held.wait(lambda: len(held.openings) == 2)
    card.status = ""
    held.go_on()
    assert held.device.gaps > 10
    assert (held.device.lost, held.device.reconnects) == (0, 0)
    latencies = [asked["latency"] for asked in sys.modules["sounddevice"].openings]
    assert latencies == [0.04, 0.08]


def test_others_go_on_while_one_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, box = Card("Desk", channels_in=1), Card("Box", channels_out=2)
    monkeypatch.setitem(sys.modules, "sounddevice", SoundCards(desk, box))  # type: ignore[arg-type]
    microphone, speaker = Held("microphone"), Held("speaker")
    desk.there = False
    microphone.wait(lambda: not microphone.device.there)
    speaker.go_on()
    assert (speaker.device.there, speaker.device.lost) == (True, 0)
    microphone.device.close()
    speaker.device.close()


class Overtaken(SoundCards):
    """So many times another looks for devices while one is about to be opened."""

    times = 0

    def query_devices(self) -> list[dict[str, Any]]:
        if self.times:
            self.times -= 1
            SOUND_DEVICES.look_again()
        return super().query_devices()

    @property
    def running(self) -> int:
        return sum(stream.active for stream in self._running)


def test_a_headset_that_is_plugged_in_again_has_one_stream_for_each_of_both(monkeypatch: pytest.MonkeyPatch) -> None:
    ear, mouth = Card("Headset", channels_out=2), Card("Headset", channels_in=1)
    cards = Overtaken(ear, mouth)
    monkeypatch.setitem(sys.modules, "sounddevice", cards)  # type: ignore[arg-type]
    both = [Held("microphone"), Held("speaker")]
    ear.there = mouth.there = False
    for held in both:
        held.wait_until(there=False)
    cards.times = 1
    ear.there = mouth.there = True
    both[0].wait(lambda: sum(len(held.openings) for held in both) >= 5)  # twice each, and who was overtaken once more
    for held in both:
        held.wait_until(there=True)
        held.go_on()
    assert cards.running == 2
    for held in both:
        held.device.close()
    assert cards.running == 0
