"""Scenes made once and kept on disk, so that several trainings share the work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from training.scenes import SceneMaker

SHARD = 25  # scenes in a file

Array = NDArray[np.float32]


@dataclass
class Crop:
    """A stretch of a scene; truth at each row."""

    rows: Array  # (n, 82)
    lips: Array  # (n, 12)
    events: Array  # (n, 3)
    phones: NDArray[np.uint8]  # (n,)


class Bank:
    """All scenes of a folder, in memory, half as precise as they were made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shards = [np.load(path) for path in sorted(folder.glob("*.npz"))]
        if not shards:
            raise FileNotFoundError(f"{folder}: no scenes")
        self.rows, self.lips, self.events, self.phones = (
            np.concatenate([shard[name] for shard in shards]) for name in ("rows", "lips", "events", "phones")
        )

    def crop(self, random: np.random.Generator, length: int, speed: float = 1.0) -> Crop:
        """`length` rows from anywhere, played `speed` times as fast."""
        scene = random.integers(len(self.rows))
        span = int(np.ceil(length * speed)) + 1
        first = int(random.integers(self.rows.shape[1] - span))
        part = slice(first, first + span)
        at = np.arange(length) * speed
        low = at.astype(np.int64)
        weight = (at - low).astype(np.float32)[:, None]

        def between(values: NDArray[np.float16]) -> Array:
            exact = values[scene, part].astype(np.float32)
            return exact[low] if speed == 1.0 else exact[low] * (1.0 - weight) + exact[low + 1] * weight

        nearest = np.round(at).astype(np.int64)
        return Crop(between(self.rows), between(self.lips), between(self.events), self.phones[scene, part][nearest])


def missing(folder: Path, count: int) -> list[int]:
    """Numbers of the files that are not there yet."""
    return [number for number in range(-(-count // SHARD)) if not (folder / f"{number:05d}.npz").exists()]


def fill(folder: Path, maker: SceneMaker, count: int, seed: int) -> None:
    """Make what is missing of `count` scenes; a scene depends on its number and the seed alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in track(missing(folder, count), description="scenes"):
        _write_shard(folder / f"{number:05d}.npz", maker, range(number * SHARD, (number + 1) * SHARD), seed)


def _write_shard(path: Path, maker: SceneMaker, numbers: Sequence[int], seed: int) -> None:
    made = [maker.scene(np.random.default_rng([seed, number])) for number in numbers]
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(
            file,
            rows=np.stack([rows for rows, _ in made]),
            lips=np.stack([labels.lips for _, labels in made]).astype(np.float16),
            events=np.stack([labels.events for _, labels in made]).astype(np.float16),
            phones=np.stack([labels.phones for _, labels in made]),
        )
    part.replace(path)
