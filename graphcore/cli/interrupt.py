"""`graphcore interrupt`: let a run that has a studio forget what waits in it to be said."""

from __future__ import annotations

import argparse
import http.client
import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import parse_qs, urlsplit

from graphcore.cli.studio import PORT, add_token_argument
from graphcore.errors import GraphcoreError

ANSWER_S = 5.0


class NoStudioError(GraphcoreError):
    """No run can be reached at an address, or it refuses."""


def add_parser(subparsers: Any) -> None:
    """Declare the verb."""
    description = "Let a live run (one that was started with --studio) forget what waits in it to be said."
    parser = subparsers.add_parser("interrupt", description=description)
    url = f"http://127.0.0.1:{PORT}"
    parser.add_argument("--url", default=url, help=f"where its studio is (default {url})")
    add_token_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask it to; raises NoStudioError."""
    ask_studio(arguments.url, arguments.token, "POST", "/api/interrupt")
    return 0


def ask_studio(url: str, token: str, method: str, path: str) -> Any:
    """Call a studio's API, and return its answer; a `url` may bring its token. Raises NoStudioError."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a run is on this machine, or beside it
    try:
        there = urlsplit(url)
        token = parse_qs(there.query).get("token", [token])[0]
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(f"http://{there.netloc}{path}", method=method, headers=headers)
        with opener.open(request, timeout=ANSWER_S) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise NoStudioError(f"{url}: {_reason(error)}") from None
    except (ValueError, http.client.HTTPException):
        raise NoStudioError(f"{url}: no studio is there; give --url as `run --studio` says it") from None
    except OSError as error:
        why = getattr(error, "reason", error)
        text = getattr(why, "strerror", None) or str(why)
        raise NoStudioError(f"{url}: {text}; start a run with: graphcore run GRAPH --live --studio") from None


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {error.reason}"
