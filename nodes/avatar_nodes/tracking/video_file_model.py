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

from avatar_nodes.counted_model import counted

EXPECTED = "expected mp4, mkv, webm or another video that FFmpeg reads"
MOST_BROKEN = 1000  # packets: a damaged index can fail for ever


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


class VideoPictures:
    """The pictures of a file's first video stream, upright, with square pixels; raises VideoFileError.

    `largest` is the most px that their longer side may have. `problems` holds what was wrong, once all are read.
    """

    def __init__(self, path: Path, largest: int | None = None) -> None:
        self.path = path
        self.problems: list[str] = []
        self._largest = largest
        self._broken = 0  # packets that could not be decoded
        self._container = _open(path)
        try:
            streams = [stream for stream in self._container.streams.video if not _is_cover(stream)]
            if not streams:
                raise VideoFileError(f"{path}: there is no picture in it", "give a file with a video stream")
            self._stream = streams[0]
            self._decoded = self._frames()
            self._first = next(self._decoded, None)
            if self._first is None:
                raise VideoFileError(f"{path}: its picture cannot be decoded", EXPECTED)
        except BaseException:
            self._container.close()
            raise

    @property
    def duration_ns(self) -> int:
        """How long it lasts as far as the file says, 0 where it does not."""
        return int((self._container.duration or 0) * 1000)  # av counts in us

    def close(self) -> None:
        """Give the file back."""
        self._container.close()

    def pictures(self) -> Iterator[TimedPicture]:
        """Every picture in the order of time; can be read once."""
        assert self._first is not None
        start = newest = _seconds(self._first)
        yield TimedPicture(0.0, self._pixels(self._first))
        for frame in self._decoded:
            if _seconds(frame) > newest:
                newest = _seconds(frame)
                yield TimedPicture(newest - start, self._pixels(frame))
        if self._broken:
            self.problems.append(f"left out as damaged: {counted(self._broken, 'packet')}")

    def _frames(self) -> Iterator[Any]:
        packets = self._container.demux(self._stream)
        while self._broken <= MOST_BROKEN:
            try:
                frames = next(packets).decode()
            except (StopIteration, av.error.EOFError):
                return
            except av.error.FFmpegError:
                self._broken += 1
                continue
            yield from (frame for frame in frames if frame.pts is not None)

    def _pixels(self, frame: Any) -> NDArray[np.uint8]:
        width, height = frame.width * float(self._stream.sample_aspect_ratio or 1), frame.height
        shrink = min(1.0, (self._largest or np.inf) / max(width, height))
        size = (max(round(width * shrink), 1), max(round(height * shrink), 1))
        pixels = np.asarray(frame.to_ndarray(format="rgb24", width=size[0], height=size[1]), np.uint8)
        turns = round(frame.rotation / 90) % 4  # counter-clockwise, as phones write it
        return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


def read_video(path: Path) -> Iterator[TimedPicture]:
    """Every picture of the file's first video stream, in order; raises VideoFileError."""
    video = VideoPictures(path)
    try:
        yield from video.pictures()
    finally:
        video.close()


def sound_lead(path: Path) -> float:
    """How many seconds the file's first sound comes before its first picture; negative where it comes after."""
    with av.open(str(path), metadata_errors="replace") as container:
        if not container.streams.audio or not container.streams.video:
            return 0.0
        starts = []
        for stream in (container.streams.video[0], container.streams.audio[0]):
            container.seek(0)
            frames = (frame for frame in container.decode(stream) if frame.pts is not None)
            starts.append(next((_seconds(frame) for frame in frames), 0.0))
    return starts[0] - starts[1]


def _open(path: Path) -> Any:
    try:
        return av.open(str(path), metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise VideoFileError(f"{path}: cannot be read ({reason})", EXPECTED) from None


def _is_cover(stream: Any) -> bool:
    """Whether a video stream is a cover picture, which has no place in time."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _seconds(frame: Any) -> float:
    return float(frame.pts * frame.time_base)
