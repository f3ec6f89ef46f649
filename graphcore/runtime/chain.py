"""Nodes fused on one thread: `step` makes one call at the head, and everything that follows from it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from time import perf_counter_ns
from typing import Any

from graphcore.clock import Clock
from graphcore.errors import RunError
from graphcore.node import Source, is_source
from graphcore.runtime.align import Alignment
from graphcore.runtime.crossing import END
from graphcore.runtime.inlet import BEGINNING
from graphcore.runtime.member import Member, Out, Outbox

FOLD_AT = 1024  # calls of the head after which statistics are summed up


class Chain:
    """A head (a source, or a node with an Alignment) and the nodes fused behind it.

    One thread at a time calls it. `wake_at` is the media time it waits for, when it waits for the clock.
    """

    def __init__(self, max_bytes: int) -> None:
        self.members: list[Member] = []  # the head first
        self.outbox: Outbox = deque()
        self.alignment: Alignment | None = None
        self.controls: deque[tuple[Member, Callable[[], None]]] = deque()  # what to do before the next call
        self.done = False
        self.broken_off = False  # the run is being cancelled: nothing more is delivered
        self.wake_at: int | None = None
        self.wake: Callable[[], None] = _nobody
        self._max_bytes = max_bytes
        self._packets: Iterator[None] | None = None
        self._stopped = False
        self._listeners_changed = True
        self._paced_by: Clock | None = None
        self._own_outs: frozenset[Out] = frozenset()
        self._bound = BEGINNING

    @property
    def head(self) -> Member:
        """The node that is called first."""
        return self.members[0]

    def start(self, live: Clock | None) -> None:
        """Begin, after every node has opened; live, a media source is paced by its timestamps."""
        node = self.head.node
        if is_source(type(node)):
            self._packets = self.head.produce()
            if live is not None and not (isinstance(node, Source) and node.live):
                self._paced_by = live
                self._own_outs = frozenset(self.head.outs.values())

    def stop(self) -> None:
        """Let the source of this chain end; what was sent still arrives. Called from any thread."""
        self._stopped = True
        self._paced_by = None  # what is held for its time goes now
        self.wake()

    def close(self) -> None:
        """Let a source's `produce` clean up."""
        if isinstance(self._packets, Generator):
            self._packets.close()

    def nudge(self) -> None:
        """A consumer took from a full inlet, or closed one: look again. Called from any thread."""
        self._listeners_changed = True
        self.wake()

    def step(self) -> bool:
        """Do one thing; False: nothing can be done until somebody wakes this chain."""
        self.wake_at = None
        if self.done:
            return False
        if self.controls:
            self._apply_controls()
        if self._listeners_changed:
            self._look_for_listeners()
        if self.outbox and not self._deliver():
            return False
        if self.head.ended:
            return self._finish()
        worked = self._produce() if self._packets is not None else self._consume()
        self._deliver()
        return worked

    def _apply_controls(self) -> None:
        while self.controls:
            member, obey = self.controls.popleft()
            try:
                obey()
            except (Exception, SystemExit) as error:
                raise RunError(member.name, None, error) from error

    def _produce(self) -> bool:
        assert self._packets is not None
        head = self.head
        started = perf_counter_ns()
        try:
            ended = self._stopped or next(self._packets, self) is self
        except (Exception, SystemExit) as error:
            raise RunError(head.name, None, error) from error
        if ended:
            self._end(head)
            return True
        if self.outbox:  # a device may have had nothing to send
            newest = max(out.last for out in head.outs.values())
            self._count(head, started, newest, newest)
        return True

    def _consume(self) -> bool:
        assert self.alignment is not None
        with self.alignment.lock:
            call = self._next_call(self.alignment)
            ended = call is None and self.alignment.ended
            if call is None and not ended:
                self._relieve(everywhere=False)
            bound = self.alignment.bound
            self.head.metrics.unmatched = self.alignment.unmatched
        if call is not None:
            timestamp, arguments = call
            self._call(timestamp, arguments, min(timestamp, bound))
            return True
        if ended:
            self._end(self.head)
            return True
        if bound > self._bound:
            self._bound = bound
            self.head.settle(bound)
            return bool(self.outbox)
        return False

    def _next_call(self, alignment: Alignment) -> tuple[int, list[Any]] | None:
        try:
            return alignment.next()
        except (Exception, SystemExit) as error:  # a payload's `between` is an author's code, too
            raise RunError(self.head.name, None, error) from error

    def make_room(self) -> bool:
        """Every chain of the run waits: let full inputs take more, whatever their siblings. Called from any thread."""
        if self.done or self.alignment is None:
            return False
        with self.alignment.lock:
            return self._relieve(everywhere=True)

    def _relieve(self, *, everywhere: bool) -> bool:
        """A full input takes more while it, or a sibling it can starve, is waited for; else both would wait.

        With a common ancestor a sibling is known to starve; without one (`everywhere`) two fan-ins can wait for
        each other all the same, which shows only when nothing goes on.
        """
        assert self.alignment is not None
        grown = False
        for inlet in self.alignment.inlets.values():
            starving = [each for each in self.alignment.starving if everywhere or each is inlet or each in inlet.rivals]
            if not inlet.full or not starving:
                continue
            if inlet.bytes > self._max_bytes:
                raise RunError(
                    self.head.name,
                    inlet.packets[-1].timestamp,
                    f"link {inlet.link} holds {inlet.bytes / 1e6:.0f} MB while link {starving[0].link} is empty;"
                    f" expected at most max_mb: {self._max_bytes / 1e6:.0f}; raise it, or shorten the way between",
                )
            inlet.grow()
            grown = True
        return grown

    def _call(self, timestamp: int, arguments: list[Any], consumed: int) -> None:
        """Call the head, which has then consumed everything up to `consumed`."""
        head = self.head
        started = perf_counter_ns()
        head.node.timestamp = timestamp
        try:
            head.call(*arguments)
        except (Exception, SystemExit) as error:
            raise RunError(head.name, timestamp, error) from error
        self._count(head, started, timestamp, consumed)

    def _count(self, member: Member, started: int, timestamp: int, consumed: int) -> None:
        ended = perf_counter_ns()
        member.metrics.pending.append(ended - started)
        if member.followed_up:
            member.follow_up(started, ended, timestamp, consumed)
        if len(member.metrics.pending) >= FOLD_AT:
            for each in self.members:
                each.metrics.fold()

    def _deliver(self) -> bool:
        """Hand over what waits in the outbox; False: a full link or the clock holds it.

        This is the hot path: a hop to a fused node is written out here instead of called.
        """
        outbox = self.outbox
        started = perf_counter_ns()
        while outbox and not self.broken_off:
            out, payload, timestamp = item = outbox.popleft()
            if timestamp is None:
                self._settle(out, payload)
                continue
            if (out.crossing or self._paced_by) and not self._hand_over(out, payload, timestamp):
                outbox.appendleft(item)
                return False
            for member in out.fused:
                if member.ended:
                    continue
                if self.controls:
                    self._apply_controls()
                member.node.timestamp = timestamp
                try:
                    member.call(payload)
                except (Exception, SystemExit) as error:
                    raise RunError(member.name, timestamp, error) from error
                ended = perf_counter_ns()
                member.metrics.pending.append(ended - started)
                if member.followed_up:
                    member.follow_up(started, ended, timestamp, timestamp)
                started = ended  # so that no time is counted twice
        return True

    def _hand_over(self, out: Out, payload: Any, timestamp: int) -> bool:
        """Give a packet to other chains; False: it is ahead of the clock, or a link is full."""
        clock = self._paced_by
        if clock is not None and out in self._own_outs and timestamp > clock.now():
            self.wake_at = timestamp
            return False
        for listener in out.crossing:
            if listener.full:
                return False
        for listener in out.crossing:
            listener.offer(payload, timestamp, out.packets)
        return True

    def _settle(self, out: Out, timestamp: int) -> None:
        """Tell whoever listens that nothing at or before this time will come."""
        for listener in out.crossing:
            listener.settle(timestamp)
        for member in out.fused:
            if timestamp == END:
                self._end(member)
            else:
                member.settle(timestamp)

    def _end(self, member: Member) -> None:
        try:
            member.end()
        except (Exception, SystemExit) as error:
            raise RunError(member.name, None, error) from error

    def _finish(self) -> bool:
        """The head has ended and the outbox is empty: so have all."""
        self.done = True
        self._close_inlets()
        return True

    def _look_for_listeners(self) -> None:
        """A chain that nobody hears ends; its nodes are finished, for one may have made something by the way."""
        self._listeners_changed = False
        if not self.head.ended and self.head.unheard:
            self._end(self.head)

    def _close_inlets(self) -> None:
        if self.alignment is not None:
            with self.alignment.lock:
                for inlet in self.alignment.inlets.values():
                    inlet.close()


def _nobody() -> None:
    """No thread runs this chain."""
