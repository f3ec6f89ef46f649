"""What the verbs share: reading a graph from the command line, warnings, tables."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from graphcore.errors import GraphError, Mistake
from graphcore.graph.spec import Graph
from graphcore.plugins import Registry, find_nodes

if TYPE_CHECKING:
    from rich.console import Console

    from graphcore.graph.spec import GraphSpec
    from graphcore.places.declared import Placement


def add_graph_arguments(parser: argparse.ArgumentParser) -> None:
    """The graph, and what `--set` changes in it."""
    parser.add_argument("graph", help="a YAML file, or the name of a graph that comes with graphcore")
    parser.add_argument("--set", action="append", default=[], metavar="NODE.PARAM=VALUE", help="set a param")


def add_places_argument(parser: argparse.ArgumentParser) -> None:
    """What the places of a graph are."""
    parser.add_argument("--places", type=Path, metavar="FILE", help="say what the places are that nodes name")


def load_and_check(graph: str, assignments: Iterable[str], plugins: Path | None) -> Graph:
    """A graph that can run; raises GraphError with all its mistakes."""
    from graphcore.graph.check import check
    from graphcore.graph.load import load

    spec = load(graph, _assignments(assignments))
    return check(spec, find_types(plugins))


def load_and_place(graph: str, assignments: Iterable[str], places: Path) -> tuple[GraphSpec, Placement]:
    """A graph as it was written, and where its nodes are to run; mistakes wait for `check_both`."""
    from graphcore.graph.load import load
    from graphcore.places.declared import place_nodes

    spec = load(graph, _assignments(assignments))
    return spec, place_nodes(spec, places)


def check_both(spec: GraphSpec, placement: Placement, types: Registry) -> Graph:
    """The graph, where it and its places have no mistakes; raises GraphError with those of both."""
    from graphcore.graph.check import check
    from graphcore.places.declared import in_order

    if placement.unnamed and not placement.mistakes:
        warn(f"no node of the graph names the place {', '.join(placement.unnamed)}")
    mistakes = placement.mistakes
    try:
        graph = check(spec, types)
    except GraphError as error:
        raise GraphError(in_order([*error.mistakes, *mistakes])) from None
    if mistakes:
        raise GraphError(mistakes)
    return graph


def find_types(plugins: Path | None, pythons: Iterable[str] = ()) -> Registry:
    """The node types that are installed; a plugin that failed is warned of, the others go on.

    Those that only another Python has are known by what it says of them.
    """
    registry = find_nodes(plugins)
    for failure in registry.failures:
        warn(failure)
    for python in sorted(set(pythons)):
        from graphcore.places.described import ask_python, stand_ins

        found = stand_ins(ask_python(python, plugins), registry.types)
        registry.types |= found
        registry.origins |= dict.fromkeys(found, python)
    return registry


def warn(text: str) -> None:
    """Say on stderr what is no error."""
    print(f"warning: {text}", file=sys.stderr)


def table_console() -> Console:
    """A rich console on stdout; where nobody looks (a file, a pipe) lines are as long as they are."""
    from rich.console import Console

    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = 200
    return console


def _assignments(assignments: Iterable[str]) -> dict[str, str]:
    found, mistakes = {}, []
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if equals and key:
            found[key.strip()] = text
        else:
            mistakes.append(Mistake(f"--set {assignment}", 0, 0, "this sets nothing", "--set NODE.PARAM=VALUE"))
    if mistakes:
        raise GraphError(mistakes)
    return found
