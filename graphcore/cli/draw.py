"""`graphcore draw`: a graph as mermaid text."""

from __future__ import annotations

import argparse
from typing import Any

from graphcore.cli.console import add_graph_arguments, load_and_check


def add_parser(subparsers: Any) -> None:
    """Declare the verb."""
    description = "Draw a graph as mermaid text: chains as boxes, followers dotted."
    add_graph_arguments(subparsers.add_parser("draw", description=description))


def run(arguments: argparse.Namespace) -> int:
    """Print the drawing."""
    graph = load_and_check(arguments.graph, arguments.set, arguments.plugins)
    from graphcore.graph.draw import mermaid

    print(mermaid(graph), end="")
    return 0
