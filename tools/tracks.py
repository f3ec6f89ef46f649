"""Tracks of faces: what `track_faces.py` writes, and tracking as functions for other tools.

A track is one stretch of video as motion at 25 Hz with its sound; a folder holds one .npz for each.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.audio.audio_file_model import SoundFile, SoundFileError
from avatar_nodes.features.resample_model import PolyphaseResampler
from avatar_nodes.tracking.face_follower_model import FaceFollower
from avatar_nodes.tracking.face_tracker_model import track_face
from avatar_nodes.tracking.person_model import Person
from avatar_nodes.tracking.seen_face_model import stand
from avatar_nodes.tracking.video_file_model import TimedPicture, read_video, sound_lead

MOTION_RATE = 25.0
SAMPLE_RATE = 16000
HOLE_S = 0.1  # between two read pictures: across more than this the face is not known
JUMP = 0.5  # inter-pupil distances in one frame: a cut, not a move

Floats = NDArray[np.float32]


@dataclass
class Track:
    """One face over T frames at 25 Hz from the first picture on; see `face_tracker_model` for the units."""

    name: str
    source: str
    head: Floats  # (T, 6)
    expression: Floats  # (T, 52)
    gaze: Floats  # (T, 2)
    closure: Floats  # (T,)
    aperture: Floats  # (T,) gap of the inner lips, inter-pupil distances
    width: Floats  # (T,)
    eye_open: Floats  # (T,) 0 shut, 1 at rest
    valid: NDArray[np.bool_]  # (T,) the face was seen
    samples: NDArray[np.int16]  # 16 kHz mono from the first picture on; empty where there is no sound
    motion_rate: float = MOTION_RATE


@dataclass
class Landmarks:
    """Landmarks (T, 478, 3) px on the 25 Hz grid, and where they are known (T,)."""

    points: Floats
    valid: NDArray[np.bool_]


def track_video(path: Path, person: Person | None = None) -> Track:
    """Track the largest face of a video file; raises VideoFileError."""
    return track_landmarks(follow(read_video(path)), path.stem, str(path), person, sound_of(path))


def track_frames(
    frames: Iterable[NDArray[np.uint8]], rate: float | Fraction, person: Person | None = None, both_ways: bool = True
) -> Track:
    """Track the face in RGB frames (height, width, 3) at `rate` a second, without sound."""
    pictures = (TimedPicture(float(i / rate), frame) for i, frame in enumerate(frames))
    return track_landmarks(follow(pictures, both_ways), "frames", "frames", person)


def follow(pictures: Iterable[TimedPicture], both_ways: bool = True) -> Landmarks:
    """Read the landmarks of every picture, and put them on the grid by the pictures' own times."""
    times, found, last = [], [], 0.0
    with FaceFollower(both_ways) as follower:
        for picture in pictures:
            last = picture.seconds
            landmarks = follower.read(picture.pixels)
            if landmarks is not None:
                times.append(picture.seconds)
                found.append(landmarks.astype(np.float32))
    frames = int(last * MOTION_RATE + 1e-6) + 1
    if not found:
        return Landmarks(np.zeros((frames, 478, 3), np.float32), np.zeros(frames, bool))
    return _on_grid(np.array(times), np.stack(found), frames)


def _on_grid(times: NDArray[np.float64], points: Floats, frames: int) -> Landmarks:
    grid = np.arange(frames) / MOTION_RATE
    after = np.clip(np.searchsorted(times, grid), 1, max(len(times) - 1, 1))
    before, after = np.minimum(after - 1, len(times) - 1), np.minimum(after, len(times) - 1)
    span = np.maximum(times[after] - times[before], 1e-9)
    weight = np.clip((grid - times[before]) / span, 0.0, 1.0).astype(np.float32)[:, None, None]
    placed = points[before] * (1 - weight) + points[after] * weight
    apart = np.abs(np.stack([grid - times[before], grid - times[after]])).min(0)
    valid = (apart < 1 / MOTION_RATE) & ((span < HOLE_S) | (apart < 1e-3))
    return Landmarks(placed, valid & ~_cuts(placed))


def _cuts(points: Floats) -> NDArray[np.bool_]:
    """Frames next to a jump of the whole face."""
    standing = stand(points.astype(np.float64))
    jump = np.abs(np.diff(standing.shift[:, :2], axis=0)).max(1) > JUMP
    cut = np.zeros(len(points), bool)
    cut[:-1] |= jump
    cut[1:] |= jump
    return cut


def track_landmarks(
    landmarks: Landmarks,
    name: str,
    source: str,
    person: Person | None = None,
    samples: NDArray[np.int16] | None = None,
) -> Track:
    """The track of followed landmarks; the person is calibrated from the frames where the face is seen."""
    points = landmarks.points.astype(np.float64)
    frames = len(points)
    sound = np.zeros(0, np.int16) if samples is None else samples
    if landmarks.valid.sum() < 5:
        nothing = [np.zeros((frames, *rest), np.float32) for rest in ((6,), (52,), (2,), (), (), (), ())]
        return Track(name, source, *nothing, np.zeros(frames, bool), sound)
    face = track_face(points, person or Person.of(points[landmarks.valid]))
    seen = (face.head, face.expression, face.gaze, face.closure, face.aperture, face.width, face.eye_open)
    return Track(name, source, *(part.astype(np.float32) for part in seen), landmarks.valid, sound)


def sound_of(path: Path) -> NDArray[np.int16]:
    """The sound (samples,) 16 kHz mono from the first picture on; empty where there is none."""
    try:
        file = SoundFile(path)
    except SoundFileError:
        return np.zeros(0, np.int16)
    try:
        sound = np.concatenate([np.zeros(0, np.float32), *(block.mean(1) for block in file.blocks())])
    finally:
        file.close()
    sound = sound[round(max(sound_lead(path), 0.0) * file.rate) :]
    resampler = PolyphaseResampler(file.rate, SAMPLE_RATE)
    late = round(resampler.delay_s * file.rate)
    sound = np.concatenate([sound, np.zeros(late, np.float32)])
    parts = [resampler.add(sound[start : start + file.rate]) for start in range(0, len(sound), file.rate)]
    made = np.concatenate([np.zeros(0, np.float32), *parts])[round(resampler.delay_s * SAMPLE_RATE) :]
    return np.asarray(np.rint(np.clip(made, -1.0, 1.0) * 32767), np.int16)


def write_track(folder: Path, track: Track) -> None:
    """Write `folder`/NAME.npz; what is there is whole at any time."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{track.name}.npz"
    unfinished = target.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        np.savez(file, **{field.name: np.asarray(getattr(track, field.name)) for field in fields(Track)})
    os.replace(unfinished, target)


def read_tracks(folder: Path) -> list[Track]:
    """Every track in `folder`, by name."""
    return [read_track(path) for path in sorted(folder.glob("*.npz"))]


def read_track(path: Path) -> Track:
    """One track."""
    with np.load(path, allow_pickle=False) as held:
        kept = {field.name: held[field.name] for field in fields(Track)}
    for name in ("name", "source"):
        kept[name] = str(kept[name])
    kept["motion_rate"] = float(kept["motion_rate"])
    return Track(**kept)
