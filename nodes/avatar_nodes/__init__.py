"""The avatar's nodes: one photo and speech become a talking face."""

from __future__ import annotations

from graphcore import Node, hookimpl


@hookimpl
def register_nodes() -> list[type[Node]]:
    """The node classes of this package; each module imports what is heavy in `open`."""
    return []
