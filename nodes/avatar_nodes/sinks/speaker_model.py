"""Sound on a speaker: a short store between who brings it in pieces and a device that takes it at its own pace."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.audio.between_samples_model import BetweenSamples
from avatar_nodes.audio.held_device_model import HeldDevice
from avatar_nodes.audio.one_channel_model import one_channel
from avatar_nodes.audio.play_delay_model import PlayDelay
from avatar_nodes.audio.sample_clock_model import JUMP_S, SampleClock, steered
from avatar_nodes.audio.timeline_model import FADE_S, Timeline

BLOCK_S = 0.01  # that a device takes at once
LEAD_KEPT = 0.999  # of how early it asked, after each block: it asks in bursts
FILLED_S = 0.3  # until then it asks at once for what fills it
QUIET = 0.003  # full scale is 1: where a piece may be left out


class Player:
    """What stands between sound by media time and the blocks of a device; times are in seconds of the run's clock.

    `reserve_s` is how much later than it must sound is played, for what comes late. `dropped_s` and `silent_s` are how
    much was left out, and put in.
    """

    def __init__(self, reserve_s: float) -> None:
        self.dropped_s = self.silent_s = 0.0
        self._delay = PlayDelay(reserve_s)
        self._line: Timeline | None = None
        self._device_rate = 48000.0
        self._clock = SampleClock(self._device_rate)
        self._between: BetweenSamples | None = None
        self._at: float | None = None  # the number of the sample on the timeline that is played next; None: choose
        self._leaps = False  # to where the delay says now
        self._begun_s = 0.0  # when the run's time began, on the clock by which blocks are asked for
        self._lead_s = BLOCK_S  # how long before its end a block is asked for, at most
        self._lock = threading.Lock()

    @property
    def behind_s(self) -> float:
        """How long after its media time sound leaves us."""
        return self._delay.delay_s or 0.0

    @property
    def done(self) -> bool:
        """Whether all that was brought is played."""
        with self._lock:
            return self._line is None or (self._at is not None and self._at >= self._line.end)

    def opened(self, device_rate: float) -> None:
        """A device will ask for blocks at this rate; its times begin anew."""
        with self._lock:
            self._device_rate, self._between = device_rate, None
            self._clock = SampleClock(device_rate)

    def add(self, time_s: float, samples: NDArray[np.float32], rate: int, now_s: float) -> None:
        """Take (n, channels) samples of media time `time_s`."""
        with self._lock:
            if self._line is None or (self._line.rate, self._line.channels) != (rate, samples.shape[1]):
                self._line, self._between, self._at = Timeline(rate, samples.shape[1]), None, None
            grown_s = self._delay.add(now_s - time_s + self._lead_s, now_s)
            if grown_s and self._at is not None:
                self.silent_s += grown_s
                self._line.begin_at(min(int(self._at), self._line.end))
                self._leaps = True
            self._line.add(round(time_s * rate), samples)

    def interrupt(self) -> None:
        """Play nothing more of what waits, after a short fade."""
        with self._lock:
            if self._line is not None:
                self._line.silence_from(0 if self._at is None else int(self._at))

    def fill(self, count: int, asked_s: float, run_s: float) -> NDArray[np.float32]:
        """The next (count, channels) samples for a device that asks for them now; one channel of silence at first.

        `asked_s` is now on any clock that goes on, `run_s` on the run's, which jumps when its time begins.
        """
        with self._lock:
            self._clock.add(count, asked_s)
            if self._clock.locked_s > FILLED_S:
                self._lead_s = max(LEAD_KEPT * self._lead_s, self._clock.time_of(self._clock.index) - asked_s)
            self._begun_s = asked_s - run_s
            if self._line is None or self._delay.delay_s is None:
                return np.zeros((count, 1), np.float32)
            if self._between is None:
                self._between = BetweenSamples(self._line.rate, self._device_rate)
            return self._play(self._line, self._between, count)

    def _play(self, line: Timeline, between: BetweenSamples, count: int) -> NDArray[np.float32]:
        wanted = (self._clock.time_of(self._clock.index - count) - self._begun_s - self.behind_s) * line.rate
        at = wanted if self._at is None else self._at
        ahead_s = (at - wanted) / line.rate
        step = line.rate * self._clock.period * steered(ahead_s)
        made = _read(line, between, at, step, count)
        if self._leaps or abs(ahead_s) > JUMP_S:
            made = _faded(made, _read(line, between, wanted, step, count), self._device_rate)
            self.dropped_s += max(0.0, -ahead_s)
            at, self._leaps = wanted, False
        self._at = at + step * count
        if self._delay.leap_s and (self._delay.urgent or np.abs(made).max() < QUIET):
            self._delay.leap()
            self._leaps = True
        line.forget_before(int(self._at) - between.half - 1)
        return made


def _read(line: Timeline, between: BetweenSamples, at: float, step: float, count: int) -> NDArray[np.float32]:
    first = int(np.floor(at)) - between.half
    positions = at - first + step * np.arange(count)
    return between.at(line.between(first, int(positions[-1]) + between.half + 2), positions)


def _faded(old: NDArray[np.float32], new: NDArray[np.float32], rate: float) -> NDArray[np.float32]:
    """From the old to the new within FADE_S."""
    weight = np.minimum(1, np.arange(len(old), dtype=np.float32) / (FADE_S * rate))[:, None]
    return np.asarray(old * (1 - weight) + new * weight, np.float32)


class SpeakerPlayer:
    """Plays sound on a speaker, and goes on without one where it was pulled out; `now` gives the time in ns.

    Raises SoundDeviceError where the speaker cannot be opened.
    """

    def __init__(self, name: str | None, reserve_s: float, now: Callable[[], int]) -> None:
        self.player = Player(reserve_s)
        self._now = now
        self._played = threading.Event()
        self.device = HeldDevice("speaker", name, None, BLOCK_S, opened=self._opened, work=self._fill)

    def add(self, time_ns: int, samples: NDArray[np.float32], rate: int) -> None:
        """Take (n, channels) samples of media time `time_ns`; what is no number is silent."""
        self._played.clear()
        self.player.add(time_ns / 1e9, np.nan_to_num(samples, posinf=0.0, neginf=0.0), rate, self._now() / 1e9)

    def drain(self, wait_s: float) -> None:
        """Wait until all is played, as long as the speaker is there."""
        if self.device.there and not self.player.done:
            self._played.wait(wait_s)

    def close(self) -> None:
        """Give the speaker back."""
        self.device.close()

    def _opened(self, rate: float, _channels: int) -> None:
        self.player.opened(rate)

    def _fill(self, block: Any) -> None:
        """On PortAudio's thread."""
        made = self.player.fill(len(block), time.monotonic(), self._now() / 1e9)
        block[:] = made if made.shape[1] == block.shape[1] else one_channel(made)
        if self.player.done:
            self._played.set()
