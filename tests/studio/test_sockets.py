"""The studio's WebSockets: what is told, what is obeyed, what is seen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from graphcore import Preview, Run
from graphcore.payload import payload_name
from graphcore.studio.studio import Studio
from parts import Block
from served import Served, small_graph

Hear = Callable[[str], Awaitable[Any]]


@asynccontextmanager
async def opened(served: Served, path: str) -> AsyncIterator[ClientWebSocketResponse]:
    """A WebSocket of the studio."""
    async with ClientSession() as session, session.ws_connect(served.studio.url.rstrip("/") + path) as socket:
        yield socket


async def hear(socket: ClientWebSocketResponse, kind: str) -> Any:
    """The next thing of this kind that is told."""
    async with asyncio.timeout(5):
        while True:
            said = await socket.receive_json()
            if kind in said:
                return said[kind]


def test_stats_are_told_again_and_again(served: Served) -> None:
    async def listen() -> None:
        async with opened(served, "/api/events") as socket:
            first = await hear(socket, "stats")
            while (later := await hear(socket, "stats"))["nodes"]["voice"]["calls"] <= first["nodes"]["voice"]["calls"]:
                pass
            assert first["ended"] is later["ended"] is None

    asyncio.run(listen())


def test_a_dial_that_a_node_puts_back_is_told(served: Served) -> None:
    async def listen() -> None:
        async with opened(served, "/api/events") as socket:
            await socket.send_json({"set": {"node": "voice", "param": "pair", "value": []}})
            told = [(await hear(socket, "param"))["value"] for _ in range(2)]
            assert told == [[], [1.0, 2.0]]

    asyncio.run(listen())
    params = {param["name"]: param for param in served.ask("GET", "/api/run")[1]["nodes"][1]["params"]}
    assert params["pair"]["value"] == [1.0, 2.0]


def test_a_dial_that_anybody_turns_is_told_to_all(served: Served) -> None:
    async def listen() -> None:
        async with opened(served, "/api/events") as one, opened(served, "/api/events") as other:
            await one.send_json({"set": {"node": "voice", "param": "gain", "value": 0.75}})
            told = {"node": "voice", "param": "gain", "value": 0.75}
            assert await hear(one, "param") == await hear(other, "param") == told
            await asyncio.to_thread(served.put, "mood", "merry")
            assert await hear(other, "param") == {"node": "voice", "param": "mood", "value": "merry"}
            await one.send_json({"interrupt": True})
            await asyncio.to_thread(served.voice.wait_for, ("interrupt", None))

    asyncio.run(listen())
    assert served.voice.turned == [("gain", 0.75), ("mood", "merry"), ("interrupt", None)]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({"set": {"node": "voice", "param": "gain", "value": 7}}, "voice.gain: 7.0, expected number from 0.0"),
        ({"set": {"node": "voice", "param": "nothing", "value": 7}}, "voice.nothing: no live param; expected one of"),
        ({"set": {"node": ["voice"], "param": 3, "value": 7}}, "\"['voice']\": no such node; expected one of count,"),
        ({"set": {"node": "voice"}}, 'expected {"set": {"node": ..., "param": ..., "value": ...}}'),
        ({"set": 3}, "expected {"),
        ({"interrupt": 1}, "expected {"),
        (17, "expected {"),
        ("{", "expected JSON: "),
        ("[" * 50_000, "expected JSON: "),
        (b"\x00\xff", "expected text: JSON"),
    ],
)
def test_what_is_not_understood_is_answered_and_the_connection_stays(served: Served, said: Any, answer: str) -> None:
    async def listen() -> None:
        async with opened(served, "/api/events") as socket:
            if isinstance(said, bytes):
                await socket.send_bytes(said)
            else:
                await socket.send_str(said if isinstance(said, str) else json.dumps(said))
            assert (await hear(socket, "error")).startswith(answer)
            await socket.send_json({"set": {"node": "voice", "param": "gain", "value": 0.25}})
            assert (await hear(socket, "param"))["value"] == 0.25

    asyncio.run(listen())


def test_of_a_dial_that_is_turned_quickly_the_newest_value_holds(served: Served) -> None:
    async def listen() -> None:
        async with opened(served, "/api/events") as socket:
            for index in range(90):
                await socket.send_json({"set": {"node": "voice", "param": "gain", "value": index / 100}})
            while (await hear(socket, "param"))["value"] != 0.89:
                pass

    asyncio.run(listen())
    served.voice.wait_for(("gain", 0.89))
    gains = [value for _, value in served.voice.turned]
    assert gains == sorted(gains)


def test_the_end_is_told(served: Served) -> None:
    async def listen() -> None:
        async with opened(served, "/api/events") as socket:
            await hear(socket, "stats")
            served.run.stop()
            assert await asyncio.to_thread(served.run.wait, 5)
            closing = asyncio.to_thread(served.studio.close, "the disk is full")
            ended, _ = await asyncio.gather(hear(socket, "ended"), closing)
            assert ended == "the disk is full"
            while (last := await socket.receive(timeout=5)).type is WSMsgType.TEXT:
                pass
            assert last.data == 1001

    asyncio.run(listen())


def test_a_picture_is_the_newest_of_its_output(served: Served) -> None:
    async def look() -> list[bytes]:
        async with opened(served, "/api/pictures/blocks/block?width=100") as socket:
            return [await socket.receive_bytes(timeout=5) for _ in range(3)]

    assert asyncio.run(look()) == [b"100000 160"] * 3


def test_nothing_is_kept_or_made_while_nobody_looks(served: Served) -> None:
    picture = served.studio._pictures._pictures["blocks", "block"]
    assert (picture._newest, picture._number) == (None, 0)

    async def look() -> None:
        async with (
            opened(served, "/api/pictures/blocks/block") as one,
            opened(served, "/api/pictures/blocks/block") as other,
        ):
            await one.receive_bytes(timeout=5)
            await other.receive_bytes(timeout=5)
            assert picture.viewers == 2
        async with asyncio.timeout(5):
            while picture.viewers:
                await asyncio.sleep(0)

    for _ in range(2):
        asyncio.run(look())
        assert (picture._newest, picture._number, picture._made) == (None, 0, {})
    served.put("line", "some time passes")
    assert (picture._newest, picture._number) == (None, 0)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/pictures/blocks/number", 404),
        ("/api/pictures/nobody/block", 404),
        ("/api/pictures/blocks/block?width=0", 400),
        ("/api/pictures/blocks/block?width=1e9", 400),
        ("/api/pictures/blocks/block?width=%D9%A3%D9%A3", 400),
        ("/api/pictures/blocks/block?width=99999999999999999999", 400),
    ],
)
def test_pictures_that_are_none_are_refused(served: Served, path: str, status: int) -> None:
    async def look() -> int:
        with pytest.raises(WSServerHandshakeError) as caught:
            async with opened(served, path):
                pass
        return caught.value.status

    assert asyncio.run(look()) == status


def test_a_preview_that_fails_ends_its_viewer_only(caplog: pytest.LogCaptureFixture) -> None:
    def fail(block: Block, width: int) -> bytes:
        raise ValueError("no such colour")

    run = Run(small_graph(), live=True)
    studio = Studio(run, {payload_name(Block): Preview(Block, fail)})
    studio.start()
    with studio:
        run.start()
        served = Served(run, studio)

        async def look() -> Any:
            async with opened(served, "/api/pictures/blocks/block") as socket:
                return await socket.receive(timeout=5)

        assert asyncio.run(look()).data == 1011
        assert served.put("gain", 1.0)[0] == 200
        run.stop()
        assert run.wait(5)
    assert "no such colour" in caplog.text
