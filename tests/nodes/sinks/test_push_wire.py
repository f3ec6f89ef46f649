"""What goes to the program that pushes a stream, and what waits before it."""

from __future__ import annotations

import io
from fractions import Fraction

import numpy as np
import pytest

from avatar_nodes.sinks.push_queue_model import MOST_SOUND, PushQueue
from avatar_nodes.sinks.push_wire_model import (
    HEAD,
    Coding,
    Settings,
    Taken,
    read_settings,
    read_taken,
    write_settings,
    write_taken,
)

FRAME = np.arange(4 * 6 * 4, dtype=np.uint8).reshape(4, 6, 4)
SOUND = np.linspace(-1, 1, 20, dtype=np.float32).reshape(10, 2)


def test_settings_come_as_they_went() -> None:
    coding = Coding(Fraction(30000, 1001), 500_000, "ultrafast", (1, 2, 3), "", {"title": "ü"}, mark=True)
    for size in ((6, 4), None):
        settings = Settings("rtmp://host/key", coding, size, audio=True, patience_s=10.0)
        pipe = io.BytesIO()
        write_settings(pipe, settings)
        pipe.seek(0)
        assert read_settings(pipe) == settings
        assert pipe.read() == b""


def test_frames_and_sound_come_as_they_went() -> None:
    pipe = io.BytesIO()
    write_taken(pipe, Taken(-5, FRAME[:, ::2]))
    write_taken(pipe, Taken(0, SOUND[:0], 24000))  # nothing
    write_taken(pipe, Taken(7, SOUND, 24000))
    pipe.seek(0)
    frame, sound = read_taken(pipe), read_taken(pipe)
    assert frame is not None
    assert sound is not None
    assert (frame.timestamp, frame.sample_rate, sound.timestamp, sound.sample_rate) == (-5, 0, 7, 24000)
    assert np.array_equal(frame.content, FRAME[:, ::2])
    assert np.array_equal(sound.content, SOUND)
    assert read_taken(pipe) is None


def test_a_pipe_that_breaks_off_or_holds_something_else() -> None:
    assert read_taken(io.BytesIO(HEAD.pack(0, 0, 4, 6, 3) + bytes(71))) is None
    with pytest.raises(ValueError, match="expected at most"):
        read_taken(io.BytesIO(HEAD.pack(0, 0, 1 << 20, 1 << 20, 3)))
    with pytest.raises(ValueError, match="Expecting value"):
        read_settings(io.BytesIO(b"what\n"))


def test_of_what_waits_the_oldest_is_left_out() -> None:
    waiting = PushQueue(2)
    assert [waiting.put(Taken(time, FRAME)) for time in range(3)] == [False, False, True]
    assert [waiting.put(Taken(time, SOUND, 48000)) for time in range(MOST_SOUND + 1)] == [False] * MOST_SOUND + [True]
    first = waiting.take(0)
    assert first is not None
    assert first.timestamp == 1
    waiting.hush()
    last = waiting.take(0)
    assert last is not None
    assert last.timestamp == 2
    assert waiting.take(0) is None


def test_it_begins_with_the_newest_frame_and_what_came_after_it() -> None:
    waiting = PushQueue(10)
    for time in range(3):
        waiting.put(Taken(time, FRAME))
        waiting.put(Taken(time, SOUND, 48000))
    newest = waiting.newest(video=True)
    assert newest is not None
    assert newest.timestamp == 2
    assert waiting.take(0) is newest
    waiting.close()
    assert not waiting.closed  # sound waits
    assert waiting.take(0) is not None
    assert waiting.closed
    assert waiting.newest(video=True) is None
