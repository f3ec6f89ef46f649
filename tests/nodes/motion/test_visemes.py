from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.motion.visemes_model import JAW, LIP_NAMES, REST, UNKNOWN, VISEMES, visemes_of

# What espeak-ng writes for these languages, long and nasal vowels, diphthongs, affricates and tones included.
SPOKEN = {
    "en": "aɪ eɪ oʊ aʊ ɔɪ iː uː ɑː ɔː ɜː æ ɛ ɪ ʊ ʌ ə ɐ ᵻ p b t d k ɡ tʃ dʒ f v θ ð s z ʃ ʒ h m n ŋ l ɹ ɾ w j əl ɚ ʔ",
    "de": "yː ʏ øː œ ɛː eː oː pf ts tʃ ç x ʁ ɜ aɪ aʊ ɔø ŋ",
    "fr": "ɑ̃ ɔ̃ ɛ̃ œ̃ y ø œ ɥ ʁ ɲ ʒ",
    "it": "ʎ ɲ ts dz tʃ dʒ r ɾ kː",
    "es": "β ð ɣ ɾ r x ʎ ʝ tʃ",
    "zh": "i5 ɑu5 tɕh tɕ ɕ ʈʂ ʈʂh ʂ ɻ y2 uo ei4 əɜ ts. o1 ɯ ʅ",
}


@pytest.mark.parametrize("language", SPOKEN)
def test_every_symbol_is_known(language: str) -> None:
    for symbol in SPOKEN[language].split():
        assert UNKNOWN not in visemes_of(symbol), symbol


def test_diphthongs_and_affricates_have_two_parts_and_marks_none() -> None:
    assert visemes_of("aɪ") == (VISEMES["a"], VISEMES["ɪ"])
    assert visemes_of("tʃ") == (VISEMES["t"], VISEMES["ʃ"])
    assert visemes_of("ɑ̃ː") == (VISEMES["ɑ"],)
    assert visemes_of("ˈiː5") == (VISEMES["i"],)
    assert visemes_of("t͡s") == (VISEMES["t"], VISEMES["s"])


def test_pauses_rest_and_strangers_leave_the_lips_free() -> None:
    assert visemes_of("_") == visemes_of("") == visemes_of("_:") == (REST,)
    assert visemes_of("ж") == (UNKNOWN,)
    assert visemes_of("5") == (UNKNOWN,)
    assert UNKNOWN.firmness[LIP_NAMES.index("mouthPucker")] < 0.1


def test_only_lips_that_touch_close() -> None:
    assert {letter for letter, viseme in VISEMES.items() if viseme.closure == 1.0} == set("pbmʙɓ")
    assert all(0.5 < VISEMES[letter].closure < 1.0 for letter in "fv")


def test_open_vowels_open_the_jaw_further_and_targets_are_coefficients() -> None:
    jaw = {letter: viseme.targets[JAW] for letter, viseme in VISEMES.items()}
    assert jaw["a"] > jaw["ɛ"] > jaw["e"] > jaw["i"]
    assert jaw["s"] < 0.1
    for viseme in VISEMES.values():
        assert viseme.targets.min() >= 0.0
        assert viseme.targets.max() <= 1.0
        assert np.all((viseme.firmness > 0.0) & (viseme.firmness <= 1.0))
