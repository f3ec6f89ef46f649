"""One run of a graph: start it, watch it, turn its params, end it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from graphcore.clock import Clock, LiveClock
from graphcore.errors import GraphcoreError, OpenError, ParamError, RunError, counted
from graphcore.graph.params import live_value
from graphcore.graph.plan import Plan
from graphcore.graph.plan import plan as make_plan
from graphcore.graph.spec import Graph
from graphcore.packet import Packet
from graphcore.runtime.build import Assembly, assemble
from graphcore.runtime.context import Made, Reports
from graphcore.runtime.executor import Executor, Outside
from graphcore.runtime.interrupted import Interrupted
from graphcore.runtime.member import Tap, Trace
from graphcore.runtime.trace import Traced

CLOSE_S = 10.0  # for the nodes to close after Ctrl-C
MAX_TRACE = 1_000_000  # calls that a trace keeps: the newest


class Run:
    """A graph in motion.

    Offline (the default) it goes as fast as the machine allows and drops nothing; `live` it keeps to the
    clock. `threads` is how many threads share the chains, besides one for each node with `own_thread` (None: as
    many as there are cores; 1: one for all). With a VirtualClock everything
    happens in `start`, on the caller's thread, and no time passes.

    With a `plan` and an `outside` the graph is the part of one place: whoever runs the others links it to them
    and says `go`.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        live: bool = False,
        threads: int | None = None,
        clock: Clock | None = None,
        trace: bool = False,
        plan: Plan | None = None,
        outside: Outside | None = None,
    ) -> None:
        if threads is not None and threads < 1:
            raise ParamError(f"threads={threads}: expected 1 or more")
        self.graph = graph
        self.live = live
        self.clock = clock or LiveClock()
        self.trace: Trace | None = deque(maxlen=MAX_TRACE) if trace else None
        self._reports = Reports()
        cancelled = threading.Event()
        self._assembly = assemble(
            graph,
            plan or make_plan(graph),
            clock=self.clock,
            live=live,
            cancelled=cancelled,
            reports=self._reports,
            trace=self.trace,
        )
        self._executor = Executor(
            self._assembly.chains,
            clock=self.clock,
            live=live,
            threads=threads,
            cancelled=cancelled,
            describe_stall=self.describe_stall,
            outside=outside,
        )
        self._started_at = 0.0
        self._wall_s = 0.0

    def start(self) -> None:
        """Open every node and begin; once."""
        if self._started_at:
            raise RunError("graph", None, "this run was started already; make another one")
        self._started_at = time.perf_counter()
        self._make_folders()
        self._executor.start()

    def tap(self, node: str, output: str, see: Callable[[Packet], None]) -> bool:
        """Before the start: let `see` have every packet of an output, on its node's thread; it is no listener.

        True: it will; over places not every node is in this process.
        """
        member = self._assembly.members[node]
        member.node.__dict__[output] = Tap(member.outs[output], see)
        return True

    def _make_folders(self) -> None:
        """The folder of each file that a node will write."""
        for node in self.graph.nodes.values():
            for name, param in node.node_class.params.items():
                if param.file == "out" and node.params[name] is not None:
                    try:
                        node.params[name].parent.mkdir(parents=True, exist_ok=True)
                    except OSError as error:
                        what = f"{node.params[name]}: its folder cannot be made: {error.strerror}"
                        raise OpenError(node.name, None, what) from error

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; False: it still runs. Raises RunError, or Cancelled after `cancel`."""
        if not self._executor.done.wait(timeout_s):
            return False
        if not self._wall_s:
            self._wall_s = time.perf_counter() - self._started_at
        if self._executor.error is not None:
            raise self._executor.error
        return True

    def run(self) -> None:
        """Start, and wait for the end."""
        try:
            self.start()
            self.wait()
        except KeyboardInterrupt:
            self.cancel()
            with contextlib.suppress(GraphcoreError):
                self.wait(CLOSE_S)
            raise

    def set(self, node: str, param: str, value: object) -> None:
        """Change a live param; it holds from the node's next call on. Raises ParamError."""
        members = self._assembly.members
        accepted = live_value({name: type(member.node) for name, member in members.items()}, node, param, value)
        chain = self._assembly.chain_of[node]
        if chain.done:  # nobody is left to hear of it
            return
        chain.controls.append((members[node], partial(members[node].adjust, param, accepted)))
        chain.wake()

    def values(self) -> dict[str, dict[str, Any]]:
        """What the live params of each node stand at; a node may have put one back that it could not use."""
        return {
            name: {
                param: getattr(member.node, param)
                for param, declared in type(member.node).params.items()
                if declared.live
            }
            for name, member in self._assembly.members.items()
        }

    def interrupt(self, moment: int | None = None) -> None:
        """Let every node forget what waits in it to be said or shown; the run goes on.

        Of a part: `moment` is the media time (ns) at which that was asked for.
        """
        moment = self.clock.now() if moment is None else moment
        interrupted = Interrupted(self.graph, self._assembly, moment)
        members = self._assembly.members
        told = {name: partial(member.interrupt, interrupted.before(name), moment) for name, member in members.items()}
        for chain in [each for each in self._assembly.chains if not each.done]:
            chain.controls.extend((member, told[member.name]) for member in chain.members)
            chain.wake()

    def stop(self) -> None:
        """End the sources; what they have sent still goes all the way, and files are finished."""
        for chain in self._assembly.chains:
            chain.stop()

    def cancel(self) -> None:
        """End at once; every node is closed, unfinished files are kept as partial ones."""
        self._executor.cancel()

    @property
    def assembly(self) -> Assembly:
        """The chains, for whoever links them to other places."""
        return self._assembly

    def go(self) -> None:
        """Of a part: begin, now that the other places have opened, too."""
        self._executor.go()

    @property
    def ended(self) -> bool:
        """Whether every thread has closed its nodes."""
        return self._executor.done.is_set()

    @property
    def quiet(self) -> bool:
        """Of a part: whether nothing goes on here unless something comes from another place."""
        return self._executor.quiet

    def make_room(self) -> bool:
        """Of a part: nothing goes on anywhere, so let full links take more; False: there are none."""
        return self._executor.make_room()

    @property
    def notices(self) -> list[str]:
        """What nodes had to say, and what the links lost, in order."""
        return list(self._reports.notices)

    @property
    def made(self) -> list[Made]:
        """The files that are complete."""
        return list(self._reports.made)

    @property
    def expected_ns(self) -> int | None:
        """How much media time the longest source will send, where one said it."""
        return max(self.all_expected_ns, default=None)

    @property
    def position_ns(self) -> int:
        """The media time that every sink has reached."""
        return min(self.positions_ns, default=0)

    @property
    def positions_ns(self) -> list[int]:
        """The media time that each sink has reached."""
        return [member.node.timestamp for member in self._assembly.sinks]

    @property
    def all_expected_ns(self) -> list[int]:
        """How much media time each source will send, where one said it."""
        return list(self._reports.expected_ns.values())

    @property
    def wall_s(self) -> float:
        """Seconds since the start, `open` included; after the end, how long it took."""
        return self._wall_s or time.perf_counter() - self._started_at

    @property
    def opened(self) -> bool:
        """Whether every node has opened."""
        return self._executor.opened_at is not None

    @property
    def open_s(self) -> float:
        """Seconds until every node had opened."""
        return (self._executor.opened_at or time.perf_counter()) - self._started_at

    def traced(self, place: str = "here") -> list[Traced]:
        """Every call so far, where `trace` was asked for."""
        chains = {name: node["chain"] for name, node in self.stats()["nodes"].items()}
        return [Traced(place, chains, list(self.trace or ()))]

    def stats(self) -> dict[str, Any]:
        """What was counted so far, ready for JSON."""
        nodes: dict[str, Any] = {}
        for name, member in self._assembly.members.items():
            nodes[name] = member.metrics.snapshot()
            nodes[name]["counts"] = member.node.context.counts.copy()  # nodes write them from threads of their own
            nodes[name]["type"] = type(member.node).type_name
            nodes[name]["chain"] = self._assembly.chains.index(self._assembly.chain_of[name])
            nodes[name]["outputs"] = {
                out.name: {"packets": out.packets, "late": out.late} for out in member.outs.values()
            }
        return {
            "wall_s": round(self.wall_s, 4),
            "open_s": round(self.open_s, 4),
            "media_s": round(self.position_ns / 1e9, 4),
            "live": self.live,
            "nodes": nodes,
            "links": self._link_stats(),
        }

    @property
    def losses(self) -> list[str]:
        """What did not arrive as declared, a line each: late, unmatched, dropped, behind the clock."""
        lines = []
        for name, member in self._assembly.members.items():
            lines += [
                f"{name}.{out.name}: {counted(out.late, 'packet')} late: sooner than delay_ms allows, or not rising"
                for out in member.outs.values()
                if out.late
            ]
            if member.metrics.unmatched:
                lines.append(f"{name}: {counted(member.metrics.unmatched, 'packet')} without a partner at that time")
        for inlet in self._assembly.inlets:
            if inlet.metrics.dropped:
                lines.append(f"{inlet.link}: {counted(inlet.metrics.dropped, 'packet')} dropped")
            if inlet.metrics.late:
                lines.append(f"{inlet.link}: {counted(inlet.metrics.late, 'packet')} too late: that time had passed")
        for sink in self._assembly.sinks:
            if sink.pace is not None and sink.pace.fell_behind:
                lines.append(f"{sink.name}: up to {sink.pace.worst_ns / 1e9:.1f} s behind the clock")
        return lines

    def _link_stats(self) -> list[dict[str, Any]]:
        crossing = {id(inlet.link): inlet for inlet in self._assembly.inlets}
        rows = []
        for link in self.graph.links:  # of a part: those that end here
            inlet = crossing.get(id(link))
            row: dict[str, Any] = {"link": str(link), "fused": inlet is None}
            if inlet is None:
                packets = self._assembly.members[link.source].outs[link.output].packets
                row |= {"packets": packets, "depth": 0, "max_depth": 0, "grown": 0, "dropped": 0, "bytes": 0}
                row["late"] = 0
            else:
                metrics = inlet.metrics
                row |= {"packets": metrics.packets, "depth": len(inlet.packets), "max_depth": metrics.max_depth}
                row |= {"grown": metrics.grown, "dropped": metrics.dropped, "bytes": inlet.bytes}
                row["late"] = metrics.late
            rows.append(row)
        return rows

    def describe_stall(self) -> str:
        """Which node waits for which link."""
        waits = [
            f"{name} waits for " + ", ".join(str(inlet.link) for inlet in chain.alignment.starving)
            for name, chain in self._assembly.chain_of.items()
            if chain.alignment is not None and chain.head.name == name and not chain.done and chain.alignment.starving
        ]
        return "; ".join(waits) or "no node can go on"
