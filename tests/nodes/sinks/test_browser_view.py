"""browser_view with real clients on its socket; tests/live has a real browser."""

from __future__ import annotations

import asyncio
import itertools
import json
import queue
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from avatar_nodes.payloads import AudioChunk, VideoFrame
from avatar_nodes.sinks.browser_view import BrowserView
from avatar_nodes.sinks.browser_viewers import ON_WAY
from avatar_nodes.sinks.browser_wire_model import FORGET, HEAD, PICTURE, SOUND
from graphcore import NodeError, Output, Run, RunError, Source
from graphcore.graph.spec import Graph, GraphNode, Link
from graphcore.testing import accept_params

MS = 1_000_000
WAIT_S = 10.0
Fed = VideoFrame | AudioChunk
ASKS_FOR_SOCKET = (
    b"GET /socket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Feed(Source):
    """Sends what the test puts into its queue."""

    live = True
    frames = Output(VideoFrame)
    sound = Output(AudioChunk)
    waiting: queue.Queue[tuple[int, Fed]]

    def produce(self) -> Iterator[None]:
        while True:
            try:
                timestamp, payload = type(self).waiting.get(timeout=0.05)
            except queue.Empty:
                yield
                continue
            if isinstance(payload, VideoFrame):
                self.frames.send(payload, timestamp=timestamp)
            else:
                self.sound.send(payload, timestamp=timestamp)
            yield


class World:
    """A live graph that is fed by hand, and its page."""

    def __init__(self, params: dict[str, Any]) -> None:
        class Fed(Feed):
            waiting = queue.Queue()

        links = {
            "video": Link("feed", "frames", "view", "video", "each"),
            "audio": Link("feed", "sound", "view", "audio", "each"),
        }
        nodes = {
            "feed": GraphNode("feed", Fed, {}, {}),
            "view": GraphNode("view", BrowserView, accept_params(BrowserView, {"port": 0, **params}), links),
        }
        self.waiting = Fed.waiting
        self.run = Run(Graph(nodes, frame_rate=Fraction(25), seed=0), live=True)
        self.run.start()
        while not (self.run.opened or self.run.wait(0.01)):
            """Wait for the page, or for the error."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def port(self) -> int:
        return int(next(notice for notice in self.run.notices if "http" in notice).split(":")[3].partition("/")[0])

    @property
    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = self.run.stats()["nodes"]["view"]["counts"]
        return counts

    def show(self, index: int, grey: int = 0, channels: int = 4) -> None:
        self.waiting.put((index * 40 * MS, VideoFrame(np.full((64, 64, channels), grey, np.uint8))))

    def play(self, index: int) -> None:
        self.waiting.put((index * 20 * MS, AudioChunk(np.zeros((320, 1), np.float32), 16000)))

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not true():
                await asyncio.sleep(0.005)


Scene = Callable[[World, ClientSession], Awaitable[None]]


def played(scene: Scene, **params: Any) -> World:
    """Play a scene in a world; the world as it was when its graph had ended."""

    async def play() -> None:
        async with ClientSession(world.url) as session:
            await scene(world, session)

    world = World(params)
    try:
        asyncio.run(asyncio.wait_for(play(), 2 * WAIT_S))
    finally:
        world.run.stop()
        assert world.run.wait(WAIT_S)
    return world


@asynccontextmanager
async def viewer(world: World, session: ClientSession, query: str = "") -> AsyncIterator[ClientWebSocketResponse]:
    before = world.counts["viewers"]
    async with session.ws_connect(f"/socket{query}") as viewing:
        await world.until(lambda: world.counts["viewers"] > before)
        yield viewing
    await world.until(lambda: world.counts["viewers"] <= before)


async def next_of(viewing: ClientWebSocketResponse, kind: int = PICTURE) -> tuple[float, bytes]:
    """The media time and the content of the next picture or sound; pictures are confirmed."""
    while True:
        message = await viewing.receive(WAIT_S)
        assert message.type in (WSMsgType.BINARY, WSMsgType.TEXT), message
        if message.type is WSMsgType.BINARY and message.data[0] == kind:
            break
    if kind == PICTURE:
        await viewing.send_str('{"got": 1}')
    return HEAD.unpack_from(message.data)[3], message.data[HEAD.size :]


def test_page_and_files_are_there() -> None:
    async def scene(world: World, session: ClientSession) -> None:
        async with session.get("/") as page:
            assert page.content_type == "text/html"
            assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        for name, kind in (("view.js", "text/javascript"), ("view.css", "text/css")):
            async with session.get(f"/{name}") as file:
                assert (file.status, file.content_type) == (200, kind)
        async with session.get("/browser_view.py") as nothing:
            assert nothing.status == 404

    played(scene)


def test_frames_and_sound_come_with_their_times() -> None:
    async def scene(world: World, session: ClientSession) -> None:
        async with viewer(world, session) as seen:
            world.play(2)
            world.show(1, grey=90)
            messages = {message[0]: message for message in [await seen.receive_bytes() for _ in range(2)]}
            assert HEAD.unpack_from(messages[SOUND])[:4] == (SOUND, 1, 16000, 0.04)
            assert HEAD.unpack_from(messages[PICTURE])[3] == 0.04
            assert messages[PICTURE][HEAD.size :][:2] == b"\xff\xd8"  # a JPEG
            assert b"\x89PNG" in messages[PICTURE]

    assert played(scene).counts["viewers"] == 0


def test_one_who_mutes_gets_no_sound() -> None:
    async def scene(world: World, session: ClientSession) -> None:
        async with viewer(world, session, "?mute=1") as seen:
            world.play(0)
            world.show(1)
            assert (await seen.receive_bytes())[0] == PICTURE

    played(scene)


def test_whoever_comes_late_sees_the_last_frame() -> None:
    async def scene(world: World, session: ClientSession) -> None:
        world.show(3)
        await world.until(world.waiting.empty)
        for _ in range(2):
            async with viewer(world, session) as seen:
                assert (await next_of(seen))[0] == 0.12

    played(scene)


def test_a_slow_viewer_misses_frames_and_another_sees_all() -> None:
    async def scene(world: World, session: ClientSession) -> None:
        async with viewer(world, session) as slow, viewer(world, session) as quick:
            for index in range(10):
                world.show(index)
                assert (await next_of(quick))[0] == index * 0.04
            assert [HEAD.unpack_from(await slow.receive_bytes())[3] for _ in range(ON_WAY)] == [0.0, 0.04, 0.08]
            await slow.send_str('{"got": 1}')
            assert (await next_of(slow))[0] == 9 * 0.04  # the newest

    assert played(scene).counts["frames dropped"] == 10 - ON_WAY - 1


def test_one_who_reads_nothing_holds_up_nobody() -> None:
    async def scene(world: World, session: ClientSession) -> None:
        with socket.create_connection(("127.0.0.1", world.port)) as dead:
            dead.sendall(ASKS_FOR_SOCKET)
            await world.until(lambda: world.counts["viewers"] == 1)
            async with viewer(world, session) as quick:
                for index in range(300):
                    world.play(2 * index)
                    world.play(2 * index + 1)
                    world.show(index)
                    await next_of(quick)
        assert world.counts["frames dropped"] >= 290

    played(scene)


def test_an_interrupt_makes_the_page_forget_its_sound() -> None:
    async def scene(world: World, session: ClientSession) -> None:
        async with viewer(world, session) as seen:
            world.play(0)
            await next_of(seen, kind=SOUND)
            world.run.interrupt()
            assert (await seen.receive(WAIT_S)).data == FORGET

    played(scene)


def test_a_ping_is_answered_with_the_clock() -> None:
    async def scene(world: World, session: ClientSession) -> None:
        async with viewer(world, session) as seen:
            await seen.send_str('{"ping": 12.5}')
            answer = json.loads(await seen.receive_str())
            assert answer["pong"] == 12.5
            assert answer["clock"] > 0

    played(scene)


@pytest.mark.parametrize("nonsense", ["[", "7", "null", '{"got": "x"}', '{"ping": {}}', "{}"])
def test_nonsense_changes_nothing(nonsense: str) -> None:
    async def scene(world: World, session: ClientSession) -> None:
        async with viewer(world, session) as seen:
            await seen.send_str(nonsense)
            world.show(0)
            assert (await next_of(seen))[0] == 0.0

    played(scene)


@pytest.mark.parametrize("said", [b"x" * 2000, b"x"])
def test_who_sends_bytes_is_shown_the_door(said: bytes) -> None:
    async def scene(world: World, session: ClientSession) -> None:
        async with viewer(world, session) as seen, viewer(world, session) as hostile:
            await hostile.send_bytes(said)
            await world.until(lambda: world.counts["viewers"] == 1)
            world.show(0)
            assert (await next_of(seen))[0] == 0.0

    played(scene)


@pytest.mark.parametrize("frame", [b"\x81\x80\0\0\0\0", b"\x89\x80\0\0\0\0"])
def test_texts_and_pings_without_end_take_no_time_from_others(frame: bytes) -> None:
    async def scene(world: World, session: ClientSession) -> None:
        with socket.create_connection(("127.0.0.1", world.port)) as hostile:
            hostile.sendall(ASKS_FOR_SOCKET)
            await world.until(lambda: world.counts["viewers"] == 1)
            hostile.sendall(frame * 5000)
            async with viewer(world, session) as seen:
                world.show(0)
                assert (await next_of(seen))[0] == 0.0
            hostile.setblocking(False)
            assert hostile.recv(1 << 20).count(b"\x8a\0") < 2500

    played(scene)


def test_the_token_is_not_told() -> None:
    async def scene(world: World, session: ClientSession) -> None:
        assert "secret" not in world.run.notices[0]
        assert world.run.notices[0].endswith(f":{world.port}/?token=... (as token says)")
        async with session.get("/?token=secret") as page:
            assert page.status == 200

    played(scene, token="secret")


def test_pages_are_told_when_the_graph_ends() -> None:
    async def scene(world: World, session: ClientSession) -> None:
        async with viewer(world, session) as seen:
            world.run.stop()
            assert (await seen.receive(WAIT_S)).type is WSMsgType.CLOSE

    played(scene)


def test_a_port_that_is_taken_is_told() -> None:
    first = World({})
    try:
        with pytest.raises(RunError, match="cannot be listened on") as told:
            World({"port": first.port}).run.wait(WAIT_S)
        assert f"choose another port: --set view.port={(first.port + 10) % 65536}" in str(told.value)
    finally:
        first.run.stop()
        first.run.wait(WAIT_S)


def test_other_machines_need_a_token() -> None:
    with pytest.raises(RunError, match="can be reached from other machines"):
        World({"host": "0.0.0.0"}).run.wait(WAIT_S)


def test_a_frame_that_cannot_be_coded_is_told() -> None:
    async def scene(world: World, session: ClientSession) -> None:
        async with viewer(world, session):
            for index in itertools.count():
                world.waiting.put((index * MS, VideoFrame(np.zeros((1, 70_000, 3), np.uint8))))
                await world.until(world.waiting.empty)
                if world.run.ended:
                    return

    with pytest.raises(RunError, match="cannot be coded") as told:
        played(scene, mark=False)
    assert isinstance(told.value.__cause__, NodeError)
