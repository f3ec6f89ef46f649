"""The studio's API, asked by a real client while a real graph runs."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from graphcore import Run, WebError
from graphcore.studio.studio import Studio
from served import PREVIEWS, Served, small_graph


def test_a_run_is_described(served: Served) -> None:
    status, run = served.ask("GET", "/api/run")
    assert status == 200
    assert (run["name"], run["live"], run["frame_rate"]) == ("graph", True, 25.0)
    assert run["url"] == served.studio.url
    nodes = {node["name"]: node for node in run["nodes"]}
    assert list(nodes) == ["count", "voice", "sink", "blocks", "other"]
    voice = nodes["voice"]
    assert (voice["type"], voice["place"], voice["inputs"]) == ("voice", "here", ["number"])
    assert voice["doc"] == "Has a dial of every kind, and notes how they are turned."
    assert voice["outputs"] == [{"name": "same", "payload": "parts.Number", "picture": False}]
    assert nodes["blocks"]["outputs"][0] == {"name": "block", "payload": "parts.Block", "picture": True}
    follows = {"from": "count.number", "to": "voice.number", "follows": False, "fused": True}
    assert run["links"][0] == follows


def test_params_are_described_as_they_are_declared(served: Served) -> None:
    run = served.ask("GET", "/api/run")[1]
    params = {param["name"]: param for param in run["nodes"][1]["params"]}
    kinds = {name: param["kind"] for name, param in params.items()}
    assert kinds == {
        "line": "str", "mood": "str", "gain": "float", "recording": "bool", "pair": "list", "photo": "file",
        "token": "str",
    }  # fmt: skip
    gain = params["gain"]
    assert (gain["value"], gain["default"], gain["ge"], gain["le"], gain["unit"]) == (0.5, 0.5, 0.0, 1.0, "dB")
    assert params["mood"]["choices"] == ["calm", "merry"]
    assert (params["pair"]["value"], params["pair"]["item"], gain["item"]) == ([1.0, 2.0], "float", "")
    assert (params["photo"]["file"], params["photo"]["optional"]) == ("in", True)
    assert params["token"]["value"] == "...", "what lets somebody in is not shown"


def test_a_dial_is_turned(served: Served) -> None:
    assert served.put("gain", 1) == (200, {"value": 1.0})
    served.voice.wait_for(("gain", 1.0))
    run = served.ask("GET", "/api/run")[1]
    assert next(param["value"] for param in run["nodes"][1]["params"] if param["name"] == "gain") == 1.0
    assert served.put("pair", [3, 4]) == (200, {"value": [3.0, 4.0]})
    assert served.put("recording", True) == (200, {"value": True})
    served.voice.wait_for(("pair", (3.0, 4.0)), ("recording", True))


def test_every_text_is_said_in_order(served: Served) -> None:
    for index in range(10):
        assert served.put("line", f"line {index}")[0] == 200
    served.voice.wait_for(*(("line", f"line {index}") for index in range(10)))


@pytest.mark.parametrize(
    ("param", "value", "said"),
    [
        ("gain", 2, "voice.gain: 2.0, expected number from 0.0 to 1.0 (dB)"),
        ("gain", "much", "voice.gain: 'much', expected number from 0.0 to 1.0 (dB)"),
        ("gain", float("nan"), "voice.gain: nan, expected number from 0.0 to 1.0 (dB)"),
        ("mood", "wild", "voice.mood: 'wild', expected one of calm, merry"),
        (
            "line",
            "\ud800",
            "voice.line: text with a zero byte or half a character, expected plain text",
        ),
        (
            "line",
            "a\0b",
            "voice.line: text with a zero byte or half a character, expected plain text",
        ),
        ("line", "x" * 20_000, "voice.line: a text of 20000 characters, expected at most 10000"),
        ("recording", 1, "voice.recording: 1, expected true or false"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_was_expected(
    served: Served, param: str, value: object, said: str
) -> None:
    assert served.put(param, value) == (400, {"error": said})
    assert served.voice.turned == []


def test_what_is_not_there_is_told_with_what_is(served: Served) -> None:
    status, answer = served.ask("PUT", "/api/nodes/voise/params/gain", '{"value": 1}')
    assert (status, answer["error"][:46]) == (404, "'voise': no such node; expected one of count, ")
    dials = "line, mood, gain, recording, pair, photo"
    for param in ("gian", "token"):
        assert served.put(param, 1) == (404, {"error": f"voice.{param}: no live param; expected one of {dials}"})
    for method, path in (("GET", "/api/rum"), ("DELETE", "/api/run")):
        what = f"{method} {path}: there is no such call; GET /api shows what there is"
        assert served.ask(method, path) == (404, {"error": what})


@pytest.mark.parametrize("body", ["", "{", "[]", '{"valu": 1}', "[" * 50_000, "\xff", "9" * 5000])
def test_bodies_that_are_none_are_refused(served: Served, body: str) -> None:
    status, answer = served.ask("PUT", "/api/nodes/voice/params/gain", body.encode("latin-1"))
    assert status == 400
    assert answer["error"].startswith("expected ")


def test_interrupt_reaches_the_nodes(served: Served) -> None:
    assert served.ask("POST", "/api/interrupt") == (200, {})
    served.voice.wait_for(("interrupt", None))


def test_a_file_is_sent_and_used_by_its_name_and_no_other_is(served: Served, tmp_path: Path) -> None:
    assert served.put("photo", "me.jpg")[0] == 400
    assert served.ask("POST", "/api/files?name=../my%20face/me.jpg", b"a photo") == (200, {"file": "me.jpg"})
    assert served.ask("GET", "/api/files") == (200, {"files": ["me.jpg"]})
    assert served.put("photo", "me.jpg") == (200, {"value": "me.jpg"})
    with served.voice.news:
        assert served.voice.news.wait_for(lambda: served.voice.turned, 5)
    path = served.voice.turned[0][1]
    assert path.read_bytes() == b"a photo"
    assert path.parent.stat().st_mode & 0o77 == 0, "others on this machine may look"
    mine = tmp_path / "other.jpg"
    mine.write_bytes(b"not sent")
    for other in (str(mine), "/etc/passwd", "../me.jpg", str(path), "", "."):
        assert served.put("photo", other)[0] == 400, other
    assert served.put("photo", None) == (200, {"value": None})


def test_stats_say_how_it_goes(served: Served) -> None:
    served.voice.wait_for()
    stats = served.ask("GET", "/api/stats")[1]
    assert {"wall_s", "nodes", "links", "opened", "position_s", "expected_s", "notices", "losses"} <= stats.keys()
    assert stats["ended"] is None
    assert stats["nodes"]["voice"]["type"] == "voice"


def test_before_the_start_it_serves_and_says_so() -> None:
    run = Run(small_graph(), live=True)
    studio = Studio(run, PREVIEWS)
    studio.start()
    with studio:
        served = Served(run, studio)
        assert served.ask("GET", "/api/stats")[1]["opened"] is False
        assert served.ask("GET", "/api/run")[0] == 200
        assert served.put("gain", 1.0)[0] == 200
        run.start()
        served.voice.wait_for(("gain", 1.0))
        run.stop()
        assert run.wait(5)


def test_stop_ends_the_run_in_good_order(served: Served) -> None:
    served.voice.wait_for()
    assert served.ask("POST", "/api/stop") == (200, {})
    assert served.run.wait(5)


def test_the_page_and_its_files_are_served_and_nothing_else(served: Served) -> None:
    for path in ("/", "/static/theme.css", "/api", "/api/page/api.js"):
        assert served.ask("GET", path)[0] == 200, path
    tricks = ("/static/../studio.py", "/static/%2e%2e/studio.py", "/static/..%2fstudio.py", "/static//etc/passwd")
    for path in (*tricks, "/static/%00", "/../../etc/passwd", "/api/page/..%2f..%2fapi.py", "/static/", "/x"):
        assert served.ask("GET", path)[0] in (400, 404), path


def test_another_machine_needs_a_token() -> None:
    with pytest.raises(WebError, match=r"0\.0\.0\.0 can be reached from other machines; give a token"):
        Studio(Run(small_graph(), live=True), {}, host="0.0.0.0").start()


def test_a_port_that_is_taken_is_told(served: Served) -> None:
    with pytest.raises(
        WebError, match=rf"127\.0\.0\.1:{served.port} cannot be listened on.* --studio=\d+ or --studio=0"
    ):
        Studio(Run(small_graph(), live=True), {}, port=served.port).start()


def test_with_a_token_only_who_knows_it_is_let_in() -> None:
    run = Run(small_graph(), live=True)
    studio = Studio(run, {}, token="open sesame")
    studio.start()
    with studio:
        served = Served(run, studio)
        for headers in ({}, {"Authorization": "Bearer open"}, {"Cookie": f"graphcore-{served.port}=open"}):
            status, answer = served.ask("GET", "/api/run", **headers)
            assert status == 403
            assert "token" in answer["error"]
        assert served.ask("GET", "/api/run", Authorization="Bearer open sesame")[0] == 200
        status, run_json = served.ask("GET", "/api/run?token=open%20sesame")
        assert status == 200
        assert "sesame" not in json.dumps(run_json)


def test_many_turn_dials_at_once(served: Served) -> None:
    values = [index / 100 for index in range(100)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda value: served.put("gain", value), values))
    assert answers == [(200, {"value": value}) for value in values]
    served.put("recording", True)
    with served.voice.news:
        assert served.voice.news.wait_for(lambda: ("recording", True) in served.voice.turned, 5)
    assert all(0.0 <= value <= 1.0 for param, value in served.voice.turned if param == "gain")


def test_after_the_end_dials_cannot_be_turned(served: Served) -> None:
    served.run.stop()
    assert served.run.wait(5)
    assert served.put("gain", 1.0) == (409, {"error": "the run has ended"})
