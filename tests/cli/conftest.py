"""The command line in a folder of its own, with a plugin of loose files and a graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from graphcore.cli.main import main

PLUGIN = '''
from pathlib import Path

from graphcore import Input, Node, Output, Param, Source, hookimpl, payload
from graphcore.plugins import Finding, Provenance


@payload
class Tick:
    """One tick."""

    number: int
    names: tuple[str, ...] = ()
    weight: float | None = None


class Ticker(Source):
    """Ticks a few times.

    Then it stops.
    """

    tick = Output(Tick, delay_ms=40, doc="what it ticks")
    count = Param(3, ge=1, unit="ticks", live=True, doc="how often")

    def produce(self):
        yield


class Counter(Node):
    """Counts ticks."""

    tick = Input(Tick, doc="what is counted")
    mood = Input(Tick, follows=True, default=Tick(0))
    past = Input(Tick, follows=True, window_ms=200)
    path = Param.file_out("count.txt")
    style = Param("plain", choices=("plain", "[bold]"))

    def process(self, tick, mood, past): ...


@hookimpl
def register_nodes():
    return [Ticker, Counter]


@hookimpl
def verify_file(path):
    text = path.read_text()
    if text == "boom":
        raise RuntimeError("cannot read [this]")
    if text.startswith("made"):
        return Provenance("valid", "synthetic" in text, f"it says {text!r}", {"signer": "test"})
    return None


@hookimpl
def examine():
    needs = Path("needs.txt")
    if not needs.exists():
        return [Finding("needs", "ok", "met")]
    return [Finding("needs", needs.read_text(), "not met", "meet [them]")]
'''

GRAPH = """\
nodes:
  ticks: {type: ticker}
  counter: {type: counter, inputs: {tick: ticks.tick, mood: ticks.tick}}
"""


@dataclass
class Answer:
    """What a command did."""

    code: int
    out: str
    err: str


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: `g.yaml`, and a plugin in `more/`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GRAPHCORE_TRACEBACK", raising=False)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "ticks.py").write_text(PLUGIN)
    (tmp_path / "g.yaml").write_text(GRAPH)
    return tmp_path


@pytest.fixture
def graphcore(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Run `graphcore ARGUMENTS... --plugins more`."""

    def run(*arguments: str, plugins: bool = True) -> Answer:
        more = ("--plugins", "more") if plugins else ()
        try:
            code = main([*arguments, *more])
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 1
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return run
