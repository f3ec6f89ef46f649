"""Threads that step chains: each chain belongs to one thread, from `open` to `close` of its nodes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from graphcore.clock import NS_PER_S, Clock, VirtualClock
from graphcore.errors import GraphcoreError, RunError
from graphcore.runtime.chain import Chain
from graphcore.runtime.member import Member

STEPS_A_VISIT = 32  # so that chains which share a thread all get on


class Worker:
    """One thread's chains."""

    def __init__(self, chains: list[Chain], executor: Executor) -> None:
        self.chains = chains
        self.event = threading.Event()
        self._executor = executor
        self._opened: list[Member] = []
        for chain in chains:
            chain.wake = self.wake
            if chain.alignment is not None:
                chain.alignment.wake = self.wake

    def wake(self) -> None:
        """Something changed for one of these chains. Called from any thread."""
        if not self.event.is_set():
            self.event.set()

    def run(self) -> None:
        """Open, step until all is done, close; what goes wrong ends the whole run."""
        executor = self._executor
        try:
            self._open()
            executor.wait_for_all_open()
            for chain in self.chains:
                chain.start(executor.live)
            while not executor.stopping and not all(chain.done for chain in self.chains):
                self.event.clear()
                if not self._visit():
                    executor.rest(self)
        except GraphcoreError as error:
            executor.fail(error)
        except Exception as error:  # a bug of ours: end the run, and keep the traceback
            executor.fail(RunError("graphcore", None, error))
        finally:
            self._close()
            executor.leave(self)

    @property
    def wake_at(self) -> int | None:
        """The earliest media time that a chain waits for."""
        return min((chain.wake_at for chain in self.chains if chain.wake_at is not None), default=None)

    def _visit(self) -> bool:
        worked = False
        for chain in self.chains:
            for _ in range(STEPS_A_VISIT):
                if self._executor.stopping or not chain.step():
                    break
                worked = True
        return worked

    def _open(self) -> None:
        for chain in self.chains:
            for member in chain.members:
                if self._executor.stopping:
                    return
                self._opened.append(member)
                try:
                    member.node.open()
                except Exception as error:
                    raise RunError(member.name, None, error) from error

    def _close(self) -> None:
        for chain in self.chains:
            chain.close()
        for member in reversed(self._opened):
            try:
                member.node.close()
            except Exception as error:
                self._executor.fail(RunError(member.name, None, error))


class Executor:
    """All the workers of a run, and how they wait for each other."""

    def __init__(self, chains: Sequence[Chain], *, clock: Clock, live: bool, threads: int | None) -> None:
        self.clock = clock
        self.live = clock if live else None
        self.error: GraphcoreError | None = None
        self.stopping = False
        self.opened_at: float | None = None  # perf_counter, for people
        self.done = threading.Event()
        self.describe_stall: Callable[[], str] = lambda: "nothing can go on"
        self._blas: Any = None
        self._lock = threading.Lock()
        self._opening = threading.Event()
        self._idle: set[Worker] = set()
        self._workers = [Worker(group, self) for group in _share_out(chains, 1 if self._virtual else threads)]
        self._running = set(self._workers)
        self._unopened = len(self._workers)

    def start(self) -> None:
        """Start every thread; with a virtual clock, run everything here and now."""
        if not self._workers:
            self.done.set()
        elif self._virtual:
            self._workers[0].run()
        else:
            for index, worker in enumerate(self._workers):
                threading.Thread(target=worker.run, name=f"graphcore-{index}", daemon=True).start()

    def stop(self) -> None:
        """End every loop; nodes are closed."""
        self.stopping = True
        self._opening.set()
        for worker in self._workers:
            worker.wake()

    def fail(self, error: GraphcoreError) -> None:
        """Remember the first error, and stop."""
        with self._lock:
            if self.error is None:
                self.error = error
        self.stop()

    def wait_for_all_open(self) -> None:
        """Time zero is after every `open`."""
        with self._lock:
            self._unopened -= 1
            if self._unopened == 0:
                self.clock.start()
                self.opened_at = time.perf_counter()
                self._one_blas_thread()
                self._opening.set()
        self._opening.wait()

    def rest(self, worker: Worker) -> None:
        """Wait until something changes for this worker, or the clock reaches what it waits for."""
        wake_at = worker.wake_at
        if self._virtual and wake_at is not None:
            assert isinstance(self.clock, VirtualClock)
            self.clock.jump_to(wake_at)
            return
        with self._lock:
            self._idle.add(worker)
            stalled = self._stalled()
        if stalled:
            self.fail(RunError("graph", None, f"stalled: {self.describe_stall()}"))
            return
        timeout = None if wake_at is None else max(0.0, (wake_at - self.clock.now()) / NS_PER_S)
        worker.event.wait(timeout)
        with self._lock:
            self._idle.discard(worker)

    def leave(self, worker: Worker) -> None:
        """A worker has closed its nodes."""
        with self._lock:
            self._running.discard(worker)
            stalled = self._stalled()
        if stalled and not self.stopping:
            self.fail(RunError("graph", None, f"stalled: {self.describe_stall()}"))
        if not self._running:
            if self._blas is not None:
                self._blas.restore_original_limits()
            self.done.set()

    def _one_blas_thread(self) -> None:
        """Nodes run side by side already: a BLAS with threads of its own spins on the cores they need.

        With one thread its sums do not depend on how many cores there are, either.
        """
        from threadpoolctl import threadpool_limits

        self._blas = threadpool_limits(1, user_api="blas")

    @property
    def _virtual(self) -> bool:
        return isinstance(self.clock, VirtualClock)

    def _stalled(self) -> bool:
        """Whether every thread that still runs waits for another one."""
        return bool(self._running) and all(
            worker in self._idle and not worker.event.is_set() and worker.wake_at is None for worker in self._running
        )


def _share_out(chains: Sequence[Chain], threads: int | None) -> list[list[Chain]]:
    """Which chains share a thread: those with `own_thread` have one each, the others the rest of the cores.

    More threads than cores would only wait for each other: Python runs one at a time.
    """
    if threads == 1:
        return [list(chains)] if chains else []
    alone = [chain for chain in chains if any(member.node.own_thread for member in chain.members)]
    shared = [chain for chain in chains if chain not in alone]
    count = threads if threads is not None else max(1, (os.cpu_count() or 1) - len(alone))
    groups = [shared[index::count] for index in range(min(count, len(shared)))]
    return groups + [[chain] for chain in alone]
