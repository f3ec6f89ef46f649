"""All the threads of a run: each chain belongs to one, from `open` to `close` of its nodes."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from graphcore.clock import NS_PER_S, Clock, VirtualClock
from graphcore.errors import Cancelled, GraphcoreError, RunError
from graphcore.node import needs_own_thread
from graphcore.runtime import blas
from graphcore.runtime.chain import Chain
from graphcore.runtime.chain_thread import ChainThread


class Outside(Protocol):
    """Who runs the other places, where this is a part of a run; called from any of its threads."""

    def opened(self) -> None:
        """Every node here has opened; time begins with `Executor.go`."""

    def quiet(self) -> None:
        """Nothing goes on here unless something comes from outside: whether that is a stall only others know."""


class Executor:
    """All the threads of a run, and how they wait for each other; `cancelled` is set when they are to end."""

    def __init__(
        self,
        chains: Sequence[Chain],
        *,
        clock: Clock,
        live: bool,
        threads: int | None,
        cancelled: threading.Event,
        describe_stall: Callable[[], str],
        outside: Outside | None = None,
    ) -> None:
        self.clock = clock
        self.live = clock if live else None
        self.error: GraphcoreError | None = None
        self.stopping = False
        self.opened_at: float | None = None  # perf_counter, for people
        self.done = threading.Event()
        self._cancelled = cancelled
        self._describe_stall = describe_stall
        self._outside = outside
        self._blas_held = False
        self._lock = threading.Lock()
        self._opening = threading.Event()
        self._idle: set[ChainThread] = set()
        self._threads = [ChainThread(group, self) for group in _share_out(chains, 1 if self._virtual else threads)]
        self._running = set(self._threads)
        self._unopened = len(self._threads)

    def start(self) -> None:
        """Start every thread; with a virtual clock, run everything here and now."""
        if not self._threads:
            self.done.set()
        elif self._virtual:
            self._threads[0].run()
        else:
            for index, thread in enumerate(self._threads):
                threading.Thread(target=thread.run, name=f"graphcore-{index}", daemon=True).start()

    def cancel(self) -> None:
        """End the run, whatever its nodes will say of it."""
        self.fail(Cancelled("cancelled"))

    def _stop(self) -> None:
        """End every loop; nodes are closed."""
        self.stopping = True
        self._cancelled.set()
        self._opening.set()
        for thread in self._threads:
            for chain in thread.chains:
                chain.broken_off = True
            thread.wake()

    def fail(self, error: GraphcoreError) -> None:
        """Remember the first error, and stop."""
        with self._lock:
            if self.error is None:
                self.error = error
        self._stop()

    def wait_for_all_open(self) -> None:
        """Time zero is after every `open`."""
        with self._lock:
            self._unopened -= 1
            if self._unopened == 0:
                blas.hold()
                self._blas_held = True
                if self.live is not None:
                    gc.freeze()  # what was loaded so far: to look through all of it would hold a frame up by 0.1 s
                self.opened_at = time.perf_counter()
                if self._outside is None:
                    self.go()
                else:
                    self._outside.opened()
        self._opening.wait()

    def go(self) -> None:
        """Begin: this is time zero."""
        self.clock.start()
        self._opening.set()

    @property
    def quiet(self) -> bool:
        """Whether nothing goes on here unless something comes from outside."""
        with self._lock:
            return self.opened_at is not None and (not self._running or self._stalled())

    def make_room(self) -> bool:
        """Nothing goes on anywhere: let full links take more; False: there are none."""
        return any(chain.make_room() for thread in self._threads for chain in thread.chains)

    def rest(self, thread: ChainThread) -> None:
        """Wait until something changes for this thread, or the clock reaches what it waits for."""
        wake_at = thread.wake_at
        if self._virtual and wake_at is not None:
            assert isinstance(self.clock, VirtualClock)
            self.clock.jump_to(wake_at)
            return
        with self._lock:
            self._idle.add(thread)
            stalled = self._stalled()
        if stalled and self._outside is None:
            self._resolve()
            with self._lock:
                self._idle.discard(thread)
            return
        if stalled and self._outside is not None:
            self._outside.quiet()
        timeout = None if wake_at is None else max(0.0, (wake_at - self.clock.now()) / NS_PER_S)
        thread.event.wait(timeout)
        with self._lock:
            self._idle.discard(thread)

    def leave(self, thread: ChainThread) -> None:
        """A thread has closed its nodes."""
        with self._lock:
            self._running.discard(thread)
            last = not self._running
            stalled = self._stalled()
        if stalled and not self.stopping and self._outside is None:
            self._resolve()
        if last:
            if self._blas_held:
                blas.release()
            if self.live is not None:
                gc.unfreeze()
            self.done.set()
        if self._outside is not None:
            self._outside.quiet()

    def _resolve(self) -> None:
        """Every thread waits for another one: make room on full links, or end the run where there are none.

        T. M. Parks, Bounded Scheduling of Process Networks (1995): queues grow only when nothing goes on.
        """
        try:
            if self.make_room():
                return
            raise RunError("graph", None, f"stalled: {self._describe_stall()}")
        except GraphcoreError as error:
            self.fail(error)

    @property
    def _virtual(self) -> bool:
        return isinstance(self.clock, VirtualClock)

    def _stalled(self) -> bool:
        """Whether every thread that still runs waits for another one."""
        return bool(self._running) and all(
            thread in self._idle and not thread.event.is_set() and thread.wake_at is None for thread in self._running
        )


def _share_out(chains: Sequence[Chain], threads: int | None) -> list[list[Chain]]:
    """Which chains share a thread: those with `own_thread` and live devices have one each, the others the rest.

    More threads than cores would only wait for each other: Python runs one at a time.
    """
    if threads == 1:
        return [list(chains)] if chains else []
    alone = [chain for chain in chains if any(needs_own_thread(type(member.node)) for member in chain.members)]
    shared = [chain for chain in chains if chain not in alone]
    count = threads if threads is not None else max(1, (os.cpu_count() or 1) - len(alone))
    groups = [shared[index::count] for index in range(min(count, len(shared)))]
    return groups + [[chain] for chain in alone]
