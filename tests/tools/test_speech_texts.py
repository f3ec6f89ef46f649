from __future__ import annotations

from pathlib import Path

import numpy as np
from speech_texts import made_up, read_sentences, sentences_of


def test_sentences_are_plain_and_come_once() -> None:
    text = "A plain sentence comes first. A plain sentence comes first. \n%\nShort.\n\n| a | table |\n\n"
    assert sentences_of(text + "What about this one?", "en") == [
        "A plain sentence comes first.",
        "What about this one?",
    ]


def test_shouting_and_numbers_alone_are_no_sentences() -> None:
    assert sentences_of("THIS IS A LOUD SENTENCE. 12 34 56 78 90 12 34 56.", "en") == []


def test_chinese_sentences_end_with_their_own_full_stop() -> None:
    assert sentences_of("床前明月光，疑是地上霜。举头望明月，低头思故乡。", "zh") == [
        "床前明月光，疑是地上霜。",
        "举头望明月，低头思故乡。",
    ]


def test_files_are_read_in_order(tmp_path: Path) -> None:
    for name, text in (("a", "The first of two sentences."), ("b", "The second of two sentences.")):
        (tmp_path / name).write_text(text)
    found = read_sentences([tmp_path / "a", tmp_path / "b"], "en")
    assert found == ["The first of two sentences.", "The second of two sentences."]


def test_a_made_up_sentence_has_no_blanks() -> None:
    rng = np.random.default_rng(0)
    assert all("{" not in made_up(["map", "wave"], rng) for _ in range(200))
