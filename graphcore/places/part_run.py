"""One part of a run in its place: linked to the other places, watched by whoever gave the part."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from graphcore.clock import LiveClock
from graphcore.errors import Cancelled, GraphcoreError, OpenError, ParamError, RunError
from graphcore.node import Node
from graphcore.packet import Packet
from graphcore.places.messages import (
    Adjust,
    Assign,
    Cancel,
    Ended,
    Go,
    Interrupt,
    Opened,
    Parted,
    Quiet,
    Rejoin,
    Relieve,
    Relieved,
    Stop,
    Text,
    Told,
    from_text,
    to_text,
)
from graphcore.places.part import read
from graphcore.places.part_links import PartLinks, payloads_of
from graphcore.places.report import Report
from graphcore.places.routes import Door, Route
from graphcore.runtime.run import Run

log = logging.getLogger(__name__)

Taps = Mapping[tuple[str, str], Callable[[Packet], None]]  # who sees every packet of an output: (node, output)

MAX_CALLS = 200_000  # that travel: the newest
MAX_WHAT = 20_000  # bytes of an error that travel


class PartRun:
    """Runs a part. `send` takes messages for the coordinator; `nudge` asks for a `look` soon, from any thread."""

    def __init__(
        self,
        assign: Assign,
        door: Door,
        send: Callable[[Any], None],
        nudge: Callable[[], None],
        given_up: Callable[[], bool],
        taps: Taps | None = None,
    ) -> None:
        self.ended = False
        self._attempt = assign.attempt
        self._assign = assign
        self._send = send
        self._nudge = nudge
        self._given_up = given_up
        self._taps = taps or {}
        self._round = assign.round
        self._error: GraphcoreError | None = None  # why the run was cancelled from here
        self._reported: tuple[Any, ...] = ()
        self._report = Report()
        self._clock = _CommonClock()
        self._door = door
        self._links: PartLinks | None = None
        self._run: Run | None = None

    def open(self, types: Mapping[str, type[Node]]) -> None:
        """Read the part, reach its peers, begin to open its nodes. What fails is told, and what was open is closed."""
        try:
            self._begin(types)
        except GraphcoreError as error:
            self._leave(error)
        except Exception as error:  # no coordinator of ours wrote this; nothing of it may end what serves here
            log.warning("a part that cannot be read", exc_info=True)
            self._leave(RunError("graph", None, f"a part that cannot be read: {type(error).__name__}: {error}"))

    def _begin(self, types: Mapping[str, type[Node]]) -> None:
        part = self._part = read(from_text(self._assign.part), types, self._door.files)
        self._run = Run(
            part.graph,
            live=part.live,
            threads=part.threads,
            trace=part.trace,
            clock=self._clock,
            plan=part.plan,
            outside=self,
        )
        for (node, output), see in self._taps.items():
            if node in part.graph.nodes:
                self._run.tap(node, output, see)
        now = self._clock.now if part.live else None
        self._links = PartLinks(part, self._run.assembly, payloads_of(types), self._part_from, now)
        self._join(self._assign.routes)
        self._run.start()

    def _leave(self, error: GraphcoreError) -> None:
        """It never began."""
        self.cancel()
        self._run = None
        self._fail(error)
        self.release()

    def opened(self) -> None:
        """Every node here has opened."""
        self._send(Opened(self._attempt))

    def quiet(self) -> None:
        """Nothing goes on here; a look will tell."""
        self._nudge()

    def handle(self, message: Any) -> None:
        """Do what the coordinator says."""
        if self._run is None or message.attempt != self._attempt:
            return
        if isinstance(message, Go):
            self._clock.zero = message.zero
            self._run.go()
        elif isinstance(message, Stop):
            self._run.stop()
        elif isinstance(message, Cancel):
            self._run.cancel()
        elif isinstance(message, Relieve):
            self._relieve(message)
        elif isinstance(message, Rejoin):
            self._rejoin(message)
        elif isinstance(message, Interrupt):
            self._run.interrupt(message.moment)
        elif isinstance(message, Adjust):
            try:
                self._run.set(message.node, message.param, from_text(message.value))
            except ParamError as error:
                self._give_up(error)

    def look(self) -> None:
        """Tell what has changed: the end, what was said, that all is quiet."""
        if self._run is None:
            return
        if not self.ended:
            self._look_for_end(self._run)
        if not self.ended:
            self._tell(self._report.news(self._run, self._links, time.monotonic()))
        if self._run.quiet or self.ended:
            self._tell_quiet(self._run)

    @property
    def over(self) -> bool:
        """Whether its nodes are closed; what is left is to say so."""
        return self._run is None or self._run.ended

    def cancel(self) -> None:
        """End at once; there is nobody any more to tell."""
        if self._run is not None:
            self._run.cancel()

    def wait(self, timeout_s: float) -> None:
        """Wait for the end, however it is."""
        if self._run is not None:
            try:
                self._run.wait(timeout_s)
            except GraphcoreError:
                return

    def release(self) -> None:
        """Close the ways to other places."""
        if self._links is not None:
            self._links.close()

    def _join(self, routes: Text) -> None:
        """Reach the peers that these routes lead to; raises GraphcoreError."""
        assert self._links is not None
        self._links.join(self._door.open([Route(**route) for route in from_text(routes)], self._given_up))

    def _rejoin(self, message: Rejoin) -> None:
        """Peers were lost and have come back."""
        try:
            self._join(message.routes)
        except GraphcoreError as error:
            self._give_up(error)

    def _part_from(self, peer: str, reason: str) -> None:
        """The way to a peer has ended: what it sent is refused for good, anything else the coordinator may mend."""
        if "refused" in reason:
            self._give_up(RunError(f"place {peer}", None, reason))
        else:
            self._send(Parted(self._attempt, peer, reason))

    def _tell(self, news: dict[str, Any] | None) -> None:
        if news is not None:
            self._send(Told(self._attempt, to_text(news)))

    def _look_for_end(self, run: Run) -> None:
        try:
            if run.wait(0):
                self._tell(self._report.whole(run, self._links) | self._trace(run))
                self.ended = True
                self._send(Ended(self._attempt, False, False, None, None, ""))
        except GraphcoreError as error:
            self._tell(self._report.whole(run, self._links) | self._trace(run))
            self._fail(self._error or error)

    def _trace(self, run: Run) -> dict[str, Any]:
        """The calls of the whole run, once it has ended."""
        (traced,) = run.traced()
        return {"trace": {"chains": traced.chains, "calls": traced.calls[-MAX_CALLS:]}} if self._part.trace else {}

    def _give_up(self, error: GraphcoreError) -> None:
        """End the run because of something outside its nodes."""
        self._error = self._error or error
        self.cancel()

    def _fail(self, error: GraphcoreError) -> None:
        self.ended = True
        if isinstance(error, RunError):
            ended = Ended(
                self._attempt, False, isinstance(error, OpenError), error.node, error.timestamp, cut(error.what)
            )
        else:
            ended = Ended(self._attempt, isinstance(error, Cancelled), False, None, None, cut(str(error)))
        self._send(ended)

    def _relieve(self, message: Relieve) -> None:
        assert self._run is not None
        self._round = message.round
        try:
            grown = self._run.make_room()
        except GraphcoreError as error:  # a link holds more than max_mb
            self._give_up(error)
            return
        waits = "" if grown or self.ended else self._run.describe_stall()
        self._send(Relieved(self._attempt, self._round, grown, cut(waits)))

    def _tell_quiet(self, run: Run) -> None:
        """Where nothing goes on, say how many messages had come and gone by then; in this order."""
        channels = self._links.channels if self._links is not None else {}
        received = tuple(channel.received for channel in channels.values())
        if not (run.quiet or self.ended):
            return
        sent = tuple(channel.sent for channel in channels.values())
        report = (self._round, sent, received)
        if report != self._reported:
            self._reported = report
            self._send(Quiet(self._attempt, self._round, tuple(channels), sent, received))


def cut(text: str) -> str:
    """As much of an error as travels."""
    return text.encode(errors="replace")[:MAX_WHAT].decode(errors="ignore")


class _CommonClock(LiveClock):
    """Time zero is given: the same in every place of this machine."""

    zero = 0

    def start(self) -> None:
        self._zero = self.zero
