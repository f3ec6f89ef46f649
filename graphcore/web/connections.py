"""The connections of a server: bounded, and none keeps its place for nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import dataclass

from aiohttp import web

MOST = 64  # at once
MOST_SOCKETS = 40  # of them WebSockets, which keep their places; the others are answered, and make room
SILENT_S = 10.0  # a connection that has not asked for anything by then is closed
STUCK_S = 10.0  # one that takes nothing of what it is sent for so long, too
LOOK_EVERY_S = 1.0


@dataclass(slots=True)
class Connection:
    """What is known of one, oldest first in the order it came."""

    since: float
    heard: bool = False  # it has asked for something
    stays: bool = False  # it is a WebSocket
    waiting: int = 0  # bytes that it has not taken
    moved: float = 0.0  # when that last changed


class Connections:
    """Knows every connection; all on the server's loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._known: dict[asyncio.BaseTransport, Connection] = {}

    def add(self, transport: asyncio.Transport, taken: socket.socket) -> None:
        """One more; where that is too many, the oldest goes that has asked for nothing, or was answered."""
        _notice_death(taken)
        self._forget_closed()
        while len(self._known) >= MOST:
            self._abort(self._least())
        now = self._loop.time()
        self._known[transport] = Connection(now, moved=now)

    def hear(self, transport: asyncio.BaseTransport | None) -> None:
        """It asks for something."""
        if known := self._known.get(transport) if transport is not None else None:
            known.heard = True

    def stay(self, request: web.Request) -> bool:
        """It is to become a WebSocket; False: there are too many."""
        self._forget_closed()
        if sum(each.stays for each in self._known.values()) >= MOST_SOCKETS:
            return False
        if known := self._known.get(request.transport) if request.transport is not None else None:
            known.stays = True
        return True

    async def watch(self) -> None:
        """Close those that say nothing and those that take nothing, for as long as the server lives."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self._forget_closed()
            self._look(self._loop.time())

    def _look(self, now: float) -> None:
        for transport, known in list(self._known.items()):
            assert isinstance(transport, asyncio.Transport)
            waiting = transport.get_write_buffer_size()
            if waiting != known.waiting or not waiting:
                known.waiting, known.moved = waiting, now
            silent = not known.heard and now - known.since > SILENT_S
            if silent or now - known.moved > STUCK_S:
                self._abort(transport)

    def _least(self) -> asyncio.BaseTransport:
        known = self._known
        return next(
            (each for each in known if not known[each].heard), next(each for each in known if not known[each].stays)
        )

    def _abort(self, transport: asyncio.BaseTransport) -> None:
        del self._known[transport]
        assert isinstance(transport, asyncio.Transport)
        transport.abort()

    def _forget_closed(self) -> None:
        for transport in [each for each in self._known if each.is_closing()]:
            del self._known[transport]


def _notice_death(taken: socket.socket) -> None:
    """A phone that walks out of the house says nothing: let the kernel ask it now and then."""
    with contextlib.suppress(OSError, AttributeError):  # not every system has them
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 20)
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
