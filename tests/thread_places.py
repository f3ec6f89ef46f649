"""Places that are threads: all that a run over places means, without any process."""

from __future__ import annotations

from graphcore import Node
from graphcore.places.coordinator import Coordinator
from graphcore.places.placed_run import PlacedRun
from graphcore.places.process import OwnPlace, Reached
from parts import NODES, Sink


class _Threads(Coordinator):
    def reach(self, name: str) -> Reached:
        return OwnPlace(self._types)


class ThreadRun(PlacedRun):
    """A run whose places are all threads of this process."""

    coordinator = _Threads


class Seen:
    """What the sinks of a run saw, by the output they listen to."""

    def __init__(self) -> None:
        self.packets: dict[str, list[tuple[int, float]]] = {}
        self.ends: dict[str, list[str]] = {}
        seen = self

        class Kept(Sink):
            """A sink whose lists can be found after the run."""

            def open(self) -> None:
                seen.packets[self.context.name] = self.seen
                seen.ends[self.context.name] = self.ends

        Kept.type_name = Sink.type_name
        self.types: dict[str, type[Node]] = {each.type_name: each for each in (*NODES, Kept)}
