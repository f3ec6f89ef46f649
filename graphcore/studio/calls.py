"""The studio's API as a table: what serves it, what documents it, and what its page tries out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from graphcore.studio.api import Api

SOCKET = "WS"  # as a method: a WebSocket


@dataclass(frozen=True, slots=True)
class Call:
    """One call: `takes` and `gives` are examples of bodies, in JSON or in words."""

    method: str
    path: str
    handler: Callable[[Api, web.Request], Awaitable[web.StreamResponse]]
    doc: str
    takes: str = ""
    gives: str = ""


CALLS: tuple[Call, ...] = (
    Call(
        "GET",
        "/api/run",
        Api.get_run,
        "The graph: its nodes with inputs, outputs and params, its links, and what every param stands at.",
        gives='{"name": "live", "live": true, "nodes": [...], "links": [...]}',
    ),
    Call(
        "GET",
        "/api/stats",
        Api.get_stats,
        "What was counted on nodes and links, notices and losses; `ended` is null, or says how the run ended.",
        gives='{"opened": true, "position_s": 12.4, "nodes": {...}, "links": [...], "notices": [], "ended": null}',
    ),
    Call(
        "PUT",
        "/api/nodes/{node}/params/{param}",
        Api.put_param,
        "Turns a live param; it holds from the node's next call on. A file is given by the name it was sent under.",
        takes='{"value": 0.5}',
        gives='{"value": 0.5}',
    ),
    Call(
        "POST",
        "/api/interrupt",
        Api.post_interrupt,
        "Lets every node forget what waits in it to be said or shown; the run goes on.",
        gives="{}",
    ),
    Call(
        "POST",
        "/api/stop",
        Api.post_stop,
        "Ends the run in good order, as Ctrl-C ends a live one; files are finished.",
        gives="{}",
    ),
    Call(
        "POST",
        "/api/files?name={name}",
        Api.post_file,
        "Sends a file for a live file param: the body is its content, at most 32 MB. It is gone after the run.",
        takes="the bytes of the file",
        gives='{"file": "me.jpg"}',
    ),
    Call("GET", "/api/files", Api.get_files, "The files that were sent.", gives='{"files": ["me.jpg"]}'),
    Call(
        SOCKET,
        "/api/events",
        Api.get_events,
        "Tells stats four times a second, every param that anybody turns or its node puts back, and the end; takes"
        " `set` and `interrupt`.",
        takes='{"set": {"node": "emotion", "param": "intensity", "value": 0.5}} or {"interrupt": true}',
        gives='{"stats": {...}} or {"param": {"node": ..., "param": ..., "value": ...}} or {"ended": "done"}'
        ' or {"error": "..."}',
    ),
    Call(
        SOCKET,
        "/api/pictures/{node}/{output}?width={width}",
        Api.get_pictures,
        "The newest frame of an output as a binary JPEG, no faster than they are taken; `width`, 16 to 2048, is"
        " rounded up to 160, 320, 480, 640, 960, 1280 or 2048 px; none is wider than its frame.",
        gives="JPEGs",
    ),
)


def routes(api: Api) -> list[web.RouteDef]:
    """The table as aiohttp serves it."""
    found = []
    for call in CALLS:
        method = "GET" if call.method == SOCKET else call.method
        path = call.path.partition("?")[0]
        found.append(web.route(method, path, call.handler.__get__(api)))
    return found


def as_markdown() -> str:
    """The table for a page of the documentation."""
    rows = ["| call | what it does | takes | gives |", "|---|---|---|---|"]
    for call in CALLS:
        takes, gives = (f"`{text}`" if text.startswith("{") else text for text in (call.takes, call.gives))
        rows.append(f"| `{call.method} {call.path}` | {call.doc} | {takes} | {gives} |")
    return "\n".join(rows) + "\n"
