"""From a checked graph to chains that can be started."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from graphcore.clock import NS_PER_S, Clock
from graphcore.errors import RunError
from graphcore.graph.plan import Plan
from graphcore.graph.spec import Graph, GraphNode
from graphcore.node import Source
from graphcore.runtime.align import Alignment
from graphcore.runtime.chain import Chain
from graphcore.runtime.context import Reports, RunContext
from graphcore.runtime.crossing import Crossing
from graphcore.runtime.inlet import Inlet
from graphcore.runtime.member import Member, Trace, argument_order
from graphcore.runtime.pace import Pace


@dataclass
class Assembly:
    """The chains of a run, and what is in them by name."""

    chains: list[Chain]
    plan: Plan
    members: dict[str, Member] = field(default_factory=dict)
    chain_of: dict[str, Chain] = field(default_factory=dict)
    inlets: list[Inlet] = field(default_factory=list)

    @property
    def sinks(self) -> list[Member]:
        """The nodes at which packets end, in this place and in any other."""
        linked = self.plan.linked
        members = self.members.values()
        return [m for m in members if type(m.node).inputs and linked[m.name].isdisjoint(m.outs)]


def assemble(
    graph: Graph,
    plan: Plan,
    *,
    clock: Clock,
    live: bool,
    cancelled: threading.Event,
    reports: Reports,
    trace: Trace | None,
) -> Assembly:
    """Build every node of a graph, or of a part of one, chained and linked; nothing is opened yet.

    What comes from or goes to other places is linked by whoever knows them.
    """
    made = Assembly([], plan)
    for names in plan.chains:
        chain = Chain(graph.max_bytes)
        made.chains.append(chain)
        for name in names:
            context = RunContext(
                name,
                frame_rate=graph.frame_rate,
                seed=graph.seed,
                clock=clock,
                live=live,
                linked=plan.linked[name],
                cancelled=cancelled,
                reports=reports,
            )
            member = _make_member(graph.nodes[name], context, chain, trace, clock if live else None)
            made.members[name] = member
            made.chain_of[name] = chain
        _link_head(made, chain, graph.nodes[names[0]], live)
        for name in names[1:]:
            _link_fused(made, graph.nodes[name])
    _link_crossing(made)
    _note_rivals(made, plan.rivals)
    for name, output in plan.watched:
        made.members[name].watch(made.members[name].outs[output])
    if live:
        _watch_pace(made, reports)
    return made


def _make_member(
    declared: GraphNode, context: RunContext, chain: Chain, trace: Trace | None, live: Clock | None
) -> Member:
    try:
        node = declared.node_class()
    except (Exception, SystemExit) as error:  # an author's `__init__`
        raise RunError(declared.name, None, error) from error
    node.context = context
    node.timestamp = 0
    node.__dict__.update(declared.params)
    member = Member(declared.name, node, chain.outbox, trace, live)
    node.__dict__.update(member.outs)
    chain.members.append(member)
    return member


def _link_head(made: Assembly, chain: Chain, declared: GraphNode, live: bool) -> None:
    if declared.links:
        inlets = {name: Inlet(link, live=live) for name, link in declared.links.items()}
        order = argument_order(declared.node_class)
        chain.alignment = Alignment(declared.node_class, inlets, order, live=live)
        made.inlets.extend(inlets.values())
    chain.head.bind(None)


def _link_fused(made: Assembly, declared: GraphNode) -> None:
    (name, link) = next(iter(declared.links.items()))
    member = made.members[declared.name]
    member.bind(name)
    made.members[link.source].outs[link.output].fused.append(member)


def _link_crossing(made: Assembly) -> None:
    for inlet in made.inlets:
        link = inlet.link
        if link.source not in made.members:  # from another place
            continue
        alignment = made.chain_of[link.target].alignment
        assert alignment is not None
        made.members[link.source].outs[link.output].crossing.append(Crossing(alignment, inlet))
        inlet.wake_producer = made.chain_of[link.source].nudge


def _note_rivals(made: Assembly, rivals: Mapping[tuple[str, str], frozenset[str]]) -> None:
    """Which siblings can starve because an inlet is full."""
    for inlet in made.inlets:
        link = inlet.link
        alignment = made.chain_of[link.target].alignment
        assert alignment is not None
        inlet.rivals = frozenset(alignment.inlets[name] for name in rivals[link.target, link.input])


def _watch_pace(made: Assembly, reports: Reports) -> None:
    """Of the sinks of a live run, the first one that falls behind the clock is told."""

    def tell(name: str, behind_ns: int) -> None:
        if any(each.pace is not None and each.pace.fell_behind for each in made.sinks if each.name != name):
            return
        working = [member for member in made.members.values() if not _waits(member)]
        costs = {member.name: member.metrics.snapshot() for member in working}
        slowest = max(costs, key=lambda each: float(costs[each]["total_ms"]))
        each_ms = costs[slowest]["total_ms"] / max(costs[slowest]["calls"], 1)
        reports.notices.append(
            f"{name}: {behind_ns / NS_PER_S:.1f} s behind the clock; {slowest} takes most of the time "
            f"({each_ms:.1f} ms a call): give it less to do, or lower frame_rate"
        )

    for sink in made.sinks:
        sink.pace = Pace(partial(tell, sink.name))


def _waits(member: Member) -> bool:
    """Whether most of its calls' time is waiting: a device's is."""
    return isinstance(member.node, Source) and member.node.live
