"""The graphs on the pages are right, and those that are shown to be wrong are wrong as the page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphcore import GraphError, check
from graphcore.graph.load import load, load_text
from graphcore.plugins import Registry, find_nodes
from pages import ROOT, blocks, label, python_of, with_blocks


def registry_for(page: Path, folder: Path) -> Registry:
    """The installed nodes, with those that the page shows."""
    more = folder / "more"
    more.mkdir(exist_ok=True)
    if python := python_of(page).strip():
        (more / "shown.py").write_text(python, encoding="utf-8")
    found = find_nodes(more)
    assert not found.failures
    return found


@pytest.mark.parametrize("page", with_blocks("yaml"), ids=label)
def test_graphs_on_a_page_are_right(page: Path, reader: Path) -> None:
    for block in blocks(page, "yaml"):
        graph = check(load_text(block.text, f"{label(page)}, block at line {block.line}"), registry_for(page, reader))
        assert graph.nodes


def test_mistakes_are_reported_as_shown(reader: Path) -> None:
    page = ROOT / "docs" / "write-a-graph.md"
    (wrong,), (said,) = blocks(page, "yaml wrong"), blocks(page, "text")
    Path(wrong.name).write_text(wrong.text)
    with pytest.raises(GraphError) as caught:
        check(load(wrong.name), registry_for(page, reader))
    assert str(caught.value) == said.text.rstrip("\n")


def test_the_graph_in_the_readme_is_the_one_that_runs() -> None:
    (shown,) = blocks(ROOT / "README.md", "yaml")
    assert shown.text == (ROOT / "graphs" / "talk.yaml").read_text(encoding="utf-8")


def test_the_places_on_the_page_are_those_that_come_along() -> None:
    (shown,) = blocks(ROOT / "docs" / "several-processes.md", "yaml places")
    file = (ROOT / "graphs" / "places" / "two-processes.yaml").read_text(encoding="utf-8")
    assert file.endswith(shown.text)
