"""obs_stream, seen by real viewers: what they are given, and what one of them can do to the others."""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from avatar_nodes.payloads import AudioChunk, VideoFrame
from avatar_nodes.sinks.obs_stream import ObsStream
from avatar_nodes.sinks.obs_stream_model import MOST_VIEWERS, ObsServer
from avatar_nodes.sinks.raw_stream_model import RawStream
from graphcore import NodeError, RunError
from graphcore.testing import run_node
from raw_streams import decoded

MS = 1_000_000
RATE = 16000


class Served:
    """A server, and a clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0
        self.counts: dict[str, int] = {}
        stream = RawStream(video=True, audio=True, tags={}, mark=False, sound_delay_ns=0, now=lambda: self.now)
        self.server = ObsServer(0, stream, self.counts)

    def join(self, viewers: int = 1) -> socket.socket:
        """A viewer more; then there are so many."""
        made = socket.create_connection(("127.0.0.1", self.server.port), timeout=5)
        eventually(lambda: self.counts["viewers"] == viewers)
        return made

    def show(self, timestamp: int, value: int = 0, size: int = 32) -> None:
        self.now = timestamp
        self.server.show(timestamp, np.full((size, size, 4), value, np.uint8))

    def play(self, timestamp: int, value: float = 0.0) -> None:
        self.now = timestamp
        self.server.play(timestamp, np.full((RATE // 50, 1), value, np.float32), RATE)


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.server.close()


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < until
        threading.Event().wait(0.005)


def until_left(viewer: socket.socket) -> bytes:
    """All that came until the server left."""
    with viewer:
        pieces = iter(lambda: viewer.recv(1 << 20), b"")
        return b"".join(pieces)


def test_a_viewer_begins_with_the_newest_picture_as_one_of_now(served: Served) -> None:
    served.show(0, 10)
    served.show(40 * MS, 20)
    served.now = 5000 * MS  # nothing came for five seconds
    viewer = served.join()
    served.show(5040 * MS, 30)
    served.server.close()
    pictures, _ = decoded(until_left(viewer))
    assert [(time_ns, picture[0, 0, 0]) for time_ns, picture in pictures] == [(5000 * MS, 20), (5040 * MS, 30)]


def test_who_comes_before_the_first_picture_waits_for_it(served: Served) -> None:
    viewer = served.join()
    served.show(40 * MS, 7)
    served.show(80 * MS, 8)
    served.server.close()
    pictures, _ = decoded(until_left(viewer))
    assert [picture[0, 0, 0] for _, picture in pictures] == [7, 8]


def test_a_slow_viewer_misses_pictures_and_nobody_waits(served: Served) -> None:
    slow, fast = served.join(), served.join(2)
    for index in range(60):  # 1 MiB each: far more than a socket takes
        served.show(index * 40 * MS, index, size=512)
        while read_on(fast)[-1] != index:
            pass
    assert served.counts["frames dropped"] > 20
    fast.close()
    slow.close()


def read_on(viewer: socket.socket) -> bytes:
    """What there is; its end is the end of a picture, or of a part of one."""
    return viewer.recv(1 << 20)


def test_who_speaks_is_left_and_so_is_who_has_gone(served: Served) -> None:
    served.show(0)
    browser = served.join()
    browser.sendall(b"GET / HTTP/1.1\r\n\r\n")
    served.show(40 * MS)
    eventually(lambda: served.counts["viewers"] == 0)
    browser.close()
    served.join().close()
    served.show(80 * MS)
    eventually(lambda: served.counts["viewers"] == 0)


def test_another_size_makes_viewers_connect_again(served: Served) -> None:
    served.show(0)
    first = served.join()
    served.show(40 * MS, size=48)
    until_left(first)
    second = served.join()
    served.show(80 * MS, size=48)
    served.server.close()
    assert decoded(until_left(second))[0][0][1].shape == (48, 48, 4)


def test_no_more_than_so_many_can_look(served: Served) -> None:
    served.show(0)
    viewers = [served.join(index + 1) for index in range(MOST_VIEWERS)]
    with socket.create_connection(("127.0.0.1", served.server.port), timeout=5) as refused:
        assert refused.recv(1) == b""
    for viewer in viewers:
        viewer.close()


class Full:
    """Listens as a socket does, but twice a connection cannot be taken: no more files can be opened."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener, self.refusals, self.refused = listener, 0, threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.listener, name)

    def accept(self) -> tuple[socket.socket, Any]:
        if self.refusals == 2:
            return self.listener.accept()
        self.refusals += 1
        self.refused.set()
        raise OSError(errno.EMFILE, "Too many open files")


def test_where_no_more_can_be_taken_it_waits_before_it_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    create_server = socket.create_server
    made: list[Full] = []

    def create(*address: Any, **options: Any) -> Full:
        made.append(Full(create_server(*address, **options)))
        return made[0]

    monkeypatch.setattr(socket, "create_server", create)
    served = Served()
    assert made[0].refused.wait(5)
    viewer = socket.create_connection(("127.0.0.1", served.server.port), timeout=5)
    assert (made[0].refusals, served.counts["viewers"]) == (1, 0)  # it rests
    eventually(lambda: served.counts["viewers"] == 1)
    viewer.close()
    served.server.close()


def test_an_interrupt_makes_silent_what_waits(served: Served) -> None:
    served.show(0, size=1024)
    viewer = served.join()
    for index in range(4):
        served.show(index * 40 * MS, size=1024)  # more than a socket takes: what follows waits
    for index in range(20):
        served.play(index * 20 * MS, 0.5)
    served.server.hush()
    for index in range(20, 25):
        served.play(index * 20 * MS, 0.5)
    collected: list[bytes] = []
    reader = threading.Thread(target=lambda: collected.append(until_left(viewer)))
    reader.start()
    served.server.close()
    reader.join()
    _, sounds = decoded(collected[0])
    assert len(sounds) > 20
    assert all((abs(samples).max() > 0) == (time_ns > 405 * MS) for time_ns, samples in sounds[:-6] + sounds[-4:])


def test_the_node_says_where_to_look_and_what_is_in_its_way() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RunError, match=f"port {port}") as caught:
            run_node(ObsStream, inputs={"video": []}, params={"port": port})
    assert isinstance(caught.value.cause, NodeError)
    assert "--set node.port=" in caught.value.cause.fix
    frames = [(0, VideoFrame(np.zeros((8, 8, 3), np.uint8)))]
    chunks = [(0, AudioChunk(np.zeros((8, 1), np.float32), 0))]
    result = run_node(ObsStream, inputs={"video": frames}, params={"port": 0, "mark": False}, live=True)
    assert "tcp://127.0.0.1:" in result.notices[0]
    assert "not labelled" in result.notices[1]
    with pytest.raises(RunError, match="sample rate"):
        run_node(ObsStream, inputs={"audio": chunks}, params={"port": 0})
