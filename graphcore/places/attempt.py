"""One attempt at a run: every place opens its part, all begin together, and each comes to its end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from graphcore.errors import GraphcoreError, OpenError, RunError
from graphcore.places.files import sent_params
from graphcore.places.joints import join
from graphcore.places.messages import (
    Assign,
    Cancel,
    Ended,
    Go,
    Opened,
    Quiet,
    Release,
    Relieve,
    Relieved,
    Told,
    from_text,
    to_text,
)
from graphcore.places.part import Part, describe
from graphcore.places.process import GONE, Reached
from graphcore.places.remote import WorkerPlace
from graphcore.places.stall import StallWatch
from graphcore.transport.keys import Keys

CLOSE_S = 10.0  # for the nodes to close, once an attempt is broken off

_numbers: Iterator[int] = count(1)


class Attempt:
    """Its places by name, and how far each of them is. One thread calls it."""

    def __init__(self, parts: Mapping[str, Part], places: Mapping[str, Reached], keys: Keys | None = None) -> None:
        self.number = next(_numbers)
        self.places = places
        self.reports: dict[str, dict[str, Any]] = {name: {} for name in parts}
        self.error: GraphcoreError | None = None
        self.lost: tuple[str, str] | None = None  # a place, and its fate
        self.cancelled = False
        self.opened_at: float | None = None  # perf_counter, for people
        self._parts = parts
        self._keys = keys
        self._opened: set[str] = set()
        self._ended: set[str] = set()
        self._gone: set[str] = set()
        self._stall = StallWatch(parts)
        self._until: float | None = None  # broken off: so long the places may take to close

    @property
    def over(self) -> bool:
        """Whether nothing is to be waited for."""
        return len(self._ended | self._gone) == len(self._parts)

    def begin(self) -> None:
        """Give every place its part, and what leads to its peers."""
        joints = join(self._parts, self.places, self._keys)
        for name, part in self._parts.items():
            place, joint = self.places[name], joints[name]
            sent = self._send_files(place, part) if isinstance(place, WorkerPlace) else None
            place.pass_sockets(joint.sockets)
            routes = to_text([route.describe() for route in joint.routes])
            place.send(Assign(self.number, routes, to_text(describe(part, sent))))

    def _send_files(self, place: WorkerPlace, part: Part) -> dict[str, dict[str, Any]]:
        """What the nodes of a worker read goes there first; their params as it will find them."""
        sent = {}
        for node in part.graph.nodes.values():
            sent[node.name], files = sent_params(node)
            for digest, path in files.items():
                place.send_file(digest, path)
        return sent

    def tell(self, message: Any) -> None:
        """Say something to every place that is still at it."""
        for name, place in self.places.items():
            if name not in self._ended and name not in self._gone:
                place.send(message)

    def cancel(self) -> None:
        """End at once; a place that has not even started is not waited for."""
        self.cancelled = True
        for place in self.places.values():
            if place.ready is None:
                place.kill()
        self._break_off()

    def take(self, place: Reached, message: Any) -> None:
        """A message of a place, or GONE."""
        name = next((name for name, each in self.places.items() if each is place), None)
        if name is None:
            return
        if message is GONE:
            self._lose(name, place)
        elif message.attempt == self.number:
            self._take(name, message)

    def look(self) -> None:
        """Broken off, a place that does not close in time is ended."""
        if self._until is not None and time.monotonic() > self._until:
            for name in set(self._parts) - self._ended - self._gone:
                self.places[name].kill()
                self._gone.add(name)

    def release(self) -> None:
        """All have ended: the ways between them are closed."""
        for name, place in self.places.items():
            if name not in self._gone:
                place.send(Release(self.number))

    def _take(self, name: str, message: Any) -> None:
        if isinstance(message, Opened):
            self._opened.add(name)
            if len(self._opened) == len(self._parts) and self._until is None:
                self.opened_at = time.perf_counter()
                self._go(time.monotonic_ns())
        elif isinstance(message, Told):
            self.reports[name].update(from_text(message.report))
        elif isinstance(message, Ended):
            self._end(name, message)
        elif isinstance(message, Quiet) and not self.over:
            if self._stall.quiet(name, message):
                for each in self.places.values():
                    each.send(Relieve(self.number, self._stall.round))
        elif isinstance(message, Relieved):
            waits = self._stall.relieved(name, message)
            if waits is not None and not self.over:
                self._fail(RunError("graph", None, f"stalled: {waits}"))

    def _go(self, zero: int) -> None:
        """Begin everywhere; each place has its own clock."""
        for name, place in self.places.items():
            if name not in self._ended and name not in self._gone:
                place.send(Go(self.number, zero + place.offset_ns))

    def _end(self, name: str, message: Ended) -> None:
        self._ended.add(name)
        if message.node is not None:
            kind = OpenError if message.opening else RunError
            self._fail(kind(message.node, message.timestamp, message.what))
        elif message.what and not message.cancelled:
            self._fail(GraphcoreError(message.what))

    def _fail(self, error: GraphcoreError) -> None:
        """The first error ends the attempt; what comes after it only follows from it."""
        if self._until is None:
            self.error = error
            self._break_off()

    def _lose(self, name: str, place: Reached) -> None:
        if self.over or name in self._gone:
            return
        self._gone.add(name)
        if self._until is None:
            self.lost = (name, place.fate)
            self._break_off()

    def _break_off(self) -> None:
        if self._until is None:
            self._until = time.monotonic() + CLOSE_S
        self.tell(Cancel(self.number))
