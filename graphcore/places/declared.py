"""Where each node of a graph runs: what it names as its `place`, looked up in a places file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from graphcore.errors import GraphError, Mistake
from graphcore.graph.load import load_places
from graphcore.graph.report import Report
from graphcore.graph.spec import Entry, GraphSpec, Value
from graphcore.places.places_file import HERE, Place, PlacesReader
from graphcore.places.restarts import Restarts
from graphcore.transport.keys import Keys


@dataclass(slots=True)
class Placement:
    """Where each node of a graph runs; `mistakes` are those of the file and of the names that the graph uses."""

    place_of: dict[str, str]  # node name: HERE, or a place that is a process
    mistakes: list[Mistake] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)  # declared, and no node of the graph names them
    workers: dict[str, Place] = field(default_factory=dict)  # that the graph names
    keys: Keys | None = None  # our own, where a worker wants some
    pythons: dict[str, str] = field(default_factory=dict)  # of processes that have one of their own
    restarts: Restarts = field(default_factory=Restarts)

    @property
    def processes(self) -> list[str]:
        """The places that need a child process, in the order of the graph."""
        names = dict.fromkeys(place for place in self.place_of.values() if place != HERE)
        return [name for name in names if name not in self.workers]


def read_places(path: Path) -> tuple[dict[str, Place], Keys | None]:
    """Every place of a file, and our own keys where one needs them; raises GraphError with all mistakes."""
    root, mistakes = load_places(path)
    report = Report(mistakes)
    reader = PlacesReader(report, path.parent)
    places = reader.places(root) or {}
    keys = reader.keys(root) if any(place.server_key for place in places.values()) else None
    if report.mistakes:
        raise GraphError(in_order(report.mistakes))
    return places, keys


def place_nodes(spec: GraphSpec, path: Path) -> Placement:
    """Look up the place of every node; raises GraphError where the file cannot be read at all."""
    root, mistakes = load_places(path)
    report = Report(mistakes)
    reader = PlacesReader(report, path.parent)
    places = reader.places(root)
    wanted = _wanted(spec)
    named = {place.text for place in wanted.values()}
    placement = Placement({}, unnamed=[name for name in places or () if name not in named])
    for name, place in wanted.items():
        found = None if places is None else places.get(place.text)
        if places is not None and found is None:
            report.unknown(place, "place", place.text, places)
        placement.place_of[name] = HERE if found is None or found.kind == "here" else found.name
        if found is not None and found.kind == "worker":
            placement.workers[found.name] = found
        elif found is not None and found.python:
            placement.pythons[found.name] = found.python
    for name in _nodes(spec):
        placement.place_of.setdefault(name, HERE)
    placement.restarts = reader.restarts(root)
    if any(place.server_key for place in placement.workers.values()):
        placement.keys = reader.keys(root)
    placement.mistakes = in_order(report.mistakes)
    return placement


def in_order(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """File by file, each from top to bottom; those of `--set` last."""
    return sorted(mistakes, key=lambda one: (one.line == 0, one.file, one.line, one.column))


def _nodes(spec: GraphSpec) -> dict[str, Entry]:
    entry = spec.root.value.get("nodes")
    return entry.value.value if entry is not None and isinstance(entry.value.value, dict) else {}


def _wanted(spec: GraphSpec) -> dict[str, Value]:
    """The place that each node names, where it names one as it should; `check` reports the others."""
    found = {}
    for name, node in _nodes(spec).items():
        entry = node.value.value.get("place") if isinstance(node.value.value, dict) else None
        if entry is not None and isinstance(entry.value.value, str) and entry.value.value.isidentifier():
            found[name] = entry.value
    return found
