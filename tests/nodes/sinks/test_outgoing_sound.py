"""Sound on its way out: any rate and layout becomes 48 kHz stereo without holes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_nodes.sinks.outgoing_sound_model import SLACK_NS, OutgoingSound

MS = 1_000_000
SECOND = 1000 * MS


def tone(rate: int, channels: int, seconds: float = 1.0) -> NDArray[np.float32]:
    times = np.arange(round(rate * seconds)) / rate
    return np.repeat(0.5 * np.sin(2 * np.pi * 440 * times)[:, None], channels, axis=1).astype(np.float32)


@pytest.mark.parametrize("rate", [16000, 22050, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_what_is_heard_stays_at_its_time_and_as_loud(rate: int, channels: int) -> None:
    sound = OutgoingSound(0)
    given, step = tone(rate, channels), rate // 50
    made = [sound.add(i * SECOND // rate, given[i : i + step], rate) for i in range(0, rate, step)]
    heard = np.concatenate(made)
    assert 0 <= 48000 - len(heard) <= 100
    assert sound.next_ns == len(heard) * SECOND // 48000
    np.testing.assert_allclose(heard[200:-200], tone(48000, 2)[200 : len(heard) - 200], atol=0.01)


def test_a_gap_is_silent_and_what_comes_twice_is_left_out() -> None:
    sound = OutgoingSound(0)
    given = tone(48000, 1, 0.1)
    first, second = sound.add(0, given, 48000), sound.add(200 * MS, given, 48000)
    assert (len(first), len(second)) == (4800, 9600)
    assert not second[:4800].any()
    assert len(sound.add(250 * MS, given, 48000)) == 2400


def test_where_nothing_comes_it_is_silent_up_to_shortly_before_the_picture() -> None:
    sound = OutgoingSound(SECOND)
    assert len(sound.keep_up(SECOND)) == 0
    silent = sound.keep_up(2 * SECOND)
    assert sound.next_ns == 2 * SECOND - SLACK_NS
    assert not silent.any()
    assert len(sound.add(sound.next_ns, tone(16000, 1, 0.02), 16000)) > 800


def test_sound_that_comes_late_is_cut_once_and_then_waited_for() -> None:
    sound = OutgoingSound(0)
    chunk = tone(48000, 1, 0.02)
    cut = 0
    for index in range(50):
        sound.keep_up(index * 20 * MS)
        if index >= 10:  # it comes 200 ms after the picture of its time
            cut += len(chunk) - len(sound.add((index - 10) * 20 * MS, chunk, 48000))
    assert 0 < cut <= 0.25 * 48000
    before = sound.next_ns
    sound.keep_up(1000 * MS)
    assert len(sound.add(before, chunk, 48000)) == len(chunk)


def test_what_is_no_number_is_silent_and_what_is_no_sound_is_refused() -> None:
    sound = OutgoingSound(0)
    assert np.isfinite(sound.add(0, np.full((480, 1), np.nan, np.float32), 16000)).all()
    with pytest.raises(ValueError, match="sample rate"):
        sound.add(0, np.zeros((480, 1), np.float32), 0)
