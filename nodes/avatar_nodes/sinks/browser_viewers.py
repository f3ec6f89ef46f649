"""Everybody who looks at the page of `browser_view`: each gets what it can take, and none waits for another."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from aiohttp import WSMsgType, web

from avatar_nodes.sinks.browser_wire_model import FORGET
from graphcore import Bucket, WebSocket

PAGE = Path(__file__).parent / "browser_view_page"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
VIEWERS = 16  # at once
ON_WAY = 3  # pictures that a viewer has not got yet: more would wait in the sockets between, and be old
SOUNDS = 50  # messages that wait for a viewer: 1 s of 20 ms each
PATIENCE_S = 10.0  # with a viewer that takes nothing
SAID_A_SECOND = 300.0  # by a viewer, and so much at once; one that says more is read no faster
FAREWELL_S = 0.4  # for a viewer to take leave


class Viewer:
    """One page: its socket, and what waits to be sent to it."""

    def __init__(self, socket: WebSocket, *, muted: bool) -> None:
        self.socket, self.muted = socket, muted
        self.sounds: deque[bytes | str] = deque()
        self.picture: bytes | None = None
        self.on_way = 0
        self.wake = asyncio.Event()

    async def send_all(self) -> None:
        """Send what waits, sound first, until the socket is closed or takes nothing any more."""
        while not self.socket.closed:
            await self.wake.wait()
            self.wake.clear()
            async with asyncio.timeout(PATIENCE_S):
                await self._send_waiting()

    async def _send_waiting(self) -> None:
        while self.sounds:
            message = self.sounds.popleft()
            await (self.socket.send_str(message) if isinstance(message, str) else self.socket.send_bytes(message))
        if self.picture is not None and self.on_way < ON_WAY:
            message, self.picture = self.picture, None
            self.on_way += 1
            await self.socket.send_bytes(message)


class Viewers:
    """Sends pictures and sound to all viewers; its methods are called on the server's loop.

    What a viewer cannot take in time is left out for it, oldest first, and counted in `counts`. `watch` is told
    (True) whenever one has come, and (False) when the last has left.
    """

    def __init__(self, counts: dict[str, int], watch: Callable[[bool], None]) -> None:
        self._counts, self._watch = counts, watch
        self._viewers: set[Viewer] = set()
        counts |= {"viewers": 0, "frames dropped": 0, "sound chunks dropped": 0}

    @property
    def present(self) -> bool:
        """Whether anybody looks. Called from any thread."""
        return bool(self._viewers)

    def routes(self) -> list[web.RouteDef]:
        """The page, its files, and its WebSocket."""
        files = [_file_route(path) for path in sorted(PAGE.iterdir()) if path.suffix in TYPES]
        return [*files, web.get("/socket", self._admit)]

    def show(self, picture: bytes) -> None:
        """A picture for everybody; it replaces one that still waits."""
        for viewer in self._viewers:
            self._counts["frames dropped"] += viewer.picture is not None
            viewer.picture = picture
            viewer.wake.set()

    def hear(self, sound: bytes) -> None:
        """A piece of sound for everybody who hears."""
        for viewer in self._viewers:
            if viewer.muted:
                continue
            if len(viewer.sounds) >= SOUNDS:
                viewer.sounds.popleft()
                self._counts["sound chunks dropped"] += 1
            viewer.sounds.append(sound)
            viewer.wake.set()

    def forget(self) -> None:
        """Let pages throw away the sound that they have not played yet."""
        for viewer in self._viewers:
            viewer.sounds.clear()
            viewer.sounds.append(FORGET)
            viewer.wake.set()

    async def close(self) -> None:
        """Say goodbye to everybody; pages then try to come back."""
        await asyncio.gather(*(_part(viewer.socket) for viewer in self._viewers))

    async def _admit(self, request: web.Request) -> web.StreamResponse:
        if len(self._viewers) >= VIEWERS:
            raise web.HTTPServiceUnavailable(text=f"{VIEWERS} viewers are here already")
        socket = WebSocket(Bucket(SAID_A_SECOND, SAID_A_SECOND, time.monotonic))
        await socket.prepare(request)
        viewer = Viewer(socket, muted="mute" in request.query)
        self._enter(viewer)
        sending = asyncio.create_task(self._serve(viewer))
        try:
            await _listen(viewer)
        finally:
            self._leave(viewer)
            sending.cancel()
        return socket

    async def _serve(self, viewer: Viewer) -> None:
        """Send to one viewer; one that is gone, or takes nothing, is let go."""
        with contextlib.suppress(TimeoutError, ConnectionError):
            await viewer.send_all()
        self._leave(viewer)
        await _part(viewer.socket)

    def _enter(self, viewer: Viewer) -> None:
        self._viewers.add(viewer)
        self._counts["viewers"] = len(self._viewers)
        self._watch(True)

    def _leave(self, viewer: Viewer) -> None:
        if viewer in self._viewers:
            self._viewers.remove(viewer)
            self._counts["viewers"] = len(self._viewers)
            if not self._viewers:
                self._watch(False)


async def _listen(viewer: Viewer) -> None:
    """What a page says, until it leaves; what is no word of ours ends it."""
    while (message := await viewer.socket.hear()) is not None and message.type is WSMsgType.TEXT:
        _take(viewer, message.data)


def _take(viewer: Viewer, text: str) -> None:
    try:
        said = json.loads(text)
    except ValueError:
        return
    if not isinstance(said, dict):
        return
    if "got" in said:
        viewer.on_way = max(0, viewer.on_way - 1)
    elif "ping" in said and len(viewer.sounds) < SOUNDS:
        viewer.sounds.appendleft(json.dumps({"pong": said["ping"], "clock": time.monotonic()}))
    viewer.wake.set()


async def _part(socket: WebSocket) -> None:
    with contextlib.suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(FAREWELL_S):
            await socket.close()


def _file_route(path: Path) -> web.RouteDef:
    content, kind = path.read_bytes(), TYPES[path.suffix]

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=content, content_type=kind, charset="utf-8")

    return web.get("/" if path.name == "index.html" else f"/{path.name}", answer)
