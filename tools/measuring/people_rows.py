"""The figures of blinks and head, of every driver, and of tracked people beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measuring.aperture import FRAME_RATE, Curve
from measuring.bench import Bench, Job
from measuring.clips import held_out
from measuring.figures import Figures
from measuring.lips_rows import PARTS
from measuring.people import COUPLED_S, LONG_S, blinks_of, coupling, head_of, voice_of
from measuring.rendered_rows import put_seen
from measuring.score import pooled, score

PEOPLE = "people"


@dataclass(frozen=True)
class Seen:
    """One face over one clip, driven or real: head (T, 6), how far the lids are shut (T,), and its voice (T, 2)."""

    head: NDArray[np.float32]
    shut: Curve
    voice: NDArray[np.float64]

    def lasts(self, seconds: float) -> bool:
        """Whether it is that long."""
        return len(self.head) >= seconds * FRAME_RATE


def people_jobs(bench: Bench, seeds: Sequence[int]) -> Iterator[Job]:
    """What `people` needs."""
    for clip in bench.clips:
        yield from (bench.job(clip, driver, seed) for driver in bench.drivers for seed in seeds)


def people(bench: Bench, figures: Figures, seeds: Sequence[int]) -> None:
    """Blinks over all clips; the head over the long ones, and whether it moves with the voice."""
    for driver in bench.drivers:
        faces = {
            part: [
                _driven(bench, bench.job(clip, driver, seed), bench.sound(clip))
                for clip in bench.part(is_held_out)
                for seed in seeds
            ]
            for part, is_held_out in PARTS.items()
        }
        _put_all(figures, driver, faces)


def tracked_people(bench: Bench, figures: Figures, folder: Path) -> None:
    """The same figures of people, from a folder of tracks that `track_faces.py` wrote of talking clips."""
    from tracks import read_tracks

    tracks = [track for track in read_tracks(folder) if track.valid.mean() > 0.9 and len(track.samples)]
    faces: dict[str, list[Seen]] = {}
    for part, is_held_out in PARTS.items():
        own = [track for track in tracks if held_out(Path(track.source).name) is is_held_out]
        faces[part] = [_tracked(track) for track in own]
        _put_lips(bench, figures, part, own)
    _put_all(figures, PEOPLE, faces)


def _driven(bench: Bench, job: Job, sound: NDArray[np.float32]) -> Seen:
    driven = bench.driven(job)
    return Seen(driven.head, driven.blink, voice_of(sound, driven.frames))


def _tracked(track: Any) -> Seen:
    voice = voice_of(track.samples.astype(np.float32) / 32768, len(track.head))
    return Seen(track.head, 1.0 - np.clip(track.eye_open.astype(np.float64), 0.0, 1.0), voice)


def _put_all(figures: Figures, driver: str, faces: dict[str, list[Seen]]) -> None:
    for part, own in faces.items():
        _put_blinks(figures, part, driver, own)
        _put_heads(figures, part, driver, own)
        _put_coupling(figures, part, driver, own)
    _put_coupling(figures, "all", driver, [face for own in faces.values() for face in own])


def _put_blinks(figures: Figures, part: str, driver: str, faces: Sequence[Seen]) -> None:
    found = [blinks_of(face.shut) for face in faces]
    durations = [duration for one in found for duration in one.durations_ms]
    if found:
        figures.put("blinks", part, driver, 60.0 * len(durations) / sum(one.seconds for one in found))
    if durations:
        figures.put("blink_ms", part, driver, float(np.median(durations)))


def _put_heads(figures: Figures, part: str, driver: str, faces: Sequence[Seen]) -> None:
    found = [head_of(face.head) for face in faces if face.lasts(LONG_S)]
    for name in ("yaw", "pitch", "roll", "slow", "a_frame"):
        if found:
            figures.put(name, part, driver, float(np.median([getattr(one, name) for one in found])))


def _put_coupling(figures: Figures, part: str, driver: str, faces: Sequence[Seen]) -> None:
    long = [face for face in faces if face.lasts(COUPLED_S)]
    if long:
        found = coupling([face.head for face in long], [face.voice for face in long])
        figures.put("coupling", part, driver, found.above)
        figures.put("explained", part, driver, found.explained)
        figures.put("explained_shifted", part, driver, float(np.median(found.shifted)))


def _put_lips(bench: Bench, figures: Figures, part: str, own: Sequence[Any]) -> None:
    """How people's own lips score before the same judge, where the text is known."""
    clips = {clip.path.stem: aligned for clip, aligned in bench.spoken(PARTS[part])}
    scores = [score(track.aperture.astype(np.float64), clips[track.name]) for track in own if track.name in clips]
    if scores:
        put_seen(figures, part, PEOPLE, pooled(scores), [])
