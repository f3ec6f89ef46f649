"""Whether there is an OBS here, and whether `obs_stream` can serve it."""

from __future__ import annotations

import shutil
import socket

from avatar_nodes.sinks.obs_stream import ObsStream
from graphcore import Finding

HOST = "127.0.0.1"
WEBSOCKET_PORT = 4455  # of OBS's own remote control, where it is switched on
WAIT_S = 0.5
INSTALL = "install OBS Studio, for obs_stream: https://obsproject.com, or apt install obs-studio"


def findings(websocket_port: int = WEBSOCKET_PORT, stream_port: int = ObsStream.port.default) -> list[Finding]:
    """OBS, and the port where it would look; nothing else needs them, so neither is ever a failure."""
    return [_obs(websocket_port), _port(stream_port)]


def _obs(port: int) -> Finding:
    if _answers(port):
        return Finding("OBS", "ok", f"runs (its WebSocket server answers at port {port})")
    program = shutil.which("obs") or shutil.which("obs64")
    if program:
        return Finding("OBS", "ok", f"{program}; it does not run, or its WebSocket server is off (port {port})")
    return Finding("OBS", "warn", f"none on the path, and none answers at port {port}", INSTALL)


def _port(port: int) -> Finding:
    name = "OBS stream"
    try:
        with socket.create_server((HOST, port)):
            return Finding(name, "ok", f"port {port} is free for obs_stream")
    except OSError as error:
        what = f"port {port}: {error.strerror}"
        return Finding(name, "warn", what, f"a running graph has it, or choose another: --set obs.port={port + 1}")


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=WAIT_S):
            return True
    except OSError:
        return False
