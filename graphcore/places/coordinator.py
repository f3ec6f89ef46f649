"""The thread that drives a run over places: it reaches them, hears them, and makes good what is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from queue import Empty, SimpleQueue
from typing import Any

from graphcore.errors import Cancelled, RunError
from graphcore.node import Node
from graphcore.packet import Packet
from graphcore.places.attempt import Attempt
from graphcore.places.children import LEAVE_S, Children
from graphcore.places.messages import Ready, from_text
from graphcore.places.part import Part
from graphcore.places.places_file import HERE
from graphcore.places.process import GONE, ChildPlace, OwnPlace, Reached
from graphcore.places.restarts import Restarts
from graphcore.places.workers import Workers

LOOK_EVERY_S = 0.1


class Coordinator:
    """Offline, when a place is lost, the attempt starts again from the first packet in every place.

    Live, the lost place is opened again while the others go on.
    """

    def __init__(
        self,
        parts: Mapping[str, Part],
        types: Mapping[str, type[Node]],
        children: Children,
        restarts: Restarts,
        workers: Workers,
        *,
        live: bool,
    ) -> None:
        self.reached: dict[str, Reached] = {}
        self.attempt: Attempt | None = None
        self.notices: list[str] = []
        self.taps: dict[tuple[str, str], Callable[[Packet], None]] = {}
        self.restarted = 0
        self.stopped = self.cancelled = False
        self._parts = parts
        self._types = types
        self._children = children
        self._restarts = restarts
        self._workers = workers
        self._live = live
        self._events: SimpleQueue[tuple[Reached | None, Any]] = SimpleQueue()
        self._away: dict[str, float] = {}  # live: lost places, and when to reach them again
        self._lost_at: dict[str, float] = {}

    def do(self, what: Callable[[Attempt], None]) -> None:
        """Let the coordinator's own thread do it."""
        self._events.put((None, what))

    def work(self) -> None:
        """Bring the run to its end; raises what ended it."""
        try:
            while not self._try_once():
                pass
        finally:
            for place in self.reached.values():
                place.close(LEAVE_S)
            self._children.close()

    def reach(self, name: str) -> Reached:
        """A place, to be started."""
        if name == HERE:
            return OwnPlace(self._types, self.taps)
        return self._workers.reach(name) or ChildPlace(self._children.take(name))

    def _try_once(self) -> bool:
        """One attempt from beginning to end; False: a place was lost, and there is to be another one."""
        for name in self._parts:
            if name in self.reached and self.reached[name].ended:  # lost, too, while another one was
                self._let_go(name)
            self._reach_again(name)
        attempt = self.attempt = Attempt(self._parts, self.reached, self._workers.keys)
        while not (self.cancelled or attempt.over or self._workers.answered(self.reached)):
            self._one_event(attempt, LOOK_EVERY_S)
        if self.cancelled:
            attempt.cancel()
        elif not attempt.over:
            attempt.begin()
        while not attempt.over:
            self._one_event(attempt, LOOK_EVERY_S)
            self._bring_back(attempt)
            attempt.look()
        attempt.release()
        if attempt.lost is not None and not self.cancelled:
            self._start_again(attempt, *attempt.lost)
            return False
        if self.cancelled:
            raise Cancelled("cancelled")
        if attempt.error is not None:
            raise attempt.error
        return True

    def _start_again(self, attempt: Attempt, name: str, fate: str) -> None:
        """Offline: wait for the next attempt; raises RunError where there is to be none."""
        try:
            if self.stopped:
                raise RunError(f"place {name}", None, f"lost ({fate}) while the run was ending")
            delay_s = self._delay_s(name, fate)
        except RunError:
            self._note(attempt)
            raise
        if self.reached[name].ended:
            self._let_go(name)
        self.restarted += 1
        self.notices.append("starting again from the first packet in every place")
        until = time.monotonic() + delay_s
        while not self.cancelled and (left := until - time.monotonic()) > 0:
            self._one_event(attempt, left)

    def _delay_s(self, name: str, fate: str) -> float:
        if self.reached[name].faulty:
            raise RunError(f"place {name}", None, self.reached[name].never_began)
        return self._restarts.delay_s(name, fate, time.monotonic())

    def _let_go(self, name: str) -> None:
        lost = self.reached.pop(name)
        lost.kill()
        lost.close(LEAVE_S)

    def _one_event(self, attempt: Attempt, timeout_s: float) -> None:
        for reached in list(self.reached.values()):
            reached.look()
        try:
            place, message = self._events.get(timeout=timeout_s)
        except Empty:
            return
        if place is None:
            message(attempt)
        elif isinstance(message, Ready):
            place.ready, place.pid = message, message.pid
            self._compare(attempt, place, message)
        elif not (message is GONE and self._live and self._goes_on_without(attempt, place)):
            before = attempt.lost
            attempt.take(place, message)
            if attempt.lost is None:
                self._note(attempt)
            elif before is None:
                name, fate = attempt.lost
                self.notices.append(f"place {name}: lost ({fate})")

    def _compare(self, attempt: Attempt, place: Reached, ready: Ready) -> None:
        """What travels is the same in one version only."""
        try:
            theirs = dict(from_text(ready.about)).get("version")
        except (ValueError, TypeError):
            theirs = "of another kind"
        ours = version("graphcore")
        if theirs != ours and attempt.lost is None:
            name = next(name for name, each in self.reached.items() if each is place)
            attempt.fail(RunError(f"place {name}", None, f"graphcore {theirs} there, {ours} here; install the same"))

    def _goes_on_without(self, attempt: Attempt, place: Reached) -> bool:
        """Live: the others go on, and the lost place is reached again; False: that is no use, or not allowed."""
        if self.stopped or self.cancelled:
            return False
        name = attempt.without(place)
        if name is None:
            return False
        fate = place.fate
        self.notices.append(f"place {name}: lost ({fate})")
        try:
            delay_s = self._delay_s(name, fate)
        except RunError as error:
            attempt.fail(error)
            return True
        self._let_go(name)
        now = time.monotonic()
        self._lost_at.setdefault(name, now)
        self._away[name] = now + delay_s
        return True

    def _bring_back(self, attempt: Attempt) -> None:
        """Reach lost places when it is time; once all of them stand again, they begin together."""
        now = time.monotonic()
        for name in attempt.opened_again:
            took_s = time.monotonic() - self._lost_at.pop(name, time.monotonic())
            self.notices.append(f"place {name}: opened again after {took_s:.2f} s")
        attempt.opened_again.clear()
        if not self._away or attempt.over or self.cancelled:
            return
        for name, when in self._away.items():
            if name not in self.reached and now >= when:
                self._reach_again(name)
        if all(name in self.reached and self.reached[name].ready is not None for name in self._away):
            attempt.rejoin(self._away.keys())
            self.restarted += len(self._away)
            self._away.clear()

    def _reach_again(self, name: str) -> None:
        if name not in self.reached:
            place = self.reach(name)
            place.start(lambda place, message: self._events.put((place, message)), self._workers.greet(name))
            self.reached[name] = place

    def _note(self, attempt: Attempt) -> None:
        """What is new among the notices; those of an attempt that is given up do not count."""
        for report in attempt.reports.values():
            self.notices += [text for text in report.get("notices", ()) if text not in self.notices]
