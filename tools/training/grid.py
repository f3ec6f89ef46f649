"""The GRID speaker's sentences as a corpus: real speech whose words and their times are published with it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from align_speech import AlignError, align
from measuring.alignment import POOR
from numpy.typing import NDArray
from rich.progress import track
from speech_corpus import PAUSE, SAMPLE_RATE, Utterance, at_16_khz, tiled, write_voice

TICKS = 25_000  # of an .align file, a second
LATE_S = 0.15  # an alignment whose words lie further from the published ones is not believed
SILENCE = ("sil", "sp")


def grid_corpus(folder: Path, corpus: Path) -> None:
    """Write CORPUS/grid.npz from GRID's videos and .align files, unless it is there; validation clips are left out."""
    if (corpus / "grid.npz").exists():
        return
    paths = sorted(path for path in folder.glob("*.mp4") if path.with_suffix(".align").exists())
    if not paths:
        raise FileNotFoundError(f"{folder}: no GRID clips")
    kept = [path for path in paths if zlib.crc32(path.name.encode()) % 10]
    made = [said for path in track(kept, description="aligning GRID") for said in _utterance(path)]
    write_voice(corpus, "grid", made)


def words_of(path: Path) -> list[tuple[str, float, float]]:
    """Words with start and end in s."""
    lines = [line.split() for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
    spoken = [(word, int(start) / TICKS, int(end) / TICKS) for start, end, word in lines]
    return [entry for entry in spoken if entry[0] not in SILENCE]


def sound_of(path: Path) -> NDArray[np.int16]:
    """The first sound track of a video, mono at 16 kHz."""
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        parts = [frame.to_ndarray().astype(np.float32).mean(axis=0) for frame in container.decode(audio=0)]
    return at_16_khz(np.concatenate(parts), int(rate))


def _utterance(path: Path) -> Iterator[Utterance]:
    words = words_of(path.with_suffix(".align"))
    sound = sound_of(path)
    try:
        found = align(sound, " ".join(word for word, _, _ in words))
    except AlignError:
        return
    spoken = [i for i, symbol in enumerate(found.symbols) if symbol != PAUSE]
    late = abs(found.starts[spoken[0]] - words[0][1]), abs(found.ends[spoken[-1]] - words[-1][2])
    if found.score < POOR or max(late) > LATE_S:
        return
    seconds = len(sound) / SAMPLE_RATE
    symbols, borders = tiled([*found.symbols, PAUSE], [*found.starts, found.ends[-1]], seconds)
    yield Utterance(path.stem, "grid", "en-gb", "human", sound, symbols, borders[:-1], borders[1:])
