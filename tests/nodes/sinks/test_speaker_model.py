"""Sound that comes in pieces, and a device that takes it at its own pace."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_nodes.sinks.speaker_model import Player

RATE, DEVICE_RATE = 16000, 48000
LAG_S = 0.15  # from media time until sound comes


class Heard:
    """Plays pieces of 20 ms that come when `comes` says, on a device whose crystal is off; what was heard, and when."""

    def __init__(self, seconds: float, comes: NDArray[np.float64], ppm: float = 0.0, loud: float = 0.5) -> None:
        self.player = Player(0.04)
        self.player.opened(DEVICE_RATE)
        self._rate = DEVICE_RATE * (1 + ppm * 1e-6)
        self._comes, self._loud = comes, loud
        self._piece = self._taken = 0
        self.sound = np.concatenate([self._block() for _ in range(round(seconds * 50))])[:, 0]

    def _block(self) -> NDArray[np.float32]:
        now = self._taken / self._rate
        while self._piece < len(self._comes) and self._comes[self._piece] <= now:
            times = self._piece * 0.02 + np.arange(RATE // 50) / RATE
            tone = self._loud * np.sin(2 * np.pi * 500 * times).astype(np.float32)[:, None]
            self.player.add(times[0], tone, RATE, self._comes[self._piece])
            self._piece += 1
        self._taken += DEVICE_RATE // 50
        return self.player.fill(DEVICE_RATE // 50, now, now)

    @property
    def slides_ms(self) -> NDArray[np.float64]:
        """How much later than at first the tone is heard, every 10 ms, as far as half a period can tell."""
        spun = self.sound * np.exp(-2j * np.pi * 500 * np.arange(len(self.sound)) / self._rate)
        phase = np.unwrap(np.angle(spun[: len(spun) // 480 * 480].reshape(-1, 480).mean(axis=1)))
        return -(phase - phase[50]) / (2 * np.pi * 500) * 1000


def pieces(seconds: float, jitter_s: float = 0.0) -> NDArray[np.float64]:
    rng = np.random.default_rng(9)
    return np.sort(np.arange(round(seconds * 50)) * 0.02 + LAG_S + rng.uniform(0, jitter_s, round(seconds * 50)))


@pytest.mark.parametrize("ppm", [-200, 200])
def test_a_minute_of_a_crystal_that_is_off_stays_with_the_sound(ppm: float) -> None:
    heard = Heard(60, pieces(61, jitter_s=0.01), ppm)
    assert np.abs(heard.slides_ms[50:]).max() < 2
    assert (heard.player.dropped_s, heard.player.silent_s) == (0, 0)
    assert heard.player.behind_s == pytest.approx(LAG_S + 0.02 + 0.04, abs=0.02)


def test_late_sound_is_waited_for_and_nothing_of_it_is_lost_or_heard_twice() -> None:
    comes = pieces(6)
    comes[comes > 2] = np.maximum(comes[comes > 2], 2.3)
    heard = Heard(4, comes)
    assert heard.player.silent_s == pytest.approx(0.3, abs=0.03)
    assert heard.player.dropped_s == 0
    loud = np.abs(heard.sound) > 0.1
    silent = np.flatnonzero(~loud.reshape(-1, 480).any(axis=1)) / 100
    silent = silent[silent > 1]
    assert len(silent) * 0.01 == pytest.approx(0.3, abs=0.05)
    assert np.abs(np.diff(heard.sound)).max() < 0.05  # no click


def test_after_a_long_wait_it_comes_back_where_it_is_quiet() -> None:
    comes = pieces(20)
    comes[comes > 2] = np.maximum(comes[comes > 2], 3.0)
    heard = Heard(18, comes, loud=0.001)
    assert heard.player.behind_s < LAG_S + 0.2
    assert heard.player.dropped_s == pytest.approx(heard.player.silent_s, abs=0.1)


def test_an_interrupt_is_silence_at_once() -> None:
    heard = Heard(1, pieces(1))
    heard.player.interrupt()
    first = heard.player.fill(960, 1.0, 1.0)[:, 0]
    assert np.abs(first[:96]).max() > 0.2
    assert np.abs(first[300:]).max() < 0.001
    assert np.abs(np.diff(first)).max() < 0.05
    heard.player.add(1.2, np.full((320, 1), 0.5, np.float32), RATE, 1.2 + LAG_S)
    later = np.concatenate([heard.player.fill(960, 1.02 + index * 0.02, 1.02 + index * 0.02) for index in range(30)])
    assert np.abs(later).max() == pytest.approx(0.5, abs=0.1)


def test_a_device_that_was_away_goes_on_with_what_comes_now() -> None:
    comes = pieces(6)
    heard = Heard(2, comes)
    for piece in range(100, 250):
        heard.player.add(piece * 0.02, np.full((320, 1), piece / 250, np.float32), RATE, comes[piece])
    heard.player.opened(44100)
    played = np.concatenate([heard.player.fill(882, 5.0 + index * 0.02, 5.0 + index * 0.02) for index in range(3)])[
        :, 0
    ]
    assert played[-1] == pytest.approx((5.0 - heard.player.behind_s) / 5, abs=0.02)
    assert heard.player.dropped_s == pytest.approx(3, abs=0.1)


def test_what_was_asked_for_before_time_zero_counts_for_nothing() -> None:
    player = Player(0.04)
    player.opened(48000)
    for index in range(100):
        player.fill(960, 7.0 + index * 0.02, 2.0 + index * 0.02)
    player.fill(960, 9.0, 0.0)
    player.add(0.0, np.full((320, 1), 0.5, np.float32), RATE, 0.01)
    heard = np.concatenate([player.fill(960, 9.02 + index * 0.02, 0.02 + index * 0.02) for index in range(10)])
    assert (np.abs(heard) > 0.25).sum() == pytest.approx(960, abs=10)
    assert player.dropped_s == 0


def test_before_anything_came_it_is_silent() -> None:
    player = Player(0.04)
    player.opened(48000)
    assert not player.fill(960, 0.0, 0.0).any()
    assert player.done
