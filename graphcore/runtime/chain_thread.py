"""One thread's chains: it opens their nodes, steps them, and closes them."""

from __future__ import annotations

import threading
from time import perf_counter_ns
from typing import TYPE_CHECKING

from graphcore.errors import GraphcoreError, NodeError, OpenError, RunError
from graphcore.runtime.chain import Chain
from graphcore.runtime.member import Member

if TYPE_CHECKING:
    from graphcore.runtime.executor import Executor

VISIT_NS = 2_000_000  # how long a chain goes on before the others of its thread have their turn


class ChainThread:
    """The chains of one thread, which may be the caller's."""

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
            self._loop()
        except GraphcoreError as error:
            executor.fail(error)
        except KeyboardInterrupt:  # with a virtual clock this is the caller's thread
            executor.cancel()
            raise
        except BaseException as error:  # a bug of ours: end the run, and keep the traceback
            executor.fail(RunError("graphcore", None, error))
        finally:
            self._close()
            executor.leave(self)

    @property
    def wake_at(self) -> int | None:
        """The earliest media time that a chain waits for."""
        return min((chain.wake_at for chain in self.chains if chain.wake_at is not None), default=None)

    def _loop(self) -> None:
        while True:
            self.event.clear()  # before looking: what is set from here on is not lost
            if self._executor.stopping or all(chain.done for chain in self.chains):
                return
            if not self._visit():
                self._executor.rest(self)

    def _visit(self) -> bool:
        worked = False
        for chain in self.chains:
            until = perf_counter_ns() + VISIT_NS
            while not self._executor.stopping and chain.step():
                worked = True
                if perf_counter_ns() > until:
                    break
        return worked

    def _open(self) -> None:
        for chain in self.chains:
            for member in chain.members:
                if self._executor.stopping:
                    return
                self._opened.append(member)
                try:
                    member.node.open()
                except NodeError as error:
                    raise OpenError(member.name, None, error) from error
                except (Exception, SystemExit) as error:
                    raise RunError(member.name, None, error) from error

    def _close(self) -> None:
        steps = [(chain.head.name, chain.close) for chain in self.chains]
        steps += [(member.name, member.node.close) for member in reversed(self._opened)]
        for name, close in steps:
            try:
                close()
            except BaseException as error:
                self._executor.fail(RunError(name, None, error))
