"""A device that is pulled out and plugged in again."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_nodes.audio.held_device_model import HeldDevice
from sound_cards import Card, SoundCards


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
