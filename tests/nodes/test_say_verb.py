"""`graphcore say`: a live run speaks."""

from __future__ import annotations

import io
import socket

import pytest
from aiohttp import web

from graphcore import WebServer
from graphcore.cli.main import main
from graphcore.graph.spec import Graph
from parts import Endless, Sink, graph, node
from served import Voice, serving, small_graph


def test_the_words_are_one_line_for_the_node_that_speaks() -> None:
    with serving(small_graph()) as there:
        assert main(["say", "--url", there.studio.url, "Good", "morning,", "Grüße!"]) == 0
        there.voice.wait_for(("line", "Good morning, Grüße!"))


def typed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """What stands in the standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_lines_that_cannot_be_said_are_told_and_the_others_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(monkeypatch, b"one\ntw\xff\xfeo\n\xff\nwith \0 in it\n" + b"x" * 10_001 + b"\nlast\n")
    with serving(small_graph()) as there:
        assert main(["say", "--url", there.studio.url, "-"]) == 1
        there.voice.wait_for(("line", "one"), ("line", "two"), ("line", "last"))
    assert capsys.readouterr().err.splitlines() == [
        "line 2: some bytes are no UTF-8; the rest was said",
        "line 3: some bytes are no UTF-8; the rest was said",
        "line 4: not said: voice.line: text with a zero byte or half a character, expected plain text",
        "line 5: not said: voice.line: a text of 10001 characters, expected at most 10000",
    ]


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_nothing_to_say(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["say", text]) == 2
    assert capsys.readouterr().err.startswith("error: there is nothing to say; ")


def test_lines_of_the_standard_input_are_said_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    said = [f"line {index}" for index in range(25)]  # more than a studio takes at once
    typed(monkeypatch, ("\n\n".join(said) + "\n").encode())
    with serving(small_graph()) as there:
        assert main(["say", "--url", there.studio.url, "-"]) == 0
        there.voice.wait_for(*(("line", line) for line in said))


def test_a_token_comes_with_the_address_the_option_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(small_graph(), token="secret") as there:
        bare = there.studio.url.partition("?")[0]
        assert main(["say", "--url", there.studio.url, "one"]) == 0
        assert main(["say", "--url", bare, "--token", "secret", "two"]) == 0
        monkeypatch.setenv("GRAPHCORE_TOKEN", "secret")
        assert main(["say", "--url", bare, "three"]) == 0
        there.voice.wait_for(("line", "one"), ("line", "two"), ("line", "three"))


def test_a_wrong_token_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(small_graph(), token="secret") as there:
        assert main(["say", "--url", there.studio.url.partition("?")[0], "Hello."]) == 1
    assert "the token is missing or wrong" in capsys.readouterr().err


def two_voices() -> Graph:
    return graph(
        node("count", Endless, step_ms=5.0),
        node("anna", Voice, {"number": "count.number"}),
        node("bert", Voice, {"number": "count.number"}),
        node("sink", Sink, {"number": "anna.same"}),
        node("other", Sink, {"number": "bert.same"}),
    )


def test_where_several_nodes_speak_one_is_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(two_voices()) as there:
        assert main(["say", "--url", there.studio.url, "Hello."]) == 2
        assert capsys.readouterr().err == "error: several nodes speak lines; choose with --node: anna, bert\n"
        assert main(["say", "--url", there.studio.url, "--node", "bert", "Hello."]) == 0
        assert main(["say", "--url", there.studio.url, "--node", "carl", "Hello."]) == 2
        assert "--node carl: no node that speaks lines; expected one of anna, bert" in capsys.readouterr().err


def test_a_run_in_which_nobody_speaks(capsys: pytest.CaptureFixture[str]) -> None:
    silent = graph(node("count", Endless, step_ms=5.0), node("sink", Sink, {"number": "count.number"}))
    with serving(silent) as there:
        assert main(["say", "--url", there.studio.url, "Hello."]) == 2
    assert "add a text_to_speech with wait_for_lines: true" in capsys.readouterr().err


def test_where_no_studio_is_it_says_how_to_start_one(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as bound:  # taken, and nobody listens
        bound.bind(("127.0.0.1", 0))
        assert main(["say", "--url", f"http://127.0.0.1:{bound.getsockname()[1]}", "Hello."]) == 1
    assert "start a run with: graphcore run GRAPH --live --studio" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["nonsense", "http://", "http://[", "http://127.0.0.1:port"])
def test_an_address_that_is_none(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["say", "--url", url, "Hello."]) == 1
    assert capsys.readouterr().err.startswith(f"error: {url}: ")


@pytest.mark.parametrize("answer", ["hello", "[]", '{"nodes": 5}'])
def test_a_server_that_is_no_studio(answer: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def other(_request: web.Request) -> web.Response:
        return web.Response(text=answer)

    server = WebServer([web.get("/api/run", other)])
    server.start()
    try:
        assert main(["say", "--url", server.url, "Hello."]) == 1
    finally:
        server.close()
    assert "no studio is there" in capsys.readouterr().err
