"""Random graphs of the nodes in parts.py, each with what a plain computation over whole streams says it must send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from hypothesis import strategies as st

from graphcore import Node
from graphcore.graph.spec import GraphNode, Link
from parts import MS, Add, Count, Endless, Follow, Look, Merge, Own, Recent, Scale, Sink, Slow, Strict, node

Stream = list[tuple[int, Fraction]]  # (timestamp, value)

STEPS_MS = (10.0, 20.0, 25.0, 40.0, 100 / 3)
LONGEST_MS = 3000  # of a source that ends; less than Look's delay_ms, so that nothing is ever late
ENDLESS_MS = 5000  # of a source without end, for the computation: longer than any other
WINDOW = 100 * MS  # of Recent and Own


@dataclass
class Made:
    """A graph with what each output must send, and which outputs never end."""

    nodes: dict[str, GraphNode] = field(default_factory=dict)
    streams: dict[str, Stream] = field(default_factory=dict)
    endless: set[str] = field(default_factory=set)

    def add(self, made: GraphNode, output: str, stream: Stream, *, endless: bool) -> None:
        self.nodes[made.name] = made
        self.streams[f"{made.name}.{output}"] = stream
        if endless:
            self.endless.add(f"{made.name}.{output}")

    @property
    def heard(self) -> set[str]:
        return {f"{link.source}.{link.output}" for made in self.nodes.values() for link in made.links.values()}


def counted(count: int, step_ms: float) -> Stream:
    return [(int(index * step_ms * MS), Fraction(index)) for index in range(count)]


def scaled(stream: Stream) -> Stream:
    return [(timestamp, 2 * value) for timestamp, value in stream]


def held(stream: Stream, timestamp: int) -> Fraction | None:
    return next((value for time, value in reversed(stream) if time <= timestamp), None)


def interpolated(stream: Stream, timestamp: int) -> Fraction | None:
    earlier = [packet for packet in stream if packet[0] <= timestamp]
    later = [packet for packet in stream if packet[0] > timestamp]
    if not earlier or not later:
        return earlier[-1][1] if earlier else None
    (start, first), (end, second) = earlier[-1], later[0]
    return first + (second - first) * Fraction(timestamp - start, end - start)


def followed(look_up: Callable[[Stream, int], Fraction | None], default: int | None) -> Callable[..., Stream]:
    def total(driver: Stream, follower: Stream) -> Stream:
        made = []
        for timestamp, value in driver:
            offset = look_up(follower, timestamp)
            if offset is not None or default is not None:
                made.append((timestamp, value + (Fraction(default or 0) if offset is None else offset)))
        return made

    return total


def recent(driver: Stream, around: Stream) -> Stream:
    return [
        (now, sum((value for time, value in around if now - WINDOW < time <= now), Fraction())) for now, _ in driver
    ]


def met(tolerance: int) -> Callable[[Stream, Stream], Stream]:
    """Each of the left with the nearest that is left of the right."""

    def total(left: Stream, right: Stream) -> Stream:
        made, rest = [], list(right)
        for timestamp, value in left:
            near = [
                (abs(time - timestamp), i) for i, (time, _) in enumerate(rest) if abs(time - timestamp) <= tolerance
            ]
            if near:
                index = min(near)[1]
                made.append((timestamp, value + rest[index][1]))
                rest = rest[index + 1 :]
        return made

    return total


def merged(left: Stream, right: Stream) -> Stream:
    both = sorted([(time, 0) for time, _ in left] + [(time, 1) for time, _ in right])
    made: Stream = []
    for order, (time, _) in enumerate(both, start=1):
        if not made or time > made[-1][0]:
            made.append((time, Fraction(order)))
    return made


# kind: node class, its driver inputs, its follower, its output, the alignment of its last link, what it computes
KINDS: dict[str, tuple[type[Node], tuple[str, ...], str | None, str, str, Callable[..., Stream]]] = {
    "scale": (Scale, ("number",), None, "scaled", "exact", scaled),
    "slow": (Slow, ("number",), None, "scaled", "exact", scaled),
    "look": (Look, ("number",), None, "smooth", "exact", list),
    "own": (Own, ("number",), None, "total", "exact", lambda driver: recent(driver, driver)),
    "add": (Add, ("left", "right"), None, "total", "exact", met(0)),
    "near": (Add, ("left", "right"), None, "total", "nearest", met(8 * MS)),
    "merge": (Merge, ("left", "right"), None, "merged", "each", merged),
    "follow": (Follow, ("number",), "offset", "total", "hold", followed(held, 1000)),
    "between": (Follow, ("number",), "offset", "total", "interpolate", followed(interpolated, 1000)),
    "strict": (Strict, ("number",), "offset", "total", "hold", followed(held, None)),
    "recent": (Recent, ("number",), "around", "total", "hold", recent),
}


@st.composite
def graphs(draw: st.DrawFn) -> Made:
    """Two to four sources, up to nine nodes behind them, a sink on everything that ends."""
    made = Made()
    for index in range(draw(st.integers(1, 3))):
        step_ms = draw(st.sampled_from(STEPS_MS))
        count = draw(st.integers(0, int(LONGEST_MS / step_ms)))
        source = node(f"count{index}", Count, count=count, step_ms=step_ms)
        made.add(source, "number", counted(count, step_ms), endless=False)
    step_ms = draw(st.sampled_from(STEPS_MS))
    endless = node("endless", Endless, step_ms=step_ms)
    made.add(endless, "number", counted(int(ENDLESS_MS / step_ms), step_ms), endless=True)
    for index in range(draw(st.integers(1, 9))):
        _add_node(draw, made, index)
    _remove_unheard(made)
    for output in sorted(made.streams):
        if output not in made.endless and (output not in made.heard or draw(st.booleans())):
            _add_sink(draw, made, output)
    return made


def _add_node(draw: st.DrawFn, made: Made, index: int) -> None:
    kind = draw(st.sampled_from(sorted(KINDS)))
    node_class, drivers, follower, output, align, compute = KINDS[kind]
    origins = [draw(st.sampled_from(sorted(made.streams))) for _ in drivers]
    inputs = dict(zip(drivers, origins, strict=True))
    if follower is not None:
        inputs[follower] = draw(st.sampled_from(sorted(made.streams)))
    params = {"ahead": draw(st.integers(0, 30))} if node_class is Look else {}
    added = node(f"{kind}{index}", node_class, inputs, **params)
    last = list(added.links.values())[-1]
    last.align = align  # type: ignore[assignment]
    last.tolerance_ns = 8 * MS if align == "nearest" else 0
    for link in added.links.values():
        _vary(draw, link)
    never = [origin in made.endless for origin in origins]
    # Nodes whose drivers meet end with the first that ends, a merge with the last.
    made.add(
        added,
        output,
        compute(*(made.streams[origin] for origin in inputs.values())),
        endless=any(never) if kind == "merge" else all(never),
    )


def _vary(draw: st.DrawFn, link: Link) -> None:
    link.queue = draw(st.sampled_from((1, 2, 16)))
    link.cut = draw(st.booleans())


def _remove_unheard(made: Made) -> None:
    """A node without listeners runs as long as its drivers do: for ever, where they have no end."""
    while unheard := made.endless & set(made.streams) - made.heard:
        for output in unheard:
            made.nodes.pop(output.partition(".")[0])
            made.streams.pop(output)


def _add_sink(draw: st.DrawFn, made: Made, output: str) -> None:
    name = f"sink_{output.partition('.')[0]}"
    made.nodes[name] = node(name, Sink, {"number": output})
    _vary(draw, made.nodes[name].links["number"])


def described(made: Made) -> str:
    """What to build to see it again."""
    lines = [f"{name}: {each.node_class.__name__} {each.params}" for name, each in made.nodes.items()]
    links = [link for each in made.nodes.values() for link in each.links.values()]
    return "\n".join([*lines, *(f"{link} {link.align} queue={link.queue} cut={link.cut}" for link in links)])


def fan_ins() -> Made:
    """`mix` waits for `look` and so for `main`, held up by `left`, which waits for `other`, held up by `mix`."""
    made = Made()
    made.nodes = {
        each.name: each
        for each in (
            node("main", Count, count=50),
            node("other", Count, count=50),
            node("left", Follow, {"number": "main.number", "offset": "other.number"}),
            node("look", Look, {"number": "main.number"}, ahead=40),
            node("mix", Add, {"left": "other.number", "right": "look.smooth"}),
            node("first", Sink, {"number": "left.total"}),
            node("second", Sink, {"number": "mix.total"}),
        )
    }
    return made
