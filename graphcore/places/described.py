"""Node types as data: what another Python has installed can be checked here, without importing it."""

from __future__ import annotations

import inspect
import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from graphcore.errors import PluginError
from graphcore.node import Node, Source, is_source
from graphcore.payload import payload, payload_name
from graphcore.port import REQUIRED, Input, Output, Param

ASK_S = 30.0
MARK = "graphcore-types "  # before the line that counts: a plugin may print while it is imported
PROGRAM = "from graphcore.places.described import tell; tell()"
_KINDS: dict[str, Any] = {"bool": bool, "int": int, "float": float, "str": str, "Path": Path}


def ask_python(python: str, plugins: Path | None) -> dict[str, Any]:
    """What another Python has installed, as `describe_types` says it; raises PluginError."""
    command = [python, "-P", "-c", PROGRAM, *([str(plugins.absolute())] if plugins else [])]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ASK_S, check=True)
        line = next(line for line in done.stdout.splitlines() if line.startswith(MARK))
    except (OSError, subprocess.SubprocessError, StopIteration) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()[-1:]
        raise PluginError(f"{python}: {''.join(said)}; expected a Python in which graphcore is installed") from error
    found: dict[str, Any] = json.loads(line.removeprefix(MARK))
    return found


def tell() -> None:
    """The program of that other Python: describe what is installed there."""
    import sys

    from graphcore.plugins import find_nodes

    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    sys.stdout.write(f"\n{MARK}{json.dumps(describe_types(find_nodes(folder).types))}\n")


def describe_types(types: Mapping[str, type[Node]]) -> dict[str, Any]:
    """Node types by name, as JSON can say them."""
    return {name: _describe(node_class) for name, node_class in types.items()}


def stand_ins(described: Mapping[str, Any], known: Mapping[str, type[Node]]) -> dict[str, type[Node]]:
    """Classes that declare what was described, for types that are not known here; they can be checked, not run."""
    ports: list[Input[Any] | Output[Any]] = []
    for one in known.values():
        ports += [*one.inputs.values(), *one.outputs.values()]
    payloads = {payload_name(port.payload): port.payload for port in ports}
    return {name: _stand_in(name, each, payloads) for name, each in described.items() if name not in known}


def _describe(node_class: type[Node]) -> dict[str, Any]:
    return {
        "doc": inspect.getdoc(node_class) or "",
        "source": is_source(node_class),
        "live": getattr(node_class, "live", False),
        "own_thread": node_class.own_thread,
        "inputs": {name: _describe_input(port) for name, port in node_class.inputs.items()},
        "outputs": {
            name: {"payload": payload_name(port.payload), "delay_ms": port.delay_ms, "doc": port.doc}
            for name, port in node_class.outputs.items()
        },
        "params": {name: _describe_param(param) for name, param in node_class.params.items()},
    }


def _describe_input(port: Input[Any]) -> dict[str, Any]:
    return {
        "payload": payload_name(port.payload),
        "follows": port.follows,
        "window_ms": port.window_ms,
        "align": port.align,
        "between": hasattr(port.payload, "between"),
        "required": port.default is REQUIRED,
        "doc": port.doc,
    }


def _describe_param(param: Param[Any]) -> dict[str, Any]:
    kind = param.type
    many = kind not in _KINDS.values()
    default = None if param.required or param.default is None else param.default
    return {
        "kind": (kind.__args__[0] if many else kind).__name__,
        "many": many,
        "optional": param.optional,
        "required": param.required,
        "default": str(default) if isinstance(default, Path) else default,
        "ge": param.ge,
        "le": param.le,
        "choices": list(param.choices),
        "unit": param.unit,
        "live": param.live,
        "doc": param.doc,
        "file": param.file,
    }


def _stand_in(name: str, told: Mapping[str, Any], payloads: dict[str, type]) -> type[Node]:
    members: dict[str, Any] = {"__doc__": told["doc"], "own_thread": told["own_thread"]}
    for port, each in told["inputs"].items():
        members[port] = Input(
            _payload(each["payload"], payloads, each["between"]),
            follows=each["follows"],
            window_ms=each["window_ms"],
            align=each["align"],
            doc=each["doc"],
            default=REQUIRED if each["required"] else None,
        )
    for port, each in told["outputs"].items():
        members[port] = Output(_payload(each["payload"], payloads, False), delay_ms=each["delay_ms"], doc=each["doc"])
    for param, each in told["params"].items():
        members[param] = _param(each)
    base: type[Node] = Source if told["source"] else Node
    if told["source"]:
        members |= {"live": told["live"], "produce": _produce}
    else:
        members["process"] = _process(told["inputs"])
    made: Any = type("".join(part.capitalize() for part in name.split("_")), (base,), members)
    made.type_name = name
    return made  # type: ignore[no-any-return]


def _payload(name: str, payloads: dict[str, type], between: bool) -> type:
    """The payload of that name; where nobody here knows it, a class that only has the name."""
    found = payloads.get(name)
    if found is None or (between and not hasattr(found, "between")):
        members = {"between": lambda _self, other, _weight: other} if between else {}
        found = payloads[name] = payload(type(name.rpartition(".")[2], (), members))
        found.__payload__ = name  # type: ignore[attr-defined]
    return found


def _param(told: Mapping[str, Any]) -> Param[Any]:
    kind: Any = _KINDS[told["kind"]]
    kind = tuple[kind, ...] if told["many"] else kind
    default = told["default"]
    if told["many"] and default is not None:
        default = tuple(default)
    return Param(
        REQUIRED if told["required"] else Path(default) if default is not None and told["file"] else default,
        type=kind | None if told["optional"] else kind,
        ge=told["ge"],
        le=told["le"],
        choices=told["choices"],
        unit=told["unit"],
        live=told["live"],
        doc=told["doc"],
        file=told["file"],
    )


def _produce(_self: Node) -> Iterator[None]:
    yield from ()


def _process(inputs: Mapping[str, Any]) -> Any:
    """A function that takes what `process` of the real one takes."""

    def process(*_: Any) -> None:
        raise NotImplementedError

    names = ["self", *inputs]
    taken = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
    process.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]
    return process
