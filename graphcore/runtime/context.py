"""What a run tells a node, and what a node tells its run."""

from __future__ import annotations

import threading
import zlib
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from graphcore.clock import Clock

if TYPE_CHECKING:
    import numpy as np

MOST_NOTICES = 1000  # of a run: it may go on for days


@dataclass(frozen=True, slots=True)
class Made:
    """A file that a node has completed: `count` of `unit` are in it."""

    node: str
    path: Path
    count: int
    unit: str


@dataclass
class Reports:
    """What the nodes of a run said, in order; written from many threads."""

    notices: list[str] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    expected_ns: dict[str, int] = field(default_factory=dict)  # media time that each source will send


class RunContext:
    """The Context of one node of a run."""

    def __init__(
        self,
        name: str,
        *,
        frame_rate: Fraction,
        seed: int,
        clock: Clock,
        live: bool,
        linked: frozenset[str],
        cancelled: threading.Event,
        reports: Reports,
    ) -> None:
        self.name = name
        self.frame_rate = frame_rate
        self.clock = clock
        self.live = live
        self.linked = linked
        self.counts: dict[str, int] = {}
        self.forget_before: dict[str, int] = {}
        self.interrupted_at = 0
        self._seed = seed
        self._cancelled = cancelled
        self._reports = reports
        self._rng: np.random.Generator | None = None

    @property
    def rng(self) -> np.random.Generator:
        """Random numbers from the graph's seed and the node's name."""
        if self._rng is None:
            import numpy as np

            self._rng = np.random.default_rng([self._seed, zlib.crc32(self.name.encode())])
        return self._rng

    @property
    def cancelled(self) -> bool:
        """Whether the run is being cancelled."""
        return self._cancelled.is_set()

    def notice(self, text: str) -> None:
        """Tell the user something that is no error; of very many the first are told."""
        told = len(self._reports.notices)
        if told < MOST_NOTICES:
            self._reports.notices.append(f"{self.name}: {text}")
        elif told == MOST_NOTICES:
            self._reports.notices.append(f"{self.name}: there is more to tell, but {MOST_NOTICES} notices are enough")

    def expect(self, duration_ns: int) -> None:
        """Say how much media time this source will send."""
        self._reports.expected_ns[self.name] = duration_ns

    def made(self, path: Path, count: int, unit: str) -> None:
        """Say that a file is complete."""
        self._reports.made.append(Made(self.name, path, count, unit))
