"""The real speech that is measured on: which clips there are, what is said in them, and which are held out."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from avatar_nodes.audio.audio_file_model import SoundFile
from measuring.alignment import POOR, RATE, Aligned, align_cached

OWN_TABLE = Path(__file__).with_name("transcripts.csv")
HELD_OUT_EVERY = 3
PEAK = 0.7  # what is aligned is brought to this peak: the judge listens to words, not to levels


@dataclass(frozen=True)
class Said:
    """A text and where in a clip it is spoken, s; `end` 0 is the clip's end."""

    text: str
    start: float = 0.0
    end: float = 0.0


@dataclass(frozen=True)
class Clip:
    """One recording; `kind` tells where its text is from: known, decoded (by the judge's own ears), or none."""

    path: Path
    language: str
    kind: str
    said: tuple[Said, ...] = ()

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.path.name

    @property
    def held_out(self) -> bool:
        """Whether no choice may be made on it."""
        return held_out(self.name)


def held_out(name: str) -> bool:
    """A third of the clips, by the checksum of the name of the file."""
    return zlib.crc32(name.encode()) % HELD_OUT_EVERY == 0


def read_clips(data: Path, own_table: Path = OWN_TABLE) -> list[Clip]:
    """Every clip that our table or DATA/transcripts.csv names and that is there, sorted by name."""
    texts: dict[str, list[Said]] = {}
    with (data / "transcripts.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            texts[row["file"]] = [Said(row["text"])]
    clips = {}
    for file, rows in _own_rows(own_table):
        language, kind = rows[0]["language"], rows[0]["kind"]
        own = [Said(row["text"], float(row["start"] or 0), float(row["end"] or 0)) for row in rows if row["text"]]
        said = tuple(own or texts.get(file, [])) if language == "en" and kind != "none" else ()
        if (data / file).exists():
            clips[file] = Clip(data / file, language, kind, said)
    for file in texts.keys() - clips.keys():  # somebody's own
        if (data / file).exists():
            clips[file] = Clip(data / file, "en", "known", tuple(texts[file]))
    return [clips[file] for file in sorted(clips)]


def _own_rows(table: Path) -> Iterator[tuple[str, list[dict[str, str]]]]:
    rows: dict[str, list[dict[str, str]]] = {}
    with table.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            rows.setdefault(row["file"], []).append(row)
    yield from rows.items()


def sound_of(path: Path) -> NDArray[np.float32]:
    """The sound of any media file from its time zero, mono at 16 kHz."""
    file = SoundFile(path)
    try:
        mono = np.concatenate(list(file.blocks())).mean(axis=1)
    finally:
        file.close()
    return np.asarray(soxr.resample(mono, file.rate, RATE), np.float32)


def phones_of(clip: Clip, cache: Path | None) -> Aligned | None:
    """The phones of a clip whose text is known; None without text, or where no part of it aligns well."""
    if not clip.said:
        return None
    samples = sound_of(clip.path)
    samples *= PEAK / max(float(np.abs(samples).max(initial=0.0)), 1e-6)
    total_s = len(samples) / RATE
    parts = []
    for said in clip.said:
        end = said.end or total_s
        stretch = samples[round(said.start * RATE) : round(end * RATE)]
        found = align_cached(np.round(stretch * 32767).astype(np.int16), said.text, cache)
        if found.score >= POOR:
            parts.append(found.moved(said.start, end))
    return Aligned.joined(parts) if parts else None
