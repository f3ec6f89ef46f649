"""Sound cards for tests: they stand in for the package sounddevice, and can be pulled out and plugged in.

As with PortAudio, what was plugged in later is listed only after `_terminate` and `_initialize`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(eq=False)
class Card:
    """A microphone (`channels_in`) or speaker: what it is to say stands in `says`, what it was given in `heard`."""

    name: str
    channels_in: int = 0
    channels_out: int = 0
    rates: tuple[int, ...] = (16000, 44100, 48000)
    says: Callable[[int], NDArray[np.float32]] = lambda count: np.full((count, 1), 0.25, np.float32)
    there: bool = True
    stalls: bool = False  # it is there, and nothing comes
    status: str = ""  # what PortAudio says with each block
    heard: list[NDArray[np.float32]] = field(default_factory=list)
    blocks: threading.Condition = field(default_factory=threading.Condition)

    def played(self, enough: Callable[[NDArray[np.float32]], bool], within_s: float = 5.0) -> bool:
        """Wait until what was given to it, (n, channels), is enough."""

        def there_is_enough() -> bool:
            return bool(self.heard) and enough(np.concatenate(self.heard))

        with self.blocks:
            return self.blocks.wait_for(there_is_enough, within_s)


class PortAudioError(Exception):
    """As sounddevice's."""


class SoundCards:
    """Has what avatar_nodes uses of the module sounddevice; `openings` counts streams that were begun."""

    PortAudioError = PortAudioError

    def __init__(self, *cards: Card) -> None:
        self.cards = list(cards)
        self.openings: list[dict[str, Any]] = []
        self._running: set[Stream] = set()
        self._initialize()

    def query_devices(self) -> list[dict[str, Any]]:
        return [
            {
                "name": card.name,
                "max_input_channels": card.channels_in,
                "max_output_channels": card.channels_out,
                "default_samplerate": float(card.rates[-1]),
            }
            for card in self._listed
        ]

    @property
    def default(self) -> SimpleNamespace:
        numbers = list(enumerate(self._listed))
        microphone = next((number for number, card in numbers if card.channels_in), -1)
        return SimpleNamespace(device=[microphone, next((number for number, card in numbers if card.channels_out), -1)])

    def InputStream(self, **asked: Any) -> Stream:  # noqa: N802 (sounddevice's name)
        return Stream(self, self._card(asked), asked, is_input=True)

    def OutputStream(self, **asked: Any) -> Stream:  # noqa: N802
        return Stream(self, self._card(asked), asked, is_input=False)

    def _card(self, asked: dict[str, Any]) -> Card:
        card = self._listed[asked["device"]]
        if not card.there:
            raise PortAudioError("Device unavailable [PaErrorCode -9985]")
        if asked["samplerate"] not in card.rates:
            raise PortAudioError("Invalid sample rate [PaErrorCode -9997]")
        if asked["channels"] > max(card.channels_in, card.channels_out):
            raise PortAudioError("Invalid number of channels [PaErrorCode -9998]")
        self.openings.append(asked)
        return card

    def _initialize(self) -> None:
        self._listed = [card for card in self.cards if card.there]

    def _terminate(self) -> None:
        assert not [stream for stream in self._running if stream.active], "a stream still runs"
        self._listed = []


class Stream:
    """Calls back from a thread of its own, a block at a time."""

    def __init__(self, cards: SoundCards, card: Card, asked: dict[str, Any], *, is_input: bool) -> None:
        self.samplerate, self.channels = float(asked["samplerate"]), asked["channels"]
        self.latency = asked["latency"]
        self.active = False
        self._card, self._asked, self._is_input, self._cards = card, asked, is_input, cards
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sound card", daemon=True)

    def start(self) -> None:
        self.active = True
        self._cards._running.add(self)
        self._thread.start()

    def abort(self) -> None:
        self._stopping.set()
        self._thread.join()

    def close(self) -> None:
        self._cards._running.discard(self)

    def _run(self) -> None:
        next_s = time.monotonic()
        while not self._stopping.wait(max(0.0, next_s - time.monotonic())) and self._card.there:
            next_s += self._asked["blocksize"] / self.samplerate
            if not self._card.stalls:
                self._call()
        self.active = False

    def _call(self) -> None:
        count = self._asked["blocksize"]
        block = np.zeros((count, self.channels), np.float32)
        if self._is_input:
            block[:] = self._card.says(count)
        self._asked["callback"](block, count, None, self._card.status)
        if not self._is_input:
            with self._card.blocks:
                self._card.heard.append(block)
                self._card.blocks.notify_all()
