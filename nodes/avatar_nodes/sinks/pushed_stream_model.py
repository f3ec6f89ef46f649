"""One connection to a streaming server: H.264 and AAC at a constant frame rate, whatever the graph does."""

from __future__ import annotations

import contextlib
from time import monotonic_ns
from typing import Any
from urllib.parse import urlsplit

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.sinks.outgoing_sound_model import CHANNELS, SAMPLE_RATE, OutgoingSound
from avatar_nodes.sinks.picture_track import PictureTrack
from avatar_nodes.sinks.push_wire_model import Coding, Settings, Taken
from avatar_nodes.sinks.sound_track import SoundTrack
from avatar_nodes.sinks.synthetic_mark_model import marked

NS_PER_S = 1_000_000_000
PATIENCE_NS = 400_000_000  # without a frame until the newest is sent again
STALLED_SLOTS = 1.5  # that a frame comes late after a stall; less is an uneven rate
MOST_AHEAD_NS = 2 * NS_PER_S  # that the stream may be ahead of the clock: what the longest wait for a frame has put in

# By the scheme of a URL; what is not here is sent as MPEG-TS.
CONTAINERS = {"rtmp": "flv", "rtmps": "flv", "rtmpe": "flv", "rtmpt": "flv", "rtsp": "rtsp", "rtsps": "rtsp"}


class CannotSendError(Exception):
    """It cannot be sent like this, however often it is tried."""


class PushedStream:
    """One connection: from its first frame on there is a frame for each slot and sound for each moment.

    Time in it begins at 0 with the first frame. Where frames come after a stall, too late for their slots, all that
    follows, sound too, is put later by as much. Of two frames for one slot the first is sent.
    """

    def __init__(self, settings: Settings) -> None:
        self.held = 0  # frames that were sent again
        self._too_late = 0
        self._zero: int | None = None  # the media time of the first frame; unknown until there is one
        self._began = self._shift = 0
        self._mark = settings.coding.mark
        self._rate = settings.coding.frame_rate
        self._container = _open(settings.url, settings.coding)
        self._container.metadata.update(settings.coding.tags)
        self._picture = self._picture_track(settings.coding, settings.size) if settings.size else None
        self._track = SoundTrack(self._container, SAMPLE_RATE, CHANNELS) if settings.audio else None
        self._sound = OutgoingSound(0)
        _connect(self._container, settings.url)

    @property
    def late(self) -> int:
        """How many frames had no slot of their own."""
        return self._too_late + (self._picture.dropped if self._picture is not None else 0)

    def show(self, taken: Taken) -> None:
        """Send a frame."""
        assert self._picture is not None
        time_ns = self._time_ns(taken)
        late = self._picture_ns - time_ns
        if late > STALLED_SLOTS * NS_PER_S / self._rate:
            if self._picture_ns - (monotonic_ns() - self._began) > MOST_AHEAD_NS:
                self._too_late += 1
                return
            self._shift += late
            time_ns += late
        pixels = marked(taken.content) if self._mark else taken.content
        self._send(self._picture.add(time_ns, _sized(pixels, self._picture.size)))
        self._be_silent()

    def play(self, taken: Taken) -> None:
        """Send sound."""
        time_ns = self._time_ns(taken)
        position = self._sound.next_ns
        self._send_sound(position, self._sound.add(time_ns, taken.content, taken.sample_rate))

    def keep_up(self) -> None:
        """Send the newest frame again, and silence, where nothing came for long."""
        if self._picture is None or self._zero is None:
            return
        due = int((monotonic_ns() - self._began - PATIENCE_NS) * self._rate / NS_PER_S)
        if due > self._picture.frames:
            self.held += due - self._picture.frames
            self._send(self._picture.hold_until(due))
            self._be_silent()

    def finish(self) -> None:
        """Send what the coders hold."""
        for track in (self._picture, self._track):
            if track is not None:
                self._send(track.flush())

    def close(self) -> None:
        """Leave the server."""
        with contextlib.suppress(OSError, av.FFmpegError):  # where it has gone, it cannot be told so
            self._container.close()

    @property
    def _picture_ns(self) -> int:
        """The time of the slot that comes next."""
        assert self._picture is not None
        return int(self._picture.frames * NS_PER_S / self._rate)

    def _time_ns(self, taken: Taken) -> int:
        """Where it belongs. The clock starts with the first one: to connect takes as long as the server likes."""
        if self._zero is None:
            self._zero, self._began = taken.timestamp, monotonic_ns()
        return taken.timestamp - self._zero + self._shift

    def _picture_track(self, coding: Coding, size: tuple[int, int]) -> PictureTrack:
        return PictureTrack(
            self._container,
            coding.frame_rate,
            size,
            preset=coding.preset,
            background=coding.background,
            bit_rate=coding.bit_rate,
        )

    def _be_silent(self) -> None:
        position = self._sound.next_ns
        self._send_sound(position, self._sound.keep_up(self._picture_ns))

    def _send_sound(self, time_ns: int, samples: NDArray[np.float32]) -> None:
        if self._track is not None and len(samples):
            self._send(self._track.add(time_ns, samples))

    def _send(self, packets: list[Any]) -> None:
        self._container.mux(packets)


def _open(url: str, coding: Coding) -> Any:
    container = coding.container or CONTAINERS.get(urlsplit(url).scheme, "mpegts")
    options = {"flvflags": "no_duration_filesize", "flush_packets": "1"}
    try:
        return av.open(url, "w", format=container, container_options=options)
    except ValueError:  # av's UnknownFormatError
        raise CannotSendError(f"this build of FFmpeg cannot write {container}") from None


def _connect(container: Any, url: str) -> None:
    try:
        container.start_encoding()
    except av.error.ProtocolNotFoundError:
        raise CannotSendError(f"this build of FFmpeg cannot send to {urlsplit(url).scheme}://") from None


def _sized(pixels: NDArray[Any], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A frame of another size than the first is stretched: a stream has one size."""
    if (pixels.shape[1], pixels.shape[0]) != size:
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return pixels
