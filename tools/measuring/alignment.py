"""The judge: phones of real speech whose text is known, as `align_speech` finds them; kept in a folder once made."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from align_speech import align
from numpy.typing import NDArray

from avatar_nodes.payloads import Phones

RATE = 16_000
POOR = -30.0  # mean acoustic score of a 10 ms frame: below it an alignment is not believed
PAUSE = "_"


@dataclass(frozen=True)
class Aligned:
    """Phones with times in s of the clip; `score` is the mean acoustic score of a 10 ms frame."""

    symbols: tuple[str, ...]  # IPA; "_" is a pause
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    score: float
    spans: tuple[tuple[float, float], ...] = ((0.0, np.inf),)  # where something is known of the clip, s

    @classmethod
    def joined(cls, parts: Sequence[Aligned]) -> Aligned:
        """Stretches of one clip as one."""
        symbols = tuple(symbol for part in parts for symbol in part.symbols)
        starts, ends = (np.concatenate([getattr(part, name) for part in parts]) for name in ("starts", "ends"))
        score = float(np.mean([part.score for part in parts]))
        return cls(symbols, starts, ends, score, tuple(span for part in parts for span in part.spans))

    def moved(self, start: float, end: float) -> Aligned:
        """The phones of a stretch of a clip, from `start` to `end`, in the clip's time."""
        return replace(self, starts=self.starts + start, ends=self.ends + start, spans=((start, end),))

    def phones(self) -> Phones:
        """As a packet of phones at time zero."""
        starts = np.round(self.starts * 1e9).astype(np.int64)
        ends = np.round(self.ends * 1e9).astype(np.int64)
        return Phones(self.symbols, starts, ends - starts)


def align_cached(samples: NDArray[np.int16], text: str, cache: Path | None) -> Aligned:
    """Phones of 16 kHz mono speech (n,) that says `text`, looked up in a folder by sound and text."""
    words = spoken_words(text)
    key = hashlib.sha256(samples.tobytes() + words.encode()).hexdigest()[:20]
    path = None if cache is None else cache / f"{key}.json"
    if path is not None and path.exists():
        held = json.loads(path.read_text(encoding="utf-8"))
        return Aligned(tuple(held["symbols"]), np.array(held["starts"]), np.array(held["ends"]), held["score"])
    found = align(samples, words)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = {"symbols": found.symbols, "starts": found.starts.tolist(), "ends": found.ends.tolist()}
        path.write_text(json.dumps(held | {"score": found.score}), encoding="utf-8")
    return Aligned(found.symbols, found.starts, found.ends, found.score)


def spoken_words(text: str) -> str:
    """The text as it is spoken: what stands in brackets is a remark."""
    return " ".join(re.findall(r"[a-z']+", re.sub(r"\(.*?\)", " ", text.lower()).replace("-", " ")))
