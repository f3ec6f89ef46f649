"""Sound that comes when it likes, at the pace of the clock."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_nodes.audio.sound_queue_model import SMALL, SoundQueue

RATE, CHUNK = 1000, 20  # a sample is a millisecond


def queue(*, most_s: float = 10.0, patience_s: float = 0.0) -> SoundQueue:
    return SoundQueue(RATE, 1, most_s=most_s, patience_s=patience_s)


def sound(count: int, level: float = 0.5) -> np.ndarray:
    return np.full((count, 1), level, np.float32)


def heard(made: SoundQueue, chunks: int) -> np.ndarray:
    return np.concatenate([made.take(CHUNK) for _ in range(chunks)])[:, 0]


def test_it_is_silent_while_nothing_came():
    assert not heard(queue(), 5).any()


@given(st.lists(st.integers(1, 700), min_size=1, max_size=30), st.integers(0, 200))
def test_every_sample_is_given_once_and_in_order_without_a_gap(sizes, patience_ms):
    numbers = np.arange(1, sum(sizes) + 1, dtype=np.float32)[:, None]
    made = queue(patience_s=patience_ms / RATE)
    for part in np.split(numbers, np.cumsum(sizes)[:-1]):
        made.put(part)
    made.complete()
    given_back = heard(made, len(numbers) // CHUNK + 2)
    np.testing.assert_array_equal(given_back[: len(numbers)], numbers[:, 0])
    assert not given_back[len(numbers) :].any()
    assert made.waiting_ms == 0
    assert made.underruns == 0


def test_sound_begins_once_there_is_enough_of_it():
    made = queue(patience_s=0.06)
    made.put(sound(30))
    assert not made.take(CHUNK).any()
    made.put(sound(30))
    assert made.take(CHUNK).all()


def test_sound_that_stays_short_begins_when_patience_is_over():
    made = queue(patience_s=0.06)
    made.put(sound(30))
    assert [bool(made.take(CHUNK).any()) for _ in range(4)] == [False, False, False, True]


def test_with_patience_portions_may_be_late_by_it():
    made = queue(patience_s=0.06)
    late = (0, 0, 40, 0, 60, 20, 0)  # ms
    arrivals = [index * 20 + each for index, each in enumerate(late)]
    given_back = []
    for now in range(0, 240, CHUNK):
        for _ in range(sum(now - CHUNK < each <= now for each in arrivals)):
            made.put(sound(20))
        given_back.append(bool(made.take(CHUNK).all()))
    first = given_back.index(True)
    assert given_back[first : first + len(late)] == [True] * len(late)
    assert made.underruns == 0


def test_sound_that_runs_dry_fades_and_is_counted_when_it_goes_on():
    made = queue()
    made.put(sound(30))
    assert made.take(CHUNK).all()
    last = made.take(CHUNK)[:, 0]
    assert last[9] == 0.0
    assert last[5] == 0.5
    made.put(sound(20))
    assert made.take(CHUNK).all()
    assert made.underruns == 1


@pytest.mark.parametrize("chunks", [0, 30])
def test_speech_that_begins_anew_did_not_run_dry(chunks):
    made = queue()
    made.put(sound(20))
    if not chunks:
        made.complete()
    heard(made, 2 + chunks)
    made.put(sound(20))
    assert made.take(CHUNK).all()
    assert made.underruns == 0


def test_what_is_forgotten_fades_within_5_ms():
    made = queue()
    made.put(sound(400))
    made.take(CHUNK)
    made.forget()
    rest = heard(made, 3)
    assert 0.0 < rest[2] < 0.5
    assert not rest[5:].any()
    assert made.waiting_ms == 0
    made.put(sound(20))
    assert made.take(CHUNK).all()
    assert made.underruns == 0


def test_what_was_not_heard_yet_is_forgotten_without_a_sound():
    made = queue(patience_s=0.2)
    made.put(sound(100))
    made.take(CHUNK)
    made.forget()
    assert not heard(made, 20).any()


def test_what_comes_after_something_was_forgotten_is_whole_and_40_ms_away():
    made = queue()
    made.put(sound(400, 0.5))
    made.take(CHUNK)
    made.forget()
    made.put(sound(40, 0.9))
    made.forget()  # once more, during the fade
    made.put(sound(40, 0.7))
    given_back = heard(made, 5)
    assert 0.0 < given_back[2] < 0.5
    np.testing.assert_array_equal(given_back[5:], np.repeat(np.float32([0.0, 0.7, 0.0]), [35, 40, 20]))
    assert made.underruns == 0


def test_it_is_full_until_some_was_taken():
    made = queue(most_s=0.1)
    made.put(sound(110))
    assert made.full
    assert made.waiting_ms == 110
    made.take(CHUNK)
    assert not made.full


def test_a_flood_of_single_samples_is_kept_in_a_few_arrays():
    made = queue()
    for _ in range(3 * SMALL):
        made.put(sound(1))
    assert len(made._parts) == 3


def test_a_moment_forgets_those_who_spoke_by_then_and_nobody_else():
    made = queue()
    made.put(sound(100, 0.25), since=10)
    made.put(sound(100, 0.5), since=30)
    assert (made.take(CHUNK) == 0.25).all()
    made.forget(20)
    assert made.waiting_ms == 100
    given_back = heard(made, 8)
    assert (given_back[:4] > 0).all(), "what was being given fades"
    assert not given_back[4:40].any()
    assert (given_back[40:140] == 0.5).all()


def test_a_moment_before_the_one_who_is_heard_changes_nothing():
    made = queue()
    made.put(sound(100), since=30)
    assert made.take(CHUNK).all()
    made.forget(20)
    assert heard(made, 4).all()
