from __future__ import annotations

import sys
from pathlib import Path

import make_speech_data
import numpy as np
import pytest
from make_speech_data import VOICES, Script, Voice, chosen, joined
from speech_corpus import PAUSE, read_corpus
from synthesizers import Said

ANNA = Voice("anna", "espeak", "en-us+f2", "en-us", 1.0)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["make_speech_data.py", *arguments])
    make_speech_data.main()


def test_one_seed_makes_one_corpus_and_a_voice_that_is_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = tmp_path / "book.txt"
    book.write_text("Five brave women moved above the bay. Bob put the map on my lap. We believe every word of it.")
    options = ["--hours", "0.001", "--voices", "espeak-en-us+f2", "--texts", f"en={book}"]
    for folder in ("one", "two"):
        run(monkeypatch, "--out", str(tmp_path / folder), *options)
    one, two = ((tmp_path / folder / "espeak-en-us+f2.npz").read_bytes() for folder in ("one", "two"))
    assert one == two
    run(monkeypatch, "--out", str(tmp_path / "one"), *options, "--seed", "1")
    assert (tmp_path / "one" / "espeak-en-us+f2.npz").read_bytes() == one
    spoken = read_corpus(tmp_path / "one")
    assert sum(utterance.seconds for utterance in spoken) >= 3.6
    assert all(utterance.symbols[0] == PAUSE == utterance.symbols[-1] for utterance in spoken)


def test_a_voice_that_nobody_knows_ends_it() -> None:
    with pytest.raises(SystemExit, match="no voice begins with 'nobody'"):
        chosen("slt,nobody")
    assert {voice.language for voice in chosen("espeak-fr")} == {"fr"}


def test_no_two_voices_share_a_name() -> None:
    assert len({voice.name for voice in VOICES}) == len(VOICES)


def test_sentences_are_joined_by_silence() -> None:
    said = Said(np.ones(1600, np.int16), ("m", "a"), np.array([0.0, 0.04, 0.1]))
    whole = joined("anna-0", ANNA, [said, said], iter([0.5, 0.25, 0.125]))
    assert whole.symbols == (PAUSE, "m", "a", PAUSE, "m", "a", PAUSE)
    np.testing.assert_allclose(whole.starts, [0.0, 0.5, 0.54, 0.6, 0.85, 0.89, 0.95])
    assert whole.seconds == pytest.approx(1.075)
    assert whole.ends[-1] == pytest.approx(whole.seconds)


def test_a_script_speaks_every_sentence_before_one_comes_again() -> None:
    sentences = [f"Sentence number {number}." for number in range(10)]
    script = Script(ANNA, sentences, [], seed=3)
    assert sorted(text for text, _ in script.take(10)) == sorted(sentences)
    assert len({manner for _, manner in script.take(5)}) == 1
