"""Live runs over places that are threads: one time zero, the same overflow, every drop counted."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from graphcore import ParamError
from graphcore.runtime.trace import trace_events
from parts import MS, Count, Endless, Gate, Number, Scale, Sink, graph, node
from thread_places import Seen, ThreadRun


class Talker(Endless):
    """Starts anew from 0 when it is interrupted."""

    def interrupt(self) -> None:
        self.base = self.sent

    def produce(self) -> Iterator[None]:
        self.base = 0
        while True:
            self.number.send(Number(float(self.sent - self.base)), timestamp=self.sent * MS)
            self.sent += 1
            yield


@pytest.fixture
def gate() -> Iterator[type[Gate]]:
    """A gate that is shut; it is open afterwards."""
    Gate.opened.clear()
    Gate.entered.clear()
    yield Gate
    Gate.opened.set()


def test_a_live_run_is_paced_by_one_clock() -> None:
    seen = Seen()
    made = graph(
        node("count", Count, count=5, step_ms=20.0),
        node("scale", Scale, {"number": "count.number"}),
        node("sink", Sink, {"number": "scale.scaled"}),
    )
    run = ThreadRun(made, {"count": "here", "scale": "far", "sink": "near"}, seen.types, live=True)
    run.run()
    assert seen.packets == {"sink": [(int(index * 20 * MS), 2.0 * index) for index in range(5)]}
    assert run.losses == []
    assert run.stats()["nodes"]["sink"]["latency_p99_us"] > 0
    assert run.wall_s >= 0.08


def test_a_trace_has_a_process_for_each_place() -> None:
    seen = Seen()
    made = graph(node("count", Count, count=5), node("sink", Sink, {"number": "count.number"}))
    run = ThreadRun(made, {"count": "here", "sink": "far"}, seen.types, trace=True)
    run.run()
    events = trace_events(run.traced())["traceEvents"]
    names = {event["pid"]: event["args"]["name"] for event in events if event["name"] == "process_name"}
    assert sorted(names.values()) == ["place far", "place here"]
    calls = [(names[event["pid"]], event["name"]) for event in events if event["ph"] == "X"]
    assert calls.count(("place far", "sink")) == 5
    assert calls.count(("place here", "count")) >= 5
    assert min(event["ts"] for event in events if event["ph"] == "X") == 0


def test_what_a_full_link_drops_is_counted(gate: type[Gate]) -> None:
    seen = Seen()
    made = graph(
        node("count", Count, count=20, step_ms=1.0),
        node("gate", Gate, {"number": "count.number"}),
        node("sink", Sink, {"number": "gate.same"}),
    )
    link = made.nodes["gate"].links["number"]
    link.queue, link.overflow = 2, "drop_newest"
    run = ThreadRun(made, {"count": "here", "gate": "far", "sink": "far"}, seen.types, live=True)
    run.start()
    while run.stats()["nodes"].get("count", {}).get("calls", 0) < 20:
        assert not run.wait(0.02)
    gate.opened.set()
    assert run.wait(10)
    arrived = len(seen.packets["sink"])
    assert 2 <= arrived < 20
    assert run.losses == [f"count.number -> gate.number: {20 - arrived} packets dropped"]
    row = run.stats()["links"][0]
    assert (row["from"], row["to"], row["dropped"]) == ("here", "far", 20 - arrived)


def test_a_param_changes_and_a_source_stops_in_another_place() -> None:
    seen = Seen()
    made = graph(
        node("endless", Endless, step_ms=1.0),
        node("scale", Scale, {"number": "endless.number"}),
        node("sink", Sink, {"number": "scale.scaled"}),
    )
    run = ThreadRun(made, {"endless": "far", "scale": "near", "sink": "here"}, seen.types, live=True)
    with pytest.raises(ParamError, match=r"scale\.factor: 11\.0, expected number from -10\.0 to 10\.0"):
        run.set("scale", "factor", 11.0)
    run.start()
    while not seen.packets.get("sink"):
        assert not run.wait(0.01)
    run.set("scale", "factor", -1.0)
    while seen.packets["sink"][-1][1] >= 0:
        assert not run.wait(0.01)
    run.stop()
    assert run.wait(10)
    assert seen.ends["sink"] == ["finish", "close"]
    assert not [one for one in threading.enumerate() if one.name.startswith("graphcore-") and not one.daemon]


def test_an_interrupt_reaches_every_place() -> None:
    seen = Seen()
    made = graph(node("talker", Talker), node("sink", Sink, {"number": "talker.number"}))
    run = ThreadRun(made, {"talker": "far", "sink": "here"}, seen.types | {"talker": Talker}, live=True)
    run.start()
    while len(seen.packets.get("sink", [])) < 5:
        assert not run.wait(0.01)
    run.interrupt()
    while [value for _, value in seen.packets["sink"]].count(0.0) < 2:
        assert not run.wait(0.01)
    run.stop()
    assert run.wait(10)
