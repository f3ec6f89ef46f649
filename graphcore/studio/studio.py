"""A run, served to browsers and programs while it goes on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from aiohttp import web

from graphcore.errors import Cancelled
from graphcore.plugins import Preview
from graphcore.studio import calls, page
from graphcore.studio.address import PORT
from graphcore.studio.api import Api
from graphcore.studio.described import name_of
from graphcore.studio.dials import Dials
from graphcore.studio.pictures import Pictures
from graphcore.studio.uploads import Uploads
from graphcore.web.server import WebServer

if TYPE_CHECKING:
    from graphcore.places.placed_run import PlacedRun
    from graphcore.runtime.run import Run

TELL_S = 1.0  # so long those who listen may take to hear of the end
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


class Studio:
    """Made before its run is started; a context manager that says how the run ended, then closes.

    `previews` are by the payload's name on the wire. Raises WebError where its address cannot be had.
    """

    def __init__(
        self,
        run: Run | PlacedRun,
        previews: Mapping[str, Preview],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str = "",
    ) -> None:
        self._closed = False
        self._uploads = Uploads()
        self._pictures = Pictures(run, previews)
        self._api = Api(run, Dials(run, self._uploads), self._pictures, self._uploads)
        routes = [*calls.routes(self._api), *page.routes(name_of(run.graph)), *_static_routes()]
        routes.append(web.route("*", "/api/{rest:.*}", self._api.nothing))
        another = f"--studio={port + 10 if port < 65000 else PORT} or --studio=0"
        self._server = WebServer(routes, host=host, port=port, token=token, another_port=another)

    @property
    def url(self) -> str:
        """What to type into a browser."""
        return self._server.url

    def start(self) -> None:
        """Serve from now on."""
        try:
            self._server.start()
        except BaseException:
            self._give_back()
            raise
        self._api.url = self._server.url.partition("?")[0]  # its reader knows the token

    def close(self, how: str = "done") -> None:
        """Tell all who listen how the run ended, then end; a second time does nothing."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(TimeoutError):
            self._server.submit(self._end(how)).result(TELL_S)
        self._server.close()
        self._give_back()

    def __enter__(self) -> Studio:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        interrupted = isinstance(error, (Cancelled, KeyboardInterrupt))
        self.close("done" if error is None else "interrupted" if interrupted else str(error))

    def _give_back(self) -> None:
        self._pictures.close()
        self._uploads.close()

    async def _end(self, how: str) -> None:
        self._api.end(how)
        await asyncio.gather(self._api.events.close(), self._pictures.dismiss())


def _static_routes() -> list[web.RouteDef]:
    """The studio's page: its files, read once."""
    folder = Path(__file__).with_name("static")
    files = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*") if path.suffix in TYPES}

    async def serve(request: web.Request) -> web.Response:
        name = request.match_info.get("name", "index.html")
        if name not in files:
            return web.Response(status=404, text="there is no such file")
        return web.Response(text=files[name], content_type=TYPES[Path(name).suffix])

    return [web.get("/", serve), web.get("/static/{name}", serve)]
