"""Where a listener may stand: what leaves this machine needs keys, what stays on it is private to its user."""

from __future__ import annotations

import ipaddress
import os
import stat
from pathlib import Path
from urllib.parse import urlsplit

from graphcore.errors import ChannelError


def _check_private(address: str) -> None:
    """Raise ChannelError where the folder of an ipc address is open to other users."""
    folder = Path(address.removeprefix("ipc://")).parent
    if not folder.is_absolute():  # neither the abstract namespace nor a name of ZeroMQ's choice: both are open to all
        raise ChannelError(f"{address}: expected the absolute path of a socket")
    try:
        found = folder.stat()
    except OSError as error:
        raise ChannelError(f"{address}: {error.strerror}; expected a folder of your own") from error
    if found.st_uid != os.getuid() or found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ChannelError(f"{address}: others can reach this folder; run `chmod 700 {folder}`")


def is_loopback(address: str) -> bool:
    """Whether a tcp address reaches this machine only; a name other than localhost may reach anything."""
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_address(address: str, secured: bool) -> None:
    if address.startswith("ipc://"):
        _check_private(address)
    elif not address.startswith("tcp://"):
        raise ChannelError(f"{address}: expected tcp://HOST:PORT or ipc://PATH")
    elif not secured and not is_loopback(address):
        raise ChannelError(f"{address} leaves this machine: expected keys; make them with `graphcore keys new DIR`")
