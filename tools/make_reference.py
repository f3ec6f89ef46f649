"""Make docs/nodes.md, the reference of all nodes of the avatar, from what they declare.

    python tools/make_reference.py
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import avatar_nodes
from avatar_nodes import payloads
from graphcore.cli.nodes import node_kind, param_default
from graphcore.node import Node
from graphcore.payload import fields_of, is_payload
from graphcore.port import REQUIRED, Input, Output, Param

TARGET = Path(__file__).parents[1] / "docs" / "nodes.md"

HEAD = """# Nodes

Made by `python tools/make_reference.py` from what the nodes declare; `graphcore nodes TYPE` prints the same.
[How to write a graph](write-a-graph.md) explains drivers, followers and links,
[how to write a node](write-a-node.md) how to add your own.
"""
