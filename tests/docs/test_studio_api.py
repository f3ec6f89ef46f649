"""The pages about the studio's API say what it is, and their programs work on a graph that runs."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from graphcore import Input, Node, Param, Run
from graphcore.studio.calls import as_markdown
from graphcore.studio.studio import Studio
from pages import ROOT, python_of
from parts import Endless, Number, graph, node

API = ROOT / "docs" / "studio-api.md"
DIALS = ROOT / "docs" / "turn-dials-through-the-api.md"


class Dial(Node):
    """Has the dials that the pages turn, and notes how."""

    number = Input(Number)
    intensity = Param(0.5, ge=0.0, le=1.0, live=True)
    head_amount = Param(1.0, ge=0.0, le=2.0, live=True)

    def open(self) -> None:
        self.turned: list[tuple[str, float]] = []

    def changed(self, param: str) -> None:
        self.turned.append((param, getattr(self, param)))

    def process(self, number: Number) -> None: ...


@pytest.fixture
def studio() -> Iterator[tuple[str, Run]]:
    """Where a live run can be reached, and the run."""
    links = {"number": "count.number"}
    run = Run(graph(node("count", Endless), node("emotion", Dial, links), node("motion", Dial, links)), live=True)
    served = Studio(run, {})
    served.start()
    with served:
        run.start()
        yield served.url.rstrip("/"), run
        run.stop()
        assert run.wait(5)


def program(page: Path) -> ModuleType:
    """The Python of a page."""
    spec = importlib.util.spec_from_loader(page.stem.replace("-", "_"), None)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    exec(compile(python_of(page), page, "exec"), vars(module))
    return module


def turned(run: Run, name: str) -> list[tuple[str, float]]:
    """How the dials of a node were turned."""
    made = run.assembly.members[name].node
    assert isinstance(made, Dial)
    return made.turned


def test_the_page_has_the_table_that_is_served() -> None:
    message = "put graphcore.studio.calls.as_markdown() into docs/studio-api.md"
    assert as_markdown() in API.read_text(encoding="utf-8"), message


def test_the_example_turns_a_dial_and_hears_of_it(studio: tuple[str, Run], capsys: pytest.CaptureFixture[str]) -> None:
    url, run = studio
    asyncio.run(program(API).follow(url, turns=1))
    assert capsys.readouterr().out == "{'node': 'emotion', 'param': 'intensity', 'value': 0.5}\n"
    run.stop()
    assert run.wait(5)
    assert turned(run, "emotion") == [("intensity", 0.5)]


def test_a_controller_turns_two_dials_smoothly(studio: tuple[str, Run], capsys: pytest.CaptureFixture[str]) -> None:
    url, run = studio
    lines = [
        " 24:0   Control change          0, controller 1, value 127",
        " 24:0   Control change          0, controller 2, value 0",
        " 24:0   Control change          0, controller 7, value 64",
        " 24:0   Note on                 0, note 60, velocity 64",
    ]
    asyncio.run(program(DIALS).play(lines, url))
    run.stop()
    assert run.wait(5)
    for name, param, goal in (("emotion", "intensity", 1.0), ("motion", "head_amount", 0.0)):
        values = [value for each, value in turned(run, name) if each == param]
        assert values[-1] == goal
        assert len(values) > 5, "it went there in steps"
        assert values == sorted(values, reverse=goal == 0.0)
    assert capsys.readouterr().err == ""
