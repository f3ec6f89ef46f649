"""Sockets for programs of this machine."""

from __future__ import annotations

import socket
from typing import Any

BACKLOG = 64  # programs that wait to be taken in
SILENT_S = 5  # after so long without a word the other end is asked whether it is still there
ASKED = 3  # times, then it has gone
# How a request begins, or TLS: a page of any site can make a browser send one to a port of this machine.
REQUESTS = (b"GET ", b"POST", b"PUT ", b"HEAD", b"OPTI", b"DELE", b"PATC", b"CONN", b"PRI ", b"\x16\x03")
HEAD = 4  # bytes that tell
REFUSAL = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nonly PCM is taken here\n"


def listening_at(port: int) -> socket.socket:
    """A socket on which programs of this machine are awaited; raises OSError."""
    listening = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
    listening.setblocking(False)
    return listening


def is_request(head: bytes) -> bool:
    """Whether what begins so comes from a browser instead of a program that speaks."""
    return head.startswith(REQUESTS)


def watch(connection: Any) -> None:
    """Let the system find out that the machine at the other end has gone without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", SILENT_S), ("TCP_KEEPINTVL", SILENT_S), ("TCP_KEEPCNT", ASKED)):
        if hasattr(socket, name):  # not every system has them
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
