"""Read a graph's YAML strictly; only this module imports yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from graphcore.errors import GraphError, Mistake
from graphcore.graph.files import find_graph, find_places, shown
from graphcore.graph.report import kind_of
from graphcore.graph.spec import Entry, GraphSpec, Value

MAX_BYTES = 1_000_000
MAX_DEPTH = 32

# The core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema): PyYAML's own is 1.1, where
# `no` is false, `12:30` is 750 and `1e-3` is a text.
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {word: truth for truth in (True, False) for word in (str(truth), str(truth).lower(), str(truth).upper())}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def load(path: str | Path, overrides: Mapping[str, str] | None = None) -> GraphSpec:
    """Read a graph file, or a packaged graph by its name (`talk`).

    `overrides` are those of `--set`: "node.param" to text. Raises GraphError where the file is missing or is not
    YAML; what merely stands wrongly in it (a key twice, a tag, an alias) is kept for `check` to report with the rest.
    """
    found = find_graph(path)
    name = shown(found)
    return _spec(_read(found, name), name, found, overrides)


def load_text(text: str, name: str = "<text>", overrides: Mapping[str, str] | None = None) -> GraphSpec:
    """Read a graph from a text, as `load` does; paths in it are relative to the working directory."""
    return _spec(text, name, None, overrides)


def load_places(path: Path) -> tuple[Value, list[Mistake]]:
    """Read a places file, or a packaged one by its name, as strictly as a graph: its values, and what was read past."""
    found = find_places(path)
    name = shown(found)
    reader = _Reader(_read(found, name), name)
    return reader.read(), reader.mistakes


def parse_list(text: str, name: str) -> Value:
    """The list that is written in the text of a `--set`: `1, 2` or `[1, 2]`; raises GraphError."""
    reader = _Reader(text if text.lstrip().startswith("[") else f"[{text}]", name)
    value = reader.read()
    if reader.mistakes:
        raise GraphError(reader.mistakes)
    return value


def scalar(text: str) -> Any:
    """What a plain (unquoted) YAML 1.2 scalar means."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if _FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def _spec(text: str, name: str, path: Path | None, overrides: Mapping[str, str] | None) -> GraphSpec:
    reader = _Reader(text, name)
    root = reader.read()
    if not isinstance(root.value, dict):
        empty = root.value is None
        what = "the file is empty" if empty else f"the graph is {kind_of(root)}"
        raise GraphError([*reader.mistakes, Mistake(name, root.line, root.column, what, "a mapping with `nodes:`")])
    return GraphSpec(path, root, dict(overrides or {}), reader.mistakes)


def _read(path: Path, name: str) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise _fatal(name, 0, 0, f"cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise _fatal(name, 0, 0, "the file is too large for a graph", f"at most {MAX_BYTES:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _position(content[: error.start].decode("utf-8", "replace"))
        raise _fatal(name, line, column, "the file is not UTF-8 text", "", "save it as UTF-8") from None


class _Reader:
    """Builds a tree of values from YAML's events; nothing recurses deeper than MAX_DEPTH."""

    def __init__(self, text: str, name: str) -> None:
        self.mistakes: list[Mistake] = []
        self._name = name
        self._text = text

    def read(self) -> Value:
        """The one document of the text; raises GraphError where it is not YAML."""
        if len(self._text) > MAX_BYTES:
            raise _fatal(self._name, 0, 0, "the text is too large for a graph", f"at most {MAX_BYTES:,} characters")
        try:
            self._loader = yaml.SafeLoader(self._text)
            return self._document()
        except yaml.reader.ReaderError as error:
            line, column = _position(self._text[: error.position])
            what = f"not YAML: a character that must not stand in a text (U+{_code(error.character):04X})"
            raise _fatal(self._name, line, column, what) from None
        except yaml.MarkedYAMLError as error:
            raise self._syntax(error) from None
        except (ValueError, OverflowError):  # PyYAML's own: an escape beyond Unicode, a version of 5000 digits
            mark = self._loader.get_mark()
            what = "not YAML: a number or an escape is out of range"
            raise _fatal(self._name, mark.line + 1, mark.column + 1, what) from None

    def _document(self) -> Value:
        event = self._next()  # the stream's start
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return Value(None, self._name, 1, 1)
        root = self._value(self._next(), 0)
        self._next()  # the document's end
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            self._add(event, "a second document in one file", "one graph", "remove the line `---`")
        return root

    def _next(self) -> Any:
        return self._loader.get_event()  # type: ignore[no-untyped-call]

    def _value(self, event: Any, depth: int) -> Value:
        value = Value(None, self._name, event.start_mark.line + 1, event.start_mark.column + 1)
        if depth > MAX_DEPTH:
            raise _fatal(self._name, value.line, value.column, "nested too deeply", f"at most {MAX_DEPTH} levels")
        if event.anchor is not None:
            sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
            self._add(event, f"{sign}{event.anchor}: a graph has no anchors and aliases", "", "write the value out")
        elif getattr(event, "tag", None) is not None:
            self._add(event, f"{_tag(event.tag)}: a graph has no tags", "a plain value")
        if isinstance(event, yaml.MappingStartEvent):
            value.value = self._mapping(depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            value.value = self._sequence(depth)
        elif isinstance(event, yaml.ScalarEvent):
            value.text, value.value = event.value, self._scalar(event)
        return value

    def _scalar(self, event: Any) -> Any:
        if not event.implicit[0]:  # in quotes, a block, or with a tag
            self._check_encodable(event)
            return event.value
        try:
            return scalar(event.value)
        except ValueError:  # Python reads at most 4300 digits
            self._add(event, "a number with too many digits")
            return None

    def _check_encodable(self, event: Any) -> None:
        try:
            event.value.encode()
        except UnicodeEncodeError:
            self._add(event, "an escape that is no character (a lone surrogate)")
            event.value = event.value.encode(errors="replace").decode()

    def _sequence(self, depth: int) -> list[Value]:
        values = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            values.append(self._value(event, depth + 1))
        return values

    def _mapping(self, depth: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._value(event, depth + 1)
            value = self._value(self._next(), depth + 1)
            if isinstance(key.value, (dict, list)) or not key.text:
                self._add(event, f"a key is {kind_of(key)}", "a name")
            elif key.text in entries:
                first = entries[key.text].key
                self._add(event, f"key {key.text!r} stands twice", "", f"the first is on line {first.line}")
            else:
                entries[key.text] = Entry(Value(key.text, key.file, key.line, key.column, key.text), value)
        return entries

    def _add(self, event: Any, what: str, expected: str = "", fix: str = "") -> None:
        mark = event.start_mark
        self.mistakes.append(Mistake(self._name, mark.line + 1, mark.column + 1, what, expected, fix))

    def _syntax(self, error: Any) -> GraphError:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(str(error.problem or error.context).split())
        fix = "indent with spaces" if "'\\t'" in problem else ""
        if problem == "mapping values are not allowed here":
            fix = "put a text with ': ' in quotes, or correct the indentation"
        found = [*self.mistakes, Mistake(self._name, mark.line + 1, mark.column + 1, f"not YAML: {problem}", "", fix)]
        return GraphError(found)


def _fatal(name: str, line: int, column: int, what: str, expected: str = "", fix: str = "") -> GraphError:
    return GraphError([Mistake(name, line, column, what, expected, fix)])


def _position(before: str) -> tuple[int, int]:
    """The line and the column (from 1) of what comes after this text."""
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _code(character: str | int) -> int:
    return character if isinstance(character, int) else ord(character)


def _tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")
