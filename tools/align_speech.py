"""When is each sound spoken? pocketsphinx's acoustic model of US English, forced along a known text.

`pip install pocketsphinx` (BSD): its wheel carries the model. Words that its dictionary lacks, and other languages, are
pronounced by espeak-ng, each sound as the nearest one that English has; the symbols handed back are the true ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from speech_corpus import PAUSE, SAMPLE_RATE, from_arpabet, tiled

from avatar_nodes.audio.espeak_model import speak
from avatar_nodes.audio.text_to_speech_model import STRESS, find_voice

FRAME_S = 0.01
PADDING_S = 0.25  # of silence before and after: the first and last sounds are found better
BEAMS = (1e-57, 1e-80, 1e-120, 1e-200)  # the wider, the slower, the surer to end
EARLY_S = 0.006  # the model's borders come earlier than the synthesizers' own by the median over four of them
WEAK = frozenset({"the", "a", "an", "of", "was", "from", "and", "us", "that", "than"})  # their vowel is a schwa
_POOR = -1e9  # the score of what could not be aligned

# The nearest sound of US English to an IPA letter, as pocketsphinx writes it; longer symbols are looked up first.
_NEAREST: dict[str, str] = {
    "tʃ": "CH", "dʒ": "JH", "ts": "T S", "dz": "D Z", "tɕ": "CH", "dʑ": "JH", "aɪ": "AY", "aʊ": "AW", "eɪ": "EY",
    "oʊ": "OW", "əʊ": "OW", "ɔɪ": "OY", "ɔø": "OY", "i": "IY", "ɪ": "IH", "e": "EY", "ɛ": "EH", "æ": "AE", "a": "AA",
    "ɐ": "AH", "ɑ": "AA", "ʌ": "AH", "ɒ": "AA", "ɔ": "AO", "o": "OW", "u": "UW", "ʊ": "UH", "y": "UW", "ʏ": "UH",
    "ø": "ER", "œ": "ER", "ə": "AH", "ɚ": "ER", "ɜ": "ER", "ɝ": "ER", "ɨ": "IH", "ɯ": "UH", "ᵻ": "IH", "p": "P",
    "b": "B", "t": "T", "d": "D", "k": "K", "ɡ": "G", "g": "G", "f": "F", "v": "V", "θ": "TH", "ð": "DH", "s": "S",
    "z": "Z", "ʃ": "SH", "ʒ": "ZH", "ç": "SH", "x": "HH", "χ": "HH", "h": "HH", "m": "M", "n": "N", "ɲ": "N Y",
    "ŋ": "NG", "l": "L", "ɫ": "L", "ʎ": "L Y", "ɹ": "R", "r": "R", "ɾ": "D", "ʁ": "R", "ʀ": "R", "j": "Y", "ʝ": "Y",
    "w": "W", "ɥ": "W", "β": "V", "ɣ": "G", "ʔ": "T", "ɕ": "SH", "ʑ": "ZH", "ʂ": "SH", "ʐ": "ZH",
}  # fmt: skip


class AlignError(Exception):
    """pocketsphinx is not installed, or the text holds nothing that can be spoken."""


@dataclass(frozen=True)
class Aligned:
    """The phones of a recording; they tile it."""

    symbols: tuple[str, ...]  # (m,) IPA; PAUSE is a pause
    starts: NDArray[np.float64]  # (m,) s
    ends: NDArray[np.float64]  # (m,) s
    score: float  # mean log likelihood a frame, in pocketsphinx's units: below about -30 it is not to be trusted


def align(samples: NDArray[np.int16], text: str, language: str = "en-us") -> Aligned:
    """Align (n,) samples at 16 kHz with the words spoken in them; the best of several beams."""
    pronounced = list(_pronounced(text, language))
    if not pronounced:
        raise AlignError(f"nothing to pronounce in {text!r}")
    sound = _padded(samples).tobytes()
    for beam in BEAMS:
        found = _forced(sound, pronounced, beam)
        if found:
            return _tidy(found, len(samples) / SAMPLE_RATE)
    return Aligned((PAUSE,), np.zeros(1), np.array([len(samples) / SAMPLE_RATE]), _POOR)


def _padded(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """With silence at both ends and the faintest noise: the logarithm of digital silence would lead astray."""
    sound = np.pad(samples.astype(np.int32), round(PADDING_S * SAMPLE_RATE))
    return np.clip(sound + np.random.default_rng(0).integers(-2, 3, len(sound)), -32768, 32767).astype(np.int16)


@dataclass(frozen=True)
class _Word:
    """One word as the decoder is told it: its symbols, and how many of its phones each has."""

    name: str
    phones: str  # as pocketsphinx writes them, blanks between; empty: the dictionary has it
    symbols: tuple[tuple[str, int], ...] = ()


def _pronounced(text: str, language: str) -> Iterator[_Word]:
    """The words of a text; what holds no letter or digit is no word."""
    english = language.startswith("en")
    for token in re.findall(r"[^\W_]+(?:['’.-][^\W_]+)*", text):
        plain = token.lower().replace("’", "'")
        if english and _decoder(BEAMS[0]).lookup_word(plain):
            yield _Word(plain, "")
        elif symbols := _symbols(plain, language):
            phones = [_nearest(symbol) for symbol in symbols]
            counts = tuple((symbol, len(some.split())) for symbol, some in zip(symbols, phones, strict=True) if some)
            name = "".join(f"{ord(letter):x}" for letter in f"{language} {plain}")
            if counts:
                yield _Word(name, " ".join(filter(None, phones)), counts)


@lru_cache(maxsize=4096)
def _symbols(word: str, language: str) -> tuple[str, ...]:
    """The IPA symbols of one word by itself, as espeak-ng says it."""
    starts = speak(word, find_voice(language), 165, 50).starts
    symbols = (mark.translate(STRESS).strip() for mark, _ in starts)
    return tuple(symbol for symbol in symbols if symbol and not symbol.startswith("("))


def _nearest(symbol: str) -> str:
    """The English phones for one IPA symbol, "" where there are none; length and nasality are ignored."""
    found, rest = [], symbol
    while rest:
        size = 2 if rest[:2] in _NEAREST else 1
        if rest[:size] in _NEAREST:
            found.append(_NEAREST[rest[:size]])
        rest = rest[size:]
    return " ".join(found)


@lru_cache(maxsize=len(BEAMS))
def _decoder(beam: float) -> Any:
    try:
        from pocketsphinx import Decoder
    except ImportError:
        raise AlignError("pocketsphinx, which aligns speech with text, is not installed") from None
    return Decoder(lm=None, beam=beam, wbeam=beam, pbeam=beam, bestpath=False, dither=True, seed=1, loglevel="FATAL")


def _forced(sound: bytes, words: list[_Word], beam: float) -> list[tuple[str, float, float, float]]:
    """Every phone as (symbol, start s, end s, score); nothing where the beam lost the way."""
    decoder = _decoder(beam)
    for word in words:
        if word.phones and not decoder.lookup_word(word.name):
            decoder.add_word(word.name, word.phones, False)
    try:
        decoder.set_align_text(" ".join(word.name for word in words))
        _decode(decoder, sound)
        decoder.set_alignment()
        _decode(decoder, sound)
    except RuntimeError:
        return []
    known = {word.name: word.symbols for word in words}
    return [phone for word in decoder.get_alignment() or () for phone in _phones(word, known)]


def _decode(decoder: Any, sound: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(sound, full_utt=True)
    decoder.end_utt()


def _phones(word: Any, known: dict[str, tuple[tuple[str, int], ...]]) -> Iterator[tuple[str, float, float, float]]:
    found = [(entry.name, entry.start * FRAME_S, entry.duration * FRAME_S, float(entry.score)) for entry in word]
    symbols = known.get(word.name) or tuple((_english(name, word.name), 1) for name, *_ in found)
    first = 0
    for symbol, count in symbols:
        some = found[first : first + count]
        first += count
        if some:
            yield symbol, some[0][1], some[-1][1] + some[-1][2], sum(score for *_, score in some)


def _english(phone: str, word: str) -> str:
    """SIL and the fillers (+BREATH+) are pauses; AH is a schwa in most words, and the dictionary does not say where."""
    if phone == "SIL" or phone.startswith("+"):
        return PAUSE
    plain = word.split("(")[0]
    if phone == "AH" and (plain in WEAK or not any("ʌ" in symbol for symbol in _symbols(plain, "en-us"))):
        return "ə"
    return from_arpabet(phone)


def _tidy(found: list[tuple[str, float, float, float]], length: float) -> Aligned:
    """In the time of the sound without its padding, as phones that tile it."""
    symbols = [symbol for symbol, *_ in found]
    starts = [start - PADDING_S + EARLY_S for _, start, _, _ in found]
    frames = sum(end - start for symbol, start, end, _ in found if symbol != PAUSE) / FRAME_S
    total = sum(score for symbol, _, _, score in found if symbol != PAUSE)
    names, borders = tiled(symbols, starts, length)
    return Aligned(names, borders[:-1], borders[1:], total / max(frames, 1.0))
