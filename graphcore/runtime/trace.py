"""A trace of every call, in the JSON that Perfetto and chrome://tracing read.

Format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU (Trace Event Format).
"""

from __future__ import annotations

from typing import Any

from graphcore.runtime.run import Run


def trace_events(run: Run) -> dict[str, Any]:
    """One row for each chain, one slice for each call; times in microseconds."""
    chains = {name: node["chain"] for name, node in run.stats()["nodes"].items()}
    names: dict[int, list[str]] = {}
    for name, chain in chains.items():
        names.setdefault(chain, []).append(name)
    events: list[dict[str, Any]] = [
        {"ph": "M", "pid": 1, "tid": chain, "name": "thread_name", "args": {"name": " ".join(members)}}
        for chain, members in names.items()
    ]
    calls = list(run.trace or ())
    zero = min((started for _, started, _, _ in calls), default=0)
    for name, started, ended, timestamp in calls:
        events.append(
            {
                "ph": "X",
                "pid": 1,
                "tid": chains[name],
                "name": name,
                "ts": (started - zero) / 1e3,
                "dur": (ended - started) / 1e3,
                "args": {"media_s": timestamp / 1e9},
            }
        )
    return {"traceEvents": events, "displayTimeUnit": "ms"}
