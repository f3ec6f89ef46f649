"""A raw stream for whoever connects to a port of this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.audio.continuous_model import check_sound
from avatar_nodes.sinks.raw_stream_model import RawStream
from avatar_nodes.sinks.raw_viewer_model import Parcel, Viewer

HOST = "127.0.0.1"  # what is sent is neither coded nor secret: it stays on this machine
MOST_VIEWERS = 8
BACKLOG = 128  # connections that wait to be taken: a flood shall not keep OBS out for long
ACCEPT_S = 0.2  # between looks whether the server is to end
CLOSE_S = 0.5  # for what waits to be sent at the end


class ObsServer:
    """Gives everybody who connects the same stream; nobody who gives frames or sound waits.

    Raises OSError where the port is taken. `counts` is told the viewers, and what they missed.
    """

    def __init__(self, port: int, stream: RawStream, counts: dict[str, int]) -> None:
        self._stream, self._counts = stream, counts
        self._lock = threading.Lock()
        self._viewers: list[Viewer] = []
        self._begun: set[Viewer] = set()  # of these, those that know what is sent
        self._closing = threading.Event()
        counts.update({"viewers": 0, "frames dropped": 0})
        self._listener = socket.create_server((HOST, port), backlog=BACKLOG)
        self._listener.settimeout(ACCEPT_S)
        self._thread = threading.Thread(target=self._accept, name="obs_stream", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where to connect."""
        return int(self._listener.getsockname()[1])

    def show(self, timestamp: int, pixels: NDArray[np.uint8]) -> None:
        """Send a picture, (height, width, 3 or 4); it is read later, so nobody may change it."""
        with self._lock:
            if self._stream.resized_by(pixels):
                self._leave_all()  # they connect again, and are told the new size
            first = not self._stream.known
            self._stream.take(timestamp, pixels)
            if self._begun:
                self._give(self._stream.pictures())
            for viewer in self._viewers if first else ():
                self._begin(viewer)

    def play(self, timestamp: int, samples: NDArray[np.float32], sample_rate: int) -> None:
        """Send sound, (n, channels); raises ValueError for what is none."""
        check_sound(samples, sample_rate)
        with self._lock:
            if self._begun:
                self._give(self._stream.sounds(timestamp, samples, sample_rate))

    def hush(self) -> None:
        """Make silent what waits to be sent."""
        with self._lock:
            for viewer in self._viewers:
                viewer.hush()

    def close(self) -> None:
        """Leave everybody, and end the threads."""
        self._closing.set()
        self._thread.join()
        self._listener.close()
        with self._lock:
            viewers = list(self._viewers)
            self._leave_all()
        until = monotonic() + CLOSE_S
        for viewer in viewers:
            viewer.close(max(0.0, until - monotonic()))

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:  # it went before it was taken, or there are no more sockets: then the next fails, too
                self._closing.wait(ACCEPT_S)
                continue
            with self._lock:
                if len(self._viewers) < MOST_VIEWERS:
                    self._welcome(connection)
                else:
                    connection.close()

    def _welcome(self, connection: socket.socket) -> None:
        viewer = Viewer(connection, gone=self._remove, dropped=self._count_dropped)
        self._viewers.append(viewer)
        self._counts["viewers"] = len(self._viewers)
        if self._stream.known:
            self._begin(viewer)
        viewer.start()

    def _begin(self, viewer: Viewer) -> None:
        self._begun.add(viewer)
        for parcel in self._stream.begin():
            viewer.put(parcel)

    def _give(self, parcels: Iterable[Parcel]) -> None:
        for parcel in parcels:
            for viewer in self._begun:
                viewer.put(parcel)

    def _remove(self, viewer: Viewer) -> None:
        with self._lock:
            self._viewers = [each for each in self._viewers if each is not viewer]
            self._begun.discard(viewer)
            if not self._begun:
                self._stream.rest()
            self._counts["viewers"] = len(self._viewers)

    def _leave_all(self) -> None:
        self._begun.clear()
        self._stream.rest()
        for viewer in self._viewers:
            viewer.end()

    def _count_dropped(self, kind: str) -> None:
        name = "frames dropped" if kind == "picture" else "sound dropped"
        self._counts[name] = self._counts.get(name, 0) + 1
