"""What the places counted, put together: one table of nodes and links, whichever place they ran in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphcore.errors import counted
from graphcore.graph.spec import Graph
from graphcore.places.messages import Told, from_text

_SHAPES: dict[str, Any] = {  # of a report: each list with what is in it
    "notices": str,
    "losses": str,
    "positions": int,
    "expected": int,
    "made": dict,
    "ways": dict,
    "arrivals": dict,
    "peers": dict,
}
Reports = Mapping[str, Mapping[str, Any]]  # by place


def read_report(told: Told) -> dict[str, Any]:
    """What a place told of itself; raises ValueError for what no place of ours would tell."""
    report = from_text(told.report)
    if not isinstance(report, dict):
        raise ValueError("it is no mapping")
    for name, kind in _SHAPES.items():
        items = report.get(name, [])
        if not isinstance(items, list) or not all(isinstance(item, kind) for item in items):
            raise ValueError(f"{name} is no list of {kind.__name__}")
    made = report.get("made", [])
    if any(sorted(each) != ["count", "node", "path", "unit"] or type(each["count"]) is not int for each in made):
        raise ValueError("made")
    stats = report.get("stats", {"nodes": {}, "links": []})
    if not isinstance(stats.get("nodes"), dict) or not isinstance(stats.get("links"), list):
        raise ValueError("stats")
    return report


def stats_of(
    graph: Graph, place_of: Mapping[str, str], reports: Reports, places: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Nodes with their place, links in the order of the graph with both places, and the places themselves."""
    each_place = [report["stats"] for report in reports.values() if "stats" in report]
    nodes = {name: stats | {"place": place_of[name]} for each in each_place for name, stats in each["nodes"].items()}
    rows = {row["link"]: row for each in each_place for row in each["links"]}
    dropped = _dropped(reports)
    arrivals = {each["number"]: each["p50_us"] for report in reports.values() for each in report.get("arrivals", ())}
    links = []
    for number, link in enumerate(graph.links):
        row = rows.get(str(link))
        if row is not None:
            row = row | {"from": place_of[link.source], "to": place_of[link.target]}
            row["hop_p50_us"] = _hop_us(arrivals.get(number), nodes.get(link.source))
            links.append(row | {"dropped": row["dropped"] + dropped.get(number, 0)})
    ordered = {name: nodes[name] for name in graph.nodes if name in nodes}
    return {"nodes": ordered, "links": links, "places": _places(reports, places)}


def _hop_us(arrived_us: int | None, source: Mapping[str, Any] | None) -> float | None:
    """Live, between places: from when the source had made a packet to when it was there, by their medians."""
    made_us = None if source is None else source.get("latency_p50_us")
    return None if arrived_us is None or made_us is None else round(arrived_us - made_us, 1)


def losses_of(graph: Graph, reports: Reports) -> list[str]:
    """What did not arrive as declared, a line each; what a sending end dropped is of its link."""
    lines = [line for report in reports.values() for line in report.get("losses", ())]
    dropped = _dropped(reports)
    lost = [(link, dropped[number]) for number, link in enumerate(graph.links) if dropped.get(number)]
    return lines + [f"{link}: {counted(count, 'packet')} dropped" for link, count in lost]


def _dropped(reports: Reports) -> dict[int, int]:
    """By number of the link, what was dropped before it left its place."""
    return {way["number"]: way["dropped"] for report in reports.values() for way in report.get("ways", ())}


def _places(reports: Reports, places: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: {**places.get(name, {}), "peers": report.get("peers", [])} for name, report in reports.items()}
