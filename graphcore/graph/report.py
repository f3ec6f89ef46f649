"""Mistakes as they are found, and the words for them: what a value is, which name is the nearest."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from graphcore.errors import GraphError, Mistake
from graphcore.graph.spec import Value

MANY = 12  # names that are still worth listing in one line


class Report:
    """Collects every mistake of a graph, each at the value where it stands."""

    def __init__(self, mistakes: Iterable[Mistake] = ()) -> None:
        self.mistakes = list(mistakes)

    def add(self, at: Value, what: str, expected: str = "", fix: str = "") -> None:
        """Note a mistake at this value."""
        self.mistakes.append(Mistake(at.file, at.line, at.column, what, expected, fix))

    def unknown(self, at: Value, kind: str, name: str, known: Collection[str]) -> None:
        """Note a name that is not one of `known`, with the nearest of them."""
        expected = one_of(known) if 0 < len(known) <= MANY else ""
        self.add(at, f"unknown {kind} {name!r}", expected, nearest(name, known))

    def raise_if_any(self) -> None:
        """Raise GraphError with all mistakes, in the order of the file; those of `--set` come last."""
        if self.mistakes:
            raise GraphError(sorted(self.mistakes, key=lambda one: (one.line == 0, one.line, one.column)))


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean 'audio'?`, or an empty text where no name is near."""
    from difflib import get_close_matches  # only a mistake needs it

    spelled = {other.casefold(): other for other in known}
    found = get_close_matches(name.casefold(), spelled, n=1)
    return f"did you mean {spelled[found[0]]!r}?" if found else ""


def one_of(names: Iterable[str]) -> str:
    """`one of a, b`, or only `a` where there is no choice."""
    listed = list(names)
    return listed[0] if len(listed) == 1 else "one of " + ", ".join(listed)


def kind_of(value: Value) -> str:
    """What a value is, in a message: `a list`, `'x'`, `25`."""
    if value.value is None:
        return "empty"
    if isinstance(value.value, dict):
        return "a mapping"
    if isinstance(value.value, list):
        return "a list"
    text = value.text if len(value.text) <= 60 else value.text[:57] + "..."
    return repr(text) if isinstance(value.value, str) else text
