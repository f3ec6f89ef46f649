"""A WebSocket that is read no faster than is good for the graph that runs beside."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import WSMessage, WSMsgType, web

from graphcore.web.guard import Bucket

GONE = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)
FAREWELL_S = 0.3  # for a client to take leave


class WebSocket(web.WebSocketResponse):
    """Gives what a client says one by one, each through `bucket`, which clients may share.

    Pings pass through it, too: aiohttp by itself answers them without a pause for as long as they come. There is no
    heartbeat: its timer would hold a lost connection, with all that was read from it.
    """

    def __init__(self, bucket: Bucket, *, max_bytes: int = 1024) -> None:
        super().__init__(autoping=False, compress=False, timeout=FAREWELL_S, max_msg_size=max_bytes)
        self._bucket = bucket

    async def hear(self) -> WSMessage | None:
        """The next text or bytes; None: the client is gone."""
        while (said := await self.receive()).type not in GONE:
            await asyncio.sleep(self._bucket.take())
            if said.type is WSMsgType.PING:
                with contextlib.suppress(ConnectionError):  # it has just left
                    await self.pong(said.data)
            elif said.type is not WSMsgType.PONG:
                return said
        return None
