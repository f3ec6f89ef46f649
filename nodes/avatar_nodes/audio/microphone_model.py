"""What a microphone hears, without holes and on our clock, whatever happens to the device."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.audio.held_device_model import HeldDevice
from avatar_nodes.audio.steady_sound_model import SteadySound

LOST_S = 0.25  # without a block: silence goes on, so that a face does not stand still
BEHIND_S = 0.1  # how far silence stays behind the clock: so nothing is lost of what comes again
QUEUE = 256  # blocks; when nobody takes them the oldest are lost


@dataclass(frozen=True)
class Block:
    """What PortAudio brought at one time."""

    came: int  # ns
    opening: int  # of the device, the how manieth
    rate: float  # Hz, of the device
    samples: NDArray[np.float32]  # (n, 1)


class MicrophoneReader:
    """Hears a microphone as mono float32 at `rate`; `now` gives the time in ns.

    A block is taken to have begun as long before it came as it lasts: what PortAudio says of the latency was off by up
    to 0.4 s where it was looked at. Where nothing comes, silence does. Raises SoundDeviceError where the microphone
    cannot be opened.
    """

    def __init__(self, name: str | None, rate: int, block_ms: float, now: Callable[[], int]) -> None:
        self._now = now
        self._block_s = block_ms / 1000
        self._ready = threading.Condition()
        self._blocks: deque[Block] = deque(maxlen=QUEUE)
        self._sound = SteadySound(rate, rate)
        self._openings = 0
        self._device_rate = float(rate)
        self._taken_from = 0  # the opening of the newest block taken
        self._heard_until = 0  # ns: when that block came
        self._silent_before = 0  # samples before the first sound, which are no hole
        self.device = HeldDevice("microphone", name, rate, self._block_s, opened=self._opened, work=self._hear)

    @property
    def silent_ms(self) -> int:
        """How much silence was put where nothing was heard."""
        return (self._sound.silent - self._silent_before) * 1000 // self._sound.rate if self._taken_from else 0

    def start(self) -> None:
        """Time begins: what was heard before is forgotten."""
        with self._ready:
            self._blocks.clear()

    def take(self, wait_s: float) -> list[tuple[int, NDArray[np.float32]]]:
        """New sound as the number of its first sample since time zero and (n, 1) samples; empty where none came."""
        with self._ready:
            self._ready.wait_for(lambda: self._blocks, min(wait_s, self._block_s) if self._lost else wait_s)
            blocks = list(self._blocks)
            self._blocks.clear()
        made = [self._steady(block) for block in blocks if 0 <= block.came <= self._now()]
        if self._lost:
            made.append((self._sound.position, self._sound.silence_until(self._now() - round(BEHIND_S * 1e9))))
        return [(first, samples) for first, samples in made if len(samples)]

    def close(self) -> None:
        """Give the microphone back."""
        self.device.close()

    @property
    def _lost(self) -> bool:
        return not self.device.there or self._now() - self._heard_until > LOST_S * 1e9

    def _steady(self, block: Block) -> tuple[int, NDArray[np.float32]]:
        first = self._sound.position
        if block.opening != self._taken_from:
            self._sound.restart(block.rate)
        samples = self._sound.add(block.samples, block.came - round(len(block.samples) / block.rate * 1e9))
        if not self._taken_from:
            self._silent_before = self._sound.silent
        self._taken_from, self._heard_until = block.opening, block.came
        return first, samples

    def _opened(self, rate: float, _channels: int) -> None:
        self._openings += 1
        self._device_rate = rate

    def _hear(self, block: NDArray[np.float32]) -> None:
        """On PortAudio's thread."""
        mono = block.mean(axis=1, keepdims=True, dtype=np.float32)
        with self._ready:
            self._blocks.append(Block(self._now(), self._openings, self._device_rate, mono))
            self._ready.notify()
