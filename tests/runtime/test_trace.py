"""The trace of a run, as Perfetto reads it."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

from graphcore import Run
from graphcore.runtime.trace import trace_events
from parts import Count, Scale, Sink, Slow, graph, node


def test_a_trace_has_one_slice_for_each_call_in_the_row_of_its_chain() -> None:
    made = graph(
        node("count", Count, count=30),
        node("slow", Slow, {"number": "count.number"}),
        node("scale", Scale, {"number": "count.number"}),
        node("sink", Sink, {"number": "slow.scaled"}),
    )
    run = Run(made, trace=True)
    run.run()
    trace = trace_events(run.traced())
    assert json.loads(json.dumps(trace, allow_nan=False)) == trace
    rows = {event["tid"]: event["args"]["name"] for event in trace["traceEvents"] if event["ph"] == "M"}
    slices = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert sorted(rows.values()) == ["count scale", "sink", "slow"]
    assert Counter(event["name"] for event in slices) == dict.fromkeys(made.nodes, 30)
    assert min(event["ts"] for event in slices) == 0
    assert all(event["dur"] >= 0 and event["name"] in rows[event["tid"]].split() for event in slices)
    media = [event["args"]["media_s"] for event in slices if event["name"] == "sink"]
    assert media == [index * 0.04 for index in range(30)]
    for row in rows:  # calls of one thread never overlap
        times = sorted((event["ts"], event["dur"]) for event in slices if event["tid"] == row)
        assert all(ts + dur <= after + 1e-3 for (ts, dur), (after, _) in pairwise(times))


def test_without_a_trace_there_are_no_slices() -> None:
    run = Run(graph(node("count", Count)))
    run.run()
    assert run.trace is None
    assert [event["ph"] for event in trace_events(run.traced())["traceEvents"]] == ["M"]
