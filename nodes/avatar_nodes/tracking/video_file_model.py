"""The frames of a video file with their times, through PyAV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from numpy.typing import NDArray


class VideoFileError(Exception):
    """A file has no picture that can be read; `fix` says what to do about it."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


@dataclass(frozen=True, slots=True)
class TimedPicture:
    """RGB (height, width, 3), upright, at `seconds` after the first picture."""

    seconds: float
    pixels: NDArray[np.uint8]


def read_video(path: Path) -> Iterator[TimedPicture]:
    """Every picture of the file's first video stream, in order; raises VideoFileError."""
    try:
        container = av.open(str(path), metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise VideoFileError(f"{path}: cannot be read ({error})", "expected mp4, mkv, webm or another video") from None
    with container:
        if not container.streams.video:
            raise VideoFileError(f"{path}: there is no picture in it", "give a file with a video stream")
        start: float | None = None
        for frame in container.decode(container.streams.video[0]):
            now = _seconds(frame)
            if now is None:
                continue
            start = now if start is None else start
            pixels = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            turns = round(frame.rotation / 90) % 4  # counter-clockwise, as phones write it
            yield TimedPicture(now - start, np.rot90(pixels, turns) if turns else pixels)


def sound_lead(path: Path) -> float:
    """How many seconds the file's first sound comes before its first picture; negative where it comes after."""
    with av.open(str(path), metadata_errors="replace") as container:
        if not container.streams.audio or not container.streams.video:
            return 0.0
        starts = []
        for stream in (container.streams.video[0], container.streams.audio[0]):
            container.seek(0)
            times = (_seconds(frame) for frame in container.decode(stream))
            starts.append(next((now for now in times if now is not None), 0.0))
    return starts[0] - starts[1]


def _seconds(frame: Any) -> float | None:
    return None if frame.pts is None else float(frame.pts * frame.time_base)
