"""The program of a child process; its arguments are sys.path, two inherited sockets, and a folder of plugins.

It ends when its coordinator is gone, however that died: the control socket tells.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from graphcore.node import Node
from graphcore.places.routes import Door
from graphcore.places.serving import CLOSE_S, PlaceServer
from graphcore.transport.shared_memory import SharedMemoryWire

LEAVE_S = CLOSE_S + 0.5  # whatever still hangs then is left as it is


def main() -> None:
    """Serve the coordinator at the other end of the sockets."""
    _, _, control, passing, *plugins = sys.argv
    for number in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C is for the coordinator, which says what is to be done
        signal.signal(number, signal.SIG_IGN)
    wire = SharedMemoryWire(socket.socket(fileno=int(control)), ring_bytes=0)
    passed = socket.socket(fileno=int(passing))
    folder = Path(plugins[0]) if plugins else None
    PlaceServer(wire, lambda: _types(folder), Door(lambda count: _receive(passed, count)), _leave_soon).serve()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # a node's thread in native code must not keep this process


def _types(plugins: Path | None) -> Mapping[str, type[Node]]:
    from graphcore.plugins import find_nodes

    return find_nodes(plugins).types  # what failed, the coordinator has said


def _receive(passed: socket.socket, count: int) -> list[socket.socket]:
    """Sockets that were passed with SCM_RIGHTS."""
    if count == 0:
        return []
    _, fds, _, _ = socket.recv_fds(passed, 1, count)
    return [socket.socket(fileno=fd) for fd in fds]


def _leave_soon() -> None:
    """By the kernel's hand, for a node may hang in native code and hold Python's lock."""
    signal.setitimer(signal.ITIMER_REAL, LEAVE_S)
