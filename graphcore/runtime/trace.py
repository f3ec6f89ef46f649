"""A trace of every call, in the JSON that Perfetto and chrome://tracing read.

Format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU (Trace Event Format).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Call = Sequence[Any]  # node, began, ended (ns of that place's clock), media time (ns)


@dataclass(frozen=True, slots=True)
class Traced:
    """The calls of one place; `chains` says by node in which chain, `offset_ns` is its clock less ours."""

    place: str
    chains: dict[str, int]
    calls: Sequence[Call]
    offset_ns: int = 0


def trace_events(places: Sequence[Traced]) -> dict[str, Any]:
    """A process for each place, a row for each chain, a slice for each call; times in microseconds."""
    began = [call[1] - place.offset_ns for place in places for call in place.calls]
    zero = min(began, default=0)
    events: list[dict[str, Any]] = []
    for number, place in enumerate(places, 1):
        if len(places) > 1:
            events.append(_name(number, 0, "process_name", f"place {place.place}"))
        rows: dict[int, list[str]] = {}
        for name, chain in place.chains.items():
            rows.setdefault(chain, []).append(name)
        events += [_name(number, chain, "thread_name", " ".join(members)) for chain, members in rows.items()]
        events += [_slice(number, place, call, zero) for call in place.calls]
    return {"traceEvents": events, "displayTimeUnit": "ms"}


def _name(process: int, row: int, what: str, text: str) -> dict[str, Any]:
    return {"ph": "M", "pid": process, "tid": row, "name": what, "args": {"name": text}}


def _slice(process: int, place: Traced, call: Call, zero: int) -> dict[str, Any]:
    name, began, ended, timestamp = call
    return {
        "ph": "X",
        "pid": process,
        "tid": place.chains[name],
        "name": name,
        "ts": (began - place.offset_ns - zero) / 1e3,
        "dur": (ended - began) / 1e3,
        "args": {"media_s": timestamp / 1e9},
    }
