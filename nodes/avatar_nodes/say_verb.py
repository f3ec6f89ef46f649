"""What `graphcore say` does: it finds the node that speaks lines, and gives it one after the other."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from graphcore import GraphcoreError, ParamError, RefusedError, ask_studio

LINE = "line"  # the live param that a node which speaks lines has


def say(arguments: argparse.Namespace) -> int:
    """Let a run speak."""
    url, token, words = arguments.url, arguments.token, " ".join(arguments.text).strip()
    if not words:
        raise ParamError('error: there is nothing to say; for example: graphcore say "Good morning."')
    node = _chosen(_speakers(url, ask_studio(url, token, "GET", "/api/run")), arguments.node)
    path = f"/api/nodes/{quote(node, safe='')}/params/{LINE}"
    if words == "-":
        return _say_lines(lambda line: ask_studio(url, token, "PUT", path, {"value": line}))
    ask_studio(url, token, "PUT", path, {"value": words})
    return 0


def _say_lines(tell: Callable[[str], object]) -> int:
    """Say the lines of the standard input; 1 where something was left out, which is told."""
    code = 0
    for number, (line, fault) in enumerate(_lines(), 1):
        try:
            if line:
                tell(line)
        except RefusedError as error:  # the next line may do
            fault = f"not said: {error}"
        if fault:
            sys.stderr.write(f"line {number}: {fault}\n")
            code = 1
    return code


def _speakers(url: str, run: Any) -> list[str]:
    """The nodes of a run that speak lines."""
    try:
        return [str(node["name"]) for node in run["nodes"] if any(map(_is_line, node["params"]))]
    except (KeyError, TypeError):
        raise GraphcoreError(f"{url}: no studio is there; give --url as `run --studio` says it") from None


def _chosen(names: list[str], wanted: str | None) -> str:
    """The node that is meant; raises ParamError."""
    if wanted is not None and wanted not in names:
        listed = ", ".join(names) or "(none)"
        raise ParamError(f"error: --node {wanted}: no node that speaks lines; expected one of {listed}")
    if not names:
        raise ParamError("error: no node of this run speaks lines; add a text_to_speech with wait_for_lines: true")
    if wanted is None and len(names) > 1:
        raise ParamError(f"error: several nodes speak lines; choose with --node: {', '.join(names)}")
    return wanted or names[0]


def _is_line(param: Any) -> bool:
    return bool(param["name"] == LINE and param["kind"] == "str" and param["live"])


def _lines() -> Iterator[tuple[str, str]]:
    """The lines of the standard input as they come, and what was wrong with each, if anything."""
    for line in sys.stdin.buffer:
        text, fault = line.decode(errors="ignore"), ""
        if text.encode() != line:
            fault = "some bytes are no UTF-8; the rest was said"
        yield text.strip(), fault
