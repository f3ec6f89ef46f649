"""`graphcore interrupt`: let a run that has a studio forget what waits in it to be said."""

from __future__ import annotations

import argparse
from typing import Any

from graphcore.cli.studio import PORT, add_token_argument, ask_studio


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
