"""Sound that waits for its pictures: cut exactly at the end of each frame's time, let go with the frame."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
FIRST_NS = 4 * NS_PER_S  # that sound waits for the first frame at most
LONGEST_NS = 60 * NS_PER_S  # that it is ever held back, where the graph is as late as that
FADE_NS = 5 * NS_PER_MS  # in which sound that is interrupted falls silent


@dataclass(frozen=True, slots=True)
class Piece:
    """Samples of one chunk, from sample `first` of it on; its time is computed from the chunk's."""

    chunk_ns: int  # media time of the chunk's first sample
    first: int
    samples: NDArray[np.float32]  # (n, channels)
    sample_rate: int

    @property
    def timestamp(self) -> int:
        """Media time of the first sample, ns."""
        return self.chunk_ns + self.first * NS_PER_S // self.sample_rate

    def split(self, time_ns: int) -> tuple[Piece, Piece]:
        """What begins before this time, and the rest; either may be empty."""
        before = -(-(time_ns - self.chunk_ns) * self.sample_rate // NS_PER_S) - self.first
        count = min(max(before, 0), len(self.samples))
        head = Piece(self.chunk_ns, self.first, self.samples[:count], self.sample_rate)
        return head, Piece(self.chunk_ns, self.first + count, self.samples[count:], self.sample_rate)


class SoundQueue:
    """Sound in the order of its time; every sample goes once."""

    def __init__(self) -> None:
        self._pieces: deque[Piece] = deque()

    def add(self, piece: Piece) -> None:
        """Take what follows."""
        if len(piece.samples):
            self._pieces.append(piece)

    def until(self, time_ns: int) -> list[Piece]:
        """Let go what begins before this time."""
        gone = []
        while self._pieces and self._pieces[0].timestamp < time_ns:
            before, after = self._pieces.popleft().split(time_ns)
            gone.append(before)
            if len(after.samples):
                self._pieces.appendleft(after)
        return gone

    def all(self) -> list[Piece]:
        """Let everything go."""
        gone = list(self._pieces)
        self._pieces.clear()
        return gone

    def fade_out(self) -> list[Piece]:
        """The next 5 ms, falling silent; the rest is forgotten."""
        if not self._pieces:
            return []
        start = self._pieces[0].timestamp
        fading = self.until(start + FADE_NS)
        self._pieces.clear()
        return [_faded(piece, start) for piece in fading]


class HeldSound:
    """Says which sound goes on when: with the frame of its time, or, where frames stay away, after a bounded wait.

    `frame_ns` is how long a frame is shown. All times are media times in ns, `now` that of the clock.
    """

    def __init__(self, frame_ns: int) -> None:
        self.delay_ns = 0  # which the frames, and with them the sound, have
        self.early_ns = 0  # by which sound goes before its frame
        self.patience_ns = 300 * NS_PER_MS
        self._frame_ns = frame_ns
        self._shown_ns: int | None = None  # the end of the newest frame
        self._forgotten_ns: int | None = None  # what is of before was sent before an interrupt
        self._waiting = SoundQueue()

    def picture(self, timestamp: int, now: int) -> list[Piece]:
        """A frame goes on: the sound that goes with it."""
        self.delay_ns = max(now - timestamp, 0)
        self._shown_ns = max(timestamp + self._frame_ns, self._shown_ns or 0)
        return self._due(now)

    def sound(self, timestamp: int, samples: NDArray[np.float32], sample_rate: int, now: int) -> list[Piece]:
        """Sound came, (n, channels): that which goes on now."""
        piece = Piece(timestamp, 0, samples, sample_rate)
        if self._forgotten_ns is not None:
            piece = piece.split(self._forgotten_ns)[1]
        self._waiting.add(piece)
        return self._due(now)

    def interrupt(self, until_ns: int) -> list[Piece]:
        """Forget what waits but for a short fade, which goes on, and what is still to come of before `until_ns`."""
        self._forgotten_ns = until_ns
        return self._waiting.fade_out()

    def flush(self) -> list[Piece]:
        """Nothing more will come: everything that waits."""
        return self._waiting.all()

    def _due(self, now: int) -> list[Piece]:
        """Sound whose frame is there, and sound that has waited as long as it may."""
        if self._shown_ns is None:
            return self._waiting.until(now - FIRST_NS)
        waited = min(self.delay_ns + self.patience_ns, LONGEST_NS)
        return self._waiting.until(max(self._shown_ns, now - waited) + self.early_ns)


def _faded(piece: Piece, start_ns: int) -> Piece:
    """Falling linearly to nothing 5 ms after the start."""
    times = piece.timestamp - start_ns + np.arange(len(piece.samples)) * (NS_PER_S / piece.sample_rate)
    weight = (1 - times / FADE_NS).clip(0, 1).astype(np.float32)
    return Piece(piece.chunk_ns, piece.first, piece.samples * weight[:, None], piece.sample_rate)
