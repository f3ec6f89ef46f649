"""A places file: what it says, and every mistake in it with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphcore import GraphError
from graphcore.cli.main import main
from graphcore.graph.load import load_text
from graphcore.places.declared import Placement, place_nodes

GRAPH = """\
nodes:
  speech: {type: text_to_speech, place: voice, params: {text: hi}}
  features: {type: speech_features, inputs: {audio: speech.audio}, place: ears}
  copy: {type: audio_out_file, params: {path: a.wav}, inputs: {audio: speech.audio}}
"""


def placed(folder: Path, text: str, graph: str = GRAPH) -> Placement:
    """Where the nodes of a graph run by a places file of this text."""
    (folder / "p.yaml").write_text(text)
    return place_nodes(load_text(graph, "g.yaml"), folder / "p.yaml")


def test_nodes_run_where_the_file_says(tmp_path: Path) -> None:
    found = placed(tmp_path, "places:\n  voice: {kind: process}\n  ears: {kind: here}\n  more: {kind: process}\n")
    assert found.place_of == {"speech": "voice", "features": "here", "copy": "here"}
    assert found.processes == ["voice"]
    assert found.mistakes == []


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        (
            "places:\n  voices: {kind: process}\n  ears: {kind: here}\n",
            ["g.yaml:2:41: unknown place 'voice'; expected one of voices, ears; did you mean 'voices'?"],
        ),
        (
            "places:\n  voice: {kind: proces, cores: 2}\n  ears: here\n",
            [
                "p.yaml:2:17: unknown kind 'proces'; expected one of here, process, worker; did you mean 'process'?",
                "p.yaml:2:25: unknown key of a place 'cores'; expected one of address, kind, python, server_key",
                "p.yaml:3:9: place 'ears' is 'here'; expected {kind: process}",
            ],
        ),
        (
            "placse: {}\nplaces:\n  voice: {}\n  ears: {kind: here}\n  my-own: {kind: here}\n",
            [
                "p.yaml:1:1: unknown key of a places file 'placse'; expected one of places, keys, restart; "
                "did you mean 'places'?",
                "p.yaml:3:3: place 'voice' has no kind; expected `kind:` with one of here, process, worker",
                "p.yaml:5:3: a place cannot be named 'my-own'; expected letters, digits and _, no digit first",
            ],
        ),
        ("", ["p.yaml:1:1: the file is empty; expected a mapping with `places:`"]),
        ("- voice\n", ["p.yaml:1:1: the places file is a list; expected a mapping with `places:`"]),
        ("{}\n", ["p.yaml:1:1: a places file without `places`; expected `places:` with names and what they are"]),
    ],
)
def test_mistakes_name_file_line_and_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, mistakes: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.yaml").write_text(text)
    found = place_nodes(load_text(GRAPH, "g.yaml"), Path("p.yaml"))
    assert [str(mistake) for mistake in found.mistakes] == mistakes


def test_how_often_places_are_made_good_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("places: {voice: {kind: process}}\nrestart: {max: 2, within_s: 7.5}\n")
    restarts = place_nodes(load_text(GRAPH, "g.yaml"), path).restarts
    assert (restarts.max, restarts.within_s) == (2, 7.5)
    path.write_text("places: {voice: {kind: process}}\nrestart: {max: -1, within: 3}\n")
    mistakes = "\n".join(str(each) for each in place_nodes(load_text(GRAPH, "g.yaml"), path).mistakes)
    assert "max is -1; expected a whole number of 0 or more" in mistakes
    assert "unknown key of a restart 'within'; expected one of max, within_s; did you mean 'within_s'?" in mistakes


def test_a_missing_file_is_named_with_those_that_come_along(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match=r"tree-processes: there is no such file.*did you mean 'three-processes'"):
        place_nodes(load_text(GRAPH, "g.yaml"), Path("tree-processes"))


def test_check_reports_the_graph_and_its_places_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("g.yaml").write_text(GRAPH.replace("text: hi", "txt: hi"))
    Path("p.yaml").write_text("places:\n  ears: {kind: here}\n")
    assert main(["check", "g.yaml", "--places", "p.yaml"]) == 2
    said = capsys.readouterr().err
    assert [line.partition(";")[0] for line in said.splitlines()] == [
        "g.yaml:2:3: speech: param 'text' is missing",
        "g.yaml:2:41: unknown place 'voice'",
        "g.yaml:2:57: unknown param of text_to_speech 'txt'",
    ]


def test_check_counts_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("g.yaml").write_text(GRAPH)
    assert main(["check", "talk_processes", "--places", "three-processes"]) == 0
    assert "3 places, no mistakes" in capsys.readouterr().out


def test_a_place_that_no_node_names_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check", "talk", "--places", "two-processes"]) == 0
    assert capsys.readouterr().err == "warning: no node of the graph names the place picture, voice\n"
