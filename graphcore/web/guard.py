"""Who may ask a server of ours, and how often: what every request passes before its handler sees it."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from graphcore.web.connections import Connections

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REQUESTS_A_SECOND, AT_ONCE = 200.0, 100.0  # beyond these a request waits for its turn
HANDLER_S = 120.0  # a request that takes longer, because its body never ends, is given up; a WebSocket may stay
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; worker-src 'self' blob:;"
    " frame-ancestors 'self'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Bucket:
    """Lets so many pass in a second, and some at once: others wait (a token bucket)."""

    def __init__(self, per_second: float, at_once: float, now: Callable[[], float]) -> None:
        self._rate, self._most, self._now = per_second, at_once, now
        self._left, self._seen = at_once, now()

    def take(self) -> float:
        """How long whoever asks now has to wait, in seconds."""
        now = self._now()
        self._left = min(self._most, self._left + (now - self._seen) * self._rate) - 1.0
        self._seen = now
        return max(0.0, -self._left / self._rate)


class Guard:
    """Refuses whoever has no business here: another site's page, another name for this machine, no token.

    A page that another site serves must not reach a server on the user's own machine: neither directly (its
    `Origin` is foreign) nor by a name that leads here all of a sudden (DNS rebinding: `Host` is foreign).
    """

    def __init__(self, token: str, cookie: str, connections: Connections) -> None:
        self._token = token
        self._cookie = cookie  # where a browser keeps the token
        self._connections = connections
        self._bucket = Bucket(REQUESTS_A_SECOND, AT_ONCE, asyncio.get_running_loop().time)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a request wait for its turn, refuse it, or have it handled."""
        self._connections.hear(request.transport)
        await asyncio.sleep(self._bucket.take())
        if refusal := self._refusal(request):
            return _refused(refusal, 403)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await handler(request) if self._connections.stay(request) else _refused("too many are here", 503)
        try:
            async with asyncio.timeout(HANDLER_S):
                response = await handler(request)
        except TimeoutError:
            return _refused(f"not done within {HANDLER_S:.0f} s", 408)
        if self._token and "token" in request.query and not response.prepared:
            response.set_cookie(self._cookie, self._token, httponly=True, samesite="Strict")
        return response

    async def headers(self, _request: web.Request, response: web.StreamResponse) -> None:
        """What every response says to the browser."""
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)

    def _refusal(self, request: web.Request) -> str:
        """Why this request is not for us; empty where it is."""
        try:
            return self._foreign(request) or self._unknown(request)
        except ValueError:  # no address, or no text
            return "Host, Origin or the token cannot be read"

    def _foreign(self, request: web.Request) -> str:
        host = urlsplit(f"//{request.host}")
        if not self._token and host.hostname not in LOOPBACK_NAMES:
            return f"this is not {request.host}; ask for 127.0.0.1 or localhost"
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            return f"pages of {origin} may not ask here"
        return ""

    def _unknown(self, request: web.Request) -> str:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        given = (request.query.get("token", ""), bearer, request.cookies.get(self._cookie, ""))
        if not self._token or any(hmac.compare_digest(each.encode(), self._token.encode()) for each in given):
            return ""
        return "the token is missing or wrong; give it as ?token=..., or in the header Authorization: Bearer"


def _refused(why: str, status: int) -> web.Response:
    """What it is told; whoever was refused does not keep its connection."""
    response = web.json_response({"error": why}, status=status)
    response.force_close()
    return response
