"""The Python on the pages runs: tests are called, and every node that is shown is run."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from avatar_nodes.payloads import AudioChunk
from graphcore import Node
from graphcore.node import is_source
from graphcore.payload import fields_of
from graphcore.testing import run_node
from pages import label, python_of, with_blocks

MS = 1_000_000


@pytest.fixture(params=with_blocks("python"), ids=label)
def module(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ModuleType]:
    """The Python of one page, imported."""
    path = tmp_path / "page.py"
    path.write_text(python_of(request.param), encoding="utf-8")
    name = f"page_{request.param.stem.replace('-', '_')}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    yield made
    del sys.modules[name]


def test_tests_on_a_page_pass(module: ModuleType, tmp_path: Path) -> None:
    for name, test in vars(module).items():
        if name.startswith("test_"):
            test(**({"tmp_path": tmp_path} if "tmp_path" in inspect.signature(test).parameters else {}))


def test_nodes_on_a_page_run(module: ModuleType, reader: Path) -> None:
    shown = [one for one in vars(module).values() if isinstance(one, type) and one.__module__ == module.__name__]
    nodes = [one for one in shown if issubclass(one, Node)]
    registered = module.register_nodes() if hasattr(module, "register_nodes") else []
    assert registered == nodes, "register_nodes on this page brings other nodes than it shows"
    for node_class in nodes:
        _run(node_class)


def _run(node_class: type[Node]) -> None:
    """Five packets in: as many come out, or a file was made."""
    inputs = {
        name: [(index * 20 * MS, _sample(port.payload)) for index in range(5)]
        for name, port in node_class.inputs.items()
    }
    result = run_node(node_class, inputs=inputs)
    for name, packets in result.outputs.items():
        assert len(packets) == 5 or is_source(node_class), f"{node_class.__name__}.{name}: {len(packets)} packets"
        assert packets
    assert result.outputs or result.made
    assert not any(out["late"] for out in result.stats["nodes"]["node"]["outputs"].values())


def _sample(payload_class: type) -> Any:
    """A payload of that class: sound, or half of everything."""
    if payload_class is AudioChunk:
        return AudioChunk(np.full((320, 1), 0.5, np.float32), 16_000)
    values: list[Any] = []
    for field in fields_of(payload_class):
        assert field.shape is not None, f"{payload_class.__name__}.{field.name}: teach this test how to make one"
        lengths = [axis if isinstance(axis, int) else 1 for axis in field.shape.axes]
        values.append(np.full(lengths, 0.5, field.dtype))
    return payload_class(*values)
