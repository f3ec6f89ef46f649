"""`graphcore check`: report every mistake of a graph, without running it."""

from __future__ import annotations

import argparse
from typing import Any

from graphcore.cli.console import (
    add_graph_arguments,
    add_places_argument,
    check_both,
    find_types,
    load_and_check,
    load_and_place,
)
from graphcore.errors import counted


def add_parser(subparsers: Any) -> None:
    """Declare the verb."""
    parser = subparsers.add_parser("check", description="Report every mistake of a graph, without running it.")
    add_graph_arguments(parser)
    add_places_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check it; mistakes are raised as one GraphError."""
    from graphcore.graph.files import shown

    if arguments.places is None:
        graph = load_and_check(arguments.graph, arguments.set, arguments.plugins)
        where = ""
    else:
        spec, placement = load_and_place(arguments.graph, arguments.set, arguments.places)
        graph = check_both(spec, placement, find_types(arguments.plugins, placement.pythons.values()))
        where = f", {counted(len(set(placement.place_of.values())), 'place')}"
    name = shown(graph.path) if graph.path else arguments.graph
    print(f"{name}: {counted(len(graph.nodes), 'node')}, {counted(len(graph.links), 'link')}{where}, no mistakes")
    return 0
