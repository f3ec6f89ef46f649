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
LINE_PIECE_LENGTH = 100  # of a line that is waited for: its beginning is ready sooner
LONGEST_PIECE = 2 * PIECE_LENGTH  # a sentence beyond that is cut
STRESS = str.maketrans("", "", "ˈˌ")
SWITCH = "("  # "(en)": from here on in another language; its time belongs to the phone before it
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])\s*|\n\s*\n")
_CLAUSE_END = re.compile(r"[,;:]\s+|[，；：、]")
_SPACE = re.compile(r"\s+")


class UnknownVoice(Exception):
    """espeak-ng has no such voice; `fix` names those nearest to it."""

    def __init__(self, name: str, near: list[str]) -> None:
        self.what = f"espeak-ng has no voice {name!r}"
        self.fix = f"did you mean {' or '.join(near[:3])}?"
        super().__init__(f"{self.what}; {self.fix}")


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


def pieces_of(text: str, least: int = PIECE_LENGTH) -> list[str]:
    """Split a text between sentences into pieces of at least so many characters; none is empty.

    A sentence longer than LONGEST_PIECE is split between clauses, else words, else anywhere.
    """
    pieces = [""]
    for sentence in _SENTENCE_END.split(text):
        for part in _cut_long(sentence):
            if len(pieces[-1]) >= least or len(pieces[-1]) + len(part) > LONGEST_PIECE:
                pieces.append("")
            pieces[-1] = f"{pieces[-1]} {part}".strip()
    return [piece for piece in pieces if piece]


def _cut_long(sentence: str) -> Iterator[str]:
    while len(sentence) > LONGEST_PIECE:
        end = LONGEST_PIECE
        for border in (_CLAUSE_END, _SPACE):
            if borders := list(border.finditer(sentence, 0, LONGEST_PIECE)):
                end = borders[-1].end()
                break
        yield sentence[:end]
        sentence = sentence[end:]
    yield sentence


def spoken(pieces: list[str], delivery: Delivery) -> Iterator[Piece]:
    """The sound of each piece, in order, with silence before the first and after the last.

    The pause at the end of a piece goes to the next one, so that it is one phone.
    """
    position = 0
    lead = np.zeros(0, np.float32)
    for index, text in enumerate(pieces):
        sound = speak(text, delivery.voice, delivery.speed_wpm, delivery.pitch)
        starts = [(symbol, start) for symbol, start in sound.starts if not symbol.startswith(SWITCH)]
        last = index == len(pieces) - 1
        if index == 0:
            lead = np.zeros(round(delivery.lead_in_s * sound.sample_rate), np.float32)
        after = round(delivery.lead_out_s * sound.sample_rate) if last else 0
        samples = np.concatenate([lead, sound.samples, np.zeros(after, np.float32)])
        marks = [("", 0), *((symbol, start + len(lead)) for symbol, start in starts)]
        marks.append(("", len(lead) + len(sound.samples)))
        phones = _tiled(marks, position, len(samples))
        held = phones.pop() if phones[-1].symbol == PAUSE and not last else None
        end = held.start - position if held else len(samples)
        lead = samples[end:]
        yield Piece(samples[:end], phones)
        position += end


def spoken_line(line: str, voice: str, speed_wpm: int, pitch: int) -> Iterator[Piece]:
    """The same for a line that is waited for, without silence around it."""
    return spoken(pieces_of(line, LINE_PIECE_LENGTH), Delivery(voice, speed_wpm, pitch, 0.0, 0.0))


def find_voice(name: str) -> str:
    """What espeak-ng calls the voice `name` (`en-us`, `en-gb+f3`); raises UnknownVoice."""
    language, plus, variant = name.partition("+")
    known = voices()
    found = known.get(language.lower())
    if found is None:
        near = difflib.get_close_matches(language.lower(), known, n=3, cutoff=0.6)
        near = near or [tag for tag in known if tag[:2] == language.lower()[:2]] or ["en-us"]
        raise UnknownVoice(name, near)
    if plus and variant not in variant_names():
        near = difflib.get_close_matches(variant, variant_names(), n=3, cutoff=0.4)
        raise UnknownVoice(name, [f"{language}+{other}" for other in near or ["f3", "m3"]])
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


def in_step(sounds: Iterator[Piece], size: int) -> Iterator[Piece]:
    """The same speech in chunks of `size` samples, each with the phones that start in it."""
    samples = np.zeros(0, np.float32)
    phones: list[Phone] = []
    position = 0
    for piece in sounds:
        samples = np.concatenate([samples, piece.samples])
        phones += piece.phones
        while len(samples) >= size:
            yield _cut(samples[:size], phones, position + size)
            samples, position = samples[size:], position + size
    if len(samples):
        yield _cut(samples, phones, position + size)


def _cut(samples: NDArray[np.float32], phones: list[Phone], end: int) -> Piece:
    """Take the phones that start before sample `end` off the list."""
    count = sum(phone.start < end for phone in phones)
    taken = phones[:count]
    del phones[:count]
    return Piece(samples, taken)
