"""Nothing that a user can name is undocumented, and what the pages say is still there."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import avatar_nodes
from graphcore import Node
from graphcore.cli.main import VERBS
from graphcore.graph.check import GRAPH_KEYS, NODE_KEYS
from graphcore.graph.links import KEYS
from graphcore.graph.spec import OVERFLOWS
from graphcore.places.places_file import FILE_KEYS, KINDS, PLACE_KEYS
from graphcore.plugins import Hooks
from graphcore.port import DRIVER_ALIGNS, FOLLOWER_ALIGNS
from pages import PAGES, ROOT, label, prose

WRITE_A_GRAPH = (ROOT / "docs" / "write-a-graph.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("node_class", avatar_nodes.register_nodes(), ids=lambda one: one.type_name)
def test_a_node_says_what_everything_is(node_class: type[Node]) -> None:
    assert vars(node_class).get("__doc__"), "a docstring"
    declared: dict[str, Any] = {**node_class.inputs, **node_class.outputs, **node_class.params}
    assert [name for name, one in declared.items() if not one.doc] == [], "doc= is missing"


def _tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_up_to_date() -> None:
    made = _tool("make_reference").page()
    message = "run: python tools/make_reference.py"
    assert (ROOT / "docs" / "nodes.md").read_text(encoding="utf-8") == made, message


def test_the_reference_names_every_node_and_port() -> None:
    sections = re.split(r"^## ", (ROOT / "docs" / "nodes.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = {section.partition("\n")[0]: section for section in sections}
    for node_class in avatar_nodes.register_nodes():
        for name in [*node_class.inputs, *node_class.outputs, *node_class.params]:
            assert f"| `{name}` |" in found[node_class.type_name]


def _options(verb: str) -> set[str]:
    subparsers = argparse.ArgumentParser().add_subparsers()
    importlib.import_module(f"graphcore.cli.{verb}").add_parser(subparsers)
    actions = subparsers.choices[verb]._actions
    return {option for action in actions for option in action.option_strings} - {"-h", "--help"}


@pytest.mark.parametrize("verb", VERBS)
def test_verbs_and_their_options_are_in_the_readme(verb: str) -> None:
    assert f"| `{verb}` |" in README
    assert sorted(option for option in _options(verb) if f"{option} " not in README.replace("`", " ")) == []


def test_what_all_verbs_take_is_in_the_readme() -> None:
    assert "`--plugins DIR`" in README
    assert "--version" in README
    assert "GRAPHCORE_TRACEBACK" in README


def test_every_graph_that_comes_along_is_in_the_readme() -> None:
    for path in (ROOT / "graphs").glob("*.yaml"):
        assert f"graphs/{path.name}" in README
        assert f"`{path.stem}`" in README


@pytest.mark.parametrize("key", [*GRAPH_KEYS, *NODE_KEYS, *KEYS, *OVERFLOWS])
def test_keys_of_a_graph_are_documented(key: str) -> None:
    assert f"`{key}`" in WRITE_A_GRAPH


@pytest.mark.parametrize("key", [*FILE_KEYS, *{key for keys in PLACE_KEYS.values() for key in keys}, *KINDS])
def test_keys_of_a_places_file_are_documented(key: str) -> None:
    assert f"`{key}`" in (ROOT / "docs" / "several-processes.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("align", [*DRIVER_ALIGNS, *FOLLOWER_ALIGNS])
def test_aligns_are_documented(align: str) -> None:
    for page in ("write-a-graph.md", "write-a-node.md"):
        assert re.search(rf'[`"\s]{align}[`"]', (ROOT / "docs" / page).read_text(encoding="utf-8"))


def test_hooks_are_documented() -> None:
    page = (ROOT / "docs" / "write-a-node.md").read_text(encoding="utf-8")
    for name, hook in inspect.getmembers(Hooks, inspect.isfunction):
        arguments = ", ".join(list(inspect.signature(hook).parameters)[1:])
        assert f"| `{name}({arguments})` |" in page


def _linked(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", prose(page))


def _anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub makes anchors of them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_links_lead_somewhere(page: Path) -> None:
    for link in _linked(page):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{label(page)}: {link}"
        assert ROOT in [target, *target.parents], f"{label(page)}: {link} leads out of the repository"
        assert not anchor or anchor in _anchors(target), f"{label(page)}: {link}"


def test_every_page_is_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page.suffix == ".md" and page not in reached:
            reached.add(page)
            targets = [(page.parent / link.partition("#")[0]).resolve() for link in _linked(page) if "://" not in link]
            folders = [one for one in targets if one.is_dir() and one.name == "decisions"]
            waiting += [one for one in targets if one.is_file()] + [one for f in folders for one in f.glob("*.md")]
    assert [label(page) for page in PAGES if page not in reached] == []


def _source() -> str:
    """All that the packages say, texts that are written over several lines joined."""
    folders = (ROOT / "graphcore", ROOT / "nodes" / "avatar_nodes")
    text = "\n".join(path.read_text(encoding="utf-8") for one in folders for path in sorted(one.rglob("*.py")))
    return re.sub(r'"\s*\n\s*f?"', "", text)


def test_notices_and_errors_on_the_page_are_said_by_the_code() -> None:
    page = (ROOT / "docs" / "use-your-own-photo.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(.+?)` \|", page[page.index("## What a notice means") :], re.MULTILINE)
    assert len(rows) > 15
    source = _source()
    for row in rows:
        pieces = [piece.strip() for piece in re.split(r"\.\.\.|[\d:;()']+|me\.\w+", row)]
        longest = max(pieces, key=len)
        assert len(longest) > 9, row
        assert longest in source, f"no node says {longest!r}"
