"""`graphcore schema`: a JSON Schema of graph files, for editors."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from graphcore.cli.console import find_types


def add_parser(subparsers: Any) -> None:
    """Declare the verb."""
    description = (
        "Write a JSON Schema (draft-07) of graphs made of the installed nodes. The YAML language server reads it: "
        "put `# yaml-language-server: $schema=FILE` on a graph's first line."
    )
    parser = subparsers.add_parser("schema", description=description)
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to write it (else to stdout)")


def run(arguments: argparse.Namespace) -> int:
    """Write the schema."""
    from graphcore.graph.schema import schema

    text = json.dumps(schema(find_types(arguments.plugins).types), indent=2, ensure_ascii=False) + "\n"
    if arguments.output is None:
        print(text, end="")
    else:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(text, encoding="utf-8")
    return 0
