"""What a recorder needs besides a movie: the name of the next take, and a thread that does what takes time."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path


def next_take(path: Path) -> Path:
    """`out/live-3.mp4` for `out/live.mp4` where takes 1 and 2 are there, complete or not."""
    take = re.compile(rf"{re.escape(path.stem)}-(\d+)(\..*)?{re.escape(path.suffix)}", re.IGNORECASE)
    there = [take.fullmatch(file.name) for file in path.parent.iterdir()] if path.parent.is_dir() else []
    number = max((int(found[1]) for found in there if found), default=0) + 1
    return path.with_name(f"{path.stem}-{number}{path.suffix}")


class Beside:
    """Does jobs in order on a thread of its own; nobody waits for it until `close`."""

    def __init__(self, name: str) -> None:
        self._jobs: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many jobs have not begun."""
        return len(self._jobs)

    def do(self, job: Callable[[], None]) -> None:
        """Do this after all that waits; it raises nothing."""
        with self._changed:
            self._jobs.append(job)
            self._changed.notify_all()

    def wait_for_room(self, most: int) -> None:
        """Wait until fewer than `most` jobs wait."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._jobs) < most)

    def close(self) -> None:
        """Do what waits, then end."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            job()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._jobs) or self._closing)
            job = self._jobs.popleft() if self._jobs else None
            self._changed.notify_all()
        return job
