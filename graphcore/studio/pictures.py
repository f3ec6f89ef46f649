"""What outputs show, as JPEGs over a WebSocket: made only while somebody looks, and never on a node's thread."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, web

from graphcore.errors import GraphcoreError, ParamError
from graphcore.packet import Packet
from graphcore.payload import payload_name
from graphcore.plugins import Preview
from graphcore.web.guard import Bucket
from graphcore.web.websocket import WebSocket

if TYPE_CHECKING:
    from graphcore.places.placed_run import PlacedRun
    from graphcore.runtime.run import Run

log = logging.getLogger(__name__)

LEAST_WIDTH, WIDTH, MOST_WIDTH = 16, 640, 2048
WIDTHS = (160, 320, 480, 640, 960, 1280, MOST_WIDTH)  # that are made: a page of each size would cost as much again
MOST_VIEWERS = 16  # of all pictures together
WAITING_BYTES = 1 << 17  # in the kernel, for a viewer: what waits there is old when it is seen
STUCK_S = 10.0  # a viewer that takes nothing for so long is let go
SAID_A_SECOND, AT_ONCE = 20.0, 20.0  # by a viewer, to whom nobody listens; it is read no faster


class NoPictureError(GraphcoreError):
    """There is no such output, or it cannot be seen."""


class ManyViewersError(GraphcoreError):
    """More are looking than the machine can serve."""


class Picture:
    """The newest payload of one output, and its JPEGs by width, each made once for all who look."""

    def __init__(self, preview: Preview, workers: ThreadPoolExecutor) -> None:
        self.viewers = 0
        self._preview = preview
        self._workers = workers
        self._loop: asyncio.AbstractEventLoop  # once somebody looks
        self._newest: Any = None
        self._number = 0  # of the newest payload, from 1
        self._fresh = asyncio.Event()
        self._made: dict[int, asyncio.Future[bytes]] = {}  # of the newest payload, by width

    def see(self, packet: Packet) -> None:
        """A packet was sent; on its node's thread, where nothing may take time."""
        if self.viewers:
            with contextlib.suppress(RuntimeError):  # the server has closed
                self._loop.call_soon_threadsafe(self._take, packet.payload)

    async def jpeg(self, width: int, after: int) -> tuple[int, bytes]:
        """The newest payload with a number above `after`, once there is one: its number, and its JPEG."""
        while self._number <= after:
            await self._fresh.wait()
        if width not in self._made:
            making = self._loop.run_in_executor(self._workers, self._preview.jpeg, self._newest, width)
            self._made[width] = making
        return self._number, await asyncio.shield(self._made[width])

    def join(self) -> None:
        """A viewer has come, on the server's loop."""
        self._loop = asyncio.get_running_loop()
        self.viewers += 1

    def leave(self) -> None:
        """A viewer is gone; after the last one nothing is kept."""
        self.viewers -= 1
        if not self.viewers:
            self._newest = None
            self._number = 0  # whoever comes next waits for a new one
            self._made.clear()

    def _take(self, payload: Any) -> None:
        if self.viewers:
            self._newest = payload
            self._number += 1
            self._made.clear()
            fresh, self._fresh = self._fresh, asyncio.Event()
            fresh.set()


class Pictures:
    """The outputs that can be seen, by (node, output): those of payloads that a plugin has a Preview for.

    Over places only nodes of this process can be seen.
    """

    def __init__(self, run: Run | PlacedRun, previews: Mapping[str, Preview]) -> None:
        self._workers = ThreadPoolExecutor(1, "graphcore-pictures")
        self._least_s = 0.8 / float(run.graph.frame_rate)  # offline there may be many more frames a second
        self._viewers: set[WebSocket] = set()
        self._pictures: dict[tuple[str, str], Picture] = {}
        for node in run.graph.nodes.values():
            for name, port in node.node_class.outputs.items():
                if preview := previews.get(payload_name(port.payload)):
                    picture = Picture(preview, self._workers)
                    if run.tap(node.name, name, picture.see):
                        self._pictures[node.name, name] = picture

    def shows(self, node: str, output: str) -> bool:
        """Whether an output can be seen."""
        return (node, output) in self._pictures

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Send the newest JPEG whenever the viewer has taken the one before.

        Raises NoPictureError, ParamError, ManyViewersError.
        """
        picture, width = self._found(request), _width(request.query.get("width", str(WIDTH)))
        if len(self._viewers) >= MOST_VIEWERS:
            raise ManyViewersError(f"{MOST_VIEWERS} viewers are looking already")
        viewer = WebSocket(Bucket(SAID_A_SECOND, AT_ONCE, monotonic))
        await viewer.prepare(request)
        _keep_little(request)
        picture.join()
        self._viewers.add(viewer)
        sending = asyncio.ensure_future(self._send(picture, viewer, width))
        try:
            while await viewer.hear() is not None:
                """What a viewer says is not heard."""
        finally:
            picture.leave()
            self._viewers.discard(viewer)
            sending.cancel()
        return viewer

    async def dismiss(self) -> None:
        """Let every viewer leave."""
        await asyncio.gather(*(viewer.close(code=WSCloseCode.GOING_AWAY) for viewer in self._viewers))

    def close(self) -> None:
        """Make no more."""
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _found(self, request: web.Request) -> Picture:
        node, output = request.match_info["node"], request.match_info["output"]
        if (picture := self._pictures.get((node, output))) is None:
            raise NoPictureError(f"{node[:100]}.{output[:100]}: no picture to be seen here")
        return picture

    async def _send(self, picture: Picture, viewer: WebSocket, width: int) -> None:
        number = 0
        try:
            while True:
                number, coded = await picture.jpeg(width, number)
                async with asyncio.timeout(STUCK_S):
                    await viewer.send_bytes(coded)
                await asyncio.sleep(self._least_s)
        except (TimeoutError, ConnectionError):  # it takes nothing, or is gone
            await viewer.close()
        except Exception:  # a plugin's preview
            log.warning("a picture could not be made", exc_info=True)
            await viewer.close(code=1011, message=b"this picture cannot be made")


def _keep_little(request: web.Request) -> None:
    connection = request.transport.get_extra_info("socket") if request.transport is not None else None
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, WAITING_BYTES)


def _width(text: str) -> int:
    """The least that is made and is not less than what is asked for; raises ParamError."""
    if text.isascii() and text.isdigit() and len(text) < 6 and LEAST_WIDTH <= int(text) <= MOST_WIDTH:
        return next(width for width in WIDTHS if width >= int(text))
    raise ParamError(f"width: expected a whole number from {LEAST_WIDTH} to {MOST_WIDTH}")
