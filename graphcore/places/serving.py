"""A place's side of the control channel: it takes parts, one after the other, and runs them."""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from queue import Empty, SimpleQueue
from time import monotonic, monotonic_ns
from typing import Any

from graphcore.errors import CodecError
from graphcore.node import Node
from graphcore.places.messages import (
    Assign,
    Cancel,
    Content,
    Ended,
    Greet,
    Ping,
    Pong,
    Ready,
    Release,
    Relieve,
    to_text,
)
from graphcore.places.part_run import PartRun, Taps, cut
from graphcore.places.routes import Door
from graphcore.transport.channel import Channel, Wire

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.05
SETTLE_S = 0.02  # a place that is quiet for less is not worth a word
RELIEVED_S = 0.002  # the same, once full links had to take more: each packet of that takes a round
CLOSE_S = 1.5  # for the nodes to close when the coordinator is gone

GONE = object()  # the control channel has ended
LOOK = object()  # something has changed


class PlaceServer:
    """Serves one coordinator."""

    def __init__(
        self,
        wire: Wire,
        types: Callable[[], Mapping[str, type[Node]]],
        door: Door,
        lost: Callable[[], None] = lambda: None,
        taps: Taps | None = None,
    ) -> None:
        self._inbox: SimpleQueue[Any] = SimpleQueue()
        self._nudged = False
        self._dropped = 0  # the last attempt that was cancelled or released
        self._types = types
        self._door = door
        self._lost = lost
        self._taps = taps
        self._channel = Channel(wire, {}, receive=self._receive, closed=self._closed)

    def serve(self) -> None:
        """Run what is given until the coordinator is gone."""
        reason = ""
        try:
            self._channel.start()
            self._answer(self._types())
        except Exception as error:
            reason = f"refused: {type(error).__name__}: {error}"
            raise
        finally:
            try:
                self._channel.close(reason)
            finally:
                self._door.close()

    def _answer(self, types: Mapping[str, type[Node]]) -> None:
        while (message := self._inbox.get()) is not GONE:
            if isinstance(message, Greet):
                self._door.greet(message)
                self._channel.send(Ready(os.getpid(), to_text(about(types))))
            elif isinstance(message, Assign) and not self._serve_part(message, types):
                break

    def _receive(self, message: Any) -> None:
        """What is answered or kept at once, by the wire's own thread; the rest waits for its turn."""
        if isinstance(message, Ping):
            self._channel.send(Pong(message.sent, monotonic_ns()))
        elif isinstance(message, Content):
            if self._door.files is None:
                raise CodecError("a file for a place that has them all")
            self._door.files.take(message)
        else:
            if isinstance(message, (Cancel, Release)):
                self._dropped = max(self._dropped, message.attempt)
            self._inbox.put(message)

    def _given_up(self, attempt: int) -> bool:
        """Whether nobody waits for this attempt any more; asked while a part is opened and no message is read."""
        return self._dropped >= attempt or self._channel.reason is not None

    def _serve_part(self, assign: Assign, types: Mapping[str, type[Node]]) -> bool:
        """Run one part until it is released; False: the coordinator is gone."""
        given_up = partial(self._given_up, assign.attempt)
        part = PartRun(assign, self._door, self._channel.send, self._nudge, given_up, self._taps)
        try:
            part.open(types)
            return self._follow(part)
        except Exception as error:  # a bug of ours, or a part that no coordinator of ours has made
            log.exception("a part was given up")
            part.cancel()
            part.wait(CLOSE_S)
            part.release()
            what = cut(f"{type(error).__name__}: {error}")
            self._channel.send(Ended(assign.attempt, False, False, "graphcore", None, what))
            while (message := self._inbox.get()) is not GONE:
                if isinstance(message, Release):
                    return True
            return False

    def _follow(self, part: PartRun) -> bool:
        """Until it is released; False: the coordinator is gone."""
        settle_s, look_at = SETTLE_S, 0.0
        while True:
            message = self._next(look_at)
            if message is GONE:
                part.cancel()
                part.wait(CLOSE_S)
                part.release()
                return False
            if isinstance(message, Release):
                return self._release(part)
            if message is LOOK and not part.over:
                look_at = min(look_at, monotonic() + settle_s)
                continue
            if isinstance(message, Relieve):
                settle_s = RELIEVED_S
            if message is not LOOK and message is not None:
                part.handle(message)
            self._nudged = False
            part.look()
            look_at = monotonic() + LOOK_EVERY_S

    def _release(self, part: PartRun) -> bool:
        """Close its ways, once its nodes have closed: the next part may want their files. False: nobody is there."""
        part.cancel()
        while not part.over and self._channel.reason is None:
            part.wait(LOOK_EVERY_S)
        part.release()
        return self._channel.reason is None

    def _next(self, until: float) -> Any:
        """What comes next; None when it is time to look."""
        try:
            return self._inbox.get(timeout=max(0.0, until - monotonic()))
        except Empty:
            return None

    def _nudge(self) -> None:
        """Look soon; called from any thread."""
        if not self._nudged:
            self._nudged = True
            self._inbox.put(LOOK)

    def _closed(self, _reason: str) -> None:
        self._inbox.put(GONE)
        self._lost()


def about(types: Mapping[str, type[Node]]) -> dict[str, Any]:
    """What a place says of itself, for whoever looks whether it can do what is asked."""
    return {"version": version("graphcore"), "python": platform.python_version(), "types": sorted(types)}
