"""A movie as a fragmented MP4: what was written can be played, whenever the writer dies."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.audio.continuous_model import check_sound
from avatar_nodes.counted_model import counted
from avatar_nodes.sinks.movie_time_model import MovieTime
from avatar_nodes.sinks.picture_track import PictureTrack
from avatar_nodes.sinks.sound_track import SoundTrack

WRITE_ERRORS = (OSError, ValueError, av.FFmpegError)  # what a MovieWriter raises; FFmpegError is no OSError

NS_PER_S = 1_000_000_000
WAIT_NS = 5 * NS_PER_S  # for the first packet of the other track: a file cannot get a track later
LAG_NS = 5 * NS_PER_S  # a track this far behind is filled, so that the other reaches the file

# delay_moov writes AAC's priming as an edit list; with empty_moov the sound would stand one AAC frame too late.
FRAGMENTS = {
    "movflags": "frag_keyframe+delay_moov+default_base_moof",
    "frag_duration": "500000",  # us
    "flush_packets": "1",
}


class MovieWriter:
    """Writes frames and sound, each in the order of time, into `path`.

    The movie begins at the earliest timestamp, on the grid of the frame rate. `tracks` is how many will come
    (1 or 2): the file is begun once they are there, and `path` is not touched before. `cancelled` is asked while a
    long gap is filled. Raises ValueError where what comes cannot be in one movie, OSError or av.FFmpegError where it
    cannot be written.
    """

    def __init__(
        self,
        path: Path,
        frame_rate: Fraction,
        *,
        tags: dict[str, str],
        tracks: int = 2,
        crf: int = 20,
        preset: str = "superfast",
        background: tuple[int, int, int] = (255, 255, 255),
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.frame_rate = frame_rate
        self.picture: PictureTrack | None = None
        self.sound: SoundTrack | None = None
        self._encoding: dict[str, Any] = {
            "crf": crf,
            "preset": preset,
            "background": background,
            "cancelled": cancelled,
        }
        self._tracks = tracks
        self._time = MovieTime(frame_rate)
        self._begun = False  # the file knows its tracks
        self._early_packets: list[Any] = []
        self._early_sound: list[tuple[int, int, NDArray[np.float32]]] = []
        container = "mov" if path.suffix.lower() == ".mov" else "mp4"
        self._container: Any = av.open(f"file:{path}", "w", format=container, options=FRAGMENTS)
        self._container.metadata.update(tags)

    def add_picture(self, timestamp: int, pixels: NDArray[np.uint8]) -> None:
        """Add a frame, (height, width, 3 or 4)."""
        size = (pixels.shape[1], pixels.shape[0])
        if pixels.shape[2] not in (3, 4) or 0 in size:
            raise ValueError(
                f"a frame of {_by(size)} px with {counted(pixels.shape[2], 'channel')}, expected RGB or RGBA"
            )
        offset = self._time.offset(timestamp, "a frame")
        if self.picture is None:
            self._refuse_late_track("picture", "sound", offset)
            self.picture = PictureTrack(self._container, self.frame_rate, size, **self._encoding)
        if size != self.picture.size:
            raise ValueError(f"the picture changed from {_by(self.picture.size)} to {_by(size)} px")
        self._mux(self.picture.add(offset, pixels))
        self._advance(offset)
        if self.sound is not None:
            self._mux(self.sound.silence_until((offset - LAG_NS) * self.sound.sample_rate // NS_PER_S))

    def add_sound(self, timestamp: int, samples: NDArray[np.float32], sample_rate: int) -> None:
        """Add (samples, channels)."""
        check_sound(samples, sample_rate)
        offset = self._time.offset(timestamp, "sound", len(samples) * NS_PER_S // sample_rate)
        if not self._begun:
            self._early_sound.append((offset, sample_rate, samples))
        elif self.sound is None:
            self._refuse_late_track("sound", "picture", offset)
        else:
            self._add_sound(offset, sample_rate, samples)
        self._advance(offset)
        if self._begun and self.picture is not None:
            self._mux(self.picture.hold_until(int((offset - LAG_NS) * self.frame_rate / NS_PER_S)))

    def abandon(self) -> None:
        """Close the file as it is, whatever its state."""
        with contextlib.suppress(*WRITE_ERRORS):
            self._close()

    def finish(self) -> int:
        """Make both tracks equally long and close the file; returns the number of frames."""
        if self._container is not None:
            self._complete()
            self._close()
        return self.picture.frames if self.picture is not None else 0

    def _complete(self) -> None:
        self._begin()
        if self.picture is not None and self.sound is not None:
            exact = self.sound.samples * self.frame_rate / self.sound.sample_rate
            self._mux(self.picture.hold_until(math.ceil(exact)))
            end = round(self.picture.frames * self.sound.sample_rate / self.frame_rate)
            self._mux(self.sound.silence_until(end))
        for track in (self.picture, self.sound):
            if track is not None:
                self._mux(track.flush())

    def _close(self) -> None:
        container, self._container = self._container, None
        if container is not None:
            container.close()

    @property
    def broken_off(self) -> bool:
        """Whether the run was cancelled while a gap was filled: the movie is not complete."""
        return self.picture is not None and self.picture.broken_off

    @property
    def empty(self) -> bool:
        """Whether nothing has come."""
        return not self._time.begun

    def _advance(self, offset: int) -> None:
        tracks = (self.picture is not None) + bool(self._early_sound)
        if not self._begun and (tracks == self._tracks or offset >= WAIT_NS):
            self._begin()

    def _begin(self) -> None:
        """Decide which tracks there are: picture first, and what came early after it."""
        if self._begun:
            return
        self._begun = True
        if self._early_sound:
            _, sample_rate, samples = self._early_sound[0]
            self.sound = SoundTrack(self._container, sample_rate, samples.shape[1])
        self._mux(self._early_packets)
        self._early_packets = []
        for offset, sample_rate, samples in self._early_sound:
            self._add_sound(offset, sample_rate, samples)
        self._early_sound = []

    def _add_sound(self, offset: int, sample_rate: int, samples: NDArray[np.float32]) -> None:
        sound = self.sound
        assert sound is not None
        if (sample_rate, samples.shape[1]) != (sound.sample_rate, sound.channels):
            raise ValueError(
                f"the sound changed from {sound.sample_rate} Hz, {counted(sound.channels, 'channel')}"
                f" to {sample_rate} Hz, {counted(samples.shape[1], 'channel')}"
            )
        self._mux(sound.add(offset, samples))

    def _mux(self, packets: list[Any]) -> None:
        if not self._begun:
            self._early_packets += packets
            return
        for packet in packets:
            self._container.mux(packet)

    def _refuse_late_track(self, late: str, first: str, offset: int) -> None:
        if self._begun:
            seconds, most = offset / NS_PER_S, WAIT_NS // NS_PER_S
            raise ValueError(f"the {late} begins {seconds:.1f} s after the {first}, expected within {most} s")


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
