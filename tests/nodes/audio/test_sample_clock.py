"""Two crystals that differ, and blocks that come when they like."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.audio.sample_clock_model import STEEPEST, SampleClock, steered

RATE, BLOCK = 16000, 320


def errors_ms(ppm: float, jitter_s: tuple[float, float], seconds: float) -> np.ndarray:
    """How far the clock is off, for each block of a device whose crystal is off by `ppm`."""
    rng = np.random.default_rng(5)
    clock, true_rate = SampleClock(RATE), RATE * (1 + ppm * 1e-6)
    errors = []
    for index in range(int(seconds * RATE / BLOCK)):
        sounded = index * BLOCK / true_rate
        clock.add(BLOCK, sounded + rng.uniform(*jitter_s))
        errors.append((clock.time_of(index * BLOCK) - sounded) * 1000)
    assert clock.jumps == 0
    return np.array(errors)


@pytest.mark.parametrize("ppm", [-200, 200])
@pytest.mark.parametrize("jitter_s", [(0.0, 0.01), (-0.005, 0.005)])
def test_an_hour_of_a_crystal_that_is_off_stays_with_our_clock(ppm: float, jitter_s: tuple[float, float]) -> None:
    errors = errors_ms(ppm, jitter_s, 3600)
    assert np.abs(errors[RATE // BLOCK :]).max() < 5  # after the first second
    assert np.ptp(errors[len(errors) // 10 :]) < 3


def test_blocks_that_come_late_in_a_burst_move_nothing() -> None:
    clock = SampleClock(RATE)
    for index in range(500):
        at = index * 0.02
        clock.add(BLOCK, 4.25 if 4.0 < at < 4.25 else at)
    assert clock.jumps == 0
    assert clock.time_of(500 * BLOCK) == pytest.approx(10.0, abs=0.005)


def test_samples_that_were_lost_are_noticed() -> None:
    clock = SampleClock(RATE)
    began = [clock.add(BLOCK, index * 0.02 + (0.2 if index > 100 else 0.0)) for index in range(200)]
    assert [index for index, anew in enumerate(began) if anew] == [0, 117]
    assert clock.jumps == 1
    assert clock.time_of(200 * BLOCK) == pytest.approx(4.2, abs=0.005)


def test_what_is_ahead_is_read_slower_by_a_hair() -> None:
    assert steered(0.001) == pytest.approx(0.9995)
    assert (steered(1.0), steered(-1.0)) == (1 - STEEPEST, 1 + STEEPEST)
