"""What videos show of the skin: for each person the flat log-brightness of every frame, and the motion beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.skin_map_model import log_skin
from avatar_nodes.tracking.face_follower_model import FaceFollower
from avatar_nodes.tracking.video_file_model import read_video

MOST_YAW, MOST_PITCH = 25.0, 20.0  # degrees: beyond them half of the map is guessed
VIDEOS_OF_FOLDER = 80  # of one person: about so many are looked at, every second frame
FEWEST = 50  # frames with a face

Floats = NDArray[np.float32]


@dataclass
class SeenSkin:
    """One person over T frames, not all of one piece."""

    name: str
    maps: NDArray[np.float16]  # (T, SIDE, SIDE) log of brightness
    landmarks: Floats  # (T, 478, 3) px
    clip: NDArray[np.int32]  # (T,) which file


def read_person(place: Path, cache: Path) -> SeenSkin:
    """What a video, or all videos of a folder, show of one person; kept in the cache."""
    kept = cache / f"{place.name}.npz"
    if kept.exists():
        with np.load(kept, allow_pickle=False) as held:
            return SeenSkin(place.name, held["maps"], held["landmarks"], held["clip"])
    seen = _look(place)
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = kept.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        np.savez(file, **{field.name: getattr(seen, field.name) for field in fields(SeenSkin)[1:]})
    os.replace(unfinished, kept)
    return seen


def _look(place: Path) -> SeenSkin:
    paths = sorted(path for path in place.iterdir() if path.suffix == ".mp4") if place.is_dir() else [place]
    every = max(len(paths) // VIDEOS_OF_FOLDER, 1)
    maps, points, clips = [], [], []
    for number, path in enumerate(paths[::every]):
        for landmarks, laid in _frames(path, 2 if place.is_dir() else 1):
            maps.append(laid.astype(np.float16))
            points.append(landmarks.astype(np.float32))
            clips.append(number)
    if len(maps) < FEWEST:
        raise ValueError(f"{place}: a face in {len(maps)} frames, expected {FEWEST} at least")
    return SeenSkin(place.name, np.stack(maps), np.stack(points), np.array(clips, np.int32))


def _frames(path: Path, every: int) -> Iterator[tuple[NDArray[np.float64], Floats]]:
    with FaceFollower() as follower:
        for number, picture in enumerate(read_video(path)):
            landmarks = follower.read(picture.pixels)
            if landmarks is not None and number % every == 0:
                yield landmarks, log_skin(picture.pixels, landmarks)
