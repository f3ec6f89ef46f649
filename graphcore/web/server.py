"""HTTP and WebSocket on a thread of its own, so that no client can make a graph wait."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import errno
import logging
import socket
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from aiohttp import web

from graphcore.errors import WebError
from graphcore.web.connections import MOST, Connections
from graphcore.web.guard import Bucket, Guard, is_loopback

T = TypeVar("T")

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())  # what a client does wrong is not the user's business

CONNECTIONS_A_SECOND, AT_ONCE = 100.0, 64.0
KEEP_ALIVE_S = 20.0
CLOSE_S = 0.2  # for handlers to end, and again once they are told to
MAX_BODY = 1 << 20  # bytes, of a request that is read whole


class WebServer:
    """Serves `routes`, guarded: from another machine only with a `token`, never for another site's page.
    `another_port` says how its user gives one.

    `start` raises WebError where it cannot be had. Handlers are coroutines of aiohttp and run on the server's thread.
    """

    def __init__(
        self,
        routes: Sequence[web.AbstractRouteDef],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str = "",
        max_body: int = MAX_BODY,
        another_port: str = "",
    ) -> None:
        self.loop: asyncio.AbstractEventLoop  # from `start` on
        self._routes, self._host, self._port, self._token, self._max_body = routes, host, port, token, max_body
        self._another_port = another_port
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._work, name="graphcore-web", daemon=True)
        self._ready = threading.Event()
        self._closing = asyncio.Event()

    @property
    def port(self) -> int:
        """Where it listens, once it was started."""
        return self._port

    @property
    def url(self) -> str:
        """What to type into a browser on this machine."""
        host = self._host if self._host not in ("0.0.0.0", "::") else "127.0.0.1"
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{self._port}/" + (f"?token={quote(self._token, safe='')}" if self._token else "")

    def start(self) -> None:
        """Listen, and serve from now on."""
        if not is_loopback(self._host) and not self._token:
            raise WebError(f"{self._host} can be reached from other machines", fix="give a token, or host: 127.0.0.1")
        self._socket = _listen(self._host, self._port, self._another_port)
        self._port = self._socket.getsockname()[1]
        self.loop = asyncio.new_event_loop()
        self._thread.start()
        self._ready.wait()

    def submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Run a coroutine on the server's loop. Called from any thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def close(self) -> None:
        """End every connection; once."""
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self._closing.set)
            self._thread.join()

    def _work(self) -> None:
        try:
            self.loop.run_until_complete(self._serve())
        finally:
            self._ready.set()
            self.loop.close()

    async def _serve(self) -> None:
        assert self._socket is not None
        connections = Connections(self.loop)
        guard = Guard(self._token, f"graphcore-{self._port}", connections)
        application = web.Application(middlewares=[guard.middleware], client_max_size=self._max_body)
        application.add_routes(self._routes)
        application.on_response_prepare.append(guard.headers)
        runner = web.AppRunner(
            application,
            access_log=None,
            logger=log,
            keepalive_timeout=KEEP_ALIVE_S,
            auto_decompress=False,
            shutdown_timeout=CLOSE_S,
            handler_cancellation=True,
        )
        await runner.setup()
        assert runner.server is not None
        working = [self.loop.create_task(self._accept(runner.server, connections))]
        working.append(self.loop.create_task(connections.watch()))
        self._ready.set()
        await self._closing.wait()
        for task in working:
            task.cancel()
        self._socket.close()
        await runner.cleanup()
        await self._cancel_rest()

    async def _cancel_rest(self) -> None:
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await self.loop.shutdown_default_executor()

    async def _accept(self, server: web.Server, connections: Connections) -> None:
        """Take connections no faster than is good for the graph that runs beside."""
        assert self._socket is not None
        bucket = Bucket(CONNECTIONS_A_SECOND, AT_ONCE, self.loop.time)
        while True:
            await asyncio.sleep(bucket.take())
            try:
                taken, _ = await self.loop.sock_accept(self._socket)
            except OSError:  # no descriptor is free, or the client has left
                await asyncio.sleep(0.1)
                continue
            with contextlib.suppress(OSError):
                transport, _ = await self.loop.connect_accepted_socket(server, taken)
                connections.add(transport, taken)


def _listen(host: str, port: int, another_port: str) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
    except OSError as error:
        raise WebError(f"{host}: {error.strerror or error}", fix="give an address of this machine") from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(4 * MOST)  # who comes while others make room waits here
    except OSError as error:
        listening.close()
        taken = error.errno in (errno.EADDRINUSE, errno.EACCES)
        another = f"choose another port: {another_port}" if another_port else "choose another port"
        fix = another if taken else "give an address of this machine"
        raise WebError(f"{host}:{port} cannot be listened on: {error.strerror}", fix=fix) from None
    listening.setblocking(False)
    return listening
