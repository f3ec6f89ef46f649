"""Turning live params from outside, no faster than a graph can take it. All of it on the server's loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from graphcore.errors import GraphcoreError, ParamError
from graphcore.graph.params import live_value
from graphcore.port import Param
from graphcore.runtime.run import Run
from graphcore.studio.uploads import Uploads

if TYPE_CHECKING:
    from graphcore.places.placed_run import PlacedRun

SETTLED_S = 0.5  # after it was turned, until the node is asked what a dial stands at
EVERY_S = 0.02  # of values that come faster for one dial, the newest counts
TEXTS_A_SECOND = 20  # a text is said, not turned: each counts, so more are refused
MAX_TEXT = 10_000  # characters


class UnknownDialError(GraphcoreError):
    """There is no such node, or it has no such live param."""


class BusyError(GraphcoreError):
    """More was asked for than a graph can take; what was asked for is not done."""


class EndedError(GraphcoreError):
    """The run has ended."""


class Dials:
    """The live params of a run by (node, param), with their values; `changed` hears of every new one."""

    def __init__(self, run: Run | PlacedRun, uploads: Uploads) -> None:
        self.changed: list[Callable[[str, str, Any], None]] = []
        self._run = run
        self._uploads = uploads
        self._types = {name: node.node_class for name, node in run.graph.nodes.items()}
        self._values = {name: dict(node.params) for name, node in run.graph.nodes.items()}
        self._first = {name: dict(node.params) for name, node in run.graph.nodes.items()}
        self._files = isinstance(run, Run)  # over places a file cannot be changed
        self._turned_at: dict[tuple[str, str], float] = {}
        self._due: dict[tuple[str, str], float] = {}  # when each dial may be turned again
        self._waiting: dict[tuple[str, str], Callable[[], None]] = {}
        self._said: dict[tuple[str, str], deque[float]] = {}

    def value(self, node: str, param: str) -> Any:
        """The newest value of a param, ready for JSON."""
        return self.shown(self._values[node][param])

    def look(self) -> None:
        """Tell what nodes have put back by themselves: a photo that cannot be shown, for example."""
        settled = monotonic() - SETTLED_S
        for node, values in self._run.values().items():
            for param, value in values.items():
                if value != self._values[node][param] and self._turned_at.get((node, param), settled) <= settled:
                    self._values[node][param] = value
                    self._tell(node, param, value)

    def live(self, param: Param[Any]) -> bool:
        """Whether it can be turned in this run."""
        return param.live and (self._files or not param.file)

    def shown(self, value: Any) -> Any:
        """A value, ready for JSON; an uploaded file by its name."""
        if isinstance(value, Path):
            return self._uploads.name_of(value) or str(value)
        return list(value) if isinstance(value, tuple) else value

    def set(self, node: str, param: str, value: object) -> Any:
        """Turn one, and return what it stands at; raises UnknownDialError, ParamError, BusyError, EndedError."""
        declared = self._types[node].params.get(param) if node in self._types else None
        if declared is None or not self.live(declared):
            raise UnknownDialError(self._unknown(node, param))
        if self._run.ended:
            raise EndedError("the run has ended")
        accepted = live_value(self._types, node, param, self._given(node, declared, value))
        if self._is_said(declared):
            self._count_text(node, param)
            self._turn(node, param, accepted)
        else:
            self._pace((node, param), lambda: self._turn(node, param, accepted))
        self._values[node][param] = accepted
        self._turned_at[node, param] = monotonic()
        return self.shown(accepted)

    def interrupt(self) -> None:
        """Let every node forget what waits in it to be said or shown."""
        self._pace(("", ""), self._run.interrupt)

    def _turn(self, node: str, param: str, accepted: Any) -> None:
        self._run.set(node, param, accepted)
        self._tell(node, param, accepted)

    def _tell(self, node: str, param: str, value: Any) -> None:
        for tell in self.changed:
            tell(node, param, self.shown(value))

    def _pace(self, key: tuple[str, str], act: Callable[[], None]) -> None:
        """Do it now, or with the newest of what comes until this dial may be turned again."""
        loop = asyncio.get_running_loop()
        if key in self._waiting:
            self._waiting[key] = act
        elif loop.time() < self._due.get(key, 0.0):
            self._waiting[key] = act
            loop.call_at(self._due[key], self._act_late, key)
        else:
            self._due[key] = loop.time() + EVERY_S
            act()

    def _act_late(self, key: tuple[str, str]) -> None:
        self._due[key] = asyncio.get_running_loop().time() + EVERY_S
        act = self._waiting.pop(key)
        with contextlib.suppress(GraphcoreError):  # whoever came first was told
            act()

    def _count_text(self, node: str, param: str) -> None:
        said = self._said.setdefault((node, param), deque(maxlen=TEXTS_A_SECOND))
        now = monotonic()
        if len(said) == TEXTS_A_SECOND and now - said[0] < 1.0:
            raise BusyError(f"{node}.{param}: more than {TEXTS_A_SECOND} texts a second; this one was left out")
        said.append(now)

    def _given(self, node: str, declared: Param[Any], value: object) -> object:
        """What came as what the param takes: a file by its name, a text that any node can use."""
        if declared.file and isinstance(value, str):
            return self._file(node, declared, value)
        if isinstance(value, str) and len(value) > MAX_TEXT:
            what = f"a text of {len(value)} characters, expected at most {MAX_TEXT}"
            raise ParamError(f"{node}.{declared.name}: {what}")
        if isinstance(value, str) and not _is_plain(value):
            what = "text with a zero byte or half a character, expected plain text"
            raise ParamError(f"{node}.{declared.name}: {what}")
        return value

    def _file(self, node: str, declared: Param[Any], name: str) -> Path:
        """Only what was uploaded, or what the graph began with: a client has no business with other paths."""
        first = self._first[node][declared.name]
        if first is not None and name == str(first):
            return Path(name)
        found = self._uploads.path(name)
        if found is None:
            names = ", ".join(self._uploads.names) or "no file was sent yet: POST /api/files?name=..."
            raise ParamError(f"{node}.{declared.name}: {name[:100]!r}, expected the name of a file sent here: {names}")
        return found

    def _is_said(self, declared: Param[Any]) -> bool:
        return declared.type is str and not declared.choices

    def _unknown(self, node: str, param: str) -> str:
        if node not in self._types:
            return f"{node[:100]!r}: no such node; expected one of {', '.join(self._types)}"
        live = [name for name, declared in self._types[node].params.items() if self.live(declared)]
        return f"{node}.{param[:100]}: no live param; expected one of {', '.join(live) or '(none)'}"


def _is_plain(text: str) -> bool:
    """Whether every library can take it: no half characters (JSON allows them), no zero bytes."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
