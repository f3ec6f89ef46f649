"""`graphcore interrupt`: let a run that has a studio forget what waits in it to be said."""

from __future__ import annotations

import argparse
from typing import Any

from graphcore.studio.address import add_studio_address
from graphcore.studio.asked import ask_studio


def add_parser(subparsers: Any) -> None:
    """Declare the verb."""
    description = "Let a live run (one that was started with --studio) forget what waits in it to be said."
    add_studio_address(subparsers.add_parser("interrupt", description=description))


def run(arguments: argparse.Namespace) -> int:
    """Ask it to; raises GraphcoreError."""
    ask_studio(arguments.url, arguments.token, "POST", "/api/interrupt")
    return 0
