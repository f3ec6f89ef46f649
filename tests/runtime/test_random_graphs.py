"""Random graphs: each run ends, and every sink sees what a plain computation over whole streams says it must."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given, settings

from graphcore import Run, VirtualClock
from graphcore.graph.spec import Graph
from parts import MS, Sink
from random_graphs import Made, described, fan_ins, graphs


def ran(made: Made, **how: Any) -> Run:
    """The run, at its end."""
    run = Run(Graph(made.nodes), **how)
    run.start()
    if not run.wait(10):
        run.cancel()
        pytest.fail(f"it does not end: {run.describe_stall()}\n{described(made)}")
    for thread in threading.enumerate():
        if thread.name.startswith("graphcore-"):
            thread.join(5)
            assert not thread.is_alive()
    return run


def seen(run: Run) -> dict[str, list[tuple[int, float]]]:
    """What each sink saw, by the output it listens to."""
    found = {}
    for name, member in run._assembly.members.items():
        if isinstance(member.node, Sink):
            link = run.graph.nodes[name].links["number"]
            found[f"{link.source}.{link.output}"] = member.node.seen
            assert member.node.ends == ["finish", "close"]
    return found


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(made=graphs())
def test_what_sinks_see_depends_on_timestamps_alone(made: Made) -> None:
    for threads in (None, 1, 2):
        found = seen(ran(made, threads=threads))
        for output, packets in found.items():
            expected = made.streams[output]
            assert [time for time, _ in packets] == [time for time, _ in expected], (output, threads)
            values = [float(value) for _, value in expected]
            assert [value for _, value in packets] == pytest.approx(values, rel=1e-9), (output, threads)


@settings(max_examples=30, deadline=None, database=None, derandomize=True)
@given(made=graphs())
def test_a_live_run_ends_and_its_timestamps_rise(made: Made) -> None:
    for packets in seen(ran(made, live=True, clock=VirtualClock())).values():
        times = [time for time, _ in packets]
        assert times == sorted(set(times))


def test_two_fan_ins_that_wait_for_each_other_without_a_common_ancestor() -> None:
    made = fan_ins()
    for threads in (None, 1, 2):
        expected = [(int(index * 40 * MS), 2.0 * index) for index in range(50)]
        assert seen(ran(made, threads=threads)) == {"left.total": expected, "mix.total": expected}
