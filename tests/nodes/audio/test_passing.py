"""What becomes of sound that comes just after an interrupt."""

from __future__ import annotations

import pytest

from avatar_nodes.audio.passing_model import AT_MOST_S, QUIET_S, Passing


def test_what_comes_without_a_pause_after_an_interrupt_belongs_to_what_was_broken_off():
    passing = Passing()
    assert not passing.takes(1.0)
    passing.begin(1.0)
    assert passing.takes(1.0 + 0.9 * QUIET_S)
    assert passing.takes(1.0 + 1.8 * QUIET_S)
    assert not passing.takes(1.0 + 2.9 * QUIET_S)
    assert not passing.takes(1.0 + 3.0 * QUIET_S)


def test_after_a_while_what_comes_is_new_whether_it_paused_or_not():
    passing = Passing()
    passing.begin(1.0)
    taken = [passing.takes(1.0 + 0.01 * step) for step in range(100)]
    assert sum(taken) == pytest.approx(AT_MOST_S / 0.01, abs=2)
    assert taken == sorted(taken, reverse=True)
