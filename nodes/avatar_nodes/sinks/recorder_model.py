"""What a recorder needs besides a movie: the name of the next take, and a thread that does what takes time."""

from __future__ import annotations

import re
import threading
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path


def next_take(path: Path) -> Path:
    """`out/live-3.mp4` for `out/live.mp4` where takes 1 and 2 are there, complete or not."""
    take = re.compile(rf"{re.escape(path.stem)}-(\d+)(\..*)?{re.escape(path.suffix)}", re.IGNORECASE)
    there = [take.fullmatch(file.name) for file in path.parent.iterdir()] if path.parent.is_dir() else []
    number = max((int(found[1]) for found in there if found), default=0) + 1
    return path.with_name(f"{path.stem}-{number}{path.suffix}")


class Beside:
    """Does jobs in order on a thread of its own; nobody waits for it until `close`.

    `weight` is what a job holds until it is done, in whatever unit its giver counts this `kind`. A job that fails is
    `told`, and the next one is done.
    """

    def __init__(self, name: str, told: Callable[[Exception], None]) -> None:
        self.waiting = Counter[str]()  # the weight of the jobs that are not done, by kind
        self._told = told
        self._jobs: deque[tuple[Callable[[], None], str, int]] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def do(self, job: Callable[[], None], kind: str = "", weight: int = 0) -> None:
        """Do this after all that waits."""
        with self._changed:
            self._jobs.append((job, kind, weight))
            self.waiting[kind] += weight
            self._changed.notify_all()

    def wait_for_room(self, kind: str, most: int) -> None:
        """Wait until less than this weight waits."""
        with self._changed:
            self._changed.wait_for(lambda: self.waiting[kind] < most)

    def close(self) -> None:
        """Do what waits, then end."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._jobs) or self._closing)
                if not self._jobs:
                    return
                job, kind, weight = self._jobs.popleft()
            try:
                job()
            except Exception as error:  # the thread lives on, whatever it is
                self._told(error)
            with self._changed:
                self.waiting[kind] -= weight
                self._changed.notify_all()
