"""stream_push, seen by the server that it pushes to."""

from __future__ import annotations

import io
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import numpy as np
import pytest

from avatar_nodes.payloads import VideoFrame
from avatar_nodes.sinks.push_wire_model import Coding, Taken, shown
from avatar_nodes.sinks.stream_push import StreamPush
from avatar_nodes.sinks.stream_push_model import Pusher
from graphcore import NodeError, RunError
from graphcore.testing import run_node

MS = 1_000_000
SIZE = 64
KEY = "my-stream-key"


class Receiver:
    """A server that keeps what each connection brought."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self.received: list[bytes] = []

    def take(self, size: int = 1 << 30) -> None:
        """One connection, until it ends or brought so much."""
        connection, _ = self._listener.accept()
        connection.settimeout(10)
        data = bytearray()
        with connection:
            while len(data) < size and (piece := connection.recv(1 << 16)):
                data += piece
        self.received.append(bytes(data))

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


class Pushed:
    """A pusher, what it told, and what is given to it."""

    def __init__(self, url: str, patience_s: float = 30.0, close_s: float = 30.0) -> None:
        coding = Coding(Fraction(25), 500_000, "ultrafast", (0, 0, 0), "", {"service_name": "synthetic"})
        self.counts: dict[str, int] = {}
        self.told: list[str] = []
        self.pusher = Pusher(
            url,
            coding,
            video=True,
            audio=True,
            counts=self.counts,
            told=self.told.append,
            first_wait_s=0.01,
            patience_s=patience_s,
            close_s=close_s,
        )

    def give(self, start: int, stop: int, value: int = 100, level: float = 0.5) -> None:
        """Frames, with a tone beside them."""
        tone = np.tile(np.float32([[level]] * 20 + [[-level]] * 20), (24, 1))  # 600 Hz, 40 ms at 24 kHz
        for index in range(start, stop):
            self.pusher.give(Taken(index * 40 * MS, np.full((SIZE, SIZE, 3), value, np.uint8)))
            self.pusher.give(Taken(index * 40 * MS, tone, 24000))


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        threading.Event().wait(0.005)


def decoded(data: bytes) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Time and brightness of each frame, time and loudness of each piece of sound."""
    pictures, sounds = [], []
    with av.open(io.BytesIO(data), format="mpegts") as stream:
        for packet in stream.demux():
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    pictures.append((float(frame.time or 0), float(frame.to_ndarray(format="gray").mean())))
                else:
                    sounds.append((float(frame.time or 0), float(np.abs(frame.to_ndarray()).mean())))
    return pictures, sounds


def test_frames_and_sound_arrive_at_a_constant_rate(receiver: Receiver) -> None:
    taking = threading.Thread(target=receiver.take)
    taking.start()
    pushed = Pushed(receiver.url)
    pushed.give(0, 1)
    eventually(lambda: pushed.counts["connected"] == 1)
    for index in range(1, 20):
        if index != 10:  # a frame that never came
            pushed.give(index, index + 1)
    pushed.pusher.close()
    taking.join()
    pictures, sounds = decoded(receiver.received[0])
    steps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(pictures)]
    assert steps == pytest.approx([0.04] * (19 + pushed.counts["frames held"]))
    assert sounds[-2][1] > 0.3
    assert abs(sounds[0][0] - pictures[0][0]) < 0.03
    assert b"synthetic" in receiver.received[0]
    assert pushed.told == ["connected"]


def test_after_a_stall_frames_and_sound_are_later_by_as_much(receiver: Receiver) -> None:
    taking = threading.Thread(target=receiver.take)
    taking.start()
    pushed = Pushed(receiver.url)
    pushed.give(0, 1, value=50, level=0.0)
    eventually(lambda: pushed.counts["connected"] == 1)
    pushed.give(1, 5, value=50, level=0.0)
    eventually(lambda: pushed.counts["frames held"] >= 5)
    pushed.give(5, 20, value=200)
    pushed.pusher.close()
    taking.join()
    pictures, sounds = decoded(receiver.received[0])
    held = pushed.counts["frames held"]
    levels = [level for _, level in pictures]
    assert max(levels[: 5 + held]) < 100 < min(levels[5 + held :])
    assert len(levels) == 20 + held
    assert [later - earlier for (earlier, _), (later, _) in itertools.pairwise(sounds)] == pytest.approx(
        [1024 / 48000] * (len(sounds) - 1), abs=0.001
    )
    heard = next(time_s for time_s, level in sounds if level > 0.1)
    assert heard == pytest.approx(pictures[5 + held][0], abs=0.045)  # a piece of sound is 21 ms long


def test_frames_at_an_uneven_rate_do_not_make_holes_in_the_sound(receiver: Receiver) -> None:
    taking = threading.Thread(target=receiver.take)
    taking.start()
    pushed = Pushed(receiver.url)
    pushed.give(0, 1)
    eventually(lambda: pushed.counts["connected"] == 1)
    for index in range(1, 20):
        pushed.give(index, index + 1)
        pushed.pusher.give(Taken((40 * index + 15) * MS, np.full((SIZE, SIZE, 3), 100, np.uint8)))
    pushed.pusher.close()
    taking.join()
    _, sounds = decoded(receiver.received[0])
    assert min(level for time_s, level in sounds if 0.1 < time_s < 0.6) > 0.3


def test_it_connects_again_and_begins_with_the_newest_frame(receiver: Receiver) -> None:
    pushed = Pushed(f"{receiver.url}/{KEY}")
    taking = threading.Thread(target=receiver.take, args=[20_000])
    taking.start()
    frame = itertools.count()

    def feed_until(holds: Callable[[], bool]) -> None:
        while not holds():
            index = next(frame)
            pushed.give(index, index + 1, value=index % 200)
            threading.Event().wait(0.005)

    feed_until(lambda: not taking.is_alive())
    feed_until(lambda: pushed.counts["reconnects"] > 0)
    again = threading.Thread(target=receiver.take)
    again.start()
    feed_until(lambda: pushed.counts["connected"] == 1 and len(pushed.told) >= 3)
    pushed.pusher.close()
    again.join()
    assert pushed.told[0] == pushed.told[2] == "connected"
    assert pushed.told[1].startswith("not connected (")
    assert KEY not in " ".join(pushed.told)
    assert decoded(receiver.received[1])[0]


def test_a_server_that_never_reads_costs_frames_and_is_left(receiver: Receiver) -> None:
    pushed = Pushed(receiver.url, patience_s=1.0, close_s=0.5)  # accepted by the system, read by nobody
    pushed.give(0, 1)
    eventually(lambda: pushed.counts["connected"] == 1)
    noise = np.random.default_rng(0).integers(0, 256, (360, 640, 3), np.uint8)
    frame = itertools.count(1)

    def feed() -> bool:
        for index in itertools.islice(frame, 30):
            pushed.pusher.give(Taken(index * 40 * MS, np.roll(noise, index, axis=1)))
        return pushed.counts["reconnects"] > 0

    eventually(feed)
    assert pushed.counts["frames dropped"] > 0
    assert pushed.told[:2] == ["connected", "not connected (the server took nothing for 1 s); it goes on trying"]
    pushed.pusher.close()


def test_a_server_that_never_answers_holds_nobody_up(receiver: Receiver) -> None:
    pushed = Pushed(f"{receiver.url.replace('tcp', 'rtmp')}/app/{KEY}", patience_s=0.5)
    taking = threading.Thread(target=receiver.take)  # the greeting of RTMP, which it does not return
    taking.start()
    pushed.give(0, 1)
    eventually(lambda: pushed.counts["reconnects"] > 0)
    assert pushed.told == ["not connected (the server took nothing for 0.5 s); it goes on trying"]
    taking.join()
    assert receiver.received[0]
    pushed.pusher.close()


def test_closing_does_not_wait_for_a_server_that_does_not_answer(receiver: Receiver) -> None:
    pushed = Pushed(f"{receiver.url.replace('tcp', 'rtmp')}/app/{KEY}")
    taking = threading.Thread(target=receiver.take, args=[1])
    taking.start()
    pushed.give(0, 1)
    taking.join()  # it has greeted, and waits
    pushed.pusher.close()
    assert pushed.told == []


def test_a_program_that_ends_is_started_again(receiver: Receiver) -> None:
    pushed = Pushed(receiver.url)
    pushed.give(0, 2)
    eventually(lambda: pushed.counts["connected"] == 1)
    assert pushed.pusher._process is not None
    pushed.pusher._process.kill()
    frame = itertools.count(2)

    def feed() -> bool:
        index = next(frame)
        pushed.give(index, index + 1)
        return len(pushed.told) == 3

    eventually(feed)
    assert pushed.told[1] == "not connected (the program that sends was ended); it goes on trying"
    pushed.pusher.close()


def test_of_a_url_only_the_host_is_shown() -> None:
    assert shown(f"rtmp://user:{KEY}@example.org:1935/live/{KEY}?k={KEY}") == "rtmp://example.org:1935/..."
    assert shown(f"srt://[::1]:99999/{KEY}") == "srt://::1/..."


def test_what_can_never_work_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = ((index * 40 * MS, VideoFrame(np.zeros((16, 16, 3), np.uint8))) for index in itertools.count())
    with pytest.raises(RunError, match="cannot send to nothing://") as caught:
        run_node(StreamPush, inputs={"video": frames}, params={"url": f"nothing://host/{KEY}"})
    assert KEY not in str(caught.value)
    with pytest.raises(RunError, match="expected a protocol") as caught:
        run_node(StreamPush, inputs={"video": []}, params={"url": KEY})
    assert KEY not in str(caught.value)
    monkeypatch.delenv("THE_KEY", raising=False)
    with pytest.raises(RunError, match="no THE_KEY") as caught:
        run_node(StreamPush, inputs={"video": []}, params={"url": "rtmp://host/app", "key_variable": "THE_KEY"})
    assert isinstance(caught.value.cause, NodeError)
    assert "export THE_KEY" in caught.value.cause.fix
