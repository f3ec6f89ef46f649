"""A stream of raw pictures and sound for whoever connects: the accept loop, and what its viewers are given."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from itertools import chain
from time import monotonic

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.audio.continuous_model import check_sound
from avatar_nodes.sinks.nut_model import Picture, Sound, nut_head, packet_head
from avatar_nodes.sinks.outgoing_model import Parcel, Viewer
from avatar_nodes.sinks.outgoing_sound_model import CHANNELS, SAMPLE_RATE, OutgoingSound
from avatar_nodes.sinks.synthetic_mark_model import marked

NS_PER_MS = 1_000_000
HOST = "127.0.0.1"  # what is sent is neither coded nor secret: it stays on this machine
MOST_VIEWERS = 8
ACCEPT_S = 0.2  # between looks whether the server is to end
STALL_NS = 300 * NS_PER_MS  # without a picture while sound goes on; then the newest is sent again, and again so often
CLOSE_S = 0.5  # for what waits to be sent at the end
LATE_STEP_NS = NS_PER_MS  # between pictures that come after their time


class ObsServer:
    """Serves one stream to everybody who connects to a port of this machine; nobody who gives frames or sound waits.

    Raises OSError where the port is taken. `counts` is told the viewers and what they missed; `now` is the media time.
    """

    def __init__(
        self,
        port: int,
        *,
        video: bool,
        audio: bool,
        tags: dict[str, str],
        mark: bool,
        sound_delay_ns: int,
        counts: dict[str, int],
        now: Callable[[], int],
    ) -> None:
        self._video, self._audio, self._tags, self._mark = video, audio, tags, mark
        self._counts, self._now = counts, now
        self.sound_delay_ns = sound_delay_ns  # that is added to the time of all sound
        self._lock = threading.Lock()
        self._viewers: list[Viewer] = []
        self._begun: set[Viewer] = set()  # of these, those that know what is sent
        self._pixels: NDArray[np.uint8] | None = None  # the newest
        self._picture_ns = 0  # the time of the newest that was sent, or that came while nobody looked
        self._came_ns = 0  # when that was
        self._sound: OutgoingSound | None = None  # while there are viewers
        self._closing = False
        counts.update({"viewers": 0, "frames dropped": 0})
        self._listener = socket.create_server((HOST, port), backlog=MOST_VIEWERS)
        self._listener.settimeout(ACCEPT_S)
        self._thread = threading.Thread(target=self._accept, name="obs_stream", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where to connect."""
        return int(self._listener.getsockname()[1])

    def show(self, timestamp: int, pixels: NDArray[np.uint8]) -> None:
        """Send a picture, (height, width, 3 or 4); it is read later, so nobody may change it."""
        with self._lock:
            resized = self._pixels is not None and self._pixels.shape[:2] != pixels.shape[:2]
            if resized:
                self._leave_all()  # they connect again, and are told the new size
            first, self._pixels = self._pixels is None, pixels
            time_ns = timestamp if first else max(timestamp, self._picture_ns + LATE_STEP_NS)
            self._picture_ns, self._came_ns = time_ns, self._now()
            if self._begun:
                self._give([self._picture_parcel(), *self._silence()])
            for viewer in self._viewers if first else ():
                self._begin(viewer)

    def play(self, timestamp: int, samples: NDArray[np.float32], sample_rate: int) -> None:
        """Send sound, (n, channels); raises ValueError for what is none."""
        with self._lock:
            check_sound(samples, sample_rate)
            if not self._begun:
                return
            self._sound = self._sound or OutgoingSound(timestamp)
            self._give(chain(self._held(), self._sound_parcels(timestamp, samples, sample_rate)))

    def hush(self) -> None:
        """Make silent what waits to be sent."""
        with self._lock:
            for viewer in self._viewers:
                viewer.hush()

    def close(self) -> None:
        """Leave everybody, and end the threads."""
        self._closing = True
        self._thread.join()
        self._listener.close()
        with self._lock:
            viewers = list(self._viewers)
            self._leave_all()
        until = monotonic() + CLOSE_S
        for viewer in viewers:
            viewer.close(max(0.0, until - monotonic()))

    def _accept(self) -> None:
        while not self._closing:
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:  # it went before it was taken, or there are no more sockets
                continue
            with self._lock:
                if len(self._viewers) >= MOST_VIEWERS:
                    connection.close()
                    continue
                self._welcome(connection)

    def _welcome(self, connection: socket.socket) -> None:
        viewer = Viewer(connection, gone=self._remove, dropped=self._count_dropped)
        self._viewers.append(viewer)
        self._counts["viewers"] = len(self._viewers)
        if self._pixels is not None or not self._video:
            self._begin(viewer)
        viewer.start()

    def _begin(self, viewer: Viewer) -> None:
        """Tell a viewer what will come, and show the newest picture, as one of now: its own time may be long ago."""
        streams: list[Picture | Sound] = []
        if self._video:
            assert self._pixels is not None
            streams.append(Picture(self._pixels.shape[1], self._pixels.shape[0]))
            self._repeat()
        if self._audio:
            streams.append(Sound(SAMPLE_RATE, CHANNELS))
        if self._audio and self._video and self._sound is None:
            self._sound = OutgoingSound(self._picture_ns)
        self._begun.add(viewer)
        viewer.put(Parcel("head", nut_head(streams, self._tags)))
        if self._video:
            viewer.put(self._picture_parcel())

    def _repeat(self) -> None:
        """Let the newest picture be that of now."""
        now = self._now()
        self._picture_ns += max(LATE_STEP_NS, now - self._came_ns)
        self._came_ns = now

    def _held(self) -> Iterable[Parcel]:
        """The newest picture again, where none came for long: sound would wait for one."""
        if self._pixels is None or self._now() - self._came_ns < STALL_NS:
            return
        self._repeat()
        yield self._picture_parcel()

    def _picture_parcel(self) -> Parcel:
        assert self._pixels is not None
        pixels = self._pixels if self._pixels.shape[2] == 4 else cv2.cvtColor(self._pixels, cv2.COLOR_RGB2RGBA)
        sent = np.ascontiguousarray(marked(pixels) if self._mark else pixels)
        return Parcel("picture", packet_head(0, self._picture_ns, sent.nbytes), memoryview(sent).cast("B"))

    def _silence(self) -> Iterable[Parcel]:
        """Where the sound does not keep up with the picture, a viewer would wait for it."""
        if self._sound is not None:
            time_ns = self._sound.next_ns
            yield from self._as_parcels(time_ns, self._sound.keep_up(self._picture_ns))

    def _sound_parcels(self, timestamp: int, samples: NDArray[np.float32], sample_rate: int) -> Iterable[Parcel]:
        assert self._sound is not None
        time_ns = self._sound.next_ns
        yield from self._as_parcels(time_ns, self._sound.add(timestamp, samples, sample_rate))

    def _as_parcels(self, time_ns: int, samples: NDArray[np.float32]) -> Iterable[Parcel]:
        if len(samples):
            time_ns = max(0, time_ns + self.sound_delay_ns)
            body = (np.clip(samples, -1.0, 1.0) * 32767.0).round().astype("<i2").tobytes()
            yield Parcel("sound", packet_head(int(self._video), time_ns, len(body)), body)

    def _give(self, parcels: Iterable[Parcel]) -> None:
        for parcel in parcels:
            for viewer in self._begun:
                viewer.put(parcel)

    def _remove(self, viewer: Viewer) -> None:
        with self._lock:
            self._viewers = [each for each in self._viewers if each is not viewer]
            self._begun.discard(viewer)
            self._sound = self._sound if self._begun else None
            self._counts["viewers"] = len(self._viewers)

    def _leave_all(self) -> None:
        self._begun.clear()
        self._sound = None
        for viewer in self._viewers:
            viewer.end()

    def _count_dropped(self, kind: str) -> None:
        name = "frames dropped" if kind == "picture" else "sound dropped"
        self._counts[name] = self._counts.get(name, 0) + 1
