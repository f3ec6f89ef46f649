"""The page at /api: what can be asked for, from the table that serves it, each with a form to try it."""

from __future__ import annotations

from html import escape
from pathlib import Path

from aiohttp import web

from graphcore.studio.calls import CALLS, SOCKET, Call

HEAD = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}: the API</title>
<link rel="icon" href="/static/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/theme.css"><link rel="stylesheet" href="/api/page/api.css">
<script type="module" src="/api/page/api.js"></script>
</head>
<body><main>
<h1>{name}: the API</h1>
<p>Everything that <a href="/">the studio</a> does, it does by these calls. Bodies are JSON, at most 64 KB. What
cannot be done is answered with a status of 400 or more and <code>{{"error": "..."}}</code>. From another machine, or
where the run was given a token, add <code>?token=...</code> or the header <code>Authorization: Bearer ...</code>.</p>
<datalist id="nodes"></datalist>
"""
TAIL = "</main></body>\n</html>\n"
FILES = {"api.js": "text/javascript", "api.css": "text/css"}


def routes(name: str) -> list[web.RouteDef]:
    """The page of a graph's API, and its script and style."""
    folder = Path(__file__).with_name("api_page")
    html = as_html(name)
    files = {file: (folder / file).read_text(encoding="utf-8") for file in FILES}

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text=html, content_type="text/html")

    async def serve(request: web.Request) -> web.Response:
        file = request.match_info["file"]
        if file not in files:
            return web.Response(status=404, text="there is no such file")
        return web.Response(text=files[file], content_type=FILES[file])

    return [web.get("/api", page), web.get("/api/page/{file}", serve)]


def as_html(name: str) -> str:
    """The whole page."""
    return HEAD.format(name=escape(name)) + "".join(map(_section, CALLS)) + TAIL


def _section(call: Call) -> str:
    method, path = escape(call.method), escape(call.path)
    shown = [("takes", call.takes), ("gives", call.gives)]
    rows = "".join(f"<dt>{word}</dt><dd><code>{escape(text)}</code></dd>" for word, text in shown if text)
    return (
        f'<section><h2><span class="method">{method}</span> <code>{path}</code></h2>'
        f"<p>{_prose(call.doc)}</p><dl>{rows}</dl>{_form(call)}</section>\n"
    )


def _form(call: Call) -> str:
    """What to fill in, a button, and where the answer is shown; `api.js` does the rest."""
    fields = "".join(
        f'<input name="{name}" list="{name}s" placeholder="{name}" aria-label="{name}" autocomplete="off">'
        for name in _names(call.path)
    )
    if call.path.startswith("/api/files") and call.takes:
        fields += '<input type="file" name="body" aria-label="the file">'
    elif call.takes.startswith("{"):
        example = escape(call.takes.partition(" or ")[0])
        fields += f'<input class="body" name="body" value="{example}" aria-label="the body" autocomplete="off">'
    action = "Open" if call.method == SOCKET else "Try"
    extra = '<button name="say" disabled>Send</button>' if call.method == SOCKET and call.takes else ""
    return (
        f'<form data-method="{escape(call.method)}" data-path="{escape(call.path)}">{fields}'
        f"<button>{action}</button>{extra}<output></output></form>"
    )


def _names(path: str) -> list[str]:
    """The names in braces."""
    return [piece.partition("}")[0] for piece in path.split("{")[1:]]


def _prose(doc: str) -> str:
    """Text with `code` in it."""
    pieces = escape(doc).split("`")
    return "".join(f"<code>{piece}</code>" if index % 2 else piece for index, piece in enumerate(pieces))
