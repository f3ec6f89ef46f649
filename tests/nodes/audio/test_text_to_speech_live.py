"""Lines that are said while it runs, and silence between them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from avatar_nodes.audio.spoken_lines_model import MOST_LINES
from avatar_nodes.audio.text_to_speech import TextToSpeech
from graphcore import GraphcoreError, ParamError
from graphcore.testing import run_node
from heard import Heard, listening_to

RATE = 22_050
PAUSE = 0.02  # louder is speech


@contextmanager
def talking(text: str = "", **params: Any) -> Iterator[Heard]:
    with listening_to(TextToSpeech, {"text": text, "wait_for_lines": True, **params}) as heard:
        yield heard


def loud(heard: Heard) -> int:
    """How many samples are speech."""
    return int((np.abs(heard.samples) > PAUSE).sum())


def said(heard: Heard, least: int = 200) -> None:
    """Wait until more was said, and all was: a tenth of a second of silence."""
    heard.until(lambda: loud(heard) > least and not np.abs(heard.samples[-2205:]).max() > PAUSE)
    assert heard.counts["lines waiting"] == 0


def phones_of(heard: Heard) -> list[str]:
    return [symbol for packet in heard.packets["phones"] for symbol in packet.payload.symbols]


def test_without_a_line_it_is_silent_in_steps_of_20_ms_at_the_pace_of_the_clock():
    with talking() as heard:
        heard.until(lambda: len(heard.timestamps) >= 10)
        assert heard.timestamps == [index * 441 * 10**9 // RATE for index in range(len(heard.timestamps))]
        assert {len(packet.payload.samples) for packet in heard.packets["audio"]} == {441}
        assert not heard.samples.any()
        assert not phones_of(heard)
        assert heard.run.clock.now() >= heard.timestamps[-2]  # the newest one is held until its time


def test_a_text_is_spoken_as_ever_and_then_it_waits():
    plain = run_node(TextToSpeech, params={"text": "Pa.", "speed_wpm": 400})
    with talking("Pa.", speed_wpm=400) as heard:
        heard.until(lambda: len(heard.timestamps) >= len(plain.outputs["audio"]) + 5)
        expected = np.concatenate([packet.payload.samples[:, 0] for packet in plain.outputs["audio"]])
        np.testing.assert_array_equal(heard.samples[: len(expected)], expected)
        assert not heard.samples[len(expected) :].any()
        assert phones_of(heard) == [s for packet in plain.outputs["phones"] for s in packet.payload.symbols]


def test_each_line_is_said_with_its_phones_where_they_are_heard():
    with talking(speed_wpm=400) as heard:
        heard.run.set("node", "line", "Pa.")
        heard.run.set("node", "line", "Bee.")
        heard.until(lambda: "i" in "".join(phones_of(heard)))
        said(heard)
        symbols = [symbol for symbol in phones_of(heard) if symbol != "_"]
        assert symbols[0] == "p"
        assert "b" in symbols
        start = next(p.timestamp for p in heard.packets["phones"] if "p" in p.payload.symbols) * RATE // 10**9
        assert np.flatnonzero(np.abs(heard.samples) > PAUSE)[0] in range(start, start + RATE // 5)


def test_the_same_line_twice_is_said_twice():
    with talking(speed_wpm=400) as heard:
        heard.run.set("node", "line", "Pa.")
        said(heard)
        once = loud(heard)
        heard.run.set("node", "line", "Pa.")
        said(heard, least=once + 200)
        assert loud(heard) == 2 * once


def test_voice_and_pitch_are_those_when_the_line_came():
    with talking(speed_wpm=400) as heard:
        heard.run.set("node", "line", "Pa.")
        said(heard)
        first = loud(heard)
        heard.run.set("node", "pitch", 90)
        heard.run.set("node", "voice", "de+f3")
        heard.run.set("node", "line", "Pa.")
        heard.run.set("node", "pitch", 10)
        said(heard, least=first + 200)
        expected = run_node(
            TextToSpeech, params={"text": "Pa.", "voice": "de+f3", "pitch": 90, "speed_wpm": 400, "lead_in_s": 0.0}
        )
        speech = np.concatenate([packet.payload.samples[:, 0] for packet in expected.outputs["audio"]])
        assert loud(heard) - first == (np.abs(speech) > PAUSE).sum()


def test_an_interrupt_falls_silent_at_once_and_the_next_line_is_said():
    with talking("One thousand and one words, and many more of them, without an end. " * 3) as heard:
        heard.run.set("node", "line", "This waits.")
        heard.until(lambda: loud(heard) > 3000)
        heard.run.interrupt()
        heard.until(lambda: not heard.samples[-882:].any())
        assert np.flatnonzero(heard.samples)[-1] < len(heard.samples)
        before, phones = loud(heard), len(phones_of(heard))
        assert phones_of(heard)[-1] == "_"
        heard.run.set("node", "line", "Pa.")
        said(heard, least=before + 200)
        assert next(symbol for symbol in phones_of(heard)[phones:] if symbol != "_") == "p"


@pytest.mark.parametrize(
    ("param", "value", "told"),
    [
        ("line", "?!", "has no word to speak"),
        ("line", "Привет", "cannot read Привет"),
        ("voice", "en_us", "no voice 'en_us'; did you mean en-us"),
    ],
)
def test_what_is_wrong_with_a_line_is_told_once_and_it_goes_on(param, value, told):
    with talking(speed_wpm=400) as heard:
        for _ in range(3):
            heard.run.set("node", param, value)
        heard.run.set("node", "line", "Pa.")
        said(heard)
        assert len([notice for notice in heard.run.notices if told in notice]) == 1


def test_an_empty_line_is_nothing_to_say():
    with talking() as heard:
        heard.run.set("node", "line", "  ")
        heard.until(lambda: len(heard.timestamps) >= 5)
        assert not heard.run.notices


def test_each_line_that_is_left_out_is_counted():
    with talking() as heard:
        for _ in range(MOST_LINES + 30):
            heard.run.set("node", "line", "One thousand and one words.")
        heard.until(lambda: heard.counts.get("lines left out", 0) >= 20)
        assert len([notice for notice in heard.run.notices if "left out" in notice]) == 1


def test_without_waiting_for_lines_it_ends_after_what_was_asked_for():
    with listening_to(TextToSpeech, {"text": "Pa.", "speed_wpm": 400}) as heard:
        heard.run.set("node", "line", "Bee.")
        assert heard.run.wait(10)
        assert "b" in phones_of(heard)


def test_waiting_for_lines_needs_a_live_run():
    with pytest.raises(GraphcoreError, match="run it with --live"):
        run_node(TextToSpeech, params={"text": "Pa.", "wait_for_lines": True})


def test_a_text_without_words_is_an_error_still():
    with pytest.raises(GraphcoreError, match="no word to speak"), talking("..."):
        pass


def test_only_live_params_can_be_set():
    with talking() as heard, pytest.raises(ParamError):
        heard.run.set("node", "lead_in_s", 1.0)
