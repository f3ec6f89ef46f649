"""What `graphcore say` does: it finds the node that speaks lines, and gives it one after the other."""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from graphcore import GraphcoreError, ParamError

LINE = "line"  # the live param that a node which speaks lines has
ANSWER_S = 5.0
TOO_MANY, PAUSE_S = 429, 0.5  # a studio takes so many texts a second, and no more


def say(arguments: argparse.Namespace) -> int:
    """Let a run speak."""
    studio = _Studio(arguments.url, arguments.token)
    node = _chosen(studio.speakers(), arguments.node)
    path = f"/api/nodes/{quote(node, safe='')}/params/{LINE}"
    for line in _lines(arguments.text):
        studio.ask("PUT", path, {"value": line})
    return 0


class _Studio:
    """The API of a run's studio; an address may bring its token."""

    def __init__(self, url: str, token: str) -> None:
        self._nobody = GraphcoreError(f"{url}: no studio is there; give --url as `run --studio` says it")
        self._url = url
        try:
            there = urlsplit(url)
        except ValueError:
            raise self._nobody from None
        self._base = f"http://{there.netloc}"
        token = parse_qs(there.query).get("token", [token])[0]
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        # No proxy: a run is on this machine, or beside it.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def speakers(self) -> list[str]:
        """The nodes of the run that speak lines."""
        run = self.ask("GET", "/api/run")
        try:
            return [str(node["name"]) for node in run["nodes"] if any(map(_is_line, node["params"]))]
        except (KeyError, TypeError):
            raise self._nobody from None

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The answer to a call; raises GraphcoreError where there is none."""
        content = None if body is None else json.dumps(body).encode()
        while True:
            try:
                request = urllib.request.Request(self._base + path, content, self._headers, method=method)
                with self._opener.open(request, timeout=ANSWER_S) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code != TOO_MANY:
                    raise GraphcoreError(f"{self._url}: {_reason(error)}") from None
                time.sleep(PAUSE_S)
            except (ValueError, http.client.HTTPException):
                raise self._nobody from None
            except OSError as error:
                why = getattr(error, "reason", error)
                what = f"{self._url}: {getattr(why, 'strerror', None) or why}"
                raise GraphcoreError(f"{what}; start a run with: graphcore run say --live --studio") from None


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {error.reason}"


def _chosen(names: list[str], wanted: str | None) -> str:
    """The node that is meant; raises ParamError."""
    if wanted is not None and wanted not in names:
        listed = ", ".join(names) or "(none)"
        raise ParamError(f"error: --node {wanted}: no node that speaks lines; expected one of {listed}")
    if not names:
        raise ParamError("error: no node of this run speaks lines; add a text_to_speech with wait_for_lines: true")
    if wanted is None and len(names) > 1:
        raise ParamError(f"error: several nodes speak lines; choose with --node: {', '.join(names)}")
    return wanted or names[0]


def _is_line(param: Any) -> bool:
    return bool(param["name"] == LINE and param["kind"] == "str" and param["live"])


def _lines(words: list[str]) -> Iterator[str]:
    """The text as one line, or the lines of the standard input that are not empty."""
    if words == ["-"]:
        yield from (line.strip() for line in sys.stdin if line.strip())
    else:
        yield " ".join(words)
