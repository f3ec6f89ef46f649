"""Which shape of the mouth a speech sound wants: IPA symbols to visemes.

The targets follow the phonetics of lips and jaw and JALI's rules (Edwards et al. 2016): m b p close, f v touch
the teeth, sibilants narrow the jaw, l n t d g k leave the lips to their neighbours.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# What a viseme may set; of paired coefficients both sides.
LIP_NAMES: tuple[str, ...] = (
    "jawOpen", "mouthFunnel", "mouthPucker", "mouthStretch", "mouthSmile", "mouthRollLower", "mouthRollUpper",
    "mouthUpperUp", "mouthLowerDown", "mouthPress", "mouthShrugLower", "tongueOut",
)  # fmt: skip
JAW = LIP_NAMES.index("jawOpen")
TONGUE = LIP_NAMES.index("tongueOut")
PAUSE = "_"


@dataclass(frozen=True, eq=False)
class Viseme:
    """Targets (12,) as LIP_NAMES, and how firmly the sound insists on each (12,), 0 to 1."""

    targets: NDArray[np.float64]
    firmness: NDArray[np.float64]
    closure: float = 0.0  # 1: the lips touch
    vowel: bool = False


def _viseme(lips: float, jaw: float, closure: float = 0.0, vowel: bool = False, **targets: float) -> Viseme:
    values = np.array([targets.get(name, 0.0) for name in LIP_NAMES])
    firmness = np.full(len(LIP_NAMES), lips)
    firmness[JAW] = jaw
    return Viseme(values, firmness, closure, vowel)


def _vowel(jaw: float, **targets: float) -> Viseme:
    return _viseme(0.8, 0.9, vowel=True, jawOpen=jaw, **targets)


_LIPS_CLOSED = _viseme(1.0, 0.9, 1.0, jawOpen=0.02, mouthPress=0.25, mouthRollLower=0.12, mouthRollUpper=0.1)
_TO_TEETH = _viseme(1.0, 0.9, 0.72, jawOpen=0.05, mouthRollLower=0.55, mouthUpperUp=0.22, mouthStretch=0.08)
_HISS = _viseme(0.55, 1.0, jawOpen=0.04, mouthStretch=0.2, mouthLowerDown=0.26, mouthUpperUp=0.12, mouthSmile=0.05)
_HUSH = _viseme(0.9, 1.0, jawOpen=0.06, mouthFunnel=0.5, mouthPucker=0.22, mouthLowerDown=0.2, mouthUpperUp=0.14)
_TIP = _viseme(0.12, 0.45, jawOpen=0.1, mouthLowerDown=0.1)  # t d n: the tongue behind the teeth
_LATERAL = _viseme(0.15, 0.4, jawOpen=0.16, mouthLowerDown=0.12)
_BACK = _viseme(0.08, 0.3, jawOpen=0.14)  # k g: the tongue's back
_BREATH = _viseme(0.05, 0.12, jawOpen=0.2)  # h: whatever comes next
_THROAT = _viseme(0.08, 0.3, jawOpen=0.2)
_TEETH = _viseme(0.45, 0.8, jawOpen=0.1, mouthLowerDown=0.18, mouthUpperUp=0.08, tongueOut=0.16)  # th
_AMERICAN_R = _viseme(0.6, 0.5, jawOpen=0.12, mouthFunnel=0.34, mouthPucker=0.2)
_ROLLED_R = _viseme(0.12, 0.45, jawOpen=0.15, mouthLowerDown=0.1)
_GLIDE_I = _viseme(0.6, 0.7, jawOpen=0.09, mouthStretch=0.16, mouthSmile=0.16)
_GLIDE_U = _viseme(0.95, 0.8, jawOpen=0.05, mouthPucker=0.72, mouthFunnel=0.3)
_GLIDE_Y = _viseme(0.9, 0.8, jawOpen=0.05, mouthPucker=0.66, mouthFunnel=0.36)
_SPREAD_HISS = _viseme(0.6, 1.0, jawOpen=0.05, mouthStretch=0.22, mouthSmile=0.14, mouthLowerDown=0.22)
_NEAR_LIPS = _viseme(0.9, 0.8, 0.75, jawOpen=0.05, mouthPucker=0.08)  # Spanish b between vowels: lips all but touch
_ROUND_OPEN = _vowel(0.34, mouthFunnel=0.42, mouthPucker=0.12)
_SCHWA = _viseme(0.4, 0.6, vowel=True, jawOpen=0.17, mouthLowerDown=0.1, mouthUpperUp=0.04)

_SAME: dict[str, Viseme] = {
    "pbmʙɓ": _LIPS_CLOSED,
    "fvɱʋⱱ": _TO_TEETH,
    "ɸβ": _NEAR_LIPS,
    "sz": _HISS,
    "ʃʒʂʐ": _HUSH,
    "ɕʑçʝ": _SPREAD_HISS,
    "tdnʈɖɳɾɗ": _TIP,
    "lɫɭɬɮʎɺ": _LATERAL,
    "kgɡŋxɣqɢɴcɟɲɠʄ": _BACK,
    "hɦ": _BREATH,
    "χʁħʕʀʔʡ": _THROAT,
    "θð": _TEETH,
    "ɹɻ": _AMERICAN_R,
    "r": _ROLLED_R,
    "jʲ": _GLIDE_I,
    "wʍʷ": _GLIDE_U,
    "ɥ": _GLIDE_Y,
    "i": _vowel(0.1, mouthStretch=0.26, mouthSmile=0.26, mouthLowerDown=0.16, mouthUpperUp=0.08),
    "ɪɨ": _vowel(0.15, mouthStretch=0.18, mouthSmile=0.14, mouthLowerDown=0.16, mouthUpperUp=0.06),
    "e": _vowel(0.2, mouthStretch=0.22, mouthSmile=0.18, mouthLowerDown=0.2, mouthUpperUp=0.1),
    "ɛ": _vowel(0.28, mouthStretch=0.18, mouthSmile=0.1, mouthLowerDown=0.24, mouthUpperUp=0.12),
    "æ": _vowel(0.38, mouthStretch=0.24, mouthSmile=0.1, mouthLowerDown=0.26, mouthUpperUp=0.16),
    "aɐɶ": _vowel(0.42, mouthStretch=0.08, mouthLowerDown=0.26, mouthUpperUp=0.14),
    "ɑʌ": _vowel(0.4, mouthLowerDown=0.22, mouthUpperUp=0.1),
    "ɒɔ": _ROUND_OPEN,
    "o": _vowel(0.24, mouthFunnel=0.5, mouthPucker=0.36),
    "ɤɵ": _vowel(0.2, mouthLowerDown=0.14),
    "u": _vowel(0.1, mouthPucker=0.74, mouthFunnel=0.34),
    "ʊ": _vowel(0.14, mouthPucker=0.46, mouthFunnel=0.3),
    "ɯʉ": _vowel(0.12, mouthStretch=0.08, mouthLowerDown=0.12),
    "yʏ": _vowel(0.1, mouthPucker=0.64, mouthFunnel=0.42),
    "ø": _vowel(0.18, mouthPucker=0.48, mouthFunnel=0.46),
    "œɞ": _vowel(0.26, mouthPucker=0.28, mouthFunnel=0.46),
    "əɘ": _SCHWA,
    "ɚɜɝ": _vowel(0.2, mouthFunnel=0.26, mouthPucker=0.14),
}
VISEMES: dict[str, Viseme] = {letter: viseme for letters, viseme in _SAME.items() for letter in letters}
REST = _viseme(0.7, 0.7)
UNKNOWN = _viseme(0.08, 0.3, jawOpen=0.12)
# Letters that NFD does not take apart, and espeak's own spellings.
_ALIKE = {"ᵻ": "ɪ", "ɩ": "ɪ", "ɷ": "ʊ", "ʦ": "ts", "ʣ": "dz", "ʧ": "tʃ", "ʤ": "dʒ", "ß": "s", "ɿ": "ɨ", "ʅ": "ɨ"}


@lru_cache(maxsize=1024)
def visemes_of(symbol: str) -> tuple[Viseme, ...]:
    """The visemes of one IPA symbol, in order: one for most, two and more for diphthongs and affricates.

    Length, tone, stress, nasality and other marks are ignored; a letter nobody knows leaves the lips free.
    """
    if not symbol.strip(" :|" + PAUSE):
        return (REST,)
    letters: list[Viseme] = []
    for letter in unicodedata.normalize("NFD", symbol):
        for known in _ALIKE.get(letter, letter):
            found = VISEMES.get(known) or VISEMES.get(known.lower())
            if found is None and unicodedata.category(known) in ("Ll", "Lu", "Lo"):
                found = UNKNOWN
            if found is not None and (not letters or letters[-1] is not found):
                letters.append(found)
    return tuple(letters) or (UNKNOWN,)
