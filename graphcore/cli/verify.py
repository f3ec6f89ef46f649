"""`graphcore verify`: what a file says of its origin."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from graphcore.cli.console import warn
from graphcore.errors import GraphError, Mistake
from graphcore.plugins import Provenance, ask


def add_parser(subparsers: Any) -> None:
    """Declare the verb."""
    description = (
        "Show what a file says of its origin. Exit code 0: a whole manifest says that it is synthetic; "
        "1: it does not, or was tampered with; 2: there is no such file."
    )
    parser = subparsers.add_parser("verify", description=description)
    parser.add_argument("file", type=Path, help="a picture or a movie")


def run(arguments: argparse.Namespace) -> int:
    """Ask the plugins, and print what the first one that knows such files found."""
    if not arguments.file.is_file():
        raise GraphError([Mistake(str(arguments.file), 0, 0, "there is no such file", "a picture or a movie")])
    answers, failures = ask("verify_file", arguments.plugins, path=arguments.file)
    for failure in failures:
        warn(failure)
    # A plugin that found a mark knows more than one that saw none.
    found = sorted((answer for _, answer in answers), key=lambda answer: answer.state == "absent")
    if not found:
        print(f"{arguments.file}: unknown: no plugin can read the origin of such a file")
        return 1
    _show(arguments.file, found[0])
    return 0 if found[0].state == "valid" and found[0].synthetic else 1


def _show(path: Path, found: Provenance) -> None:
    print(f"{path}: {found.summary}")
    print(f"state: {found.state}")
    print(f"synthetic: {'yes' if found.synthetic else 'no'}")
    for name, text in found.details.items():
        print(f"{name}: {text}")
