"""The sound of a device on our clock: n samples take n / rate seconds of it, for as long as it runs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.audio.between_samples_model import BetweenSamples
from avatar_nodes.audio.sample_clock_model import SampleClock, steered

FADE_S = 0.005  # into sound after a hole
LONGEST_S = 1.0  # of silence in one piece


class SteadySound:
    """Gives sound without holes whose sample k belongs to time k / rate, from blocks of a device with their times.

    It is resampled by the hair by which the two crystals differ. What the device lost becomes silence. `position` is
    the number of the next sample that comes out, `silent` how many of all were put into holes.
    """

    def __init__(self, device_rate: float, rate: int, position: int = 0) -> None:
        self.rate = rate
        self.position = position
        self.silent = 0
        self._between: BetweenSamples
        self.restart(device_rate)

    def restart(self, device_rate: float) -> None:
        """The device was opened anew: what comes next has times of its own."""
        self._device_rate = device_rate
        self._between = BetweenSamples(device_rate, self.rate)
        self._clock = SampleClock(device_rate)
        self._held: NDArray[np.float32] = np.zeros((0, 1), np.float32)
        self._at = 0.0  # where in the device's samples the next one that comes out lies
        self._fading = 0  # samples until a fade is over
        self._broken = False  # silence was given in place of what may still come

    def add(self, samples: NDArray[np.float32], at_ns: int) -> NDArray[np.float32]:
        """Take a block of (n, 1) samples whose first seems to have sounded at `at_ns`; give what is known by now."""
        silence = np.zeros((0, 1), np.float32)
        first = self._clock.index  # of this block
        if self._clock.add(len(samples), at_ns / 1e9) or self._broken:
            self._held = samples
            silence = self._begin(first)
        else:
            self._held = np.concatenate([self._held, samples])
        return np.concatenate([silence, self._read()])

    def silence_until(self, time_ns: int) -> NDArray[np.float32]:
        """Nothing comes from the device: give silence up to this time, at most LONGEST_S at once."""
        self._broken = True
        wanted = time_ns * self.rate // 1_000_000_000 - self.position
        return self._silence(min(wanted, int(LONGEST_S * self.rate)))

    def _silence(self, count: int) -> NDArray[np.float32]:
        count = max(0, count)
        self.position += count
        self.silent += count
        self._fading = int(FADE_S * self.rate)
        return np.zeros((count, 1), np.float32)

    def _begin(self, first: int) -> NDArray[np.float32]:
        """Find the sample of the device that comes next: silence stands before it where it comes late."""
        self._broken = False
        self._at = self._clock.index_at(self.position / self.rate)
        late = (first + self._between.half - 1 - self._at) / self._device_rate  # s
        silence = self._silence(math.ceil(late * self.rate))
        self._at = self._clock.index_at(self.position / self.rate)
        return silence

    def _read(self) -> NDArray[np.float32]:
        """Everything up to where the held samples end, at a speed that brings it to its time."""
        end = self._clock.index - self._between.half
        begin = self._clock.index - len(self._held)
        ahead_s = (self._at - self._clock.index_at(self.position / self.rate)) * self._clock.period
        step = steered(ahead_s) / (self._clock.period * self.rate)
        count = max(0, math.floor((end - self._at) / step))
        positions = self._at + step * np.arange(count)
        made = self._between.at(self._held, positions - begin) if count else np.zeros((0, 1), np.float32)
        self._at += step * count
        self.position += count
        spare = min(int(self._at) - begin, len(self._held) - self._between.half) - self._between.half
        self._held = self._held[max(0, spare) :]
        return self._faded(made)

    def _faded(self, made: NDArray[np.float32]) -> NDArray[np.float32]:
        length = min(self._fading, len(made))
        if length:
            full = int(FADE_S * self.rate)
            made[:length] *= ((full - self._fading + np.arange(length)) / full)[:, None].astype(np.float32)
            self._fading -= length
        return made
