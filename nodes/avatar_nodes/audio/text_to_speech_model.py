"""Text as sound with exact phone times, piece by piece."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.audio.espeak_model import speak, variant_names, voices

PAUSE = "_"
PIECE_LENGTH = 400  # characters: a shorter text is spoken in one go
STRESS = str.maketrans("", "", "ˈˌ")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])\s*|\n\s*\n")


class UnknownVoice(Exception):
    """espeak-ng has no such voice; `near` has the names nearest to it."""

    def __init__(self, near: list[str]) -> None:
        super().__init__(", ".join(near))
        self.near = near


@dataclass(slots=True)
class Phone:
    """One speech sound, from sample `start` up to sample `end`."""

    symbol: str
    start: int
    end: int


@dataclass(slots=True)
class Piece:
    """A stretch of speech; its phones tile its samples, their positions count from the beginning of the text."""

    samples: NDArray[np.float32]  # (n,)
    phones: list[Phone]


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a text is to be spoken."""

    voice: str  # as `find_voice` gives it
    speed_wpm: int
    pitch: int  # 0 to 99
    lead_in_s: float
    lead_out_s: float


def pieces_of(text: str) -> list[str]:
    """Split a long text between sentences into pieces of some hundred characters, none without a letter."""
    pieces = [""]
    for sentence in _SENTENCE_END.split(text):
        if len(pieces[-1]) >= PIECE_LENGTH:
            pieces.append("")
        pieces[-1] = f"{pieces[-1]} {sentence}".strip()
    return [piece for piece in pieces if piece]


def spoken(pieces: list[str], delivery: Delivery) -> Iterator[tuple[int, Piece]]:
    """The sample rate and the sound of each piece, in order, with silence before the first and after the last."""
    position = 0
    for index, text in enumerate(pieces):
        sound = speak(text, delivery.voice, delivery.speed_wpm, delivery.pitch)
        before = round(delivery.lead_in_s * sound.sample_rate) if index == 0 else 0
        after = round(delivery.lead_out_s * sound.sample_rate) if index == len(pieces) - 1 else 0
        samples = np.pad(sound.samples, (before, after))
        marks = [("", 0), *((symbol, start + before) for symbol, start in sound.starts)]
        marks.append(("", before + len(sound.samples)))
        yield sound.sample_rate, Piece(samples, _tiled(marks, position, len(samples)))
        position += len(samples)


def find_voice(name: str) -> str:
    """What espeak-ng calls the voice `name` (`en-us`, `en-gb+f3`); raises UnknownVoice."""
    language, plus, variant = name.partition("+")
    known = voices()
    found = known.get(language.lower())
    if found is None:
        near = difflib.get_close_matches(language.lower(), known, n=3, cutoff=0.6)
        raise UnknownVoice(near or [tag for tag in known if tag[:2] == language.lower()[:2]] or ["en-us"])
    if plus and variant not in variant_names():
        near = difflib.get_close_matches(variant, variant_names(), n=3, cutoff=0.4)
        raise UnknownVoice([f"{language}+{other}" for other in near or ["f3", "m3"]])
    return found + plus + variant


def _tiled(marks: list[tuple[str, int]], offset: int, length: int) -> list[Phone]:
    """Phones from where each one starts: pauses merged, nothing of zero length, no hole from 0 to `length`."""
    phones: list[Phone] = []
    ends = [start for _, start in marks[1:]] + [length]
    for (mark, start), end in zip(marks, ends, strict=True):
        symbol = mark.translate(STRESS) or PAUSE
        if end <= start:
            continue
        if phones and symbol == PAUSE == phones[-1].symbol:
            phones[-1].end = offset + end
        else:
            phones.append(Phone(symbol, offset + start, offset + end))
    return phones


def in_step(sounds: Iterator[tuple[int, Piece]], chunk_ms: int) -> Iterator[tuple[int, Piece]]:
    """The same speech in chunks of `chunk_ms`, each with the phones that start in it."""
    samples = np.zeros(0, np.float32)
    phones: list[Phone] = []
    position = 0
    rate = size = 0
    for rate, piece in sounds:
        size = rate * chunk_ms // 1000
        samples = np.concatenate([samples, piece.samples])
        phones += piece.phones
        while len(samples) >= size:
            yield rate, _cut(samples[:size], phones, position + size)
            samples, position = samples[size:], position + size
    if len(samples):
        yield rate, _cut(samples, phones, position + size)


def _cut(samples: NDArray[np.float32], phones: list[Phone], end: int) -> Piece:
    """Take the phones that start before sample `end` off the list."""
    count = sum(phone.start < end for phone in phones)
    taken = phones[:count]
    del phones[:count]
    return Piece(samples, taken)
