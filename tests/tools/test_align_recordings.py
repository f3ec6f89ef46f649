from __future__ import annotations

import sys
from pathlib import Path

import align_recordings
import numpy as np
import pytest
import soundfile
from align_recordings import NotUsed, find_sound, read_sound, read_texts
from align_speech import _nearest
from speech_corpus import SAMPLE_RATE, read_corpus
from synthesizers import Manner, espeak

TEXT = "Please put my map above the lamp."


def test_texts_are_read_without_comments_and_noises(tmp_path: Path) -> None:
    path = tmp_path / "texts.txt"
    path.write_text("; prompts\nhello: Hello: world.\nbeep: [a beep]\nempty:\n")
    assert read_texts(path) == {"hello": "Hello: world."}


def test_sound_of_any_rate_is_read_at_16_khz(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "tone.wav", np.zeros((44100, 2), np.float32), 44100)
    assert len(read_sound(find_sound(tmp_path, "tone"))) == pytest.approx(SAMPLE_RATE, abs=2)


@pytest.mark.parametrize("name", ["missing", "../tone"])
def test_what_is_not_in_the_folder_is_not_used(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotUsed):
        find_sound(tmp_path, name)


@pytest.mark.parametrize(("symbol", "phones"), [("tʃ", "CH"), ("ɛ̃", "EH"), ("iː", "IY"), ("pf", "P F"), ("ˈ", "")])
def test_a_sound_of_another_language_is_the_nearest_english_ones(symbol: str, phones: str) -> None:
    assert _nearest(symbol) == phones


def test_recordings_become_a_voice_and_wrong_texts_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pocketsphinx")
    (said,) = espeak("en-us", [(TEXT, Manner(1.0, 1.0))])
    for name in ("right", "wrong"):
        soundfile.write(tmp_path / f"{name}.wav", said.samples, SAMPLE_RATE)
    (tmp_path / "texts.txt").write_text(
        f"right: {TEXT}\nwrong: Nobody ever said anything like this at all.\nnone: Hello."
    )
    options = {"out": "corpus", "sounds": ".", "texts": "texts.txt", "voice": "robot", "licence": "none"}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["-", *(word for key, value in options.items() for word in (f"--{key}", value))])
    monkeypatch.setitem(align_recordings.POOREST, "en", -40.0)  # espeak-ng is further from a person than this asks for
    align_recordings.main()
    (found,) = read_corpus(tmp_path / "corpus")
    assert (found.name, found.source) == ("robot-right", "human")
    assert found.symbols.count("p") == 4
    first = found.starts[found.symbols.index("p")] - said.borders[said.symbols.index("p")]
    assert abs(first) < 0.06
    assert "left out: 1 (aligned badly)" in capsys.readouterr().out
