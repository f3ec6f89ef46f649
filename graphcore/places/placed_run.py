"""A run that is spread over places: the same to its user as a Run, and started again where a place is lost."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from graphcore.errors import GraphcoreError, ParamError, RunError
from graphcore.graph.params import live_value
from graphcore.graph.spec import Graph
from graphcore.node import Node
from graphcore.packet import Packet
from graphcore.places.attempt import CLOSE_S, Attempt
from graphcore.places.children import LEAVE_S, Children
from graphcore.places.coordinator import Coordinator
from graphcore.places.counted import losses_of, stats_of
from graphcore.places.messages import Adjust, to_text
from graphcore.places.places_file import HERE
from graphcore.places.restarts import Restarts
from graphcore.places.spread import spread
from graphcore.places.workers import Workers
from graphcore.runtime.context import Made
from graphcore.runtime.trace import Traced


class PlacedRun:
    """A graph in motion over several places; `children` may have been started before the graph was checked.

    When a place is lost, offline the attempt starts again from the first packet everywhere; live it is opened again.
    """

    coordinator = Coordinator

    def __init__(
        self,
        graph: Graph,
        place_of: Mapping[str, str],
        types: Mapping[str, type[Node]],
        *,
        live: bool = False,
        threads: int | None = None,
        trace: bool = False,
        plugins: Path | None = None,
        children: Children | None = None,
        restarts: Restarts | None = None,
        workers: Workers | None = None,
    ) -> None:
        self.graph = graph
        self.live = live
        self._place_of = dict(place_of)
        self._workers = workers or Workers()
        self._coordinator = self.coordinator(
            spread(graph, place_of, live=live, threads=threads, trace=trace),
            types,
            children or Children(plugins),
            restarts or Restarts(),
            self._workers,
            live=live,
        )
        self._error: GraphcoreError | None = None
        self._done = threading.Event()
        self._started_at = self._wall_s = 0.0

    def start(self) -> None:
        """Reach every place and begin; once."""
        if self._started_at:
            raise RunError("graph", None, "this run was started already; make another one")
        self._started_at = time.perf_counter()
        threading.Thread(target=self._work, name="graphcore-places", daemon=True).start()

    def tap(self, node: str, output: str, see: Callable[[Packet], None]) -> bool:
        """Before the start: let `see` have every packet of an output; False: its node is in another process."""
        here = self._place_of[node] == HERE
        if here:
            self._coordinator.taps[node, output] = see
        return here

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
        if isinstance(accepted, Path):
            raise ParamError(f"{node}.{param}: a file cannot be changed while the graph runs over places")
        self.graph.nodes[node].params[param] = accepted  # so that another attempt begins with it
        self._coordinator.do(lambda attempt: self._adjust(attempt, node, param, accepted))

    def values(self) -> dict[str, dict[str, Any]]:
        """What the live params of each node were set to."""
        return {
            name: {param: node.params[param] for param, declared in node.node_class.params.items() if declared.live}
            for name, node in self.graph.nodes.items()
        }

    def interrupt(self) -> None:
        """Let every node forget what waits in it to be said or shown; the run goes on."""
        self._coordinator.do(Attempt.interrupt)

    def stop(self) -> None:
        """End the sources; what they have sent still goes all the way, and files are finished."""
        self._coordinator.stopped = True
        self._coordinator.do(Attempt.stop)

    def cancel(self) -> None:
        """End at once; every node is closed, unfinished files are kept as partial ones."""
        self._coordinator.cancelled = True
        self._coordinator.do(Attempt.cancel)

    @property
    def notices(self) -> list[str]:
        """What nodes had to say, which places were lost, in order."""
        return list(self._coordinator.notices)

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
    def ended(self) -> bool:
        """Whether every place has closed its nodes."""
        return self._done.is_set()

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
            "restarts": self._coordinator.restarted,
        }
        places = {name: place.figures for name, place in dict(self._coordinator.reached).items()}
        return whole | stats_of(self.graph, self._place_of, self._reports, places)

    def traced(self) -> list[Traced]:
        """Every call of a run that has ended, by place, where `trace` was asked for."""
        places = dict(self._coordinator.reached)
        found = []
        for name, report in self._reports.items():
            trace = report.get("trace", {"chains": {}, "calls": ()})
            offset_ns = places[name].answers.offset_ns if name in places else 0
            found.append(Traced(name, trace["chains"], trace["calls"], offset_ns))
        return found

    @property
    def losses(self) -> list[str]:
        """What did not arrive as declared, a line each: late, unmatched, dropped."""
        return losses_of(self.graph, self._reports)

    @property
    def restarted(self) -> int:
        """How often a lost place was made good."""
        return self._coordinator.restarted

    @property
    def _attempt(self) -> Attempt | None:
        return self._coordinator.attempt

    @property
    def _reports(self) -> dict[str, dict[str, Any]]:
        return {} if self._attempt is None else self._attempt.reports

    def _adjust(self, attempt: Attempt, node: str, param: str, value: object) -> None:
        place = attempt.places.get(self._place_of[node])
        if place is not None:
            place.send(Adjust(attempt.number, node, param, to_text(value)))

    def _work(self) -> None:
        try:
            self._coordinator.work()
        except GraphcoreError as error:
            self._error = error
        except BaseException as error:  # a bug of ours: end the run, and keep the traceback
            self._error = RunError("graphcore", None, error)
        finally:
            self._wall_s = time.perf_counter() - self._started_at
            self._done.set()
