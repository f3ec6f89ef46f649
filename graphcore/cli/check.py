"""`graphcore check`: report every mistake of a graph, without running it."""

from __future__ import annotations

import argparse
from typing import Any

from graphcore.cli.console import add_graph_arguments, load_and_check
from graphcore.errors import counted


def add_parser(subparsers: Any) -> None:
    """Declare the verb."""
    parser = subparsers.add_parser("check", description="Report every mistake of a graph, without running it.")
    add_graph_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check it; mistakes are raised as one GraphError."""
    from graphcore.graph.files import shown

    graph = load_and_check(arguments.graph, arguments.set, arguments.plugins)
    name = shown(graph.path) if graph.path else arguments.graph
    print(f"{name}: {counted(len(graph.nodes), 'node')}, {counted(len(graph.links), 'link')}, no mistakes")
    return 0
