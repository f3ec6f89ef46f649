"""A run's studio, asked from another program: what `graphcore interrupt` does, and verbs of plugins."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from time import monotonic, sleep
from typing import Any
from urllib.parse import parse_qs, urlsplit

from graphcore.errors import GraphcoreError

ANSWER_S = 5.0
BAD_VALUE = 400
TOO_MANY, PAUSE_S, PATIENCE_S = 429, 0.5, 10.0  # a studio takes so many texts a second: others are sent again


class NoStudioError(GraphcoreError):
    """No run can be reached at an address, or it refuses."""


class RefusedError(NoStudioError):
    """A value that a run does not take; another one it may."""


def ask_studio(url: str, token: str, method: str, path: str, body: object = None) -> Any:
    """Call a studio's API, and return its answer; a `url` may bring its token. Raises GraphcoreError."""
    until = monotonic() + PATIENCE_S
    while True:
        try:
            return _answer(_request(url, token, method, path, body))
        except urllib.error.HTTPError as error:
            if error.code == BAD_VALUE:
                raise RefusedError(_reason(error)) from None
            if error.code != TOO_MANY or monotonic() > until:
                raise NoStudioError(f"{url}: {_reason(error)}") from None
            sleep(PAUSE_S)
        except (ValueError, http.client.HTTPException):
            raise NoStudioError(f"{url}: no studio is there; give --url as `run --studio` says it") from None
        except OSError as error:
            why = getattr(error, "reason", error)
            text = getattr(why, "strerror", None) or str(why)
            raise NoStudioError(f"{url}: {text}; start a run with: graphcore run GRAPH --live --studio") from None


def _request(url: str, token: str, method: str, path: str, body: object) -> urllib.request.Request:
    there = urlsplit(url)
    token = parse_qs(there.query).get("token", [token])[0]
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    content = None if body is None else json.dumps(body).encode()
    return urllib.request.Request(f"http://{there.netloc}{path}", content, headers, method=method)


def _answer(request: urllib.request.Request) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a run is on this machine, or beside it
    with opener.open(request, timeout=ANSWER_S) as answer:
        return json.load(answer)


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {error.reason}"
