"""Talking clips for self-reenactment: pictures, landmarks, whose face it is, and the frame that serves as the photo."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.canonical_model import LIPS_INNER, LIPS_OUTER
from avatar_nodes.face.read_face_model import shrunk
from avatar_nodes.tracking.face_follower_model import FaceFollower
from avatar_nodes.tracking.person_model import Person
from avatar_nodes.tracking.seen_face_model import lid_aspects, stand, turn_angles
from avatar_nodes.tracking.video_file_model import VideoFileError, read_video

# The same person under several names, and the one whose sentences (GRID) the shapes were learned from.
PEOPLE = {
    "lipnet_bbaf2n": "GRID speaker (seen)",
    "sadtalker_WDA_AlexandriaOcasioCortez": "AOC",
    "videoretalking_3": "AOC",
}
LEAST_FRAMES = 10
LARGEST = 1920  # px: a photo is used at no more than that
LIPS = [*LIPS_OUTER, *LIPS_INNER]
ONE_DEGREE = 0.005  # inter-pupil distances that a degree of turn counts for
SHUT = 0.1  # and shut lids


@dataclass(frozen=True)
class Clip:
    """One face of a video; pictures are kept for some of its frames only."""

    name: str
    times: NDArray[np.int64]  # (T,) ns
    landmarks: NDArray[np.float64]  # (T, 478, 3) px
    kept: NDArray[np.int64]  # (n,) frames whose pictures are kept
    pictures: list[NDArray[np.uint8]]  # n of RGB

    @property
    def person(self) -> str:
        """Whose face it is, as far as known."""
        stem = Path(self.name).stem
        return next((person for start, person in PEOPLE.items() if stem.startswith(start)), stem)

    def photo(self) -> int:
        """Which of the kept frames is nearest to rest: a face as the person's neutral one, frontal, eyes open."""
        person = Person.of(self.landmarks)
        standing = stand(self.landmarks, person.landmarks)
        heads = standing.into_head(self.landmarks)
        change = np.linalg.norm(heads - person.landmarks, axis=2)
        turned = np.abs(turn_angles(standing.rotation)[:, :2]).max(1)
        lids = np.abs(lid_aspects(heads) / person.lids_rest - 1.0).max(1)
        away = change.mean(1) + change[:, LIPS].mean(1) + turned * ONE_DEGREE + lids * SHUT
        return int(np.argmin(away[self.kept]))


def read_clip(path: Path, seconds: float, every: int, cache: Path | None) -> Clip:
    """The first `seconds` of a clip, every so many pictures kept; raises VideoFileError."""
    known = None if cache is None else cache / f"{path.name}.{seconds:g}.npz"
    times, pictures = [], []
    for picture in read_video(path):
        if picture.seconds >= seconds:
            break
        times.append(round(picture.seconds * 1e9))
        pictures.append(shrunk(picture.pixels, LARGEST)[0])
    if known is not None and known.exists():
        with np.load(known, allow_pickle=False) as held:
            found, seen = held["points"], held["seen"]
    else:
        found, seen = _followed(pictures)
        if known is not None:
            _keep(known, found, seen)
    if len(seen) < LEAST_FRAMES:
        raise VideoFileError(f"{path}: a face was found in {len(seen)} frames", "give a video of one face")
    kept = np.arange(0, len(seen), every)
    return Clip(path.name, np.array(times)[seen], found, kept, [pictures[seen[at]] for at in kept])


def _followed(pictures: list[NDArray[np.uint8]]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    with FaceFollower() as follower:
        read = [follower.read(picture) for picture in pictures]
    seen = np.array([at for at, points in enumerate(read) if points is not None], np.int64)
    points = [points for points in read if points is not None]
    return np.stack(points) if points else np.zeros((0, 478, 3)), seen


def _keep(path: Path, points: NDArray[np.float64], seen: NDArray[np.int64]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        np.savez(file, points=points, seen=seen)
    os.replace(unfinished, path)
