"""Sound between its samples."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.audio.between_samples_model import BetweenSamples


def heard(frequency: float, rate: int, target_rate: int) -> tuple[float, float]:
    """A tone read at another rate, and a hair beside it: its gain in dB, and what was added to it."""
    between = BetweenSamples(rate, target_rate)
    tone = np.sin(2 * np.pi * frequency * np.arange(6000) / rate).astype(np.float32)[:, None]
    positions = 2 * between.half + np.arange(1200) * (rate / target_rate) * 1.0002
    got = between.at(tone, positions)[:, 0].astype(np.float64)
    wanted = np.sin(2 * np.pi * frequency * positions / rate)
    gain = float(got @ wanted / (wanted @ wanted))
    return 20 * np.log10(abs(gain)), 10 * np.log10(np.mean((got - gain * wanted) ** 2) / np.mean(wanted**2))


@pytest.mark.parametrize(("rate", "target_rate"), [(16000, 16000), (48000, 16000), (44100, 16000), (22050, 48000)])
@pytest.mark.parametrize("frequency", [150, 1000, 6000])
def test_speech_passes_as_it_is(frequency: int, rate: int, target_rate: int) -> None:
    gain, noise = heard(frequency, rate, target_rate)
    assert gain == pytest.approx(0, abs=0.1)
    assert noise < -75


@pytest.mark.parametrize("frequency", [9000, 12000])
def test_what_the_lower_rate_cannot_hold_does_not_fold_back(frequency: int) -> None:
    assert heard(frequency, 48000, 16000)[0] < -65


def test_channels_stay_apart() -> None:
    sound = np.stack([np.ones(200), np.zeros(200)], axis=1).astype(np.float32)
    made = BetweenSamples(16000, 16000).at(sound, np.arange(60, 70) + 0.3)
    np.testing.assert_allclose(made, np.tile([1.0, 0.0], (10, 1)), atol=1e-3)
