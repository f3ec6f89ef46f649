"""Lines that come while others are heard."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from avatar_nodes.audio.spoken_lines_model import AHEAD_S, MOST_LINES, SILENT_CHUNKS, SpokenLines
from avatar_nodes.audio.text_to_speech_model import Phone, Piece

RATE, CHUNK = 1000, 20  # a sample is a millisecond


@pytest.fixture
def lines() -> Iterator[SpokenLines]:
    made = SpokenLines(RATE, 20)
    yield made
    made.close()


def line(level: float, *sizes: int) -> Iterator[Piece]:
    """Pieces of a steady sound, with a phone for each."""
    start = 0
    for size in sizes:
        yield Piece(np.full(size, level, np.float32), [Phone("a", start, start + size)])
        start += size


def all_made(lines: SpokenLines) -> None:
    """Wait until the thread has nothing to do."""
    with lines._changed:
        assert lines._changed.wait_for(lambda: not lines._state.busy and not lines._state.lines, 10)


def heard(lines: SpokenLines, chunks: int) -> np.ndarray:
    return np.concatenate([taken.samples for _ in range(chunks) if (taken := lines.take(on_and_on=True))])


def test_lines_follow_each_other_without_a_gap_and_then_there_is_silence(lines):
    assert lines.say(line(0.1, 30))
    assert lines.say(line(0.2, 15, 20))
    all_made(lines)
    samples = heard(lines, 5)
    np.testing.assert_array_equal(samples, np.repeat(np.float32([0.1, 0.2, 0.0]), [30, 35, 35]))


def test_phones_stand_where_they_are_heard(lines):
    heard(lines, 3)
    lines.say(line(0.1, 25, 30))
    all_made(lines)
    phones = [phone for _ in range(4) for phone in (lines.take(on_and_on=True) or Piece(None, [])).phones]
    assert [(phone.start, phone.end) for phone in phones] == [(60, 85), (85, 115)]


def test_without_lines_to_come_it_ends_with_the_last_sample(lines):
    lines.say(line(0.1, 30, 21))
    sizes = []
    while (taken := lines.take(on_and_on=False)) is not None:
        sizes.append(len(taken.samples))
    assert sizes == [20, 20, 11]


def test_taking_never_waits_for_a_line_that_is_slow_to_come(lines):
    ready = threading.Event()

    def slow() -> Iterator[Piece]:
        ready.wait(10)
        yield from line(0.5, 20)

    lines.say(slow())
    assert not heard(lines, 100).any()
    assert lines.waiting == 1
    ready.set()
    lines.prepare()
    assert heard(lines, 1).all()
    assert lines.waiting == 0


def test_an_interrupt_fades_what_is_heard_and_forgets_the_rest(lines):
    lines.say(line(0.5, 200, 200))
    lines.say(line(0.9, 100))
    lines.prepare()
    heard(lines, 2)
    lines.interrupt()
    lines.interrupt()  # once more, during the fade
    taken = lines.take(on_and_on=True)
    assert taken is not None
    assert 0.0 < taken.samples[2] < 0.5
    assert not taken.samples[5:].any()
    assert [(phone.symbol, phone.start) for phone in taken.phones] == [("_", 45)]
    assert lines.waiting == 0
    assert not heard(lines, 50).any()


def test_a_line_after_an_interrupt_is_heard(lines):
    lines.say(line(0.5, 200))
    lines.prepare()
    lines.take(on_and_on=True)
    lines.interrupt()
    lines.say(line(0.9, 20))
    all_made(lines)
    assert not heard(lines, SILENT_CHUNKS)[5:].any(), "else it is taken for the end of what was broken off"
    np.testing.assert_array_equal(heard(lines, 1), np.full(20, 0.9, np.float32))


def test_an_interrupt_reaches_a_line_that_is_being_made(lines):
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> Iterator[Piece]:
        begun.set()
        go_on.wait(10)
        yield from line(0.5, 20)

    lines.say(slow())
    assert begun.wait(10)
    lines.interrupt()
    go_on.set()
    lines.say(line(0.9, 20))
    all_made(lines)
    assert not heard(lines, SILENT_CHUNKS).any()
    np.testing.assert_array_equal(heard(lines, 1), np.full(20, 0.9, np.float32))
    assert lines.waiting == 0


def test_it_speaks_ahead_by_a_bounded_time(lines):
    asked = []

    def long() -> Iterator[Piece]:
        for index in range(1000):
            asked.append(index)
            yield from line(0.1, 1000)

    lines.say(long())
    lines.prepare()
    heard(lines, 1)
    assert len(asked) <= AHEAD_S + 3


def test_there_is_room_for_many_lines_and_not_for_more(lines):
    hold = threading.Event()

    def held() -> Iterator[Piece]:
        hold.wait(10)
        yield from ()

    assert all(lines.say(held()) for _ in range(MOST_LINES))
    assert not lines.say(held())
    lines.interrupt()
    assert lines.say(held())
    hold.set()


def test_a_line_without_a_sound_waits_no_more(lines):
    lines.say(line(0.5))
    lines.say(line(0.5, 20))
    all_made(lines)
    heard(lines, 1)
    assert lines.waiting == 0


def test_what_a_line_raises_is_told_to_who_takes(lines):
    def broken() -> Iterator[Piece]:
        raise ValueError("broken")
        yield

    lines.say(broken())
    with pytest.raises(ValueError, match="broken"):
        lines.take(on_and_on=False)
