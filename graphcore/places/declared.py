"""The places file: what the names that nodes give as their `place` mean on this machine.

places:
  heavy: {kind: process}
  light: {kind: here}
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from graphcore.errors import Mistake
from graphcore.graph.load import load_places
from graphcore.graph.report import Report, kind_of, one_of
from graphcore.graph.spec import Entry, GraphSpec, Value

Kind = Literal["here", "process"]
KINDS: tuple[Kind, ...] = ("here", "process")
HERE = "here"  # the name of this process, where nodes without a place run
FILE_KEYS = ("places",)
PLACE_KEYS = ("kind",)


@dataclass(frozen=True, slots=True)
class Place:
    """A place as a places file declares it."""

    name: str
    kind: Kind


@dataclass(slots=True)
class Placement:
    """Where each node of a graph runs; `mistakes` are those of the file and of the names that the graph uses."""

    place_of: dict[str, str]  # node name: HERE, or a place that is a process
    mistakes: list[Mistake] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)  # declared, and no node of the graph names them

    @property
    def processes(self) -> list[str]:
        """The places that need a child process, in the order of the graph."""
        return list(dict.fromkeys(place for place in self.place_of.values() if place != HERE))


def place_nodes(spec: GraphSpec, path: Path) -> Placement:
    """Look up the place of every node; raises GraphError where the file cannot be read at all."""
    root, mistakes = load_places(path)
    report = Report(mistakes)
    places = _Reader(report).places(root)
    wanted = _wanted(spec)
    named = {place.text for place in wanted.values()}
    placement = Placement({}, unnamed=[name for name in places or () if name not in named])
    for name, place in wanted.items():
        found = None if places is None else places.get(place.text)
        if places is not None and found is None:
            report.unknown(place, "place", place.text, places)
        placement.place_of[name] = found.name if found is not None and found.kind == "process" else HERE
    for name in _nodes(spec):
        placement.place_of.setdefault(name, HERE)
    placement.mistakes = in_order(report.mistakes)
    return placement


def in_order(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """File by file, each from top to bottom; those of `--set` last."""
    return sorted(mistakes, key=lambda one: (one.line == 0, one.file, one.line, one.column))


class _Reader:
    def __init__(self, report: Report) -> None:
        self._report = report

    def places(self, root: Value) -> dict[str, Place] | None:
        """Every place of the file; what is wrong is reported, and the others go on. None: there are none to read."""
        if not isinstance(root.value, dict):
            what = "the file is empty" if root.value is None else f"the places file is {kind_of(root)}"
            self._report.add(root, what, "a mapping with `places:`")
            return None
        self._check_keys(root.value, FILE_KEYS, "places file")
        entry = root.value.get("places")
        if entry is None or not isinstance(entry.value.value, dict):
            at, what = (root, "a places file without `places`") if entry is None else (entry.value, "no places")
            self._report.add(at, what, "`places:` with names and what they are")
            return None
        return {name: self._place(name, one) for name, one in entry.value.value.items()}

    def _place(self, name: str, entry: Entry) -> Place:
        if not name.isidentifier():
            self._report.add(entry.key, f"a place cannot be named {name!r}", "letters, digits and _, no digit first")
        value = entry.value
        if not isinstance(value.value, dict):
            self._report.add(value, f"place {name!r} is {kind_of(value)}", "{kind: process}")
            return Place(name, "here")
        self._check_keys(value.value, PLACE_KEYS, "place")
        kind = value.value.get("kind")
        for known in KINDS:
            if kind is not None and kind.value.value == known:
                return Place(name, known)
        if kind is None:
            self._report.add(entry.key, f"place {name!r} has no kind", f"`kind:` with {one_of(KINDS)}")
        else:
            self._report.unknown(kind.value, "kind", kind.value.text, KINDS)
        return Place(name, "here")

    def _check_keys(self, entries: dict[str, Entry], known: tuple[str, ...], of: str) -> None:
        for name, entry in entries.items():
            if name not in known:
                self._report.unknown(entry.key, f"key of a {of}", name, known)


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
