"""Track the faces of videos: one .npz of motion and sound for each.

    python tools/track_faces.py VIDEO_OR_FOLDER ... --output TRACKS [--one-person] [--landmarks CACHE] [--first N]

With --landmarks the landmarks are kept there, so that a second run need not look at the pictures again.
With --one-person all videos show the same person, who is calibrated from all of them together.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from rich.progress import track as progress
from tracks import Landmarks, follow, sound_of, track_landmarks, write_track

from avatar_nodes.tracking.person_model import Person
from avatar_nodes.tracking.video_file_model import VideoFileError, read_video

VIDEO_ENDINGS = {".mp4", ".mpg", ".mpeg", ".mov", ".mkv", ".webm", ".avi", ".m4v"}
CALIBRATION_CLIPS = 40  # of one person: more change nothing


def videos_in(places: Iterable[Path]) -> list[Path]:
    """The video files named, and those in the folders named, by name."""
    found: list[Path] = []
    for place in places:
        inside = sorted(place.iterdir()) if place.is_dir() else [place]
        found += [path for path in inside if path.suffix.lower() in VIDEO_ENDINGS or path == place]
    return found


def landmarks_of(path: Path, cache: Path | None) -> Landmarks:
    """Follow the face, or read what an earlier run has kept."""
    kept = None if cache is None else cache / f"{path.name}.npz"
    if kept is not None and kept.exists():
        with np.load(kept, allow_pickle=False) as held:
            return Landmarks(held["points"], held["valid"])
    landmarks = follow(read_video(path))
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".unfinished")
        with unfinished.open("wb") as file:
            np.savez(file, points=landmarks.points, valid=landmarks.valid)
        os.replace(unfinished, kept)
    return landmarks


def one_person(paths: list[Path], cache: Path | None) -> Person:
    """Calibrate the person that all videos show."""
    points = []
    for path in progress(paths[:CALIBRATION_CLIPS], "calibrating"):
        landmarks = landmarks_of(path, cache)
        points.append(landmarks.points[landmarks.valid])
    return Person.of(np.concatenate(points).astype(np.float64))


def main() -> int:
    """Track every video, and say what came of each that failed."""
    parser = argparse.ArgumentParser(description="Track the faces of videos as motion at 25 Hz.")
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--landmarks", type=Path, help="a folder where landmarks are kept between runs")
    parser.add_argument("--one-person", action="store_true", help="all videos show the same person")
    parser.add_argument("--first", type=int, help="only so many videos")
    arguments = parser.parse_args()
    failed = 0
    try:
        paths = videos_in(arguments.videos)[: arguments.first]
        person = one_person(paths, arguments.landmarks) if arguments.one_person else None
        for path in progress(paths, "tracking"):
            failed += not _track(path, arguments.output, arguments.landmarks, person)
    except (VideoFileError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; what was tracked is kept", file=sys.stderr)
        return 130
    return 1 if failed else 0


def _track(path: Path, output: Path, cache: Path | None, person: Person | None) -> bool:
    try:
        landmarks = landmarks_of(path, cache)
    except VideoFileError as error:
        print(f"{error}; {error.fix}", file=sys.stderr)
        return False
    track = track_landmarks(landmarks, path.stem, str(path), person, sound_of(path))
    if not track.valid.any():
        print(f"{path}: no face was found", file=sys.stderr)
        return False
    write_track(output, track)
    return True


if __name__ == "__main__":
    sys.exit(main())
