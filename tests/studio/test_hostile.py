"""Whatever a client does, the graph goes on in time, memory stays bounded, and the studio answers the next one."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import http.client
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from time import monotonic

import aiohttp
import pytest

from graphcore.studio.uploads import MAX_FILE, MAX_FILES
from parts import MS, sink_of
from served import Served

MOST_MB = 100  # what the whole attack may cost, clients included
BEHIND = 100  # packets of 5 ms
UPGRADE = (
    b"GET /api/%s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@pytest.fixture(autouse=True)
def _unharmed(served: Served) -> Iterator[None]:
    """Before and after: the graph's packets come at their time, none is lost, and the studio answers."""
    served.voice.wait_for()
    before = _memory_mb()
    yield
    sink, until = sink_of(served.run), monotonic() + 5
    while len(sink.seen) < served.run.clock.now() // (5 * MS) - BEHIND:
        assert monotonic() < until, "the graph is behind the clock, and stays there"
    seen = [int(value) for _, value in sink.seen]
    assert seen == list(range(len(seen)))
    assert [loss for loss in served.run.losses if "behind the clock" not in loss] == []
    assert not served.run.ended
    assert _memory_mb() < before + MOST_MB
    assert served.ask("GET", "/api/run")[0] == 200


def _memory_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def _connect(served: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served.port), timeout=2)


def _pour(served: Served, head: bytes, piece: bytes, most: int) -> bytes:
    """Send a head, then the same again and again, until all is sent or nobody takes it; what was answered."""
    with _connect(served) as sock, contextlib.suppress(OSError):
        sock.sendall(head)
        for _ in range(most // len(piece)):
            sock.sendall(piece)
        return sock.recv(1000)
    return b""


def test_ten_thousand_requests_on_eight_connections(served: Served) -> None:
    request = b"GET /api/stats HTTP/1.1\r\nHost: localhost\r\n\r\n"

    def flood(_: int) -> int:
        answered = 0
        with _connect(served) as sock, contextlib.suppress(OSError):
            sock.settimeout(0.5)
            sock.sendall(request * 1250)
            until = monotonic() + 1.0
            while monotonic() < until:
                answered += sock.recv(1 << 20).count(b"HTTP/1.1 200 OK")
        return answered

    with ThreadPoolExecutor(8) as pool:
        answered = sum(pool.map(flood, range(8)))
    assert 0 < answered < 2000, "they wait for their turn"


def test_threads_that_ask_as_fast_as_they_can(served: Served) -> None:
    until = monotonic() + 1.0

    def ask(_: int) -> list[int]:
        statuses = []
        while monotonic() < until:
            statuses.append(served.ask("GET", "/api/run")[0])
        return statuses

    with ThreadPoolExecutor(6) as pool:
        statuses = [status for each in pool.map(ask, range(6)) for status in each]
    assert set(statuses) == {200}


def test_two_hundred_half_open_sockets(served: Served) -> None:
    sockets = []
    for index in range(200):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", served.port))
        sockets.append(sock)
        with contextlib.suppress(OSError):
            sock.send(b"GET /api/run HTTP/1.1\r\nHost: loc"[: index % 40])
    for sock in sockets:
        sock.close()


@pytest.mark.parametrize(
    ("head", "piece", "answer"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Much: ", b"x" * 65536, b"HTTP/1.0 400"),
        (b"GET /", b"x" * 65536, b"HTTP/1.0 400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"X: y\r\n" * 1000, b"HTTP/1.0 400"),
        (b"\x16\x03\x01", b"\x00\xff" * 4096, b"HTTP/1.0 400"),
        (b"PUT /api/nodes/voice/params/gain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n",
         b"[" * 65536, b"HTTP/1.1 400"),
        (b"PUT /api/nodes/voice/params/gain HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
         b"10000\r\n" + b"[" * 65536 + b"\r\n", b"HTTP/1.1 400"),
        (b"POST /api/files?name=x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n",
         b"x" * 65536, b"HTTP/1.1 413"),
    ],
)  # fmt: skip
def test_what_has_no_end_is_cut_off(served: Served, head: bytes, piece: bytes, answer: bytes) -> None:
    told = _pour(served, head, piece, 2 * MAX_FILE)
    assert told == b"" or told.startswith(answer)  # a client that still sends may not see why
    assert served.ask("GET", "/api/files")[1] == {"files": []}


def test_a_compressed_body_is_not_unpacked(served: Served) -> None:
    status, answer = served.ask(
        "PUT", "/api/nodes/voice/params/gain", b"\x1f\x8b" * 100, **{"Content-Encoding": "gzip"}
    )
    assert status == 400
    assert answer["error"].startswith("expected JSON")


def test_only_so_many_files_are_kept(served: Served) -> None:
    for index in range(MAX_FILES):
        assert served.ask("POST", f"/api/files?name={index}.jpg", b"x")[0] == 200
    assert served.ask("POST", "/api/files?name=more.jpg", b"x")[0] == 413
    assert served.ask("POST", "/api/files?name=0.jpg", b"another")[0] == 200
    for name in ("", "..", "/", "%00", "...", "%2e%2e%2f"):
        assert served.ask("POST", f"/api/files?name={name}", b"x")[0] == 413, name


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Origin": "https://example.org"}, "pages of https://example.org may not ask here"),
        ({"Origin": "null"}, "pages of null may not ask here"),
        ({"Origin": "http://localhost:1"}, "pages of http://localhost:1 may not ask here"),
        ({"Host": "example.org"}, "this is not example.org; ask for 127.0.0.1 or localhost"),
        ({"Host": ""}, "this is not"),
    ],
)
def test_other_sites_may_not_ask(served: Served, headers: dict[str, str], why: str) -> None:
    body = json.dumps({"value": 1.0})
    for method, path in (("PUT", "/api/nodes/voice/params/gain"), ("POST", "/api/interrupt"), ("GET", "/api/events")):
        status, answer = served.ask(method, path, body, **headers)
        assert (status, answer["error"][: len(why)]) == (403, why)
    assert served.voice.turned == []


def _frame(text: str) -> bytes:
    """A short text as a client sends it over a WebSocket."""
    return b"\x81" + bytes([0x80 | len(text)]) + b"\0\0\0\0" + text.encode()


def test_ten_thousand_sets_by_four_clients(served: Served) -> None:
    wish = '{"set": {"node": "voice", "param": "gain", "value": 0.%04d}}'
    frames = b"".join(_frame(wish % index) for index in range(2500))

    def flood(_: int) -> None:
        with _connect(served) as sock, contextlib.suppress(OSError):
            sock.sendall(UPGRADE % b"events")
            sock.sendall(frames)
            until = monotonic() + 0.5
            while monotonic() < until:
                sock.recv(1000)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(flood, range(4)))
    assert served.put("recording", True) == (200, {"value": True})
    with served.voice.news:
        assert served.voice.news.wait_for(lambda: ("recording", True) in served.voice.turned, 5)
    assert 1 < len(served.voice.turned) < 300, "of what comes quickly, the newest counts"


@pytest.mark.parametrize("path", [b"events", b"pictures/blocks/block?width=16"])
def test_pings_without_end_wait_for_their_turn(served: Served, path: bytes) -> None:
    with _connect(served) as sock:
        sock.sendall(UPGRADE % path)
        sock.sendall(b"\x89\x80\0\0\0\0" * 5000)
        for _ in range(3):
            assert served.ask("GET", "/api/run")[0] == 200
        sock.setblocking(False)
        assert sock.recv(1 << 20).count(b"\x8a\0") < 2500


def test_clients_that_talk_and_leave_are_forgotten(served: Served) -> None:
    frames = _frame('{"set": {"node": "voice", "param": "gain", "value": 0.5}}') * 2500
    for _ in range(50):
        with _connect(served) as sock, contextlib.suppress(OSError):
            sock.sendall(UPGRADE % b"events")
            sock.recv(1000)
            sock.sendall(frames)
    assert served.ask("GET", "/api/run")[0] == 200
    until = monotonic() + 5
    while (kept := sum(isinstance(one, aiohttp.WSMessage) for one in gc.get_objects())) > 10_000:
        assert monotonic() < until, f"{kept} messages of clients that are gone"
        gc.collect()


def test_texts_that_come_too_fast_are_refused_not_dropped_in_silence(served: Served) -> None:
    answers = [served.put("line", str(index)) for index in range(40)]
    said = [str(index) for index, (status, _) in enumerate(answers) if status == 200]
    assert {status for status, _ in answers} == {200, 429}
    served.voice.wait_for(*(("line", text) for text in said))


def test_interrupts_without_end(served: Served) -> None:
    until = monotonic() + 0.5
    while monotonic() < until:
        assert served.ask("POST", "/api/interrupt")[0] == 200
    assert len(served.voice.turned) <= 30


def test_a_message_that_is_too_long_ends_its_connection_only(served: Served) -> None:
    async def shout(path: str) -> int | None:
        async with aiohttp.ClientSession() as session, session.ws_connect(served.studio.url + path) as socket:
            with contextlib.suppress(ConnectionError):
                await socket.send_str("x" * (10 << 20))
            while (said := await socket.receive(timeout=5)).type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                pass
            return said.data if isinstance(said.data, int) else None

    for path in ("api/events", "api/pictures/blocks/block"):
        assert asyncio.run(shout(path)) in (1009, None)


def test_viewers_that_take_nothing(served: Served) -> None:
    sockets = []
    for path in [*repeat(b"pictures/blocks/block", 20), *repeat(b"events", 20)]:
        sock = _connect(served)
        sock.sendall(UPGRADE % path)
        sockets.append(sock)
    answers = [sock.recv(12) for sock in sockets]
    assert answers[:20].count(b"HTTP/1.1 503") == 4, "more viewers than are taken"
    assert answers[20:] == [b"HTTP/1.1 101"] * 20
    for sock in sockets[::2]:
        sock.sendall(b"\xff\x00nonsense" * 100)
    for sock in sockets:
        sock.close()


def test_the_connection_of_a_request_that_is_given_up_is_closed(served: Served) -> None:
    for _ in range(100):
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=2)
        connection.putrequest("PUT", "/api/nodes/voice/params/gain")
        connection.putheader("Content-Length", "1000")
        connection.endheaders(b'{"value"')
        connection.close()
    assert served.voice.turned == []
