"""Live runs, on a clock that jumps: pacing, drops, latency."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest

from graphcore import Cancelled, Input, Node, Output, Run, Source, VirtualClock, Window
from graphcore.graph.plan import plan
from graphcore.graph.spec import Link, Overflow
from graphcore.runtime.pace import Pace
from parts import MS, Count, Endless, Follow, Number, Sink, Slow, graph, node


class Clocked(Node):
    """Notes when things arrive."""

    number = Input(Number)

    def open(self) -> None:
        self.arrivals: list[tuple[int, int]] = []

    def process(self, number: Number) -> None:
        self.arrivals.append((self.timestamp, self.context.clock.now()))


class Heavy(Node):
    """Takes three frames' time for each packet."""

    number = Input(Number)
    same = Output(Number)

    def process(self, number: Number) -> None:
        clock = self.context.clock
        assert isinstance(clock, VirtualClock)
        clock.jump_to(clock.now() + 120 * MS)
        self.same.send(number)


class Device(Source):
    """Stamps with the clock, as a microphone does."""

    live = True
    number = Output(Number)

    def produce(self) -> Iterator[None]:
        clock = self.context.clock
        assert isinstance(clock, VirtualClock)
        for index in range(5):
            clock.jump_to(clock.now() + 10 * MS)
            self.number.send(Number(index), timestamp=clock.now())
            yield


def test_a_media_source_is_paced_by_its_timestamps() -> None:
    run = Run(
        graph(node("count", Count), node("clocked", Clocked, {"number": "count.number"})),
        live=True,
        clock=VirtualClock(),
    )
    run.run()
    made = run._assembly.members["clocked"].node
    assert isinstance(made, Clocked)
    assert made.arrivals == [(index * 40 * MS, index * 40 * MS) for index in range(5)]


def test_a_device_is_not_paced() -> None:
    run = Run(
        graph(node("device", Device), node("clocked", Clocked, {"number": "device.number"})),
        live=True,
        clock=VirtualClock(),
    )
    run.run()
    made = run._assembly.members["clocked"].node
    assert isinstance(made, Clocked)
    assert [timestamp for timestamp, _ in made.arrivals] == [index * 10 * MS for index in range(1, 6)]


@pytest.mark.parametrize(("overflow", "second"), [("drop_oldest", 2.0), ("drop_newest", 1.0)])
def test_a_full_link_drops_by_its_policy_and_counts_it(overflow: Overflow, second: float) -> None:
    made = graph(node("count", Count, count=60), node("heavy", Heavy, {"number": "count.number"}), node("sink", Sink))
    made.nodes["heavy"].links["number"] = Link(
        "count", "number", "heavy", "number", "exact", queue=2, overflow=overflow, cut=True
    )
    made.nodes["sink"].links["number"] = Link("heavy", "same", "sink", "number", "exact")
    run = Run(made, live=True, clock=VirtualClock())
    run.run()
    sink = run._assembly.members["sink"].node
    assert isinstance(sink, Sink)
    (row,) = [row for row in run.stats()["links"] if row["link"] == "count.number -> heavy.number"]
    assert row["dropped"] > 10
    assert row["dropped"] + len(sink.seen) == 60
    assert run.losses == [f"count.number -> heavy.number: {row['dropped']} packets dropped"]
    assert sink.seen[1][1] == second


def test_offline_nothing_is_dropped_whatever_the_overflow() -> None:
    made = graph(node("count", Count, count=60), node("sink", Sink))
    made.nodes["sink"].links["number"] = Link(
        "count", "number", "sink", "number", "exact", queue=1, overflow="drop_oldest", cut=True
    )
    run = Run(made)
    run.run()
    sink = run._assembly.members["sink"].node
    assert isinstance(sink, Sink)
    assert len(sink.seen) == 60


def test_live_a_follower_that_is_behind_does_not_hold_its_driver() -> None:
    made = graph(
        node("count", Count, count=10),
        node("gaze", Endless, step_ms=160.0),
        node("follow", Follow, {"number": "count.number", "offset": "gaze.number"}),
        node("sink", Sink, {"number": "follow.total"}),
    )
    run = Run(made, live=True, clock=VirtualClock())
    run.run()
    sink = run._assembly.members["sink"].node
    assert isinstance(sink, Sink)
    assert [timestamp for timestamp, _ in sink.seen] == [index * 40 * MS for index in range(10)]
    # Live it is what was there: at times that both have, the packet of the same step or the one before.
    offsets = [value - index for index, (_, value) in enumerate(sink.seen)]
    assert [offset for index, offset in enumerate(offsets) if index % 4] == [0, 0, 0, 1, 1, 1, 2]


def test_latency_is_counted_from_media_time() -> None:
    made = graph(node("count", Count, count=1), node("heavy", Heavy, {"number": "count.number"}))
    run = Run(made, live=True, clock=VirtualClock())
    run.run()
    stats = run.stats()["nodes"]
    assert stats["heavy"]["latency_p50_us"] == stats["heavy"]["latency_p99_us"] == 120_000
    assert stats["count"]["latency_p50_us"] == 0


class Idle(Source):
    """A device that mostly has nothing to send."""

    live = True
    number = Output(Number)

    def produce(self) -> Iterator[None]:
        clock = self.context.clock
        assert isinstance(clock, VirtualClock)
        for index in range(3):
            for _ in range(4):
                clock.jump_to(clock.now() + 100 * MS)
                yield
            self.number.send(Number(index), timestamp=clock.now())
            yield


def test_a_device_that_has_nothing_to_send_leaves_no_trace_of_it() -> None:
    run = Run(
        graph(node("idle", Idle), node("sink", Sink, {"number": "idle.number"})),
        live=True,
        clock=VirtualClock(),
        trace=True,
    )
    run.run()
    stats = run.stats()["nodes"]["idle"]
    assert stats["calls"] == 3
    assert stats["latency_p50_us"] == stats["latency_p99_us"] == 0
    assert run.trace is not None
    assert [timestamp for name, _, _, timestamp in run.trace if name == "idle"] == [t * MS for t in (400, 800, 1200)]


class Lag(Node):
    """Says everything but the first 100 ms after its time."""

    number = Input(Number)
    same = Output(Number)

    def process(self, number: Number) -> None:
        if number.value > 0:
            self.same.send(number, timestamp=self.timestamp - 100 * MS)


def test_a_follower_that_comes_when_its_time_was_answered_is_counted() -> None:
    made = graph(
        node("count", Count, count=10),
        node("other", Count, count=5),
        node("lag", Lag, {"number": "other.number"}),
        node("follow", Follow, {"number": "count.number", "offset": "lag.same"}),
        node("sink", Sink, {"number": "follow.total"}),
    )
    run = Run(made, live=True, clock=VirtualClock())
    run.run()
    (row,) = [row for row in run.stats()["links"] if row["link"] == "lag.same -> follow.offset"]
    assert row["late"] == 4
    assert "lag.same -> follow.offset: 4 packets too late: that time had passed" in run.losses
    offline = Run(made)
    offline.run()
    assert [line for line in offline.losses if "follow.offset" in line] == []


class Recent(Node):
    """Looks back further than what it follows is late."""

    number = Input(Number)
    around = Input(Number, follows=True, window_ms=300)
    total = Output(Number)

    def process(self, number: Number, around: Window[Number]) -> None:
        self.total.send(Number(sum(one.value for one in around)))


def test_what_comes_late_into_a_window_that_still_holds_its_time_is_not_lost() -> None:
    made = graph(
        node("count", Count, count=10),
        node("other", Count, count=5),
        node("lag", Lag, {"number": "other.number"}),
        node("recent", Recent, {"number": "count.number", "around": "lag.same"}),
        node("sink", Sink, {"number": "recent.total"}),
    )
    run = Run(made, live=True, clock=VirtualClock())
    run.run()
    (row,) = [row for row in run.stats()["links"] if row["link"] == "lag.same -> recent.around"]
    assert row["late"] == 0


class Threads(Sink):
    """Notes the thread that it is called on."""

    def open(self) -> None:
        self.thread = threading.get_ident()

    def process(self, number: Number) -> None:
        assert threading.get_ident() == self.thread


class Microphone(Source):
    """A device that notes its thread."""

    live = True
    number = Output(Number)

    def produce(self) -> Iterator[None]:
        self.thread = threading.get_ident()
        for index in range(3):
            self.number.send(Number(index), timestamp=index)
            yield


@pytest.mark.parametrize("live", [False, True])
def test_a_device_has_a_thread_of_its_own(live: bool) -> None:
    made = graph(
        node("microphone", Microphone),
        node("near", Threads, {"number": "microphone.number"}),
        node("count", Count, step_ms=0.01),
        node("far", Threads, {"number": "count.number"}),
    )
    assert plan(made).chains == [["microphone"], ["near"], ["count", "far"]]
    run = Run(made, live=live, threads=2)
    run.run()
    threads = {name: run._assembly.members[name].node.thread for name in ("microphone", "near", "far")}  # type: ignore[attr-defined]
    assert threads["microphone"] not in (threads["near"], threads["far"])


class Far(Source):
    """Sends a packet whose time is more than an hour away."""

    number = Output(Number)

    def produce(self) -> Iterator[None]:
        for seconds in (0, 4000):
            self.number.send(Number(seconds), timestamp=seconds * 1000 * MS)
            yield


class First(Sink):
    """Tells when the first packet has come."""

    come = threading.Event()

    def process(self, number: Number) -> None:
        super().process(number)
        self.come.set()


@pytest.mark.parametrize("node_class", [Sink, Slow])
def test_stop_does_not_wait_for_what_is_paced(node_class: type[Node]) -> None:
    First.come.clear()
    made = graph(
        node("far", Far),
        node("first", First, {"number": "far.number"}),
        node("other", node_class, {"number": "far.number"}),
    )
    run = Run(made, live=True)
    run.start()
    assert First.come.wait(10)
    run.stop()
    assert run.wait(10)
    first = run._assembly.members["first"].node
    assert isinstance(first, First)
    assert first.ends == ["finish", "close"]
    assert first.seen[0] == (0, 0)


def test_cancel_does_not_wait_for_what_is_paced() -> None:
    First.come.clear()
    run = Run(graph(node("far", Far), node("first", First, {"number": "far.number"})), live=True)
    run.start()
    assert First.come.wait(10)
    run.cancel()
    with pytest.raises(Cancelled):
        run.wait(10)
    first = run._assembly.members["first"].node
    assert isinstance(first, First)
    assert first.seen == [(0, 0)]


def test_on_a_real_clock_nothing_comes_before_its_time() -> None:
    made = graph(
        node("count", Count, count=4, step_ms=5.0),
        node("slow", Slow, {"number": "count.number"}),
        node("clocked", Clocked, {"number": "slow.scaled"}),
    )
    run = Run(made, live=True)
    run.run()
    clocked = run._assembly.members["clocked"].node
    assert isinstance(clocked, Clocked)
    assert [timestamp for timestamp, _ in clocked.arrivals] == [index * 5 * MS for index in range(4)]
    assert all(arrived >= timestamp for timestamp, arrived in clocked.arrivals)


def test_a_run_that_falls_behind_says_so_once_while_it_runs_and_at_the_end() -> None:
    run = Run(
        graph(
            node("count", Count, count=60),
            node("heavy", Heavy, {"number": "count.number"}),
            node("sink", Sink, {"number": "heavy.same"}),
        ),
        live=True,
        clock=VirtualClock(),
    )
    run.run()
    assert len(run.notices) == 1
    assert run.notices[0].startswith("sink: 1.0 s behind the clock; ")
    assert run.notices[0].endswith(" ms a call): give it less to do, or lower frame_rate")
    assert [loss for loss in run.losses if "behind" in loss] == ["sink: up to 4.2 s behind the clock"]


class Waiting(Source):
    """A device: its call lasts as long as it waits."""

    live = True
    number = Output(Number)

    def produce(self) -> Iterator[None]:
        for index in range(60):
            sum(range(30_000))  # stands for the wait
            self.number.send(Number(index), timestamp=index * 40 * MS)
            yield


def test_a_device_that_waits_is_not_what_takes_the_time() -> None:
    made = graph(
        node("waiting", Waiting),
        node("heavy", Heavy, {"number": "waiting.number"}),
        node("sink", Sink, {"number": "heavy.same"}),
    )
    run = Run(made, live=True, clock=VirtualClock())
    run.run()
    (notice,) = run.notices
    assert "behind the clock" in notice
    assert "waiting" not in notice


def test_latency_that_stays_is_not_behind() -> None:
    told: list[int] = []
    pace = Pace(told.append)
    for latency_ms in (9000, *[3000] * 100, 3900, *[3000] * 100):  # a slow start, a long lookahead, a slow call
        pace.see(latency_ms * MS)
    assert told == []
    for latency_ms in range(3000, 9000, 40):
        pace.see(latency_ms * MS)
    assert len(told) == 1
    assert 1000 * MS < told[0] < 1100 * MS


class Frozen(Node):
    """Notes how many objects no collection looks at."""

    number = Input(Number)

    def open(self) -> None:
        self.counts: list[int] = []

    def process(self, number: Number) -> None:
        self.counts.append(gc.get_freeze_count())


@pytest.mark.parametrize("live", [True, False])
def test_live_what_was_loaded_before_is_not_collected_meanwhile(live: bool) -> None:
    made = graph(node("count", Count, count=3), node("frozen", Frozen, {"number": "count.number"}))
    run = Run(made, live=live, clock=VirtualClock())
    run.run()
    frozen = run._assembly.members["frozen"].node
    assert isinstance(frozen, Frozen)
    assert [count > 0 for count in frozen.counts] == [live] * 3
    assert gc.get_freeze_count() == 0
