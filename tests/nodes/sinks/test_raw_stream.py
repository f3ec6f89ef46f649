"""A raw stream as it is made, before anybody is sent it: what is in it, and when."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest

from avatar_nodes.sinks.raw_stream_model import STALL_NS, RawStream
from avatar_nodes.sinks.raw_viewer_model import Parcel
from raw_streams import Timed, decoded

MS = 1_000_000
RATE = 16000


class Made:
    """A stream, a clock that stands until it is moved, and all that was given out."""

    def __init__(self, *, video: bool = True, audio: bool = True, mark: bool = False, sound_delay_ns: int = 0) -> None:
        self.now = 0
        self.data = b""
        self.stream = RawStream(
            video=video,
            audio=audio,
            tags={"title": "face"},
            mark=mark,
            sound_delay_ns=sound_delay_ns,
            now=lambda: self.now,
        )

    def begin(self) -> None:
        self._keep(self.stream.begin())

    def show(self, timestamp: int, value: int = 0, size: int = 16, channels: int = 4) -> None:
        self.now = timestamp
        first = not self.stream.known
        self.stream.take(timestamp, np.full((size, size, channels), value, np.uint8))
        if first:
            self.begin()
        else:
            self._keep(self.stream.pictures())

    def play(self, timestamp: int, value: float = 0.0) -> None:
        self.now = max(self.now, timestamp)
        self._keep(self.stream.sounds(timestamp, np.full((RATE // 50, 1), value, np.float32), RATE))

    def decoded(self) -> tuple[Timed, Timed]:
        return decoded(self.data)

    def _keep(self, parcels: Iterable[Parcel]) -> None:
        for parcel in parcels:
            self.data += parcel.head + bytes(parcel.body)


def test_rgb_becomes_opaque_and_is_labelled() -> None:
    made = Made(mark=True, audio=False)
    made.show(0, 100, size=512, channels=3)
    pictures, _ = made.decoded()
    assert pictures[0][1].shape == (512, 512, 4)
    assert (pictures[0][1][:, :, 3] == 255).all()
    assert (pictures[0][1][:256] == [100, 100, 100, 255]).all()
    assert (pictures[0][1][450:, 400:, :3] != 100).any()


def test_pictures_and_sound_keep_their_times_and_what_they_are() -> None:
    made = Made()
    made.show(0, 1)
    for index in range(1, 6):
        made.play(2 * index * 20 * MS, 0.5)
        made.play((2 * index + 1) * 20 * MS, 0.5)
        made.show(index * 40 * MS, index)
    pictures, sounds = made.decoded()
    assert [time_ns for time_ns, _ in pictures] == [index * 40 * MS for index in range(6)]
    assert [picture[0, 0, 0] for _, picture in pictures] == [1, 1, 2, 3, 4, 5]
    loud = next(time_ns for time_ns, samples in sounds if abs(samples).max() > 8000)
    assert loud < 45 * MS


def test_sound_is_silent_where_none_comes_and_has_no_holes() -> None:
    made = Made()
    made.show(0)
    for index in range(1, 26):
        made.show(index * 40 * MS)
    for index in range(50):
        made.play(1000 * MS + index * 20 * MS, 0.5)
        if index % 2:
            made.show(1000 * MS + index * 20 * MS)
    _, sounds = made.decoded()
    assert without_holes(sounds)
    heard = [(time_ns, abs(samples).max()) for time_ns, samples in sounds]
    assert all(level == 0 for time_ns, level in heard if time_ns < 900 * MS)
    assert heard[-1][1] > 16000


def test_while_no_picture_comes_the_newest_goes_on_with_the_sound() -> None:
    made = Made()
    made.show(0, 9)
    for index in range(100):
        made.play(index * 20 * MS)
    made.show(500 * MS, 10)  # late: shown at once
    pictures, _ = made.decoded()
    times = [time_ns for time_ns, _ in pictures]
    assert times == sorted(set(times))
    assert max(later - earlier for earlier, later in pairwise(times)) <= STALL_NS
    assert pictures[-1][1][0, 0, 0] == 10
    assert times[-1] - times[-2] < 20 * MS


def test_a_picture_alone_and_sound_alone_are_streams_too() -> None:
    seen, heard = Made(audio=False), Made(video=False)
    seen.show(0, 3)
    assert len(seen.decoded()[0]) == 1
    heard.begin()
    heard.play(80 * MS, 0.5)
    heard.play(100 * MS, 0.5)
    assert heard.decoded()[1][0][0] == 80 * MS


def test_what_is_before_the_beginning_is_shown_there_and_not_heard() -> None:
    made = Made()
    for index in range(-2, 3):
        made.show(index * 40 * MS, index + 2)
        made.play(index * 40 * MS, 0.5)
        made.play(index * 40 * MS + 20 * MS, 0.5)
    pictures, sounds = made.decoded()
    times = [time_ns for time_ns, _ in pictures]
    assert times[0] == 0
    assert times == sorted(set(times))
    assert times[-1] == 80 * MS
    assert sounds[0][0] == 0
    assert without_holes(sounds)


@pytest.mark.parametrize(("first_ms", "then_ms"), [(200, 10), (10, 200)])
def test_a_delay_that_is_turned_leaves_sound_in_order(first_ms: int, then_ms: int) -> None:
    made = Made(sound_delay_ns=first_ms * MS)
    for index in range(30):
        if index == 15:
            made.stream.sound_delay_ns = then_ms * MS
        made.show(index * 40 * MS)
        made.play(index * 40 * MS, 0.5)
        made.play(index * 40 * MS + 20 * MS, 0.5)
    _, sounds = made.decoded()
    assert without_holes(sounds)
    end_ms = (sounds[-1][0] + len(sounds[-1][1]) * 1_000_000_000 // 48000) / MS
    assert end_ms == pytest.approx(1200 + then_ms, abs=2)


def without_holes(sounds: Timed) -> bool:
    """Whether each stretch begins where the one before it ends."""
    ends = [time_ns + len(samples) * 1_000_000_000 // 48000 for time_ns, samples in sounds]
    return all(abs(end - begin) < 30_000 for end, (begin, _) in zip(ends, sounds[1:], strict=False))


@pytest.mark.parametrize("delay_ns", [0, 16 * MS])
def test_sound_is_stamped_later_where_it_is_asked(delay_ns: int) -> None:
    made = Made(video=False, sound_delay_ns=delay_ns)
    made.begin()
    made.play(80 * MS, 0.5)
    assert made.decoded()[1][0][0] == 80 * MS + delay_ns
