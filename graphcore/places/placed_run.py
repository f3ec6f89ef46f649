"""A run that is spread over places: the same to its user as a Run, and started again where a place is lost."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from graphcore.errors import Cancelled, GraphcoreError, RunError
from graphcore.graph.params import live_value
from graphcore.graph.spec import Graph
from graphcore.node import Node
from graphcore.places.attempt import CLOSE_S, Attempt
from graphcore.places.children import LEAVE_S, Children
from graphcore.places.counted import losses_of, stats_of
from graphcore.places.messages import Adjust, Ready, Stop, to_text
from graphcore.places.places_file import HERE
from graphcore.places.process import ChildPlace, OwnPlace, Reached
from graphcore.places.restarts import Restarts
from graphcore.places.spread import spread
from graphcore.places.workers import Workers
from graphcore.runtime.context import Made

LOOK_EVERY_S = 0.1


class PlacedRun:
    """A graph in motion over several places; `children` may have been started before the graph was checked.

    Offline, when a place is lost, the attempt starts again from the first packet in every place. Live it ends.
    """

    def __init__(
        self,
        graph: Graph,
        place_of: Mapping[str, str],
        types: Mapping[str, type[Node]],
        *,
        live: bool = False,
        threads: int | None = None,
        plugins: Path | None = None,
        children: Children | None = None,
        restarts: Restarts | None = None,
        workers: Workers | None = None,
    ) -> None:
        self.graph = graph
        self.live = live
        self.restarted = 0
        self._types = types
        self._parts = spread(graph, place_of, live=live, threads=threads)
        self._place_of = dict(place_of)
        self._children = children or Children(plugins)
        self._restarts = restarts or Restarts()
        self._workers = workers or Workers()
        self._events: SimpleQueue[tuple[Reached | None, Any]] = SimpleQueue()
        self._reached: dict[str, Reached] = {}
        self._attempt: Attempt | None = None
        self._notices: list[str] = []
        self._error: GraphcoreError | None = None
        self._stopped = self._cancelled = False
        self._done = threading.Event()
        self._started_at = self._wall_s = 0.0

    def start(self) -> None:
        """Reach every place and begin; once."""
        if self._started_at:
            raise RunError("graph", None, "this run was started already; make another one")
        self._started_at = time.perf_counter()
        threading.Thread(target=self._work, name="graphcore-places", daemon=True).start()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; False: it still runs. Raises RunError, or Cancelled after `cancel`."""
        if not self._done.wait(timeout_s):
            return False
        if self._error is not None:
            raise self._error
        return True

    def run(self) -> None:
        """Start, and wait for the end."""
        try:
            self.start()
            self.wait()
        except KeyboardInterrupt:
            self.cancel()
            with contextlib.suppress(GraphcoreError):
                self.wait(CLOSE_S + LEAVE_S)
            raise

    def set(self, node: str, param: str, value: object) -> None:
        """Change a live param; it holds from one of the node's next calls on. Raises ParamError."""
        types = {name: declared.node_class for name, declared in self.graph.nodes.items()}
        accepted = live_value(types, node, param, value)
        self.graph.nodes[node].params[param] = accepted  # so that another attempt begins with it
        self._do(lambda attempt: self._adjust(attempt, node, param, accepted))

    def stop(self) -> None:
        """End the sources; what they have sent still goes all the way, and files are finished."""
        self._stopped = True
        self._do(lambda attempt: attempt.tell(Stop(attempt.number)))

    def cancel(self) -> None:
        """End at once; every node is closed, unfinished files are kept as partial ones."""
        self._cancelled = True
        self._do(Attempt.cancel)

    @property
    def notices(self) -> list[str]:
        """What nodes had to say, which places were lost, in order."""
        return list(self._notices)

    @property
    def made(self) -> list[Made]:
        """The files that are complete."""
        return [
            Made(made["node"], self._workers.shown(name, made["path"]), made["count"], made["unit"])
            for name, report in self._reports.items()
            for made in report.get("made", ())
        ]

    @property
    def expected_ns(self) -> int | None:
        """How much media time the longest source will send, where one said it."""
        return max((each for report in self._reports.values() for each in report.get("expected", ())), default=None)

    @property
    def position_ns(self) -> int:
        """The media time that every sink has reached."""
        return min((each for report in self._reports.values() for each in report.get("positions", ())), default=0)

    @property
    def wall_s(self) -> float:
        """Seconds since the start; after the end, how long it took."""
        return self._wall_s or time.perf_counter() - self._started_at

    @property
    def opened(self) -> bool:
        """Whether every node has opened."""
        return self._attempt is not None and self._attempt.opened_at is not None

    @property
    def open_s(self) -> float:
        """Seconds until every node had opened."""
        opened_at = self._attempt.opened_at if self._attempt is not None else None
        return (opened_at or time.perf_counter()) - self._started_at

    def stats(self) -> dict[str, Any]:
        """What was counted so far, ready for JSON; of other places about a second old while they run."""
        whole = {
            "wall_s": round(self.wall_s, 4),
            "open_s": round(self.open_s, 4),
            "media_s": round(self.position_ns / 1e9, 4),
            "live": self.live,
            "restarts": self.restarted,
        }
        pids = {name: place.pid for name, place in dict(self._reached).items()}
        return whole | stats_of(self.graph, self._place_of, self._reports, pids)

    @property
    def losses(self) -> list[str]:
        """What did not arrive as declared, a line each: late, unmatched, dropped."""
        return losses_of(self.graph, self._reports)

    @property
    def _reports(self) -> dict[str, dict[str, Any]]:
        return {} if self._attempt is None else self._attempt.reports

    def _do(self, what: Callable[[Attempt], None]) -> None:
        """Let the run's own thread do it."""
        self._events.put((None, what))

    def _adjust(self, attempt: Attempt, node: str, param: str, value: object) -> None:
        attempt.places[self._place_of[node]].send(Adjust(attempt.number, node, param, to_text(value)))

    def _work(self) -> None:
        try:
            while not self._try_once():
                pass
        except GraphcoreError as error:
            self._error = error
        except BaseException as error:  # a bug of ours: end the run, and keep the traceback
            self._error = RunError("graphcore", None, error)
        finally:
            self._let_go()
            self._wall_s = time.perf_counter() - self._started_at
            self._done.set()

    def _try_once(self) -> bool:
        """One attempt from beginning to end; False: a place was lost, and there is to be another one."""
        self._reach_all()
        attempt = self._attempt = Attempt(self._parts, self._reached, self._workers.keys)
        while not self._cancelled and attempt.lost is None and not self._workers.answered(self._reached):
            self._one_event(attempt, LOOK_EVERY_S)
        if self._cancelled:
            attempt.cancel()
        elif attempt.lost is None:
            attempt.begin()
        while not attempt.over:
            self._one_event(attempt, LOOK_EVERY_S)
            attempt.look()
        attempt.release()
        if attempt.lost is not None and not self._cancelled:
            self._start_again(attempt, *attempt.lost)
            return False
        if self._cancelled:
            raise Cancelled("cancelled")
        if attempt.error is not None:
            raise attempt.error
        return True

    def _start_again(self, attempt: Attempt, place: str, fate: str) -> None:
        try:
            if self._reached[place].faulty:
                raise RunError(f"place {place}", None, self._reached[place].never_began)
            if self.live:
                raise RunError(f"place {place}", None, f"lost ({fate}); a live run is not started again")
            if self._stopped:
                raise RunError(f"place {place}", None, f"lost ({fate}) while the run was ending")
            delay_s = self._restarts.delay_s(place, fate, time.monotonic())
        except RunError:
            self._note(attempt)
            raise
        lost = self._reached.pop(place)
        lost.kill()
        lost.close(LEAVE_S)
        self.restarted += 1
        self._notices.append("starting again from the first packet in every place")
        until = time.monotonic() + delay_s
        while not self._cancelled and (left := until - time.monotonic()) > 0:
            self._one_event(attempt, left)

    def _one_event(self, attempt: Attempt, timeout_s: float) -> None:
        for reached in self._reached.values():
            reached.look()
        try:
            place, message = self._events.get(timeout=timeout_s)
        except Empty:
            return
        if place is None:
            message(attempt)
        elif isinstance(message, Ready):
            place.ready = message
        else:
            before = attempt.lost
            attempt.take(place, message)
            if attempt.lost is None:
                self._note(attempt)
            elif before is None:
                name, fate = attempt.lost
                self._notices.append(f"place {name}: lost ({fate})")

    def _note(self, attempt: Attempt) -> None:
        """What is new among the notices; those of an attempt that is given up do not count."""
        for report in attempt.reports.values():
            self._notices += [text for text in report.get("notices", ()) if text not in self._notices]

    def _reach_all(self) -> None:
        for name in self._parts:
            if name not in self._reached:
                place = self._reach(name)
                greet = self._workers.greet(name)
                place.start(lambda place, message: self._events.put((place, message)), greet)
                self._reached[name] = place

    def _reach(self, name: str) -> Reached:
        if name == HERE:
            return OwnPlace(self._types)
        return self._workers.reach(name) or ChildPlace(self._children.take())

    def _let_go(self) -> None:
        for place in self._reached.values():
            place.close(LEAVE_S)
        self._children.close()
