"""Other programs that speak, one at a time: raw PCM over TCP, or over a WebSocket that also takes orders."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from time import monotonic
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from avatar_nodes.audio.loopback_model import watch
from avatar_nodes.audio.passing_model import Passing
from avatar_nodes.audio.pcm_model import PcmFormat, PcmReader
from avatar_nodes.audio.sound_queue_model import SoundQueue
from avatar_nodes.audio.spoken_order_model import OrderError, order_of
from graphcore import Bucket, WebSocket

PORTION = 1 << 14  # bytes that become sound at once
LARGEST = 1 << 20  # bytes of a message
POLL_S = 0.02  # how often a full queue is looked at
TELL_S = 0.1  # between two messages about what waits
A_SECOND, AT_ONCE = 2000.0, 2000.0  # messages and portions, by all together; beyond these the next one waits
LISTENS_S = 1.0  # within this a program takes a message, or goes without it
BUSY = "another program speaks here; one at a time"


class Speakers:
    """Fills a queue with what one program at a time sends; lives on one event loop.

    A full queue is not read into: the sender waits. A program that leaves is heard to its end.
    """

    def __init__(self, queue: SoundQueue, usual: PcmFormat) -> None:
        self._queue, self._usual = queue, usual
        self._passing, self._bucket = Passing(), Bucket(A_SECOND, AT_ONCE, monotonic)
        self._interrupts = 0
        self._end_awaited = False
        self.present = False  # whether a program speaks
        self._socket: WebSocket | None = None

    def routes(self) -> list[web.RouteDef]:
        """What a WebServer serves."""
        return [
            web.get("/", self._explain),
            web.get("/speak", self._talk),
            web.post("/interrupt", self._be_interrupted),
        ]

    async def interrupt(self) -> None:
        """Throw away what waits here or is on its way; the program that speaks is told."""
        self._interrupts += 1
        self._passing.begin(asyncio.get_running_loop().time())
        self._queue.forget()
        await self._tell({"interrupt": True})

    async def _talk(self, request: web.Request) -> web.StreamResponse:
        """A WebSocket: binary messages are PCM, text messages are orders."""
        talk = WebSocket(self._bucket, max_bytes=LARGEST)
        await talk.prepare(request)
        if request.transport is not None:
            watch(request.transport.get_extra_info("socket"))
        if self.present:
            await talk.send_json({"error": BUSY})
            await talk.close(code=WSCloseCode.TRY_AGAIN_LATER, message=BUSY.encode())
            return talk
        with self.turn():
            self._socket, self._end_awaited = talk, False
            telling = asyncio.create_task(self._tell_waiting())
            try:
                await self._hear_all(talk)
            finally:
                telling.cancel()
                self._socket = None
        return talk

    async def _hear_all(self, talk: WebSocket) -> None:
        reader = self.reader()
        while (message := await talk.hear()) is not None:
            if message.type is WSMsgType.BINARY:
                await self.hear(reader, message.data)
            else:
                try:
                    reader = self._obey(message.data) or reader
                except OrderError as error:
                    await self._tell({"error": str(error)})

    def _obey(self, text: str) -> PcmReader | None:
        """Do what a text message says; a new reader where it announces another format."""
        order = order_of(text, self._usual)
        if isinstance(order, PcmFormat):
            return self.reader(order)
        if order == "interrupt":
            self._queue.forget()
        else:
            self._queue.complete()
            self._end_awaited = True
        return None

    def reader(self, given: PcmFormat | None = None) -> PcmReader:
        """What makes samples of bytes; `given`: what they mean, where it is not the usual."""
        return PcmReader(given or self._usual, self._usual.sample_rate, self._usual.channels)

    async def hear(self, reader: PcmReader, data: bytes) -> None:
        """Put what came into the queue, and wait while that is full."""
        now = asyncio.get_running_loop().time
        for start in range(0, len(data), PORTION):
            samples = reader.read(data[start : start + PORTION])  # even if not wanted: a sample may be cut in two
            if self._passing.takes(now()):
                continue
            self._queue.put(samples)
            await asyncio.sleep(self._bucket.take())
            await self._wait_for_room()

    async def _wait_for_room(self) -> None:
        interrupts = self._interrupts
        while self._queue.full:
            await asyncio.sleep(POLL_S)
        if interrupts != self._interrupts:  # what passes could not be seen from here
            self._passing.begin(asyncio.get_running_loop().time())

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """One program speaks."""
        self.present = True
        try:
            yield
        finally:
            self.present = False
            self._queue.complete()

    async def _tell_waiting(self) -> None:
        """Tell the program that speaks how much of it waits, when that has changed, and when its end was heard."""
        told = 0
        while True:
            waiting = self._queue.waiting_ms
            if waiting != told:
                await self._tell({"waiting_ms": waiting})
                told = waiting
            if self._end_awaited and not waiting:
                self._end_awaited = False
                await self._tell({"end": True})
            await asyncio.sleep(TELL_S)

    async def _tell(self, message: dict[str, Any]) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError, RuntimeError, TimeoutError):  # it has just gone, or does not listen
                async with asyncio.timeout(LISTENS_S):
                    await self._socket.send_json(message)

    async def _be_interrupted(self, _request: web.Request) -> web.Response:
        await self.interrupt()
        return web.json_response({})

    async def _explain(self, _request: web.Request) -> web.Response:
        usual = self._usual
        return web.Response(
            text="Send PCM as binary messages to the WebSocket /speak"
            f" ({usual.sample_format}, {usual.sample_rate} Hz, channels: {usual.channels}).\n"
        )
