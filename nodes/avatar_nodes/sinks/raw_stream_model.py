"""What a raw stream is made of: pictures, and sound beside them that never stops."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.sinks.nut_model import Picture, Sound, nut_head, packet_head
from avatar_nodes.sinks.outgoing_sound_model import CHANNELS, SAMPLE_RATE, OutgoingSound
from avatar_nodes.sinks.raw_viewer_model import Parcel
from avatar_nodes.sinks.synthetic_mark_model import marked

NS_PER_MS = 1_000_000
STALL_NS = 300 * NS_PER_MS  # without a picture while sound goes on; then the newest is sent again, and again so often
LATE_STEP_NS = NS_PER_MS  # between pictures that come after their time


class RawStream:
    """Turns frames and sound into parcels for everybody who looks; keeps the newest frame, and where the stream stands.

    `now` is the media time. Frames that come too late are shown at once: their times never go back.
    """

    def __init__(
        self,
        *,
        video: bool,
        audio: bool,
        tags: dict[str, str],
        mark: bool,
        sound_delay_ns: int,
        now: Callable[[], int],
    ) -> None:
        self.sound_delay_ns = sound_delay_ns  # that is added to the time of all sound
        self._video, self._audio, self._tags, self._mark, self._now = video, audio, tags, mark, now
        self._pixels: NDArray[np.uint8] | None = None  # the newest
        self._picture_ns = 0  # its time in the stream
        self._came_ns = 0  # when that was
        self._sound: OutgoingSound | None = None  # while somebody looks

    @property
    def known(self) -> bool:
        """Whether it can be said what will be sent."""
        return self._pixels is not None or not self._video

    def resized_by(self, pixels: NDArray[np.uint8]) -> bool:
        """Whether this frame does not fit into the stream that was begun."""
        return self._pixels is not None and self._pixels.shape[:2] != pixels.shape[:2]

    def take(self, timestamp: int, pixels: NDArray[np.uint8]) -> None:
        """Remember the newest frame."""
        timestamp = max(0, timestamp)  # a stream begins at 0
        first, self._pixels = self._pixels is None, pixels
        self._picture_ns = timestamp if first else max(timestamp, self._picture_ns + LATE_STEP_NS)
        self._came_ns = self._now()

    def begin(self) -> Iterator[Parcel]:
        """For who comes now: what will be sent, and the newest frame, as one of now: its own time may be long ago."""
        streams: list[Picture | Sound] = []
        if self._pixels is not None:
            streams.append(Picture(self._pixels.shape[1], self._pixels.shape[0]))
            self._repeat()
        if self._audio:
            streams.append(Sound(SAMPLE_RATE, CHANNELS))
        if self._audio and self._video and self._sound is None:
            self._sound = OutgoingSound(self._picture_ns)
        yield Parcel("head", nut_head(streams, self._tags))
        if self._video:
            yield self._picture()

    def rest(self) -> None:
        """Nobody looks any more."""
        self._sound = None

    def pictures(self) -> Iterator[Parcel]:
        """The newest frame; and silence where the sound does not keep up with it, for a viewer would wait for sound."""
        yield self._picture()
        if self._sound is not None:
            time_ns = self._sound.next_ns
            yield from self._heard(time_ns, self._sound.keep_up(self._picture_ns))

    def sounds(self, timestamp: int, samples: NDArray[np.float32], sample_rate: int) -> Iterator[Parcel]:
        """Sound; and the newest frame again where none came for long, for a viewer would wait for one."""
        if self._pixels is not None and self._now() - self._came_ns >= STALL_NS:
            self._repeat()
            yield self._picture()
        timestamp += self.sound_delay_ns  # turned down, a part of the sound is left out; turned up, it is silent
        self._sound = self._sound or OutgoingSound(max(0, timestamp))
        time_ns = self._sound.next_ns
        yield from self._heard(time_ns, self._sound.add(timestamp, samples, sample_rate))

    def _repeat(self) -> None:
        """Let the newest frame be one of now."""
        now = self._now()
        self._picture_ns += max(0, now - self._came_ns)
        self._came_ns = now

    def _picture(self) -> Parcel:
        assert self._pixels is not None
        pixels = marked(self._pixels) if self._mark else self._pixels
        sent = np.ascontiguousarray(pixels) if pixels.shape[2] == 4 else _with_alpha(pixels)
        return Parcel("picture", packet_head(0, self._picture_ns, sent.nbytes), sent.data.cast("B"))

    def _heard(self, time_ns: int, samples: NDArray[np.float32]) -> Iterator[Parcel]:
        if len(samples):
            body = (np.clip(samples, -1.0, 1.0) * 32767.0).round().astype("<i2").tobytes()
            yield Parcel("sound", packet_head(int(self._video), time_ns, len(body)), body)


def _with_alpha(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB as opaque RGBA, on this thread: cv2.cvtColor wakes others for it, which costs more than it saves."""
    made = np.full((*pixels.shape[:2], 4), 255, np.uint8)
    cv2.mixChannels([pixels], [made], [0, 0, 1, 1, 2, 2])
    return made
