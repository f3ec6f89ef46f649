"""How long sound is kept before it is played."""

from __future__ import annotations

import pytest

from avatar_nodes.audio.play_delay_model import PlayDelay


def feed(delay: PlayDelay, needed_s: float, start_s: float, end_s: float) -> None:
    for step in range(round(start_s * 50), round(end_s * 50)):
        delay.add(needed_s, step / 50)


def test_sound_that_comes_in_time_moves_nothing() -> None:
    delay = PlayDelay(0.04)
    assert delay.add(0.1, 0.0) == pytest.approx(0.14)
    for step in range(3000):
        assert delay.add(0.1 + 0.03 * (step % 2), step / 50) == 0.0
    assert delay.delay_s == pytest.approx(0.14)


def test_late_sound_makes_it_longer_at_once() -> None:
    delay = PlayDelay(0.04)
    feed(delay, 0.1, 0, 1)
    assert delay.add(0.2, 1.0) == pytest.approx(0.1)
    assert delay.delay_s == pytest.approx(0.24)


def test_it_grows_shorter_by_little_after_a_while() -> None:
    delay = PlayDelay(0.04)
    feed(delay, 0.13, 0, 1)
    feed(delay, 0.1, 1, 4)
    assert delay.delay_s == pytest.approx(0.17)
    feed(delay, 0.1, 4, 40)
    assert delay.delay_s == pytest.approx(0.14)
    assert delay.leap_s == 0


def test_where_much_is_to_spare_it_wishes_for_a_leap() -> None:
    delay = PlayDelay(0.04)
    feed(delay, 1.0, 0, 1)
    feed(delay, 0.1, 1, 8)
    assert (delay.leap_s, delay.urgent) == (pytest.approx(0.9), False)
    feed(delay, 0.1, 8, 11)
    assert delay.urgent
    delay.leap()
    assert delay.delay_s == pytest.approx(0.14)
    feed(delay, 0.1, 11, 30)
    assert (delay.leap_s, delay.urgent) == (0, False)
