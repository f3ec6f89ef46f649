"""`graphcore run --studio` and `graphcore interrupt`, as a user types them."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from served import Served, serving, small_graph

Graphcore = Callable[..., Any]
COMMAND = [sys.executable, "-c", "import sys; from graphcore.cli.main import main; sys.exit(main())"]

ENDLESS = '''
from graphcore import Input, Node, Output, Param, Preview, Source, hookimpl, payload


@payload
class Tock:
    """One tock."""

    number: int


class Clock(Source):
    """Tocks for ever."""

    tock = Output(Tock)
    loud = Param(0.5, ge=0.0, le=1.0, live=True)

    def produce(self):
        number = 0
        while True:
            self.tock.send(Tock(number), timestamp=number * 10_000_000)
            number += 1
            yield


class Ear(Node):
    """Hears."""

    tock = Input(Tock)

    def interrupt(self):
        self.context.notice("be quiet")

    def process(self, tock): ...


@hookimpl
def register_nodes():
    return [Clock, Ear]


@hookimpl
def register_previews():
    return [Preview(Tock, lambda tock, width: b"%d" % tock.number)]
'''


@pytest.fixture
def clock(folder: Path) -> Path:
    """A graph without end, `clock.yaml`."""
    (folder / "more" / "endless.py").write_text(ENDLESS)
    (folder / "clock.yaml").write_text(
        "nodes:\n  clock: {type: clock}\n  ear: {type: ear, inputs: {tock: clock.tock}}\n"
    )
    return folder


@pytest.fixture
def running(clock: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`graphcore run clock.yaml --live --studio 0`, and where its studio is."""
    command = [*COMMAND, "run", "clock.yaml", "--live", "--studio", "0", "--plugins", "more", "--token", "let me in"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = process.stderr.readline()
    found = re.fullmatch(r"studio: (http://127\.0\.0\.1:\d+/\?token=\S+)\n", said)
    assert found, said
    yield process, found[1]
    process.kill()
    process.communicate()


def test_a_run_serves_its_page_until_it_ends(running: tuple[subprocess.Popen[str], str], graphcore: Graphcore) -> None:
    process, url = running
    with urllib.request.urlopen(url.replace("/?", "/api/run?"), timeout=5) as answer:
        described = json.load(answer)
    assert (described["name"], described["live"]) == ("clock", True)
    assert [node["name"] for node in described["nodes"]] == ["clock", "ear"]
    assert described["nodes"][0]["outputs"][0]["picture"] is True, "a loose plugin's preview"
    answer = graphcore("interrupt", "--url", url, plugins=False)
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    assert process.stderr is not None
    assert process.stderr.readline() == "note: ear: be quiet\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    answer = graphcore("interrupt", "--url", url, plugins=False)
    assert answer.code == 1


def test_a_port_that_is_taken_is_told_before_anything_is_opened(folder: Path, graphcore: Graphcore) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        answer = graphcore("run", "g.yaml", "--studio", port)
    assert (answer.code, answer.out) == (2, "")
    another = int(port) + 10 if int(port) < 65_000 else 7860
    why = f"cannot be listened on: Address already in use; choose another port: --studio={another} or --studio=0"
    assert answer.err == f"--studio {port}: 127.0.0.1:{port} {why}\n"


def test_away_from_this_machine_it_needs_a_token(folder: Path, graphcore: Graphcore) -> None:
    answer = graphcore("run", "g.yaml", "--studio", "0", "--studio-host", "0.0.0.0")
    assert answer.code == 2
    assert "0.0.0.0 can be reached from other machines; " in answer.err


@pytest.mark.parametrize("port", ["g.yaml", "-1", "65536", "1e3", "²"])
def test_what_is_no_port_is_told(folder: Path, graphcore: Graphcore, port: str) -> None:
    answer = graphcore("run", f"--studio={port}", "g.yaml")
    assert answer.code == 2
    assert "expected a port from 0 to 65535; write --studio behind the graph" in answer.err


@pytest.fixture
def small() -> Iterator[Served]:
    """A studio that wants a token."""
    with serving(small_graph(), token="let me in") as there:
        yield there


def test_interrupt_brings_its_token(small: Served, graphcore: Graphcore, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://127.0.0.1:{small.port}"
    refused = graphcore("interrupt", "--url", url, plugins=False)
    assert refused.code == 1
    assert refused.err.startswith(f"error: {url}: the token is missing or wrong")
    assert graphcore("interrupt", "--url", url, "--token", "let me in", plugins=False).code == 0
    monkeypatch.setenv("GRAPHCORE_TOKEN", "let me in")
    assert graphcore("interrupt", "--url", url, plugins=False).code == 0
    small.voice.wait_for(("interrupt", None))


def test_where_no_studio_is_interrupt_says_how_to_start_one(folder: Path, graphcore: Graphcore) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        answer = graphcore("interrupt", "--url", url, plugins=False)
    assert answer.code == 1
    how = "start a run with: graphcore run GRAPH --live --studio"
    assert answer.err == f"error: {url}: Connection refused; {how}\n"
    for nonsense in ("", "7860", "ftp://here", "http://", "http://["):
        answer = graphcore("interrupt", f"--url={nonsense}", plugins=False)
        assert answer.code == 1, nonsense
        assert answer.err.startswith("error: "), nonsense
