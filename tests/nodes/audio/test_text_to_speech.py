"""A text as sound and phones."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from avatar_nodes.audio.espeak_model import speak, voices
from avatar_nodes.audio.text_to_speech import TextToSpeech
from avatar_nodes.audio.text_to_speech_model import LONGEST_PIECE, PIECE_LENGTH, find_voice, pieces_of
from graphcore import GraphcoreError
from graphcore.testing import Result, run_node

TEXT = "My puppy bit me. I am made from one photo!"
LONG = "Pat the map, Bob. Do you see the sea? " * 30


def say(text: str, **params) -> Result:
    return run_node(TextToSpeech, params={"text": text, **params})


def samples_of(result: Result) -> np.ndarray:
    return np.concatenate([packet.payload.samples for packet in result.outputs["audio"]])


def phones_of(result: Result) -> list[tuple[str, int, int]]:
    """(symbol, start, end) of every phone, ns."""
    return [
        (symbol, packet.timestamp + int(start), packet.timestamp + int(start) + int(duration))
        for packet in result.outputs["phones"]
        for symbol, start, duration in zip(
            packet.payload.symbols, packet.payload.starts, packet.payload.durations, strict=True
        )
    ]


@pytest.mark.parametrize(
    "text", [TEXT, LONG, "a", "Grüße, 42 €!", "First.\n\nSecond; with a [[pause]] and <b>tags</b>."]
)
def test_phones_tile_the_sound(text):
    result = say(text)
    phones = phones_of(result)
    assert [start for _, start, _ in phones] == [0, *(end for _, _, end in phones[:-1])]
    assert phones[-1][2] == len(samples_of(result)) * 10**9 // 22050
    assert phones[0][0] == phones[-1][0] == "_"
    assert all(end > start for _, start, end in phones)
    assert not any(set("ˈˌ ") & set(symbol) for symbol, _, _ in phones)


def test_phones_are_those_of_the_text():
    symbols = [symbol for symbol, _, _ in phones_of(say("Map, pub."))]
    assert symbols == ["_", "m", "æ", "p", "_", "p", "ʌ", "b", "_"]


@pytest.mark.parametrize(("text", "voice"), [("Das Team, der Download.", "de"), ("你好 hello 你好", "cmn")])
def test_words_of_another_language_leave_no_mark_among_the_phones(text, voice):
    phones = phones_of(say(text, voice=voice))
    assert any(symbol.startswith("(") for symbol, _ in speak(text, find_voice(voice), 160, 50).starts)
    assert not any("(" in symbol for symbol, _, _ in phones)
    assert [start for _, start, _ in phones] == [0, *(end for _, _, end in phones[:-1])]


@pytest.mark.parametrize(
    ("text", "voice", "letters", "better"),
    [
        ("Hello 你好, Bob", "en-us", "你好", "cmn"),
        ("こんにちは世界", "en-us", "こんにちは", "ja"),
        ("Привет", "de+f3", "Привет", "ru"),
        ("你好", "ru", "你好", "cmn"),
    ],
)
def test_letters_that_the_voice_cannot_read_are_told_with_a_voice_that_can(text, voice, letters, better):
    expected = f"node: the voice {voice} cannot read {letters}: it spells it out; voice: {better} reads it"
    assert say(text, voice=voice).notices == [expected]
    assert better in voices()
    assert say(text, voice=better).notices == []


@pytest.mark.parametrize(("text", "voice"), [("Grüße, 42 €! µ", "en-us"), ("hello", "ru"), ("Привіт", "uk")])
def test_letters_that_the_voice_can_read_need_no_notice(text, voice):
    assert say(text, voice=voice).notices == []


def test_phones_stand_where_they_are_heard():
    result = say("Pa. Pa. Pa.")
    sound = samples_of(result)[:, 0]
    for symbol, start, end in phones_of(result):
        part = sound[start * 22050 // 10**9 : end * 22050 // 10**9]
        loudness = float(np.sqrt(np.mean(part**2)))
        if symbol == "_" and end - start > 200_000_000:
            assert loudness < 0.005
        if symbol.startswith("ɑ"):
            assert loudness > 0.05


def test_each_packet_holds_the_phones_that_start_in_its_chunk():
    result = say(TEXT)
    stamps = [packet.timestamp for packet in result.outputs["phones"]]
    assert stamps == sorted(set(stamps))
    for packet in result.outputs["phones"]:
        first, last = packet.timestamp, packet.timestamp + int(packet.payload.starts[-1])
        assert packet.payload.starts[0] == 0
        assert first * 50 // 10**9 == last * 50 // 10**9 or last - first < 20_000_000
    assert {len(packet.payload.samples) for packet in result.outputs["audio"][:-1]} == {441}


def test_leads_are_silent():
    sound = samples_of(say("Hello.", lead_in_s=0.5, lead_out_s=1.0))[:, 0]
    assert np.abs(sound[:11025]).max() == 0.0
    assert np.abs(sound[-22050:]).max() == 0.0
    bare = samples_of(say("Hello.", lead_in_s=0.0, lead_out_s=0.0))
    assert len(sound) == len(bare) + 11025 + 22050


def test_the_same_text_gives_the_same_samples_in_another_process_and_after_other_texts():
    say("Etwas ganz anderes.", voice="de+f3", pitch=80)
    here = speak(TEXT, "gmw/en-US", 160, 50)
    code = (
        "import hashlib\nfrom avatar_nodes.audio.espeak_model import speak\n"
        f"spoken = speak({TEXT!r}, 'gmw/en-US', 160, 50)\n"
        "print(hashlib.sha256(spoken.samples.tobytes() + repr(spoken.starts).encode()).hexdigest())"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert hashlib.sha256(here.samples.tobytes() + repr(here.starts).encode()).hexdigest() == there


def test_params_are_heard():
    plain = len(samples_of(say(TEXT)))
    assert len(samples_of(say(TEXT, speed_wpm=320))) < 0.75 * plain
    assert not np.array_equal(samples_of(say(TEXT, pitch=90))[:plain], samples_of(say(TEXT))[:plain])
    assert not np.array_equal(samples_of(say("Hi", voice="en-gb")), samples_of(say("Hi", voice="en-us")))


def test_every_language_can_be_asked_for():
    known = voices()
    assert {"en-us", "en-gb", "fr-fr", "fr", "de", "zh", "it"} <= set(known)
    for tag in ("fr-fr", "zh", "pt-pt", "EN-GB"):
        assert len(samples_of(say("1 2", voice=tag))) > 11_025


def test_a_long_text_is_spoken_in_pieces_and_loses_nothing():
    pieces = pieces_of(LONG)
    assert len(pieces) > 1
    assert all(len(piece) < PIECE_LENGTH + 40 for piece in pieces)
    assert " ".join(pieces).split() == LONG.split()
    assert pieces_of("你好。再见！") == ["你好。 再见！"]


@pytest.mark.parametrize("unit", ["one thousand words, ", "one thousand words ", "字、", "字", "1,000 "])
def test_a_long_text_without_full_stops_is_cut_where_it_hurts_least(unit):
    text = (unit * 1500)[:5000].strip()
    pieces = pieces_of(text)
    assert max(map(len, pieces)) <= LONGEST_PIECE
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
    if unit.endswith((", ", "、")):
        assert all(piece.endswith((",", "、")) for piece in pieces[:-1])
    elif unit.endswith(" "):
        assert set(" ".join(pieces[:-1]).split()) == set(unit.split())


def test_the_pause_between_two_pieces_is_one_phone():
    assert len(pieces_of(LONG)) > 1
    symbols = [symbol for symbol, _, _ in phones_of(say(LONG, speed_wpm=450))]
    assert "_ _" not in " ".join(symbols)


@pytest.mark.parametrize("text", ["", "  \n", "...", "?!"])
def test_a_text_without_words(text):
    with pytest.raises(GraphcoreError, match="no word to speak"):
        say(text)


@pytest.mark.parametrize(
    ("voice", "near"),
    [("en_us", "en-us"), ("fr-fx", "fr-fr"), ("de+f33", r"de\+f3"), ("", "en-us"), ("q9", "qu|en-us")],
)
def test_an_unknown_voice_gets_near_names(voice, near):
    with pytest.raises(GraphcoreError, match=f"no voice '.*'; did you mean .*({near})"):
        say("Hello", voice=voice)


def test_zero_bytes_do_not_end_the_text():
    assert len(samples_of(say("one\0two"))) == len(samples_of(say("one two")))


def test_without_espeak_it_says_what_to_install():
    code = (
        "import sys\nsys.modules['espeakng_loader'] = None  # as if it were not installed\n"
        "from avatar_nodes.audio.text_to_speech import TextToSpeech\nfrom graphcore import GraphcoreError\n"
        "from graphcore.testing import run_node\n"
        "try:\n    run_node(TextToSpeech, params={'text': 'Hi'})\nexcept GraphcoreError as error:\n    print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "espeakng-loader" in said
    assert "pip install" in said
