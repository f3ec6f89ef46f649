"""How a benchmark says whether a figure keeps its limit: `run_all.py` looks for MISSED."""

from __future__ import annotations

MISSED = "MISSED"


def limit(value: float, *, at_most: float | None = None, at_least: float | None = None) -> str:
    """`limit 10`, or `limit 10, MISSED`."""
    bound = at_most if at_most is not None else at_least
    kept = (at_most is None or value <= at_most) and (at_least is None or value >= at_least)
    return f"limit {bound:g}" + ("" if kept else f", {MISSED}")
