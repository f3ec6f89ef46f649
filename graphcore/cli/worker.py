"""`graphcore worker`: let other machines run parts of their graphs on this one."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphcore.plugins import Registry


def add_parser(subparsers: Any) -> None:
    """Declare the verb."""
    description = "Run parts of other machines' graphs here, until Ctrl-C. Only node types that are installed here run."
    parser = subparsers.add_parser("worker", description=description)
    parser.add_argument("--listen", required=True, metavar="ADDRESS", help="tcp://ADDR:PORT; 0.0.0.0 is every address")
    parser.add_argument("--keys", type=Path, metavar="DIR", help="our key pair, made by `graphcore keys new DIR`")
    allow = "a public key that may come; again for more"
    parser.add_argument("--allow", type=Path, action="append", default=[], metavar="FILE", help=allow)
    parser.add_argument("--files", type=Path, required=True, metavar="DIR", help="nodes write their files below it")


def run(arguments: argparse.Namespace) -> int:
    """Serve; a crash of what runs here, however it came, is mended at once."""
    from graphcore.cli.console import find_types
    from graphcore.places.guarded import serve_guarded

    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    types = find_types(arguments.plugins)
    return serve_guarded(lambda: _serve(arguments, types))


def _serve(arguments: argparse.Namespace, types: Registry) -> None:
    from graphcore.places.worker import Worker
    from graphcore.transport.keys import load_allowed, load_keys

    keys = load_keys(arguments.keys) if arguments.keys else None
    allowed = load_allowed(arguments.allow)
    worker = Worker(arguments.listen, types.types, arguments.files, keys=keys, allowed=allowed)
    ours = f", our key is {keys.public.decode()}" if keys else ""
    print(f"listening at {worker.address}, files go to {arguments.files}{ours}; Ctrl-C ends", flush=True)
    try:
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    finally:
        worker.close()
