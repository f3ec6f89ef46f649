"""graphcore: a modular, plugin-based node graph engine. This is the whole public API.

What an author needs is imported at once; what runs a graph is imported on first use, so that
`graphcore check` answers in a blink.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from graphcore.clock import Clock, LiveClock, VirtualClock, timestamp_of
from graphcore.errors import (
    Cancelled,
    DeclarationError,
    GraphcoreError,
    GraphError,
    Mistake,
    NodeError,
    ParamError,
    PluginError,
    RunError,
    WebError,
)
from graphcore.node import Context, Node, Source
from graphcore.packet import Packet, Window
from graphcore.payload import Shape, payload
from graphcore.plugins import Finding, Preview, Provenance, Registry, Verb, find_nodes, hookimpl
from graphcore.port import Input, Output, Param, Sender

if TYPE_CHECKING:
    from graphcore.graph.check import check
    from graphcore.graph.load import load
    from graphcore.runtime.run import Run
    from graphcore.studio.address import add_studio_address
    from graphcore.studio.asked import RefusedError, ask_studio
    from graphcore.web.guard import Bucket
    from graphcore.web.server import WebServer
    from graphcore.web.websocket import WebSocket

_LAZY = {
    "check": "graphcore.graph.check",
    "load": "graphcore.graph.load",
    "Run": "graphcore.runtime.run",
    "WebServer": "graphcore.web.server",
    "WebSocket": "graphcore.web.websocket",
    "Bucket": "graphcore.web.guard",
    "add_studio_address": "graphcore.studio.address",
    "ask_studio": "graphcore.studio.asked",
    "RefusedError": "graphcore.studio.asked",
}

__all__ = [
    "Bucket",
    "Cancelled",
    "Clock",
    "Context",
    "DeclarationError",
    "Finding",
    "GraphError",
    "GraphcoreError",
    "Input",
    "LiveClock",
    "Mistake",
    "Node",
    "NodeError",
    "Output",
    "Packet",
    "Param",
    "ParamError",
    "PluginError",
    "Preview",
    "Provenance",
    "RefusedError",
    "Registry",
    "Run",
    "RunError",
    "Sender",
    "Shape",
    "Source",
    "Verb",
    "VirtualClock",
    "WebError",
    "WebServer",
    "WebSocket",
    "Window",
    "add_studio_address",
    "ask_studio",
    "check",
    "find_nodes",
    "hookimpl",
    "load",
    "payload",
    "timestamp_of",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'graphcore' has no attribute {name!r}")
