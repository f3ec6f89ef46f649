"""Other programs that speak, one at a time: raw PCM over TCP, or over a WebSocket that also takes orders."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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


@dataclass
class Turn:
    """One program that speaks, since it connected (ns by the clock)."""

    since: int
    socket: WebSocket | None = None  # None: it came over TCP, and is told nothing
    passing: Passing = field(default_factory=Passing)
    interrupts: int = 0
    broken_off: bool = False  # by an interrupt, and nothing that came later was taken yet
    end_awaited: bool = False


class Speakers:
    """Fills a queue with what one program at a time sends; lives on one event loop. `now`: the clock, in ns.

    A full queue is not read into: the sender waits. A program that leaves is heard to its end.
    """

    def __init__(self, queue: SoundQueue, usual: PcmFormat, now: Callable[[], int]) -> None:
        self.now = now
        self._queue, self._usual = queue, usual
        self._bucket = Bucket(A_SECOND, AT_ONCE, monotonic)
        self._turn: Turn | None = None

    @property
    def present(self) -> bool:
        """Whether a program speaks."""
        return self._turn is not None

    def routes(self) -> list[web.RouteDef]:
        """What a WebServer serves."""
        return [
            web.get("/", self._explain),
            web.get("/speak", self._talk),
            web.post("/interrupt", self._be_interrupted),
        ]

    async def interrupt(self, moment: int) -> None:
        """Throw away what waits here or is on its way, and tell the program; not of one that came after the moment."""
        self._queue.forget(moment)
        turn = self._turn
        if turn is not None and turn.since <= moment:
            turn.interrupts += 1
            turn.broken_off, turn.end_awaited = True, False
            turn.passing.begin(asyncio.get_running_loop().time())
            await _tell(turn, {"interrupt": True})

    async def _talk(self, request: web.Request) -> web.StreamResponse:
        """A WebSocket: binary messages are PCM, text messages are orders."""
        since, talk = self.now(), WebSocket(self._bucket, max_bytes=LARGEST)
        await talk.prepare(request)
        if request.transport is not None:
            watch(request.transport.get_extra_info("socket"))
        if self.present:
            await talk.send_json({"error": BUSY})
            await talk.close(code=WSCloseCode.TRY_AGAIN_LATER, message=BUSY.encode())
            return talk
        with self.turn(since, talk) as turn:
            telling = asyncio.create_task(self._tell_waiting(turn))
            try:
                await self._hear_all(turn, talk)
            finally:
                telling.cancel()
        return talk

    async def _hear_all(self, turn: Turn, talk: WebSocket) -> None:
        reader = self.reader()
        while (message := await talk.hear()) is not None:
            if message.type is WSMsgType.BINARY:
                await self.hear(turn, reader, message.data)
            else:
                try:
                    reader = await self._obey(turn, message.data) or reader
                except OrderError as error:
                    await _tell(turn, {"error": str(error)})

    async def _obey(self, turn: Turn, text: str) -> PcmReader | None:
        """Do what a text message says; a new reader where it announces another format."""
        order = order_of(text, self._usual)
        if isinstance(order, PcmFormat):
            return self.reader(order)
        if order == "interrupt":
            self._queue.forget()
            return None
        self._queue.complete()
        if turn.broken_off:  # this is the end of what was not played
            turn.broken_off = False
            await _tell(turn, {"interrupt": True})
        else:
            turn.end_awaited = True
        return None

    def reader(self, given: PcmFormat | None = None) -> PcmReader:
        """What makes samples of bytes; `given`: what they mean, where it is not the usual."""
        return PcmReader(given or self._usual, self._usual.sample_rate, self._usual.channels)

    async def hear(self, turn: Turn, reader: PcmReader, data: bytes) -> None:
        """Put what came into the queue, and wait while that is full."""
        now = asyncio.get_running_loop().time
        for start in range(0, len(data), PORTION):
            samples = reader.read(data[start : start + PORTION])  # even if not wanted: a sample may be cut in two
            if turn.passing.takes(now()):
                continue
            turn.broken_off = False
            self._queue.put(samples, turn.since)
            await asyncio.sleep(self._bucket.take())
            await self._wait_for_room(turn)

    async def _wait_for_room(self, turn: Turn) -> None:
        interrupts = turn.interrupts
        while self._queue.full:
            await asyncio.sleep(POLL_S)
        if interrupts != turn.interrupts:  # what passes could not be seen from here
            turn.passing.begin(asyncio.get_running_loop().time())

    @contextlib.contextmanager
    def turn(self, since: int, socket: WebSocket | None = None) -> Iterator[Turn]:
        """One program speaks, which connected at this time (ns)."""
        self._turn = Turn(since, socket)
        try:
            yield self._turn
        finally:
            self._turn = None
            self._queue.complete()

    async def _tell_waiting(self, turn: Turn) -> None:
        """Tell the program that speaks how much of it waits, when that has changed, and when its end was heard."""
        told = 0
        while True:
            waiting = self._queue.waiting_ms
            if waiting != told:
                await _tell(turn, {"waiting_ms": waiting})
                told = waiting
            if turn.end_awaited and not waiting:
                turn.end_awaited = False
                await _tell(turn, {"end": True})
            await asyncio.sleep(TELL_S)

    async def _be_interrupted(self, _request: web.Request) -> web.Response:
        await self.interrupt(self.now())
        return web.json_response({})

    async def _explain(self, _request: web.Request) -> web.Response:
        usual = self._usual
        return web.Response(
            text="Send PCM as binary messages to the WebSocket /speak"
            f" ({usual.sample_format}, {usual.sample_rate} Hz, channels: {usual.channels}).\n"
        )


async def _tell(turn: Turn, message: dict[str, Any]) -> None:
    if turn.socket is not None:
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):  # it has just gone, or does not listen
            async with asyncio.timeout(LISTENS_S):
                await turn.socket.send_json(message)
