"""Sound by its media time."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_nodes.audio.timeline_model import LONGEST_S, Timeline

RATE = 1000


def ones(count: int) -> NDArray[np.float32]:
    return np.ones((count, 1), np.float32)


def test_gaps_are_silent_and_what_comes_twice_is_taken_once() -> None:
    line = Timeline(RATE, 1)
    line.add(100, ones(10))
    line.add(105, 2 * ones(10))
    line.add(120, 3 * ones(5))
    assert line.between(98, 30)[:, 0].tolist() == [0] * 2 + [1] * 10 + [2] * 5 + [0] * 5 + [3] * 5 + [0] * 3


def test_what_was_played_is_forgotten() -> None:
    line = Timeline(RATE, 1)
    line.add(0, ones(10))
    line.forget_before(4)
    assert line.between(0, 10)[:, 0].tolist() == [0] * 4 + [1] * 6
    line.forget_before(40)
    assert line.end == 10


def test_it_fades_into_silence_and_out_of_it() -> None:
    line = Timeline(RATE, 1)
    line.add(0, ones(100))
    line.begin_at(20)
    line.silence_from(60)
    heard = line.between(0, 100)[:, 0]
    assert heard[[0, 19, 20, 24, 40, 60, 64, 99]].tolist() == [0, 0, 0, 1, 1, 1, 0, 0]
    assert np.abs(np.diff(heard)).max() <= 0.25


@pytest.mark.parametrize("jump", [RATE, 10**9])
def test_it_keeps_no_more_than_it_must(jump: int) -> None:
    line = Timeline(RATE, 1)
    for index in range(30):
        line.add(index * jump, ones(10))
    assert line.between(29 * jump, 10).all()
    assert len(line._kept) <= LONGEST_S * RATE + 10
