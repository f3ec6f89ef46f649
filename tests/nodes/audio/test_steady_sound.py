"""The sound of a device on our clock."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from avatar_nodes.audio.steady_sound_model import SteadySound

RATE = 16000
TONE = 200  # Hz


class Device:
    """Hears a tone with a crystal that is off, and gives it in blocks of 20 ms."""

    def __init__(self, rate: int = RATE, ppm: float = 0.0, jitter_s: float = 0.0) -> None:
        self.true_rate = rate * (1 + ppm * 1e-6)
        self.block = rate // 50
        self.sample = 0
        self._jitter_s = jitter_s
        self._rng = np.random.default_rng(7)

    def hear(self) -> tuple[NDArray[np.float32], int]:
        """The next block, and when its first sample seems to have sounded, in ns."""
        times = (self.sample + np.arange(self.block)) / self.true_rate
        self.sample += self.block
        at = times[0] + self._rng.uniform(0, self._jitter_s)
        return (0.5 * np.sin(2 * np.pi * TONE * times)).astype(np.float32)[:, None], int(at * 1e9)


def late_ms(sound: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """By how much the tone comes too late, each period, as far as half of one can tell."""
    spun = sound[:, 0] * np.exp(-2j * np.pi * TONE * np.arange(len(sound)) / rate)
    step = rate // TONE
    phase = np.angle(spun[: len(spun) // step * step].reshape(-1, step).mean(axis=1) * 1j)
    return -phase / (2 * np.pi * TONE) * 1000


@pytest.mark.parametrize("rate", [16000, 48000])
@pytest.mark.parametrize("ppm", [-200, 200])
def test_a_minute_of_a_crystal_that_is_off_stays_with_our_clock(rate: int, ppm: float) -> None:
    device, steady = Device(rate, ppm), SteadySound(rate, RATE)
    made = np.concatenate([steady.add(*device.hear()) for _ in range(60 * 50)])
    assert len(made) == steady.position
    off = np.abs(late_ms(made, RATE))
    assert off[2 * TONE :].max() < 1.5  # ms, after two seconds
    assert off[len(off) // 2 :].max() < 0.1
    assert len(made) / RATE == pytest.approx(device.sample / device.true_rate, abs=0.01)


def test_jitter_is_not_heard() -> None:
    device, steady = Device(ppm=100, jitter_s=0.01), SteadySound(RATE, RATE)
    made = np.concatenate([steady.add(*device.hear()) for _ in range(60 * 50)])
    slides = np.abs(np.diff(late_ms(made, RATE)[2 * TONE :])) * TONE / 1000  # ms in a ms
    assert slides.max() < 0.002


def test_lost_samples_become_silence() -> None:
    device, steady = Device(), SteadySound(RATE, RATE)
    made = [steady.add(*device.hear()) for _ in range(100)]
    before = steady.silent
    device.sample += RATE // 5
    made += [steady.add(*device.hear()) for _ in range(100)]
    assert steady.silent - before == pytest.approx(RATE // 5, abs=RATE // 100)
    assert len(np.concatenate(made)) == pytest.approx(4.2 * RATE, abs=RATE // 100)
    assert np.abs(late_ms(np.concatenate(made), RATE)[-100:]).max() < 0.5


def test_silence_goes_on_while_nothing_comes_and_nothing_is_told_twice() -> None:
    device, steady = Device(), SteadySound(RATE, RATE)
    made = [steady.add(*device.hear()) for _ in range(50)]
    made.append(steady.silence_until(1_500_000_000))
    assert steady.position == RATE * 3 // 2
    assert not made[-1].any()
    made += [steady.add(*device.hear()) for _ in range(50)]  # what it heard meanwhile comes after all
    assert len(np.concatenate(made)) == steady.position == pytest.approx(2 * RATE, abs=64)
    assert np.abs(late_ms(np.concatenate(made), RATE)[-60:]).max() < 0.05


def test_a_device_that_is_opened_anew_goes_on_at_its_time() -> None:
    device, steady = Device(), SteadySound(RATE, RATE)
    made = [steady.add(*device.hear()) for _ in range(50)]
    device = Device(48000)
    device.sample = 2 * 48000
    steady.restart(48000)
    made += [steady.add(*device.hear()) for _ in range(50)]
    assert len(np.concatenate(made)) == pytest.approx(3 * RATE, abs=64)
    assert np.abs(late_ms(np.concatenate(made), RATE)[-60:]).max() < 0.05


EVENTS = st.lists(
    st.tuples(st.sampled_from(["block", "late", "lost", "nothing", "anew"]), st.integers(1, 3000)), max_size=30
)


@settings(max_examples=50, deadline=None, database=None, derandomize=True)
@given(EVENTS)
def test_whatever_the_device_does_every_sample_has_its_place(events: list[tuple[str, int]]) -> None:
    steady, made, heard, late = SteadySound(RATE, RATE), 0, 0, 0
    for kind, amount in events:
        if kind == "nothing":
            heard += amount
            made += len(steady.silence_until(heard * 1_000_000_000 // RATE))
            continue
        if kind == "anew":
            steady.restart(RATE)
        heard += amount if kind == "lost" else 0
        late = amount if kind == "late" else 0
        for _ in range(5):
            block = np.full((320, 1), 0.5, np.float32)
            made += len(steady.add(block, (heard + late) * 1_000_000_000 // RATE))
            heard += 320
    assert made == steady.position
    assert made <= heard + 3000 + RATE * 0.02
