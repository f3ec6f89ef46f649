"""A WebSocket is read no faster than its bucket lets pass, whatever a client says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import urllib.request
from collections.abc import Iterator
from time import monotonic

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from graphcore import Bucket, WebServer, WebSocket

AT_ONCE, A_SECOND, SENT = 20, 50, 5000
UPGRADE = (
    b"GET /talk HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
PING, PONG, BINARY = b"\x89\x80\0\0\0\0", b"\x8a\x80\0\0\0\0", b"\x82\x80\0\0\0\0"


class Talk:
    """What handlers saw."""

    def __init__(self) -> None:
        self.heard = 0
        self.ended = 0

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Listen to a client until it is gone."""
        talk = WebSocket(Bucket(A_SECOND, AT_ONCE, monotonic))
        await talk.prepare(request)
        while (said := await talk.hear()) is not None:
            self.heard += 1
            if said.type is WSMsgType.TEXT:
                await talk.send_str(f"you said {said.data}")
        self.ended += 1
        return talk

    async def tell(self, _request: web.Request) -> web.Response:
        """What was seen so far."""
        return web.json_response({"heard": self.heard, "ended": self.ended})


@pytest.fixture
def server() -> Iterator[WebServer]:
    talk = Talk()
    made = WebServer([web.get("/talk", talk.serve), web.get("/", talk.tell)])
    made.start()
    yield made
    made.close()


def told(server: WebServer) -> dict[str, int]:
    with urllib.request.urlopen(server.url, timeout=5) as answer:
        counts: dict[str, int] = json.load(answer)
    return counts


@pytest.mark.parametrize("frame", [PING, PONG, BINARY])
def test_a_flood_of_frames_waits_and_others_are_answered(server: WebServer, frame: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as flooding:
        flooding.sendall(UPGRADE)
        assert flooding.recv(1000).startswith(b"HTTP/1.1 101")
        flooding.sendall(frame * SENT)
        for _ in range(3):
            heard = told(server)["heard"]
        flooding.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            answered = len(flooding.recv(1 << 20)) // 2
            assert answered < SENT // 2, "pings are answered no faster than they pass"
        assert heard < SENT // 2


def test_who_leaves_amid_its_pings_is_gone_without_a_word(server: WebServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as leaving:
            leaving.sendall(UPGRADE + PING * 100)
            leaving.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # it leaves by a reset
    assert told(server)["heard"] == 0
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING or record.exc_info]


def test_a_ping_is_answered_and_a_text_is_heard(server: WebServer) -> None:
    async def talk() -> None:
        url = f"{server.url}talk"
        async with aiohttp.ClientSession() as session, session.ws_connect(url, autoping=False) as there:
            await there.ping(b"are you there")
            pong = await there.receive(timeout=5)
            assert (pong.type, bytes(pong.data)) == (WSMsgType.PONG, b"are you there")
            await there.send_str("hello")
            assert await there.receive_str(timeout=5) == "you said hello"

    asyncio.run(talk())
    until = monotonic() + 5
    while told(server) != {"heard": 1, "ended": 1}:
        assert monotonic() < until


def test_what_is_too_long_ends_it(server: WebServer) -> None:
    async def talk() -> None:
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{server.url}talk") as there:
            await there.send_str("x" * 2000)
            assert (await there.receive(timeout=5)).data == 1009

    asyncio.run(talk())
