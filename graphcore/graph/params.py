"""Checking the params of a node: values, `--set`, and the files they name."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_origin

from graphcore.errors import GraphError, ParamError
from graphcore.graph.files import FileMistake, find_input, find_output, same_file
from graphcore.graph.report import Report, kind_of, nearest
from graphcore.graph.spec import Entry, GraphSpec, Value
from graphcore.node import Node
from graphcore.port import Param

_BOOL_WORDS = {"yes": "true", "on": "true", "no": "false", "off": "false"}  # what YAML 1.1 takes


@dataclass(slots=True)
class ParamCheck:
    """Checks params, and remembers which files are read and written so that no two nodes clash."""

    spec: GraphSpec
    report: Report
    _written: dict[str, tuple[str, Value, Path]] = field(default_factory=dict)  # by real path
    _read: dict[str, str] = field(default_factory=dict)  # real path: who reads it

    def __post_init__(self) -> None:
        if self.spec.path is not None:
            self._read[same_file(self.spec.path)] = "the run itself"

    def overrides(self, classes: Mapping[str, type[Node] | None]) -> dict[str, dict[str, Value]]:
        """What `--set` gives, by node and param."""
        given: dict[str, dict[str, Value]] = {}
        for key, text in self.spec.overrides.items():
            at = Value(text, f"--set {key}={text}", 0, 0, text)
            name, dot, param_name = key.partition(".")
            if name not in classes:
                self.report.unknown(at, "node", name, classes)
            elif not dot:
                self.report.add(at, "this names no param", f"--set {name}.PARAM=VALUE")
            elif (node_class := classes[name]) and (param := self._known(at, param_name, node_class)):
                given.setdefault(name, {})[param_name] = self._from_text(at, param)
        return given

    def params(
        self, name: str, key: Value, node_class: type[Node], entries: Mapping[str, Entry], given: Mapping[str, Value]
    ) -> dict[str, Any]:
        """Every param of one node with an accepted value; what `given` (by --set) says goes first."""
        for entry in entries.values():
            self._known(entry.key, entry.key.text, node_class)
        accepted = {}
        for param in node_class.params.values():
            written = entries.get(param.name)
            at = given.get(param.name) or (written.value if written else None)
            if at is not None:
                accepted[param.name] = self._accept(at, f"{name}.{param.name}", param)
            elif param.required:
                what = f"{name}: param {param.name!r} is missing"
                self.report.add(key, what, param.expected, f"for example --set {name}.{param.name}=...")
            else:
                default = Value(param.default, key.file, key.line, key.column, str(param.default))
                accepted[param.name] = self._accept(default, f"{name}.{param.name}", param)
        return accepted

    def check_files(self) -> None:
        """Report outputs that would overwrite what the graph reads."""
        for real, (label, at, path) in self._written.items():
            if real in self._read:
                why = f"{self._read[real]} reads it"
                self.report.add(at, f"{label}: would overwrite {path}", "another file", why)

    def _known(self, at: Value, param_name: str, node_class: type[Node]) -> Param[Any] | None:
        param = node_class.params.get(param_name)
        if param is None:
            what = f"param of {node_class.type_name}"
            if node_class.params:
                self.report.unknown(at, what, param_name, node_class.params)
            else:
                self.report.add(at, f"unknown {what} {param_name!r}", "none: it has no params")
        return param

    def _from_text(self, at: Value, param: Param[Any]) -> Value:
        """A text from the command line as the value that a graph would have; text and paths are taken as they are."""
        from graphcore.graph.load import parse_list, scalar

        if param.optional and at.text == "null":
            at.value = None
        elif get_origin(param.type) is tuple:
            with suppress(GraphError):  # it stays a text, which is not accepted
                at.value = parse_list(at.text, at.file).value
        elif param.type not in (str, Path):
            with suppress(ValueError):  # more digits than Python reads
                at.value = scalar(at.text.strip())
        return at

    def _accept(self, at: Value, label: str, param: Param[Any]) -> Any:
        try:
            made = param.accept(_plain(at.value))
        except (ParamError, OverflowError):  # a whole number that no float can hold
            self.report.add(at, f"{label} is {kind_of(at)}", param.expected, _respelled(at, param))
            return None
        try:
            return self._find(at, label, param, made) if param.file and made is not None else made
        except FileMistake as mistake:
            self.report.add(at, f"{label}: {mistake.what}", mistake.expected, mistake.fix)
            return None

    def _find(self, at: Value, label: str, param: Param[Any], made: Path) -> Path:
        if param.file == "in":
            beside_graph = self.spec.path.parent if self.spec.path else Path.cwd()
            found = find_input(made, beside_graph if at.line else Path.cwd())
            self._read.setdefault(same_file(found), label)
            return found
        found = find_output(made)
        real = same_file(found)
        if real in self._written:
            self.report.add(at, f"{label}: writes {found}", "its own file", f"{self._written[real][0]} writes it too")
        self._written.setdefault(real, (label, at, found))
        return found


def _plain(value: Any) -> Any:
    """A tree of values without their places."""
    return [_plain(one.value) for one in value] if isinstance(value, list) else value


def _respelled(at: Value, param: Param[Any]) -> str:
    """How the same thing would be accepted, where that is plain to see."""
    if param.choices:
        return nearest(at.text, [str(choice) for choice in param.choices])
    if param.type is bool and isinstance(at.value, str) and at.text.lower() in _BOOL_WORDS:
        return f"did you mean {_BOOL_WORDS[at.text.lower()]}?"
    if param.type is str and isinstance(at.value, (bool, int, float)):
        return f'put it in quotes: "{at.text}"'
    return ""


def live_value(types: Mapping[str, type[Node]], node: str, param: str, value: object) -> Any:
    """The value that a live param of a node (`types`: by name) takes while a graph runs; raises ParamError."""
    if node not in types:
        raise ParamError(f"{node}: no such node; expected one of {', '.join(types)}")
    params = types[node].params
    if param not in params or not params[param].live:
        live = [name for name, other in params.items() if other.live]
        raise ParamError(f"{node}.{param}: no live param; expected one of {', '.join(live) or '(none)'}")
    try:
        accepted = params[param].accept(value)
        return find_input(accepted, Path.cwd()) if params[param].file and accepted is not None else accepted
    except ParamError as error:
        raise ParamError(f"{node}.{param}: {error}") from None
    except FileMistake as mistake:
        raise ParamError(f"{node}.{param}: {mistake.what}; expected {mistake.expected}") from None
