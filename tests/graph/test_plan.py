"""The order of a graph, and which nodes share a thread."""

from __future__ import annotations

from collections.abc import Callable

from graphcore.graph.plan import cycles, plan
from graphcore.graph.spec import Graph

Checked = Callable[..., Graph]


def gains(*lines: str) -> str:
    return "nodes:\n  voice: {type: speak, params: {words: hi}}\n" + "".join(f"  {line}\n" for line in lines)


def gain(name: str, source: str, more: str = "") -> str:
    return f"{name}: {{type: gain, inputs: {{audio: {source}}}{more}}}"


def test_one_line_is_one_chain(checked: Checked) -> None:
    made = plan(checked(gains(gain("a", "voice.sound"), gain("b", "a.scaled"), gain("c", "b.scaled"))))
    assert made.chains == [["voice", "a", "b", "c"]]
    assert made.order == ["voice", "a", "b", "c"]


def test_order_follows_links_and_then_the_file(checked: Checked) -> None:
    text = "nodes:\n  " + gain("last", "b.scaled") + "\n  " + gain("b", "eyes.hum") + "\n  eyes: {type: looker}\n"
    made = plan(checked(text + "  " + gain("a", "eyes.hum") + "\n  more: {type: looker}\n"))
    assert made.order == ["eyes", "b", "last", "a", "more"]
    assert made.chains == [["eyes", "b", "last", "a"], ["more"]]


def test_a_fan_out_is_no_cut(checked: Checked) -> None:
    made = plan(checked(gains(gain("a", "voice.sound"), gain("b", "voice.sound"))))
    assert made.chains == [["voice", "a", "b"]]


def test_a_fan_in_is_cut_on_all_its_inputs(checked: Checked) -> None:
    mix = "m: {type: mix, inputs: {first: a.scaled, second: b.scaled}}"
    made = plan(checked(gains(gain("a", "voice.sound"), gain("b", "voice.sound"), mix, gain("c", "m.mixed"))))
    assert made.chains == [["voice", "a", "b"], ["m", "c"]]


def test_an_input_that_is_not_linked_makes_no_fan_in(checked: Checked) -> None:
    made = plan(checked(gains("m: {type: mix, inputs: {first: voice.sound}}")))
    assert made.chains == [["voice", "m"]]


def test_a_follower_counts_as_an_input(checked: Checked, talk: str) -> None:
    assert plan(checked(talk)).chains == [["voice", "louder"], ["eyes"], ["art"], ["movie"]]


def test_a_node_with_its_own_thread_stands_alone(checked: Checked) -> None:
    art = "art: {type: painter, params: {photo: photo.png}, inputs: {sound: voice.sound}}"
    movie = "movie: {type: save, params: {path: o}, inputs: {picture: art.frames}}"
    assert plan(checked(gains(art, movie))).chains == [["voice"], ["art"], ["movie"]]


def test_a_queue_or_an_overflow_cuts(checked: Checked) -> None:
    for part in ("queue: 4", "overflow: drop_oldest"):
        text = gains(gain("a", f"{{from: voice.sound, {part}}}"), gain("b", "a.scaled"))
        assert plan(checked(text)).chains == [["voice"], ["a", "b"]]


def test_places_differ(checked: Checked) -> None:
    far = ", place: far"
    text = gains(gain("a", "voice.sound", far), gain("b", "a.scaled", far), gain("c", "b.scaled"))
    assert plan(checked(text)).chains == [["voice"], ["a", "b"], ["c"]]


def test_cycles_begin_with_what_stands_first() -> None:
    pairs = [("b", "a"), ("a", "b"), ("c", "c"), ("a", "d"), ("d", "b")]
    assert cycles("abcd", pairs) == [["a", "b"], ["a", "d", "b"], ["c"]]
    assert cycles("ab", [("a", "b")]) == []
