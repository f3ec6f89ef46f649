"""A graph as mermaid text."""

from __future__ import annotations

from collections.abc import Callable

from graphcore.graph.draw import mermaid
from graphcore.graph.spec import Graph


def test_chains_followers_and_payloads(checked: Callable[..., Graph], talk: str) -> None:
    drawn = mermaid(checked(talk.replace("type: looker", "type: looker, place: far")))
    assert (
        drawn
        == """\
flowchart LR
    subgraph chain_1["chain 1"]
        node_voice["<b>voice</b><br/>speak"]
        node_louder["<b>louder</b><br/>gain"]
    end
    node_eyes["<b>eyes</b><br/>looker<br/>at far"]
    node_art["<b>art</b><br/>painter"]
    node_movie["<b>movie</b><br/>save"]
    node_voice -->|"sound -> audio<br/>Speech"| node_louder
    node_louder -->|"scaled -> sound<br/>Sound"| node_art
    node_eyes -.->|"look -> look<br/>Look"| node_art
    node_art -->|"frames -> picture<br/>Picture"| node_movie
"""
    )


def test_a_node_may_have_a_name_that_mermaid_keeps(checked: Callable[..., Graph]) -> None:
    assert "\n    end[" not in mermaid(checked("nodes:\n  end: {type: looker}\n"))
