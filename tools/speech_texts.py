"""What the synthesizers are to say: sentences from text files, and made-up ones rich in lip sounds.

Debian's packages of fortunes bring enough text in nine languages; any other plain text does as well.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import numpy as np

_FORTUNES = Path("/usr/share/games/fortunes")
_FILES: dict[str, tuple[str, ...]] = {
    "en": ("computers", "definitions", "education", "food", "fortunes", "humorists", "kids", "law", "literature",
           "love", "magic", "medicine", "miscellaneous", "news", "people", "pets", "platitudes", "politics", "science",
           "sports", "startrek", "tao", "wisdom", "work", "riddles", "pratchett"),
    "de": ("de/*",),
    "es": ("es/*",),
    "it": ("it/*", "italia", "formiche", "leggi", "definizioni"),
    "pl": ("pl/*",),
    "pt": ("brasil",),
    "zh": ("tang300", "song100", "chinese"),
}  # fmt: skip
_WORD_LISTS = {"fr": "french", "en": "american-english", "de": "ngerman", "it": "italian", "es": "spanish"}
_PACKAGES = {"fr": "wfrench", "zh": "fortunes-zh", "pt": "fortunes-br", "en": "fortunes"}
_NO_TEXT = (".dat", ".u8")
SHORTEST, LONGEST = 12, 160  # characters of a sentence; a Chinese one counts three times

# Everyday sentences that files of quotations lack: many p b m f v w, questions, numbers, short answers.
_FRAMES: tuple[str, ...] = (
    "Maybe we should buy {n} more {w} before Monday.", "Please put my {w} by the {w}.", "Very few people want {w}.",
    "My mother moved from {w} to {w} in {n}.", "Wait, what about the {w}?", "Both of them believe in {w}.",
    "I have {n} {w} and {n} {w}.", "Why would you do {w}, if {w} works?", "Of course, {w}.", "Hmm, maybe not.",
    "We've been above the {w} for {n} weeks.", "Give me five minutes, I'm almost there.", "Pop, bob, mom, fife, verve.",
    "Five brave women paved a path from {w} to {w}.", "Hello, my name is {w}, and I am from {w}.", "Oh my, wow!",
    "That makes {n}, {n} and {n}.", "Call me back at {n}, {n}, {n}.", "No, no, no. Yes. Well, {w}.", "Yes.", "No.",
    "Thank you very much.", "The baby bumped a pump, a map and a lamp.", "{w}, {w}, {w}.", "{w}.", "{n}.",
    "I was wondering whether you could help me with {w}.", "She showed us how the {w} moves.", "{w} or {w}?",
)  # fmt: skip
_NO_SPEECH = re.compile(r"[|<>{}\[\]_=~^*#@\\/+$%&]|--- |https?:|\.\.\.\.|\d{5}")
_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])\s*|\n\s*\n|\n%\n")


def find_files(language: str) -> list[Path]:
    """Texts in this language that Debian's packages have put on this machine."""
    patterns = _FILES.get(language, ())
    paths = {path for pattern in patterns for path in _FORTUNES.glob(pattern)}
    return sorted(path for path in paths if path.is_file() and not path.is_symlink() and path.suffix not in _NO_TEXT)


def package_of(language: str) -> str:
    """The Debian package that brings text in this language."""
    return _PACKAGES.get(language, f"fortunes-{language}")


def sentences_of(text: str, language: str) -> list[str]:
    """The plain sentences of a text, each once, in order: no tables, no code, nothing very short or long."""
    found: dict[str, None] = {}
    for piece in _END.split(text.replace("\r", "")):
        sentence = " ".join(unicodedata.normalize("NFC", piece).replace("--", ", ").replace('"', "").split())
        if _is_plain(sentence, 3 if language == "zh" else 1):
            found[sentence] = None
    return list(found)


def _is_plain(sentence: str, weight: int) -> bool:
    if not SHORTEST <= weight * len(sentence) <= LONGEST or _NO_SPEECH.search(sentence):
        return False
    letters = sum(character.isalpha() for character in sentence)
    capitals = sum(character.isupper() for character in sentence)
    return letters >= 0.7 * len(sentence) and capitals <= 0.3 * letters


def read_sentences(paths: list[Path], language: str) -> list[str]:
    """The sentences of some files; where there is none, phrases from the language's word list."""
    found: dict[str, None] = {}
    for path in paths:
        found.update(dict.fromkeys(sentences_of(path.read_text("utf-8", "replace").replace("\n%\n", "\n\n"), language)))
    return list(found) or _phrases(language)


def read_words(language: str) -> list[str]:
    """Lower-case words of the language's word list, none long; without the list, none."""
    path = Path("/usr/share/dict") / _WORD_LISTS.get(language, language)
    words = path.read_text("utf-8").split() if path.is_file() else []
    return [word for word in words if word.isalpha() and word.islower() and 2 < len(word) < 11]


def _phrases(language: str, count: int = 3000) -> list[str]:
    """Words in no order, with commas here and there: no sense, but the language's sounds."""
    words, rng = read_words(language), np.random.default_rng(len(language))
    if not words:
        return []
    lines = (rng.choice(words, int(rng.integers(3, 10))) for _ in range(count))
    return [" ".join(word + ("," if rng.random() < 0.15 else "") for word in line).rstrip(",") + "." for line in lines]


def made_up(words: list[str], rng: np.random.Generator) -> str:
    """An English sentence from a frame, its blanks filled with words and numbers."""
    frame = _FRAMES[rng.integers(len(_FRAMES))]
    while "{w}" in frame:
        frame = frame.replace("{w}", words[rng.integers(len(words))], 1)
    while "{n}" in frame:
        frame = frame.replace("{n}", str(rng.integers(int(10 ** rng.integers(1, 5)))), 1)
    return frame
