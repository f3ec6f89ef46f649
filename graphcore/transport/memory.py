"""A wire between two threads of one process: what a channel means, without any world around it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from graphcore.transport.codec import Buffer


class MemoryWire:
    """One end; made by `memory_pair`."""

    def __init__(self) -> None:
        self.refused = 0
        self._arrived: SimpleQueue[Sequence[Buffer] | None] = SimpleQueue()
        self._peer: MemoryWire
        self._thread: threading.Thread | None = None
        self._open = True

    @property
    def figures(self) -> dict[str, int]:
        """Nothing is counted here."""
        return {}

    def start(self, receive: Callable[[Sequence[Buffer]], None], lost: Callable[[str], None]) -> None:
        """Hand over what the peer sends until one of both closes."""
        self._thread = threading.Thread(target=self._run, args=(receive, lost), name="graphcore-memory", daemon=True)
        self._thread.start()

    def send(self, frames: Sequence[Buffer]) -> None:
        """Hand over these very buffers."""
        if self._open:
            self._peer._arrived.put(frames)

    def close(self) -> None:
        """End both ends."""
        self._open = False
        self._arrived.put(None)
        self._peer._arrived.put(None)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self, receive: Callable[[Sequence[Buffer]], None], lost: Callable[[str], None]) -> None:
        while (frames := self._arrived.get()) is not None:
            receive(frames)
        self._open = False
        lost("the peer has closed")


def memory_pair() -> tuple[MemoryWire, MemoryWire]:
    """Two ends that reach each other."""
    first, second = MemoryWire(), MemoryWire()
    first._peer, second._peer = second, first
    return first, second
