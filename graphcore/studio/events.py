"""What changes in a run, told over a WebSocket; a slow client gets the newest of each kind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from time import monotonic
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from graphcore.web.guard import Bucket
from graphcore.web.websocket import WebSocket

EVERY_S = 0.25  # stats are told
STUCK_S = 10.0  # a client that takes nothing for so long is let go
MAX_SAID = 64 << 10  # bytes of one thing that a client says
SAID_A_SECOND, AT_ONCE = 200.0, 100.0  # by all together; beyond these clients are read no faster


class Client:
    """One who listens: what it has yet to be told, the newest of each kind, in the order of the first."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._waiting: dict[str, str] = {}
        self._some = asyncio.Event()
        self._told = asyncio.Event()  # it has taken all there was

    def tell(self, kind: str, text: str) -> None:
        """Say it when the client takes it, unless something newer of this kind comes first."""
        self._waiting[kind] = text
        self._some.set()
        self._told.clear()

    async def send(self) -> None:
        """Until it is gone, or takes nothing any more."""
        try:
            while True:
                await self._some.wait()
                self._some.clear()
                waiting, self._waiting = self._waiting, {}
                for text in waiting.values():
                    async with asyncio.timeout(STUCK_S):
                        await self._socket.send_str(text)
                if not self._waiting:
                    self._told.set()
        except (TimeoutError, ConnectionError):
            await self._socket.close()
        finally:
            self._told.set()

    async def leave(self) -> None:
        """Once it has taken all there was."""
        await self._told.wait()
        await self._socket.close(code=WSCloseCode.GOING_AWAY)


class Events:
    """Those who listen. `obey` does what one of them says, and returns what to answer, if anything."""

    def __init__(self, stats: Callable[[], str], obey: Callable[[Any], str]) -> None:
        self._stats = stats  # as JSON
        self._obey = obey
        self._bucket = Bucket(SAID_A_SECOND, AT_ONCE, monotonic)
        self._clients: set[Client] = set()
        self._ticking: asyncio.Task[None] | None = None

    def param(self, node: str, param: str, value: Any) -> None:
        """Tell all that a dial was turned."""
        self._tell(f"param {node}.{param}", {"param": {"node": node, "param": param, "value": value}})

    def end(self, text: str) -> None:
        """Tell all that the run has ended, and how."""
        for client in self._clients:
            client.tell("stats", _stats_message(self._stats()))
        self._tell("ended", {"ended": text})

    async def close(self) -> None:
        """Let everybody take what there is to tell, and leave."""
        await asyncio.gather(*(client.leave() for client in self._clients))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Tell and obey one client until it is gone."""
        socket = WebSocket(self._bucket, max_bytes=MAX_SAID)
        await socket.prepare(request)
        client = Client(socket)
        self._clients.add(client)
        client.tell("stats", _stats_message(self._stats()))
        if self._ticking is None:
            self._ticking = asyncio.ensure_future(self._tick())
        sending = asyncio.ensure_future(client.send())
        try:
            await self._hear(socket, client)
        finally:
            self._clients.discard(client)
            sending.cancel()
        return socket

    async def _tick(self) -> None:
        """While somebody listens."""
        while self._clients:
            await asyncio.sleep(EVERY_S)
            text = _stats_message(self._stats()) if self._clients else ""
            for client in self._clients:
                client.tell("stats", text)
        self._ticking = None

    async def _hear(self, socket: WebSocket, client: Client) -> None:
        while (said := await socket.hear()) is not None:
            if said.type is not WSMsgType.TEXT:
                client.tell("answer", json.dumps({"error": "expected text: JSON"}))
            elif answer := self._obey(said.data):
                client.tell("answer", answer)

    def _tell(self, kind: str, what: dict[str, Any]) -> None:
        text = json.dumps(what)
        for client in self._clients:
            client.tell(kind, text)


def _stats_message(stats: str) -> str:
    return f'{{"stats": {stats}}}'
