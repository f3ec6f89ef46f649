"""A plugin with one node: `tremolo` makes a voice tremble."""

from __future__ import annotations

from graphcore import Node, hookimpl
from hello_node.tremolo import Tremolo


@hookimpl
def register_nodes() -> list[type[Node]]:
    """The node classes this plugin brings."""
    return [Tremolo]
