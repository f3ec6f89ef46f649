"""What the pose learns from: tracked heads and brows with their sound, without what is slow, and varied."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tracks import Track, read_track

from avatar_nodes.control.emotion_model import FACES
from avatar_nodes.features.speech_features_model import SpeechFeatureStream
from avatar_nodes.motion.pose_model import BROW_NAMES
from avatar_nodes.motion.prosody_frames_model import prosody_of
from avatar_nodes.motion.shapes_model import indices_of
from avatar_nodes.payloads import EMOTION_NAMES

Floats = NDArray[np.float32]
LOOKAHEAD = 2  # audio frames that are heard before a motion frame is drawn
SLOW_S = 0.8  # of the window whose local line is the slow part of a head
STEADY_S = 0.3  # of the window that smooths a gaze
KEPT_OUT_EVERY = 10  # files are for validation
SHORTEST = 40  # frames
FURTHEST = 3.5  # of a person's standard deviations: what is beyond is cut
# Signs and places under a mirror: yaw, roll, x; brows left and right.
MIRROR = np.array([-1, 1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], np.float32)
SWAPPED = [0, 1, 2, 3, 4, 5, 6, 8, 7, 10, 9, 11, 12, 13]


@dataclass(frozen=True)
class Piece:
    """A stretch of one track at 25 Hz."""

    name: str  # of the file
    pose: Floats  # (T, 14) as POSE_NAMES, without the slow part, in this person's standard deviations
    slow: Floats  # (T, 14) that slow part: postures and held expressions
    sound: Floats  # (T, 8) prosody, as early as streaming knows it
    gaze: Floats  # (T, 2) degrees, head and eyes together, from the middle of the stretch
    emotion: Floats  # (T, 8)

    @property
    def kept_out(self) -> bool:
        """Whether it is for validation."""
        return zlib.crc32(self.name.encode()) % KEPT_OUT_EVERY == 0


def read_pieces(paths: list[Path]) -> list[Piece]:
    """The pieces of the tracks of one person, who is silent where a track has no sound."""
    tracks = [read_track(path) for path in paths]
    stretches = [(track, start, end) for track in tracks for start, end in _seen(track)]
    if not stretches:
        return []
    poses = [pose_in(track)[start:end] for track, start, end in stretches]
    slow = [local_line(pose, SLOW_S) for pose in poses]
    quick = [pose - line for pose, line in zip(poses, slow, strict=True)]
    quick = _without_mouth_and_lids(quick, [_mouth_and_lids(track)[start:end] for track, start, end in stretches])
    quick = [np.concatenate([_smooth(one[:, :6], 1.0), _smooth(one[:, 6:], 2.0)], axis=1) for one in quick]
    size = np.concatenate(quick).std(axis=0) + 1e-3
    sounds = {track.name: prosody_of(rows_of(track.samples, len(track.head) + LOOKAHEAD)) for track in tracks}
    return [
        Piece(
            Path(track.source).name,
            np.clip(quick[index] / size, -FURTHEST, FURTHEST),
            slow[index],
            sounds[track.name][start + LOOKAHEAD : end + LOOKAHEAD],
            _gaze_of(track, start, end),
            _emotion_of(track.expression[start:end]),
        )
        for index, (track, start, end) in enumerate(stretches)
    ]


def _seen(track: Track) -> list[tuple[int, int]]:
    """The stretches in which the face is seen."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], track.valid.astype(int), [0]])))
    return [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if end - start >= SHORTEST]


def pose_in(track: Track) -> Floats:
    """Head and brows (T, 14) of a track."""
    brows = [track.expression[:, list(indices_of(name))].mean(axis=1) for name in BROW_NAMES]
    return np.concatenate([track.head, np.stack(brows, axis=1)], axis=1)


def _mouth_and_lids(track: Track) -> Floats:
    """What a tracker may take for movement of the head or the brows, (T, 12)."""
    blink = track.expression[:, list(indices_of("eyeBlink"))].mean(axis=1)
    seen = np.stack([track.aperture, track.width, track.eye_open, blink], axis=1)
    early, late = np.concatenate([seen[1:], seen[-1:]]), np.concatenate([seen[:1], seen[:-1]])
    return np.concatenate([early, seen, late], axis=1)


def _without_mouth_and_lids(poses: list[Floats], seen: list[Floats]) -> list[Floats]:
    """Poses less what a linear fit on mouth and lids explains; that part is mostly the tracker's error."""
    centred = np.concatenate([one - one.mean(axis=0) for one in seen])
    moved = np.concatenate([pose - pose.mean(axis=0) for pose in poses])
    ridge = 1e-3 * len(centred) * np.diag(centred.var(axis=0) + 1e-9)
    fit = np.linalg.solve(centred.T @ centred + ridge, centred.T @ moved)
    rest = [one - np.median(one, axis=0) for one in seen]  # open eyes, the usual mouth
    return [(pose - one @ fit).astype(np.float32) for pose, one in zip(poses, rest, strict=True)]


def _gaze_of(track: Track, start: int, end: int) -> Floats:
    look = track.head[start:end, :2] + track.gaze[start:end]
    return local_line(look - np.median(look, axis=0), STEADY_S)


def rows_of(samples: NDArray[np.int16], frames: int) -> Floats:
    """Speech rows (4 frames, 82) of 16 kHz sound; silence after its end."""
    sound = np.zeros(frames * 640, np.float32)
    count = min(len(samples), len(sound))
    sound[:count] = samples[:count] / 32768.0
    rows = SpeechFeatureStream(16000).add(sound)
    return np.concatenate([rows.mel, rows.loudness[:, None], rows.pitch[:, None]], axis=1)


def local_line(values: Floats, sigma_s: float) -> Floats:
    """At each frame the value of a line fitted to its surroundings, (T, n): a low pass that is fair at both ends."""
    seconds = np.arange(len(values)) / 25.0
    ago = seconds[:, None] - seconds
    weight = np.exp(-0.5 * (ago / sigma_s) ** 2)
    sums = [(weight * ago**power).sum(axis=1)[:, None] for power in range(3)]
    kernel = (sums[2] - sums[1] * ago) * weight / (sums[0] * sums[2] - sums[1] ** 2)
    return (kernel @ values).astype(np.float32)


def _smooth(values: Floats, sigma: float) -> Floats:
    """A Gaussian low pass over frames, (T, n): less of the tracker's noise."""
    weight = np.exp(-0.5 * (np.subtract.outer(np.arange(len(values)), np.arange(len(values))) / sigma) ** 2)
    return (weight / weight.sum(axis=1, keepdims=True) @ values).astype(np.float32)


def _emotion_of(expression: Floats) -> Floats:
    """How much of each emotion (T, 8) a face shows for longer: least squares on the emotions' own faces."""
    basis = np.stack([FACES[name] for name in EMOTION_NAMES[1:]])  # (7, 52)
    shown = basis.any(axis=0)
    inverse = np.linalg.inv(basis @ basis.T + 0.3 * np.eye(len(basis)))
    weights = local_line(expression[:, shown], SLOW_S) @ basis[:, shown].T @ inverse
    return np.pad(np.clip(weights, 0.0, 1.0), ((0, 0), (1, 0))).astype(np.float32)


def varied(piece: Piece, rng: np.random.Generator) -> Piece:
    """The same person mirrored or not, a little faster or slower, with larger or smaller movements."""
    frames = len(piece.pose)
    speed = rng.uniform(0.85, 1.2)
    at = np.arange(0.0, frames - 1, speed)
    parts = {name: _at(getattr(piece, name), at) for name in ("pose", "sound", "gaze", "emotion")}
    pose, gaze = parts["pose"], parts["gaze"]
    if rng.random() < 0.5:
        pose, gaze = (pose * MIRROR)[:, SWAPPED], gaze * np.array([-1.0, 1.0], np.float32)
    size = np.full(pose.shape[1], np.exp(rng.normal(0.0, 0.2)), np.float32)
    size[:6] *= np.exp(rng.normal(0.0, 0.15, 6))
    return replace(piece, **(parts | {"pose": pose * size, "gaze": gaze}))


def _at(values: Floats, at: NDArray[np.float64]) -> Floats:
    low = at.astype(int)
    part = (at - low)[:, None].astype(np.float32)
    return values[low] * (1 - part) + values[low + 1] * part
