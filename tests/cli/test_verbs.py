"""What each verb prints, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft7Validator


def test_check(graphcore: Callable) -> None:
    answer = graphcore("check", "g.yaml", "--set", "ticks.count=5")
    assert (answer.code, answer.out, answer.err) == (0, "g.yaml: 2 nodes, 2 links, no mistakes\n", "")


def test_check_prints_all_mistakes(graphcore: Callable, folder: Path) -> None:
    (folder / "g.yaml").write_text("sed: 1\nnodes:\n  a: {type: tickr}\n  b: {type: counter}\n")
    answer = graphcore("check", "g.yaml", "--set", "b.stile=plain", "--set", "c.d=1")
    assert (answer.code, answer.out) == (2, "")
    assert [line.split(";")[0] for line in answer.err.splitlines()] == [
        "g.yaml:1:1: unknown key of a graph 'sed'",
        "g.yaml:3:13: unknown node type 'tickr'",
        "g.yaml:4:3: b: input 'tick' is not linked",
        "--set b.stile=plain: unknown param of counter 'stile'",
        "--set c.d=1: unknown node 'c'",
    ]


@pytest.mark.parametrize("setting", ["ticks.count", "=5", ""])
def test_set_without_a_value(graphcore: Callable, setting: str) -> None:
    answer = graphcore("check", "g.yaml", "--set", setting)
    assert answer.code == 2
    assert answer.err == f"--set {setting}: this sets nothing; expected --set NODE.PARAM=VALUE\n"


def test_draw(graphcore: Callable) -> None:
    answer = graphcore("draw", "g.yaml")
    assert answer.code == 0
    assert answer.out.startswith("flowchart LR\n")
    assert 'node_ticks -.->|"tick -> mood<br/>Tick"| node_counter' in answer.out


def test_nodes_are_listed(graphcore: Callable) -> None:
    answer = graphcore("nodes")
    assert answer.code == 0
    rows = [line.split() for line in answer.out.splitlines()]
    assert ["ticker", "Ticks", "a", "few", "times.", "more/ticks.py"] in rows


def test_one_node(graphcore: Callable) -> None:
    answer = graphcore("nodes", "ticker")
    payload = "graphcore_loose.Tick(number: int, names: list of str, weight: float or null)"
    assert answer.out == (
        "ticker: source, from more/ticks.py\n  Ticks a few times.\n\n  Then it stops.\n"
        f"\noutputs\n  tick: Tick, looks 40 ms ahead\n      what it ticks\n      {payload}\n"
        "\nparams\n  count: whole number of 1 or more (ticks), default 3, live\n      how often\n"
    )
    counter = graphcore("nodes", "counter").out
    assert counter.startswith("counter: sink, from more/ticks.py\n")
    assert "  tick: Tick, driver, exact, required\n      what is counted\n" in counter
    assert "  mood: Tick, follower, hold, default Tick(number=0, names=(), weight=None)\n" in counter
    assert "  past: Tick, follower, hold, window of 200 ms\n" in counter
    assert "  path: file path, default 'count.txt', written\n" in counter
    assert "  style: one of plain, [bold], default 'plain'\n" in counter


def test_an_unknown_node(graphcore: Callable) -> None:
    answer = graphcore("nodes", "tiker")
    assert answer.code == 2
    assert "unknown node type 'tiker'" in answer.err
    assert "did you mean 'ticker'?" in answer.err


def test_schema(graphcore: Callable, folder: Path) -> None:
    printed = graphcore("schema")
    assert printed.code == 0
    made = json.loads(printed.out)
    Draft7Validator.check_schema(made)
    assert {"ticker", "counter"} <= set(made["definitions"])
    written = graphcore("schema", "-o", "deep/er/graph.json")
    assert (written.code, written.out) == (0, "")
    assert (folder / "deep" / "er" / "graph.json").read_text(encoding="utf-8") == printed.out


def test_a_schema_that_cannot_be_written(graphcore: Callable) -> None:
    answer = graphcore("schema", "-o", "more")
    assert answer.code == 1
    assert answer.err.startswith("error: ")
    assert "more" in answer.err


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        ("made: synthetic", 0, "synthetic: yes"),
        ("made by hand", 1, "synthetic: no"),
        ("nothing", 1, "f.txt: unknown: no plugin can read the origin of such a file"),
    ],
)
def test_verify(graphcore: Callable, folder: Path, content: str, code: int, line: str) -> None:
    (folder / "f.txt").write_text(content)
    answer = graphcore("verify", "f.txt")
    assert answer.code == code
    assert line in answer.out.splitlines()
    if content.startswith("made"):
        assert answer.out.splitlines()[:2] == [f"f.txt: it says {content!r}", "state: valid"]
        assert "signer: test" in answer.out.splitlines()


def test_verify_a_missing_file(graphcore: Callable) -> None:
    answer = graphcore("verify", "no.mp4")
    assert (answer.code, answer.err) == (2, "no.mp4: there is no such file; expected a picture or a movie\n")


def test_verify_goes_on_where_a_plugin_fails(graphcore: Callable, folder: Path) -> None:
    (folder / "f.txt").write_text("boom")
    answer = graphcore("verify", "f.txt")
    assert answer.code == 1
    assert "warning: plugin more/ticks.py: verify_file: RuntimeError: cannot read [this]" in answer.err


def test_doctor_shows_what_plugins_need(graphcore: Callable, folder: Path) -> None:
    answer = graphcore("doctor")
    assert ["ok", "more/ticks.py", "needs", "met"] in [line.split() for line in answer.out.splitlines()]
    assert "Python" in answer.out
    (folder / "needs.txt").write_text("warn")
    warned = graphcore("doctor")
    assert warned.code == answer.code
    assert "not met; meet [them]" in warned.out
    (folder / "needs.txt").write_text("fail")
    assert graphcore("doctor").code == 1


def test_doctor_fails_where_a_plugin_cannot_be_imported(graphcore: Callable, folder: Path) -> None:
    (folder / "more" / "broken.py").write_text("import no_such_module_here\n")
    answer = graphcore("doctor")
    assert answer.code == 1
    assert "No module named 'no_such_module_here'; repair or uninstall it" in answer.out


def test_doctor_finds_a_cache_that_cannot_be_written(
    graphcore: Callable, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "file" / "cache"))
    answer = graphcore("doctor")
    assert answer.code == 1
    assert "set XDG_CACHE_HOME to a folder you can write" in answer.out
