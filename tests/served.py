"""A small live run with a studio, and what asks it."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphcore import Input, Node, Output, Param, Preview, Run
from graphcore.graph.spec import Graph
from graphcore.payload import payload_name
from graphcore.studio.studio import Studio
from parts import Block, Blocks, Endless, Number, Sink, graph, node

PREVIEWS = {payload_name(Block): Preview(Block, lambda block, width: b"%d %d" % (len(block.content), width))}


class Voice(Node):
    """Has a dial of every kind, and notes how they are turned."""

    number = Input(Number)
    same = Output(Number)
    line = Param("", live=True, doc="what to say")
    mood = Param("calm", choices=("calm", "merry"), live=True)
    gain = Param(0.5, ge=0.0, le=1.0, unit="dB", live=True)
    recording = Param(False, live=True)
    pair = Param((1.0, 2.0), live=True)
    photo = Param[Path | None](None, file="in", live=True)
    token = Param("secret")

    def open(self) -> None:
        self.turned: list[tuple[str, Any]] = []
        self.news = threading.Condition()

    def changed(self, param: str) -> None:
        self._note(param, getattr(self, param))
        if not self.pair:
            self.pair = (1.0, 2.0)  # nothing to show: as it was

    def interrupt(self) -> None:
        self._note("interrupt", None)

    def process(self, number: Number) -> None:
        self.same.send(number)

    def wait_for(self, *turned: tuple[str, Any]) -> None:
        """Until all of this has happened, the last of it last."""
        with self.news:
            assert self.news.wait_for(lambda: self.turned[-len(turned) :] == list(turned), 5), self.turned

    def _note(self, what: str, value: Any) -> None:
        with self.news:
            self.turned.append((what, value))
            self.news.notify_all()


@dataclass
class Served:
    """A run with its studio, and a client of it."""

    run: Run
    studio: Studio
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.studio.url.split(":")[2].partition("/")[0])

    @property
    def voice(self) -> Voice:
        """The node with the dials."""
        made = self.run.assembly.members["voice"].node
        assert isinstance(made, Voice)
        return made

    def ask(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> tuple[int, Any]:
        """Status, and JSON or text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path, body, {**self.headers, **headers})
            answer = connection.getresponse()
            content = answer.read().decode()
        finally:
            connection.close()
        is_json = answer.getheader("Content-Type", "").startswith("application/json")
        return answer.status, json.loads(content) if is_json else content

    def put(self, param: str, value: object) -> tuple[int, Any]:
        """Turn a dial of the voice."""
        return self.ask("PUT", f"/api/nodes/voice/params/{param}", json.dumps({"value": value}))


def small_graph() -> Graph:
    """A number every 5 ms, and blocks to look at."""
    return graph(
        node("count", Endless, step_ms=5.0),
        node("voice", Voice, {"number": "count.number"}),
        node("sink", Sink, {"number": "voice.same"}),
        node("blocks", Blocks, count=100_000),
        node("other", Sink, {"number": "blocks.number"}),
    )


@contextmanager
def serving(served: Graph, previews: Mapping[str, Preview] | None = None, token: str = "") -> Iterator[Served]:
    """A live run of a graph with a studio, until the test is over."""
    run = Run(served, live=True)
    studio = Studio(run, previews or {}, token=token)
    studio.start()
    with studio:
        run.start()
        yield Served(run, studio)
        run.stop()
        assert run.wait(5)
