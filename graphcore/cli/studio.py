"""`graphcore run --studio`: serve the run as a page while it goes on."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphcore.cli.console import warn
from graphcore.errors import GraphError, Mistake, WebError
from graphcore.studio.address import PORT, add_token

if TYPE_CHECKING:
    from graphcore.places.placed_run import PlacedRun
    from graphcore.runtime.run import Run


def add_studio_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the page is served, and to whom."""
    parser.add_argument(
        "--studio",
        type=_port,
        nargs="?",
        const=PORT,
        metavar="PORT",
        help=f"serve a page to watch the run and turn its dials (default port {PORT}; 0: any that is free)",
    )
    parser.add_argument(
        "--studio-host", default="127.0.0.1", metavar="HOST", help="another address than 127.0.0.1 needs a token"
    )
    add_token(parser, "let in only who knows it")


@contextlib.contextmanager
def studio_of(arguments: argparse.Namespace, run: Run | PlacedRun) -> Iterator[None]:
    """The page of a run that was not started yet, where it was asked for; raises GraphError."""
    if arguments.studio is None:
        yield
        return
    from graphcore.plugins import find_previews
    from graphcore.studio.studio import Studio

    previews, failures = find_previews(arguments.plugins)
    for failure in failures:
        warn(failure)
    studio = Studio(run, previews, host=arguments.studio_host, port=arguments.studio, token=arguments.token)
    try:
        studio.start()
    except WebError as error:
        raise GraphError([Mistake(f"--studio {arguments.studio}", 0, 0, error.what, "", error.fix)]) from error
    with studio:
        print(f"studio: {studio.url}", file=sys.stderr, flush=True)
        yield


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(
        f"{text[:100]!r}, expected a port from 0 to 65535; write --studio behind the graph, or --studio={PORT}"
    )
