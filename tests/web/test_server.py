"""The server answers whom it should, refuses the rest, and bears clients that do not behave."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import aiohttp
import pytest
from aiohttp import web

from graphcore import WebError, WebServer
from graphcore.web.connections import MOST, MOST_SOCKETS
from graphcore.web.server import MAX_BODY


async def hello(_request: web.Request) -> web.Response:
    return web.json_response({"hello": 1})


async def length(request: web.Request) -> web.Response:
    return web.json_response({"bytes": len(await request.read())})


async def echo(request: web.Request) -> web.WebSocketResponse:
    answer = web.WebSocketResponse(max_msg_size=1000)
    await answer.prepare(request)
    async for message in answer:
        await answer.send_str(message.data)
    return answer


UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
ROUTES = [web.get("/", hello), web.post("/length", length), web.get("/echo", echo)]


@pytest.fixture
def server() -> Iterator[WebServer]:
    made = WebServer(ROUTES)
    made.start()
    yield made
    made.close()


@pytest.fixture
def secret() -> Iterator[WebServer]:
    made = WebServer(ROUTES, token="let me in")
    made.start()
    yield made
    made.close()


def ask(server: WebServer, path: str = "/", body: bytes | None = None, **headers: str) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET" if body is None else "POST", path, body, named)
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content[:1] == b"{" else {}
    finally:
        connection.close()


def test_it_answers(server: WebServer) -> None:
    with urllib.request.urlopen(server.url) as answer:
        assert json.load(answer) == {"hello": 1}
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_pages_of_others_are_refused(server: WebServer, origin: str) -> None:
    assert ask(server, Origin=origin)[0] == 403


def test_its_own_page_may_ask(server: WebServer) -> None:
    assert ask(server, Origin=f"http://127.0.0.1:{server.port}")[0] == 200


def test_a_name_that_leads_here_all_of_a_sudden_is_refused(server: WebServer) -> None:
    status, said = ask(server, Host="evil.example")
    assert status == 403
    assert "127.0.0.1" in str(said["error"])


def test_without_the_token_nothing_is_told(secret: WebServer) -> None:
    assert ask(secret)[0] == 403
    assert ask(secret, "/?token=wrong")[0] == 403
    assert ask(secret, "/?token=let%20me%20in")[0] == 200
    assert ask(secret, Authorization="Bearer let me in")[0] == 200


def test_a_browser_keeps_the_token(secret: WebServer) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{secret.port}/?token=let%20me%20in") as answer:
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert ask(secret, Cookie=cookie)[0] == 200


def test_a_body_beyond_the_bound_is_refused(server: WebServer) -> None:
    assert ask(server, "/length", b"x" * 1000) == (200, {"bytes": 1000})
    assert ask(server, "/length", b"x" * (MAX_BODY + 1))[0] == 413


def test_a_websocket_message_beyond_the_bound_ends_it(server: WebServer) -> None:
    async def talk() -> tuple[str, int | None]:
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{server.url}echo") as ws:
            await ws.send_str("hello")
            heard = (await ws.receive()).data
            await ws.send_str("x" * 2000)
            await ws.receive()
            return heard, ws.close_code

    assert asyncio.run(talk()) == ("hello", aiohttp.WSCloseCode.MESSAGE_TOO_BIG)


def hold(server: WebServer, count: int, said: bytes = b"") -> list[socket.socket]:
    """Connections that say this, and take nothing."""
    held = []
    for _ in range(count):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.settimeout(5)
        client.connect(("127.0.0.1", server.port))
        with contextlib.suppress(OSError):  # it was let go already
            client.sendall(said)
        held.append(client)
    return held


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2000])
def test_connections_that_ask_for_nothing_or_take_nothing_make_room(server: WebServer, said: bytes) -> None:
    held = hold(server, MOST + 20, said)
    try:
        assert ask(server)[0] == 200
    finally:
        for each in held:
            each.close()


def test_websockets_keep_their_places_and_are_bounded(server: WebServer) -> None:
    async def talk() -> tuple[int, str]:
        async with aiohttp.ClientSession() as session:
            open_ones = [await session.ws_connect(f"{server.url}echo") for _ in range(MOST_SOCKETS)]
            async with session.get(f"{server.url}echo", headers=UPGRADE) as answer:
                refused = answer.status
            held = await asyncio.get_running_loop().run_in_executor(None, hold, server, MOST)
            await open_ones[0].send_str("still here")
            heard = (await open_ones[0].receive()).data
            for each in open_ones:
                await each.close()
            for each in held:
                each.close()
            return refused, heard

    assert asyncio.run(talk()) == (503, "still here")


@pytest.mark.parametrize("header", ["Host: [", "Host: x\r\nOrigin: http://[", "Authorization: Bearer \xff"])
def test_headers_that_are_no_headers_are_refused(secret: WebServer, header: str) -> None:
    with socket.create_connection(("127.0.0.1", secret.port), timeout=10) as client:
        client.sendall(f"GET / HTTP/1.1\r\n{header}\r\n\r\n".encode("latin-1"))
        assert client.recv(100).split(b" ")[1] in (b"403", b"400")


def test_noise_is_answered_and_forgotten(server: WebServer) -> None:
    for noise in (b"\x00\xff" * 5000, b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000, b"\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(noise)
            client.shutdown(socket.SHUT_WR)
            client.settimeout(5)
            while client.recv(65536):
                pass
    assert ask(server)[0] == 200


def test_a_port_that_is_taken_is_told(server: WebServer) -> None:
    with pytest.raises(WebError, match="choose another port"):
        WebServer(ROUTES, port=server.port).start()


def test_off_this_machine_only_with_a_token() -> None:
    with pytest.raises(WebError, match="token"):
        WebServer(ROUTES, host="0.0.0.0").start()


def test_work_from_other_threads_is_done_on_its_loop(server: WebServer) -> None:
    async def where() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert server.submit(where()).result(5) is server.loop


def test_an_open_websocket_does_not_hold_up_the_end() -> None:
    server = WebServer(ROUTES)
    server.start()

    async def stay() -> bool:
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{server.url}echo") as ws:
            await asyncio.get_running_loop().run_in_executor(None, server.close)
            await ws.receive()
            return ws.closed

    assert asyncio.run(stay())
