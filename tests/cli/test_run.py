"""`graphcore run`: what it says, what it writes, what it answers to mistakes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Graphcore = Callable[..., Any]
COMMAND = [sys.executable, "-c", "import sys; from graphcore.cli.main import main; sys.exit(main())"]
LOUDER = ["run", "louder", "--set=speech.path=hum.wav", "--set=copy.path=copy.wav"]


@pytest.fixture(autouse=True)
def hum(folder: Path) -> None:
    """Half a second of a hum, 25 chunks."""
    times = np.arange(8000) / 16000
    with wave.open("hum.wav", "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes((8000 * np.sin(2 * np.pi * 150 * times)).astype("<i2").tobytes())


def test_one_line_says_what_was_made(folder: Path, graphcore: Graphcore) -> None:
    answer = graphcore(*LOUDER, plugins=False)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(f"{folder / 'copy.wav'}: 8000 samples, ")
    assert " times real time (in " in answer.out
    assert answer.out.count("\n") == 1


@pytest.mark.parametrize("threads", ["1", "2", "8"])
def test_the_same_file_whatever_the_threads(folder: Path, graphcore: Graphcore, threads: str) -> None:
    graphcore(*LOUDER, plugins=False)
    expected = (folder / "copy.wav").read_bytes()
    assert graphcore(*LOUDER, "--threads", threads, plugins=False).code == 0
    assert (folder / "copy.wav").read_bytes() == expected


def test_stats_count_every_node_and_link(folder: Path, graphcore: Graphcore) -> None:
    assert graphcore(*LOUDER, "--stats", "new/stats.json", plugins=False).code == 0
    stats = json.loads((folder / "new/stats.json").read_text())
    assert list(stats["nodes"]) == ["speech", "louder", "copy"]
    assert stats["nodes"]["louder"]["calls"] == 25
    assert stats["nodes"]["louder"]["outputs"] == {"scaled": {"packets": 25, "late": 0}}
    assert 0 < stats["nodes"]["louder"]["p50_us"] <= stats["nodes"]["louder"]["p99_us"]
    assert stats["nodes"]["louder"]["latency_p99_us"] is None
    assert [link["link"] for link in stats["links"]] == ["speech.audio -> louder.audio", "louder.scaled -> copy.audio"]
    for link in stats["links"]:
        assert link["packets"] == 25
        assert {"depth", "max_depth", "grown", "dropped", "bytes", "fused"} <= set(link)


def test_a_trace_has_a_slice_for_each_call_and_rows_with_names(folder: Path, graphcore: Graphcore) -> None:
    assert graphcore(*LOUDER, "--trace", "trace.json", plugins=False).code == 0
    events = json.loads((folder / "trace.json").read_text())["traceEvents"]
    slices = [event for event in events if event["ph"] == "X"]
    rows = {event["tid"]: event["args"]["name"] for event in events if event["ph"] == "M"}
    assert len(slices) == 75
    for event in slices:
        assert event["name"] in rows[event["tid"]].split()
        assert event["ts"] >= 0
        assert event["dur"] >= 0
        assert event["pid"] == 1


def test_a_run_that_failed_leaves_its_stats(folder: Path, graphcore: Graphcore) -> None:
    answer = graphcore(*LOUDER, "--set=copy.path=copy.doc", "--stats", "stats.json", plugins=False)
    assert answer.code == 2
    assert json.loads((folder / "stats.json").read_text())["nodes"]["louder"]["calls"] == 0


def test_a_live_run_keeps_real_time_and_tells_its_latency(folder: Path, graphcore: Graphcore) -> None:
    answer = graphcore(*LOUDER, "--live", "--stats", "stats.json", plugins=False)
    assert answer.code == 0
    made, *latency = answer.out.splitlines()  # a sink that is reached in time has no line for it
    assert made.startswith(f"{folder / 'copy.wav'}: 8000 samples, ")
    assert all(re.fullmatch(r"copy: latency -?\d+ ms \(p50\), -?\d+ ms \(p99\): .*", line) for line in latency)
    stats = json.loads((folder / "stats.json").read_text())
    assert stats["live"]
    assert stats["wall_s"] - stats["open_s"] >= 0.45  # of 0.5 s; the last chunk need not have sounded
    assert stats["nodes"]["copy"]["latency_p50_us"] > 0


def test_watch_shows_a_table_also_where_no_terminal_is(graphcore: Graphcore) -> None:
    answer = graphcore(*LOUDER, "--watch", plugins=False)
    assert answer.code == 0
    for word in ("unmatched", "audio_out_file", "speech.audio -> louder.audio (fused)", "dropped"):
        assert word in answer.err
    assert answer.err.endswith("\n")  # so that the result stands on a line of its own


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--set", "speed"], "--set speed: this sets nothing; expected --set NODE.PARAM=VALUE"),
        (["--set", "=3"], "--set =3: this sets nothing"),
        (["--set", "speech=x"], "--set speech=x: "),
        (["--set", "louder.gain=3"], "unknown param of gain 'gain'; expected gain_db; did you mean 'gain_db'?"),
        (["--set", "louder.gain_db=loud"], "louder.gain_db is 'loud'; expected number from -60.0 to 24.0 (dB)"),
        (["--set", "louder.gain_db=100"], "louder.gain_db is 100; expected number from -60.0 to 24.0 (dB)"),
        (["--threads", "0"], "argument --threads: '0', expected a whole number of 1 or more"),
        (["--threads", "two"], "argument --threads: 'two', expected a whole number of 1 or more"),
        (["--stats", "more"], "--stats more: this file cannot be written: Is a directory"),
        (["--trace", "hum.wav/trace.json"], "--trace hum.wav/trace.json: this file cannot be written: hum.wav is no"),
        (["--plugins", "nowhere"], "--plugins nowhere: expected a folder of Python files"),
    ],
)
def test_mistakes_in_the_arguments_are_told_before_anything_is_done(
    folder: Path, graphcore: Graphcore, arguments: list[str], expected: str
) -> None:
    answer = graphcore(*LOUDER, *arguments, plugins=False)
    assert answer.code == 2
    assert answer.out == ""
    assert expected in answer.err
    assert "Traceback" not in answer.err
    assert not (folder / "copy.wav").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a\n- b\n", "bad.yaml:1:1: the graph is a list; expected a mapping with `nodes:`"),
        ("", "bad.yaml:1:1: the file is empty"),
        ("nodes: {a: [", "bad.yaml:1:13: not YAML"),
        (
            "nodes: {a: {type: gian}}",
            "unknown node type 'gian'; expected a type that `graphcore nodes` lists; did you mean 'gain'?",
        ),
        ("nodes: {a: {type: gain, inputs: {sound: a.scaled}}}", "unknown input of gain 'sound'; expected audio"),
        (
            "nodes:\n  a: {type: gain, inputs: {audio: b.scaled}}\n  b: {type: gain, inputs: {audio: a.scaled}}",
            "bad.yaml:2:35: a cycle: a -> b -> a",
        ),
    ],
)
def test_mistakes_in_the_graph(folder: Path, graphcore: Graphcore, text: str, expected: str) -> None:
    (folder / "bad.yaml").write_text(text)
    answer = graphcore("run", "bad.yaml", plugins=False)
    assert answer.code == 2
    assert expected in answer.err
    assert "Traceback" not in answer.err


def test_plugins_that_fail_are_warned_of_and_the_others_go_on(folder: Path, graphcore: Graphcore) -> None:
    (folder / "more" / "missing.py").write_text("import nothing_of_this_name\n")
    (folder / "more" / "syntax.py").write_text("x = (\n")
    (folder / "more" / "leaving.py").write_text("raise SystemExit(3)\n")
    answer = graphcore(*LOUDER)
    assert answer.code == 0
    assert sorted(answer.err.splitlines()) == [
        "warning: plugin more/leaving.py: SystemExit: 3",
        "warning: plugin more/missing.py: ModuleNotFoundError: No module named 'nothing_of_this_name'",
        "warning: plugin more/syntax.py: SyntaxError: '(' was never closed (syntax.py, line 1)",
    ]


def test_two_plugins_that_claim_a_name_are_both_named(folder: Path, graphcore: Graphcore) -> None:
    (folder / "more" / "gain.py").write_text(
        "from graphcore import Source, hookimpl\n\n\nclass Gain(Source):\n    '''Another.'''\n\n"
        "    def produce(self):\n        yield\n\n\n"
        "@hookimpl\ndef register_nodes():\n    return [Gain]\n"
    )
    answer = graphcore(*LOUDER)
    assert answer.code == 2
    assert answer.err == "node type 'gain' is claimed by two plugins: avatar_nodes and more/gain.py; remove one\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_it_runs_without_standard_streams(folder: Path, closed: str) -> None:
    done = subprocess.run(["bash", "-c", f'"$@" {closed}', "bash", *COMMAND, *LOUDER], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "copy.wav").stat().st_size == 44 + 2 * 8000


def test_a_reader_that_went_away_is_no_error(folder: Path) -> None:
    script = 'set -o pipefail; "$@" | true; echo ${PIPESTATUS[0]} >&2'
    done = subprocess.run(["bash", "-c", script, "bash", *COMMAND, *LOUDER], capture_output=True, text=True)
    assert done.stderr in ("141\n", "0\n")  # 0 where the line was written before `true` had ended
    assert (folder / "copy.wav").exists()


def test_a_result_that_cannot_be_printed_is_told_in_one_line(folder: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, *LOUDER], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "error: No space left on device\n")
    assert (folder / "copy.wav").exists()
