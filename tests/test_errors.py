"""What an error says."""

from __future__ import annotations

import pytest

import graphcore
from graphcore import GraphcoreError, GraphError, Mistake, NodeError, RunError


def test_a_mistake_says_where_what_what_was_expected_and_the_nearest_fix() -> None:
    mistake = Mistake("talk.yaml", 3, 7, "unknown node 'mouht'", "face or mouth", "did you mean 'mouth'?")
    assert str(mistake) == "talk.yaml:3:7: unknown node 'mouht'; expected face or mouth; did you mean 'mouth'?"


def test_a_mistake_that_stands_in_no_line_names_only_its_file() -> None:
    assert str(Mistake("--set face.x=1", 0, 0, "unknown param")) == "--set face.x=1: unknown param"


def test_a_graph_error_holds_all_mistakes_and_says_each_on_a_line() -> None:
    mistakes = [Mistake("g.yaml", line, 1, f"mistake {line}") for line in (1, 2)]
    error = GraphError(mistakes)
    assert error.mistakes == mistakes
    assert str(error) == "g.yaml:1:1: mistake 1\ng.yaml:2:1: mistake 2"


def test_a_node_error_ends_with_its_fix_where_it_has_one() -> None:
    assert str(NodeError("no face", fix="take another photo")) == "no face; take another photo"
    assert str(NodeError("no face")) == "no face"


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        ("stalled", "face at 1.500 s: stalled"),
        (NodeError("no face", fix="mend it"), "face at 1.500 s: no face; mend it"),
        (ValueError("a bug"), "face at 1.500 s: ValueError: a bug"),
        (ValueError(), "face at 1.500 s: ValueError"),
        (SystemExit(3), "face at 1.500 s: SystemExit: 3"),
    ],
)
def test_a_run_error_names_node_time_and_cause(cause: BaseException | str, text: str) -> None:
    error = RunError("face", 1_500_000_000, cause)
    assert str(error) == text
    assert error.__cause__ is (cause if isinstance(cause, BaseException) else None)


def test_a_run_error_outside_of_process_names_no_time() -> None:
    assert str(RunError("face", None, "no photo")) == "face: no photo"
    assert str(RunError("face", 0, "no photo")) == "face at 0.000 s: no photo"


def test_every_error_of_the_public_api_is_caught_by_its_root() -> None:
    errors = {name for name in graphcore.__all__ if name.endswith("Error") or name == "Cancelled"}
    assert errors == {
        "Cancelled",
        "DeclarationError",
        "GraphError",
        "GraphcoreError",
        "NodeError",
        "ParamError",
        "PluginError",
        "RefusedError",
        "RunError",
        "WebError",
    }
    assert all(issubclass(getattr(graphcore, name), GraphcoreError) for name in errors)
