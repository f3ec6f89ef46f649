"""Node types as data: a stand-in declares what the real one declares."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from graphcore import GraphError, PluginError
from graphcore.graph.check import check
from graphcore.graph.load import load_text
from graphcore.places.described import ask_python, describe_types, stand_ins
from graphcore.plugins import Registry, find_nodes
from parts import NODES

DISTRIBUTION = {
    "elsewhere.py": '''
from typing import Annotated
import numpy as np
from numpy.typing import NDArray
from graphcore import Input, Node, Output, Param, Shape, Source, hookimpl, payload

print("a word while it is imported")


@payload
class Bits:
    """Known there only."""

    bits: Annotated[NDArray[np.uint8], Shape("bits")]


class Coin(Source):
    """Heads or tails."""

    bits = Output(Bits)
    count = Param(3, ge=1)

    def produce(self):
        for index in range(self.count):
            self.bits.send(Bits(np.array([index % 2], np.uint8)), timestamp=index)
            yield


class Heads(Node):
    """Counts."""

    bits = Input(Bits)
    path = Param.file_out()

    def open(self):
        self._count = 0

    def process(self, bits):
        self._count += int(bits.bits.sum())

    def finish(self):
        self.path.write_text(str(self._count))
        self.context.made(self.path, self._count, "heads")


@hookimpl
def register_nodes():
    return [Coin, Heads]
''',
    "elsewhere-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n",
    "elsewhere-1.0.dist-info/entry_points.txt": "[graphcore]\nelsewhere = elsewhere\n",
}


@pytest.fixture
def other_python(tmp_path: Path) -> str:
    """A Python that has a plugin of its own, as a virtual environment would."""
    for name, text in DISTRIBUTION.items():
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    python = tmp_path / "other-python"
    # Ours, with a folder more to look in; -P and -c come through.
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{tmp_path}/site:{":".join(sys.path)}" exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return str(python)


def test_a_stand_in_declares_what_the_real_one_declares() -> None:
    types = find_nodes().types | {each.type_name: each for each in NODES}
    told = json.loads(json.dumps(describe_types(types)))
    assert json.loads(json.dumps(describe_types(stand_ins(told, {})))) == told


def test_what_is_known_here_is_not_replaced() -> None:
    types = {each.type_name: each for each in NODES}
    assert stand_ins(describe_types(types), types) == {}


def test_a_graph_is_checked_against_what_another_python_has(other_python: str) -> None:
    types = stand_ins(ask_python(other_python, None), {})
    graph = """
nodes:
  coin: {type: coin, params: {count: 0}}
  heads: {type: heads, params: {path: h.txt}, inputs: {bitz: coin.bits}}
"""
    with pytest.raises(GraphError) as caught:
        check(load_text(graph, "g.yaml"), Registry(types))
    assert "coin.count is 0; expected whole number of 1 or more" in str(caught.value)
    assert "did you mean 'bits'?" in str(caught.value)


def test_a_program_that_is_no_such_python_is_told() -> None:
    with pytest.raises(PluginError, match=r"/bin/false: .*; expected a Python in which graphcore is installed"):
        ask_python("/bin/false", None)


def test_a_place_with_a_python_of_its_own(other_python: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from graphcore.cli.main import main

    monkeypatch.chdir(tmp_path)
    Path("g.yaml").write_text(
        "nodes:\n  coin: {type: coin, place: far, params: {count: 9}}\n"
        "  heads: {type: heads, place: far, params: {path: h.txt}, inputs: {bits: coin.bits}}\n"
    )
    Path("places.yaml").write_text("places:\n  far: {kind: process, python: other-python}\n")
    assert main(["run", "g.yaml", "--places", "places.yaml"]) == 0
    assert Path("h.txt").read_text() == "4"
    Path("places.yaml").write_text("places:\n  far: {kind: process, python: no-such-python}\n")
    assert main(["check", "g.yaml", "--places", "places.yaml"]) == 2
