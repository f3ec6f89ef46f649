"""The handlers of the studio's API: requests in, JSON out. They run on the server's loop."""

from __future__ import annotations

import json
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

from aiohttp import web

from graphcore.errors import GraphcoreError, ParamError
from graphcore.studio.described import describe_run, describe_stats
from graphcore.studio.dials import BusyError, Dials, EndedError, UnknownDialError
from graphcore.studio.events import Events
from graphcore.studio.pictures import ManyViewersError, NoPictureError, Pictures
from graphcore.studio.uploads import UploadError, Uploads

if TYPE_CHECKING:
    from graphcore.places.placed_run import PlacedRun
    from graphcore.runtime.run import Run

MAX_BODY = 64 << 10  # bytes of JSON
FRESH_S = 0.2  # figures this old are told again: counting up costs time
STATUS: dict[type[GraphcoreError], int] = {
    ParamError: 400,
    UnknownDialError: 404,
    NoPictureError: 404,
    EndedError: 409,
    UploadError: 413,
    BusyError: 429,
    ManyViewersError: 503,
}


@dataclass
class Api:
    """What the handlers need."""

    run: Run | PlacedRun
    dials: Dials
    pictures: Pictures
    uploads: Uploads
    url: str = ""
    ended: str | None = None  # how the run came to its end

    def __post_init__(self) -> None:
        self.events = Events(self._stats, self._obey)
        self.dials.changed.append(self.events.param)
        self._counted: dict[str, Any] = {}
        self._counted_text = ""
        self._counted_at = -FRESH_S

    def end(self, text: str) -> None:
        """The run has ended."""
        self.ended = text
        self._counted_at = -FRESH_S
        self.events.end(text)

    async def get_run(self, _request: web.Request) -> web.Response:
        """The graph, and what every param stands at."""
        self._stats()
        self.dials.look()
        return web.json_response(describe_run(self.run, self._counted, self.dials, self.pictures, self.url))

    async def get_stats(self, _request: web.Request) -> web.Response:
        """What was counted so far."""
        return web.Response(text=self._stats(), content_type="application/json")

    async def put_param(self, request: web.Request) -> web.Response:
        """Turn a live param."""
        try:
            said = await _json(request)
            if not isinstance(said, dict) or "value" not in said:
                raise ParamError('expected {"value": ...}')
            value = self.dials.set(request.match_info["node"], request.match_info["param"], said["value"])
        except GraphcoreError as error:
            return _refused(error)
        return web.json_response({"value": value})

    async def post_interrupt(self, _request: web.Request) -> web.Response:
        """Let every node forget what waits in it to be said or shown."""
        self.dials.interrupt()
        return web.json_response({})

    async def post_stop(self, _request: web.Request) -> web.Response:
        """End the run in good order."""
        self.run.stop()
        return web.json_response({})

    async def get_files(self, _request: web.Request) -> web.Response:
        """The names of the files that were sent."""
        return web.json_response({"files": self.uploads.names})

    async def post_file(self, request: web.Request) -> web.Response:
        """Keep a file for a live file param."""
        try:
            name = await self.uploads.take(request.query.get("name", ""), request.content.iter_any())
        except GraphcoreError as error:
            return _refused(error)
        return web.json_response({"file": name})

    async def get_events(self, request: web.Request) -> web.StreamResponse:
        """A WebSocket that tells what changes, and obeys."""
        return await self.events.serve(request)

    async def get_pictures(self, request: web.Request) -> web.StreamResponse:
        """A WebSocket that shows an output."""
        try:
            return await self.pictures.serve(request)
        except GraphcoreError as error:
            return _refused(error)

    async def nothing(self, request: web.Request) -> web.Response:
        """Where no call is."""
        what = f"{request.method} {request.path[:100]}: there is no such call; GET /api shows what there is"
        return web.json_response({"error": what}, status=404)

    def _stats(self) -> str:
        if monotonic() - self._counted_at >= FRESH_S:
            self.dials.look()
            self._counted = describe_stats(self.run, self.ended)
            self._counted_text = json.dumps(self._counted)
            self._counted_at = monotonic()
        return self._counted_text

    def _obey(self, text: str) -> str:
        """What a client of the events says, and what to answer."""
        try:
            said = _parsed(text)
            if isinstance(said, dict) and said.get("interrupt") is True:
                self.dials.interrupt()
                return ""
            wish = said.get("set") if isinstance(said, dict) else None
            if not isinstance(wish, dict) or not {"node", "param", "value"} <= wish.keys():
                raise ParamError('expected {"set": {"node": ..., "param": ..., "value": ...}} or {"interrupt": true}')
        except GraphcoreError as error:
            return json.dumps({"error": str(error)})
        try:
            self.dials.set(str(wish["node"]), str(wish["param"]), wish["value"])
        except GraphcoreError as error:
            return json.dumps({"error": str(error), "node": wish["node"], "param": wish["param"]})
        return ""


async def _json(request: web.Request) -> Any:
    body = bytearray()
    async for piece in request.content.iter_any():
        body += piece
        if len(body) > MAX_BODY:
            raise ParamError(f"expected at most {MAX_BODY} bytes of JSON")
    return _parsed(body)


def _parsed(text: str | bytearray) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParamError(f"expected JSON: {str(error)[:100]}") from None


def _refused(error: GraphcoreError) -> web.Response:
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 400)
    return web.json_response({"error": str(error)}, status=status)
