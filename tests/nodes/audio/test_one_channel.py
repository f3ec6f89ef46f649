"""Many channels as one: dialogue stays as loud as it was mixed."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.audio.one_channel_model import one_channel


def gain_db(channels: int, sounding: int) -> float:
    """By how much one channel is softer in the mix."""
    samples = np.zeros((4, channels), np.float32)
    samples[:, sounding] = 0.5
    mixed = one_channel(samples)
    assert mixed.shape == (4, 1)
    assert mixed.dtype == np.float32
    return float(20 * np.log10(max(mixed[0, 0] / 0.5, 1e-9)))


def test_one_and_two_channels_are_the_mean() -> None:
    samples = np.array([[0.25, 0.75], [-1.0, 1.0]], np.float32)
    assert one_channel(samples).tolist() == [[0.5], [0.0]]
    assert np.array_equal(one_channel(samples[:, :1]), samples[:, :1])


@pytest.mark.parametrize("channels", [5, 6, 7, 8])
def test_the_centre_of_a_film_is_3_db_softer_and_as_loud_beside_the_front_as_bs_775_has_it(channels: int) -> None:
    assert gain_db(channels, 2) == pytest.approx(-3.01, abs=0.01)
    assert gain_db(channels, 0) == gain_db(channels, 1) == pytest.approx(-6.02, abs=0.01)
    assert gain_db(channels, channels - 1) == pytest.approx(-9.03, abs=0.01)


@pytest.mark.parametrize("channels", [6, 7, 8])
def test_the_low_frequency_channel_is_left_out(channels: int) -> None:
    assert gain_db(channels, 3) < -100


@pytest.mark.parametrize("channels", [3, 4, 16])
def test_of_an_unknown_layout_the_energy_is_kept(channels: int) -> None:
    noise = np.random.default_rng(0).normal(0.0, 0.1, (20_000, channels)).astype(np.float32)
    assert one_channel(noise).std() == pytest.approx(0.1, rel=0.05)
