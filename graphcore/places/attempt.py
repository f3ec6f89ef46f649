"""One attempt at a run: every place opens its part, all begin together, and each comes to its end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Set
from itertools import count
from typing import Any

from graphcore.errors import GraphcoreError, OpenError, RunError
from graphcore.places.counted import read_report
from graphcore.places.files import sent_params
from graphcore.places.joints import Joint, join
from graphcore.places.messages import (
    Assign,
    Cancel,
    Ended,
    Go,
    Interrupt,
    Opened,
    Parted,
    Quiet,
    Rejoin,
    Release,
    Relieve,
    Relieved,
    Stop,
    Told,
    to_text,
)
from graphcore.places.part import Part, describe
from graphcore.places.process import GONE, Reached
from graphcore.places.remote import WorkerPlace
from graphcore.places.stall import StallWatch
from graphcore.transport.keys import Keys

GRACE_S = 1.5  # whether a way ended because one of its places did, turns out by then
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
        self.stopped = False
        self.opened_again: list[str] = []  # places that were lost and whose nodes have opened since
        self.opened_at: float | None = None  # perf_counter, for people
        self._parts = parts
        self._keys = keys
        self._live = any(part.live for part in parts.values())
        self._begun = False
        self._zero = 0
        self._opened: set[str] = set()
        self._ended: set[str] = set()
        self._gone: set[str] = set()
        self._stall = StallWatch(parts)
        self._parted: dict[frozenset[str], tuple[float, str]] = {}  # ways that have ended, since when, and why
        self._until: float | None = None  # broken off: so long the places may take to close

    @property
    def over(self) -> bool:
        """Whether nothing is to be waited for."""
        if not self._begun:
            return self.cancelled or self.lost is not None or self.error is not None
        return len(self._ended | self._gone) == len(self._parts)

    def begin(self) -> None:
        """Give every place its part, and what leads to its peers."""
        self._begun = True
        joints = join(self._parts, self.places, self._keys)
        for name in self._parts:
            self._assign(name, joints[name])

    def rejoin(self, names: Set[str]) -> None:
        """These were lost and stand again: they begin anew, and their peers are led to them."""
        self._join_again({frozenset((name, peer)) for name in names for peer in self._parts[name].peers}, names)

    def _join_again(self, pairs: Set[frozenset[str]], names: Set[str]) -> None:
        """New ways for these pairs; the places of `names` begin anew, the others go on."""
        joints = join(self._parts, self.places, self._keys, pairs)
        for name, joint in joints.items():
            if name in names:
                self._gone.discard(name)
                self._assign(name, joint)
            elif joint.routes:
                place = self.places[name]
                place.pass_sockets(joint.sockets)
                place.send(Rejoin(self.number, joint.text))

    def without(self, place: Reached) -> str | None:
        """Live, go on without a place that is lost: its name; None where that is no use."""
        name = next((name for name, each in self.places.items() if each is place), None)
        if name is None or self.over or self._until is not None or self.opened_at is None or name in self._ended:
            return None
        self._gone.add(name)
        self._opened.discard(name)
        self._stall.forget(name)
        return name

    def _assign(self, name: str, joint: Joint) -> None:
        part, place = self._parts[name], self.places[name]
        sent = self._send_files(place, part) if isinstance(place, WorkerPlace) else None
        place.pass_sockets(joint.sockets)
        place.send(Assign(self.number, self._stall.round, joint.text, to_text(describe(part, sent))))

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

    def stop(self) -> None:
        """End the sources; a place that is lost just now is told once it stands again."""
        self.stopped = True
        self.tell(Stop(self.number))

    def interrupt(self) -> None:
        """Let every node forget what waits in it to be said or shown."""
        moment = time.monotonic_ns() - self._zero if self.opened_at is not None else 0
        self.tell(Interrupt(self.number, moment))

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
        self._mend_ways()

    def release(self) -> None:
        """All have ended: the ways between them are closed."""
        for place in self.places.values():
            place.send(Release(self.number))

    def _take(self, name: str, message: Any) -> None:
        if isinstance(message, Opened):
            self._opened.add(name)
            if self.opened_at is not None:  # it was lost before
                self.opened_again.append(name)
                self._go(name)
            elif len(self._opened) == len(self._parts) and self._until is None:
                self.opened_at = time.perf_counter()
                self._zero = time.monotonic_ns()
                for part in self._parts:
                    self._go(part)
        elif isinstance(message, Told):
            self._note(name, message)
        elif isinstance(message, Ended):
            self._end(name, message)
        elif isinstance(message, Parted):
            self._parted.setdefault(frozenset((name, message.peer)), (time.monotonic(), message.reason))
        elif isinstance(message, Quiet) and not self.over:
            if self._stall.quiet(name, message):
                for each in self.places.values():
                    each.send(Relieve(self.number, self._stall.round))
        elif isinstance(message, Relieved):
            waits = self._stall.relieved(name, message)
            if waits is not None and not self.over:
                self.fail(RunError("graph", None, f"stalled: {waits}"))

    def _go(self, name: str) -> None:
        """Begin; each place has its own clock."""
        if name not in self._ended and name not in self._gone:
            self.places[name].send(Go(self.number, self._zero + self.places[name].answers.offset_ns))
            if self.stopped:
                self.places[name].send(Stop(self.number))

    def _note(self, name: str, message: Told) -> None:
        try:
            self.reports[name].update(read_report(message))
        except ValueError as error:
            self.fail(RunError(f"place {name}", None, f"it told what cannot be read: {error}"))

    def _mend_ways(self) -> None:
        """A way ended and both its places live: live they are joined again, offline the attempt is over."""
        now = time.monotonic()
        for pair, (since, reason) in list(self._parted.items()):
            if now - since < GRACE_S:
                continue
            del self._parted[pair]
            if self.over or self._until is not None or pair & (self._gone | self._ended):
                continue
            if self._live and self.opened_at is not None:
                self._join_again({pair}, frozenset())
            else:
                self.lost = (max(pair), f"the way to {min(pair)} was lost: {reason}")
                self._break_off()

    def _end(self, name: str, message: Ended) -> None:
        self._ended.add(name)
        if message.node is not None:
            kind = OpenError if message.opening else RunError
            self.fail(kind(message.node, message.timestamp, message.what))
        elif message.what and not message.cancelled:
            self.fail(GraphcoreError(message.what))

    def fail(self, error: GraphcoreError) -> None:
        """The first error ends the attempt; what comes after it only follows from it."""
        if self._until is None:
            self.error = error
            self._break_off()

    def _lose(self, name: str, place: Reached) -> None:
        if self.over or name in self._gone:
            return
        self._gone.add(name)
        if self._live and name in self._ended:  # its work was done
            return
        if self._until is None:
            self.lost = (name, place.fate)
            self._break_off()

    def _break_off(self) -> None:
        if self._until is None:
            self._until = time.monotonic() + CLOSE_S
        self.tell(Cancel(self.number))
