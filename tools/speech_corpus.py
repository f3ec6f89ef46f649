"""Speech with exact phone times on disk: one .npz a voice, and a table of where each came from.

A corpus is a folder of VOICE.npz files and LICENCES.csv. A voice's utterances lie end to end in one array.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

SAMPLE_RATE = 16000
PAUSE = "_"
LICENCES = "LICENCES.csv"
LICENCE_COLUMNS = ("voice", "language", "source", "origin", "licence")
_NEXT = "\n"  # between symbols in a file: no symbol holds it

# ARPAbet, as flite, festival and CMUdict write it, to IPA; a stress digit at the end is dropped before the look-up.
ARPABET: dict[str, str] = {
    "aa": "ɑ", "ae": "æ", "ah": "ʌ", "ao": "ɔ", "aw": "aʊ", "ax": "ə", "axr": "ɚ", "ay": "aɪ", "b": "b", "ch": "tʃ",
    "d": "d", "dh": "ð", "dx": "ɾ", "eh": "ɛ", "el": "əl", "em": "m", "en": "ən", "er": "ɚ", "ey": "eɪ", "f": "f",
    "g": "ɡ", "hh": "h", "hv": "ɦ", "ih": "ɪ", "ix": "ɨ", "iy": "i", "jh": "dʒ", "k": "k", "l": "l", "m": "m",
    "n": "n", "ng": "ŋ", "nx": "ɾ", "ow": "oʊ", "oy": "ɔɪ", "p": "p", "q": "ʔ", "r": "ɹ", "s": "s", "sh": "ʃ",
    "t": "t", "th": "θ", "uh": "ʊ", "uw": "u", "ux": "ʉ", "v": "v", "w": "w", "wh": "ʍ", "y": "j", "z": "z",
    "zh": "ʒ", "pau": PAUSE, "h#": PAUSE, "#": PAUSE, "brth": PAUSE, "sil": PAUSE, "ssil": PAUSE,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Utterance:
    """Some seconds of one voice; the phones tile it."""

    name: str
    voice: str
    language: str  # as IETF writes it: "en-us"
    source: str  # the synthesizer, or "human"
    samples: NDArray[np.int16]  # (n,) at SAMPLE_RATE
    symbols: tuple[str, ...]  # (m,) IPA; PAUSE is a pause
    starts: NDArray[np.float64]  # (m,) s
    ends: NDArray[np.float64]  # (m,) s

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / SAMPLE_RATE


@dataclass(frozen=True)
class Licence:
    """What one voice is and may be used for, a row of LICENCES.csv."""

    voice: str
    language: str
    source: str
    origin: str
    licence: str


def from_arpabet(phone: str) -> str:
    """The IPA symbol of an ARPAbet phone, in either case, with or without a stress digit; KeyError for another."""
    return ARPABET[phone.lower().rstrip("0123456789")]


def at_16_khz(samples: NDArray[np.float32] | NDArray[np.int16], sample_rate: int) -> NDArray[np.int16]:
    """Resample (n,) float -1 to 1 or int16; what would clip is made quieter as a whole."""
    scale = 1 / 32768 if samples.dtype == np.int16 else 1.0
    sound = samples.astype(np.float32) * np.float32(scale)
    if sample_rate != SAMPLE_RATE:
        sound = soxr.resample(sound, sample_rate, SAMPLE_RATE, quality="VHQ")
    loudest = float(np.abs(sound).max(initial=0.0))
    if loudest > 0.99:
        sound = sound * np.float32(0.99 / loudest)
    return np.asarray(np.round(sound * 32767), np.int16)


def tiled(
    symbols: Sequence[str], starts: Iterable[float], length: float
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Phones that tile 0 to `length` s: neighbouring pauses made one, empty ones dropped; the m + 1 borders (s)."""
    kept: list[str] = [PAUSE]
    borders = [0.0]
    for symbol, start in sorted(zip(symbols, starts, strict=True), key=lambda phone: phone[1]):
        start = min(max(start, 0.0), length)
        if start - borders[-1] < 1e-4:
            kept.pop()
            borders.pop()
        if not kept or symbol != PAUSE or kept[-1] != PAUSE:
            kept.append(symbol)
            borders.append(start if borders else 0.0)
    while len(kept) > 1 and length - borders[-1] < 1e-4:
        kept.pop()
        borders.pop()
    return tuple(kept), np.array([*borders, length])


def write_voice(folder: Path, voice: str, utterances: Sequence[Utterance]) -> Path:
    """Write FOLDER/VOICE.npz in one piece: whoever reads sees all of it or nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    path, half_done = folder / f"{voice}.npz", folder / f".{voice}.npz.part"
    with half_done.open("wb") as file:
        np.savez(
            file,
            names=np.array([item.name for item in utterances]),
            language=np.array([item.language for item in utterances]),
            source=np.array([item.source for item in utterances]),
            samples=np.concatenate([item.samples for item in utterances]),
            sample_counts=np.array([len(item.samples) for item in utterances]),
            symbols=np.array([_NEXT.join(item.symbols) for item in utterances]),
            starts=np.concatenate([item.starts for item in utterances]).astype(np.float32),
            ends=np.concatenate([item.ends for item in utterances]).astype(np.float32),
        )
    half_done.replace(path)
    return path


def read_voice(path: Path) -> list[Utterance]:
    """The utterances of one file."""
    with np.load(path, allow_pickle=False) as file:
        table = {key: file[key] for key in file.files}
    symbols = [tuple(str(text).split(_NEXT)) for text in table["symbols"]]
    sounds = np.split(table["samples"], np.cumsum(table["sample_counts"])[:-1])
    borders = np.cumsum([len(some) for some in symbols])[:-1]
    starts, ends = (np.split(table[key].astype(np.float64), borders) for key in ("starts", "ends"))
    labels = zip(table["names"], table["language"], table["source"], strict=True)
    return [
        Utterance(str(name), path.stem, str(language), str(source), sounds[i], symbols[i], starts[i], ends[i])
        for i, (name, language, source) in enumerate(labels)
    ]


def read_corpus(folder: Path) -> list[Utterance]:
    """Every utterance of every voice, in the order of their names."""
    return [utterance for path in sorted(Path(folder).glob("*.npz")) for utterance in read_voice(path)]


def write_licence(folder: Path, licence: Licence) -> None:
    """Set the row of one voice in FOLDER/LICENCES.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LICENCES
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    rows = {row["voice"]: row for row in csv.DictReader(lines)}
    rows[licence.voice] = {column: getattr(licence, column) for column in LICENCE_COLUMNS}
    half_done = path.with_name(f".{LICENCES}.part")
    with half_done.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, LICENCE_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[voice] for voice in sorted(rows))
    half_done.replace(path)
