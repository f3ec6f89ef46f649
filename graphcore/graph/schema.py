"""A JSON Schema (draft-07) of graph files from the installed node types: an editor completes and checks with it.

It says what one file can say by itself: that links lead somewhere and fit is for `check`, and a required param
may come from `--set`.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

from graphcore.graph.spec import DEFAULT_MAX_MB, DEFAULT_QUEUE, OVERFLOWS
from graphcore.node import Node
from graphcore.port import Input, Param

Schema = dict[str, Any]

_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", Path: "string"}
_IDENTIFIER = r"^[^\W\d]\w*$"
_REFERENCE = {"type": "string", "pattern": r"^[^\W\d]\w*\.[^\W\d]\w*$", "description": "node.output"}


def schema(types: Mapping[str, type[Node]]) -> Schema:
    """The JSON Schema of graphs made of these node types."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "graphcore graph",
        "type": "object",
        "additionalProperties": False,
        "required": ["nodes"],
        "properties": {
            "frame_rate": {
                "description": "Video frames a second: 1 to 120, or a ratio such as 30000/1001",
                "default": 25,
                "anyOf": [
                    {"type": "number", "minimum": 1, "maximum": 120},
                    {"type": "string", "pattern": r"^[0-9]{1,9}/[1-9][0-9]{0,8}$"},
                ],
            },
            "seed": {"description": "Where random numbers start", "type": "integer", "minimum": 0, "default": 0},
            "max_mb": {
                "description": "What one link may hold where inputs wait for each other, in MB",
                "type": "number",
                "exclusiveMinimum": 0,
                "default": DEFAULT_MAX_MB,
            },
            "nodes": {
                "description": "The nodes by name",
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"pattern": _IDENTIFIER},
                "additionalProperties": {"$ref": "#/definitions/node"},
            },
        },
        "definitions": {"node": _any_node(types)} | {name: _node(one) for name, one in sorted(types.items())},
    }


def _any_node(types: Mapping[str, type[Node]]) -> Schema:
    names = sorted(types)
    return {
        "type": "object",
        "required": ["type"],
        "properties": {
            "type": {"enum": names, "enumDescriptions": [_first_line(types[name]) for name in names]},
        },
        "allOf": [
            {
                "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
                "then": {"$ref": f"#/definitions/{name}"},
            }
            for name in names
        ],
    }


def _node(node_class: type[Node]) -> Schema:
    params = {name: _param(param) for name, param in node_class.params.items()}
    inputs = {name: _input(port) for name, port in node_class.inputs.items()}
    needed = [name for name, port in node_class.inputs.items() if port.required]
    return {
        "description": inspect.getdoc(node_class) or "",
        "properties": {
            "type": {"const": node_class.type_name},
            "params": _named(params, []),
            "inputs": _named(inputs, needed),
            "place": {"description": "Where it runs", "type": "string", "pattern": _IDENTIFIER},
        },
        "additionalProperties": False,
        "required": ["type", "inputs"] if needed else ["type"],
    }


def _named(properties: Schema, required: list[str]) -> Schema:
    made: Schema = {"properties": properties, "additionalProperties": False}
    if required:
        return {"type": "object", **made, "required": required}
    return {"type": ["object", "null"], **made}


def _param(param: Param[Any]) -> Schema:
    many = get_origin(param.type) is tuple
    one: Schema = {"type": _TYPES[get_args(param.type)[0] if many else param.type]}
    if param.ge is not None:
        one["minimum"] = param.ge
    if param.le is not None:
        one["maximum"] = param.le
    made: Schema = {"type": "array", "items": one} if many else one
    if param.choices:
        made["enum"] = [_plain(choice) for choice in param.choices] + [None] * param.optional
    if param.optional:
        made["type"] = [made["type"], "null"]
    if not param.required:
        made["default"] = _plain(param.default)
    made["description"] = " ".join(filter(None, [param.doc, f"({param.expected})", "Live." if param.live else ""]))
    return made


def _input(port: Input[Any]) -> Schema:
    aligns = ["hold", "interpolate"] if port.follows else ["exact", "nearest"]
    parts: Schema = {
        "from": _REFERENCE,
        "align": {"description": "How it meets the drivers' time", "enum": aligns, "default": port.align},
        "tolerance_ms": {"description": "How far `nearest` looks, in ms", "type": "number", "minimum": 0},
        "queue": {"description": "Packets that may wait", "type": "integer", "minimum": 1, "default": DEFAULT_QUEUE},
        "overflow": {"description": "What a full link does", "enum": list(OVERFLOWS), "default": "block"},
    }
    if port.align == "each":
        del parts["align"], parts["tolerance_ms"]
    long = {"type": "object", "properties": parts, "required": ["from"], "additionalProperties": False}
    kind = "follower" if port.follows else "driver"
    described = f"{port.payload.__name__}, {kind}. {port.doc}".rstrip()
    return {"description": described, "anyOf": [_REFERENCE, long]}


def _plain(value: Any) -> Any:
    """A param's value as JSON has it."""
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, Path) else value


def _first_line(node_class: type[Node]) -> str:
    return (inspect.getdoc(node_class) or "").partition("\n")[0]
