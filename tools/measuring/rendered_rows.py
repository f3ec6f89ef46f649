"""The figures as seen: motion drawn on portraits, and the drawn face tracked like anybody's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from measuring.alignment import RATE
from measuring.bench import Bench, Job
from measuring.driving import Driven
from measuring.figures import Figures
from measuring.lips_rows import PARTS
from measuring.people import blinks_of
from measuring.score import pooled, score

SIZE = 320
LONGEST_S = 20.0  # of a clip that is drawn


def video_jobs(bench: Bench) -> Iterator[Job]:
    """What `video` needs."""
    yield from (bench.job(clip, driver) for clip in bench.clips if clip.said for driver in bench.drivers)


def video(bench: Bench, figures: Figures, portraits: Sequence[Path] | None) -> None:
    """Closures, aperture and blinks in the video, over all portraits."""
    for part, held_out in PARTS.items():
        clips = [pair for pair in bench.spoken(held_out) if len(bench.sound(pair[0])) <= LONGEST_S * RATE]
        for driver in bench.drivers:
            scores, durations = [], []
            for portrait in portraits or [hopper()]:
                for clip, aligned in clips:
                    aperture, shut = _tracked(bench.driven(bench.job(clip, driver)), portrait)
                    scores.append(score(aperture, aligned))
                    durations += blinks_of(shut).durations_ms
                    line = {"clip": clip.name, "part": part, "driver": f"{driver}, {portrait.stem}"}
                    figures.clips.append(line | {"text": clip.kind} | vars(scores[-1]))
            if scores:
                put_seen(figures, part, driver, pooled(scores), durations)


def hopper() -> Path:
    """The portrait that comes with matplotlib."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"


def put_seen(figures: Figures, part: str, driver: str, values: dict[str, float], durations: Sequence[float]) -> None:
    """What is seen in videos of one driver, or of people."""
    figures.put("video_recall", part, driver, values["recall"])
    figures.put("video_control", part, driver, values["control"])
    figures.put("video_precision", part, driver, values["precision"])
    figures.put("video_r", part, driver, values["r_all"])
    if durations:
        figures.put("video_blink_ms", part, driver, float(np.median(durations)))


def _tracked(driven: Driven, portrait: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Aperture, in inter-pupil distances, and how far the lids are shut, as tracked in the video, (T,) each."""
    from tracks import track_frames

    track = track_frames(_frames(driven, portrait), 25.0)
    return track.aperture.astype(np.float64), 1.0 - np.clip(track.eye_open.astype(np.float64), 0.0, 1.0)


def _frames(driven: Driven, portrait: Path) -> Iterator[NDArray[np.uint8]]:
    from avatar_nodes.face.portrait_model import prepare_portrait
    from avatar_nodes.face.renderer_model import Renderer

    renderer = Renderer(prepare_portrait(portrait, SIZE))
    yield from (renderer.render(motion) for _, motion in driven.motions())
