"""`graphcore doctor`: whether this machine has what the engine and its plugins need, and what to do where not."""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from graphcore.cli.console import table_console
from graphcore.plugins import Finding, ask

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def add_parser(subparsers: Any) -> None:
    """Declare the verb."""
    description = "Look whether this machine has what is needed. Exit code 1 where something fails."
    parser = subparsers.add_parser("doctor", description=description)
    places = "look at the places of a file, too: reach, keys, versions, node types, clocks"
    parser.add_argument("--places", type=Path, metavar="FILE", help=places)


def run(arguments: argparse.Namespace) -> int:
    """Examine, and print what was found."""
    answers, failures = ask("examine", arguments.plugins)
    found = [("graphcore", finding) for finding in examine_engine()]
    found += [(plugin, finding) for plugin, findings in answers for finding in findings]
    found += [("plugins", Finding("import", "fail", failure, "repair or uninstall it")) for failure in failures]
    if arguments.places is not None:
        found += _places(arguments)
    _show(found)
    return 1 if any(finding.state == "fail" for _, finding in found) else 0


def _places(arguments: argparse.Namespace) -> list[tuple[str, Finding]]:
    from graphcore.places.examined import examine_places
    from graphcore.plugins import find_nodes

    types = find_nodes(arguments.plugins).types.keys()
    found = examine_places(arguments.places, types, arguments.plugins)
    return [(f"place {name}", finding) for name, finding in found]


def examine_engine() -> Iterator[Finding]:
    """What the engine itself needs."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    good = (3, 11) <= sys.version_info[:2] < (3, 13)
    yield Finding("Python", "ok" if good else "fail", python, "" if good else "install Python 3.11 or 3.12")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield Finding("cores", "ok" if cores > 1 else "warn", str(cores), "" if cores > 1 else "live runs want two")
    yield from _packages()
    yield _writable("temporary files", Path(tempfile.gettempdir()), "set TMPDIR to a folder you can write")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    yield _writable("cache", cache, "set XDG_CACHE_HOME to a folder you can write")


def _packages() -> Iterator[Finding]:
    """The distributions that graphcore's own metadata names, extras apart."""
    for requirement in requires("graphcore") or []:
        specifier, _, marker = requirement.partition(";")
        if "extra" in marker:
            continue
        name = re.split(r"[^\w.-]", specifier, maxsplit=1)[0]
        try:
            yield Finding(name, "ok", version(name))
        except PackageNotFoundError:
            yield Finding(name, "fail", "not installed", f'pip install "{specifier.strip()}"')


def _writable(name: str, folder: Path, fix: str) -> Finding:
    existing = next(one for one in [folder, *folder.parents] if one.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            return Finding(name, "ok", f"{folder} can be written")
    except OSError as error:
        return Finding(name, "fail", f"{folder}: {error.strerror}", fix)


def _show(found: list[tuple[str, Finding]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    for origin, finding in found:
        advice = f"{finding.what}; {finding.fix}" if finding.fix else finding.what
        state = Text(finding.state, style=COLOURS[finding.state])
        table.add_row(state, Text(origin), Text(finding.name), Text(advice, overflow="fold"))
    table_console().print(table)
