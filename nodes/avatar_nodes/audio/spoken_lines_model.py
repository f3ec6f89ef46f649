"""Speech that is asked for while it is heard, as one sound in chunks: a thread speaks ahead of what is taken."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.audio.text_to_speech_model import PAUSE, Phone, Piece

AHEAD_S = 10.0  # of sound that is ready; then the thread waits
FADE_S = 0.005  # of what is broken off
SILENT_CHUNKS = 2  # after an interrupt, before anything new: so much is taken for the end of what was broken off
MOST_LINES = 1000  # that wait; then there is no room for another


@dataclass(slots=True)
class _Ready:
    """A piece that waits to be taken."""

    samples: NDArray[np.float32]
    phones: list[Phone]
    first: int = 0  # where in its line it begins; its phones count from there
    taken: int = 0  # samples
    fades: bool = False


@dataclass(slots=True)
class _State:
    """What both threads see, under the lock."""

    lines: deque[Iterator[Piece]] = field(default_factory=deque)
    ready: deque[_Ready] = field(default_factory=deque)
    waiting: int = 0  # lines of which nothing was taken yet
    turn: int = 0  # grows with every interrupt: what was begun before it is thrown away
    busy: bool = False
    closing: bool = False
    error: Exception | None = None


class SpokenLines:
    """Lines go in, each as the pieces of `spoken`; chunks come out, gaplessly, with silence where nothing is said.

    Pieces are asked for on a thread of its own, so that no chunk waits for a synthesiser.
    """

    def __init__(self, sample_rate: int, chunk_ms: int) -> None:
        self._size = sample_rate * chunk_ms // 1000
        self._fade = np.linspace(1.0, 0.0, round(FADE_S * sample_rate), dtype=np.float32)
        self._most_ready = round(AHEAD_S * sample_rate)
        self._position = 0  # of the next chunk's first sample
        self._state = _State()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="spoken-lines", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many lines wait for their turn."""
        return self._state.waiting

    def say(self, line: Iterator[Piece]) -> bool:
        """Let one more line be spoken after what waits; False: there is no room for it."""
        with self._changed:
            if self._state.waiting >= MOST_LINES:
                return False
            self._state.lines.append(line)
            self._state.waiting += 1
            self._changed.notify_all()
        return True

    def prepare(self) -> None:
        """Wait until a chunk can be taken: the first of what was said is ready, or nothing was."""
        with self._changed:
            self._changed.wait_for(lambda: self._enough(1))

    def take(self, *, on_and_on: bool) -> Piece | None:
        """The next chunk; its phones count from the beginning. Raises what a line raised.

        `on_and_on`: what is not ready is silence. Else it is waited for, the last chunk is as short as it is, and
        then there is None.
        """
        with self._changed:
            if not on_and_on:
                self._changed.wait_for(lambda: self._enough(self._size))
            if self._state.error is not None:
                raise self._state.error
            samples, phones = self._cut()
            self._changed.notify_all()
        if on_and_on:
            samples = np.append(samples, np.zeros(self._size - len(samples), np.float32))
        self._position += len(samples)
        return Piece(samples, phones) if len(samples) else None

    def interrupt(self) -> None:
        """Forget every line that waits, and the rest of the one that is heard, which fades."""
        with self._changed:
            state = self._state
            heard = state.ready[0] if state.ready else None
            state.turn += 1
            state.waiting = 0
            state.lines.clear()
            state.ready.clear()
            state.ready.append(self._end_of(heard))
            self._changed.notify_all()

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._state.closing = True
            self._changed.notify_all()
        self._thread.join()

    def _end_of(self, heard: _Ready | None) -> _Ready:
        """The silence after an interrupt, in which a sound ends; its pause says how far the last phone was spoken."""
        samples = np.zeros(SILENT_CHUNKS * self._size, np.float32)
        if heard is None or not (heard.taken or heard.fades):
            return _Ready(samples, [], fades=True)
        rest = heard.samples[heard.taken :][: self._size]
        if heard.fades:
            samples[: len(rest)] = rest
            return _Ready(samples, [] if heard.taken else heard.phones, fades=True)
        end = min(len(rest), len(self._fade))
        samples[:end] = rest[:end] * self._fade[:end]
        return _Ready(samples, [Phone(PAUSE, end, len(samples))], fades=True)

    def _enough(self, count: int) -> bool:
        """Whether so many samples are ready, or nothing more will be."""
        state = self._state
        idle = not state.busy and not state.lines
        return idle or state.closing or self._ready_samples() >= count

    def _ready_samples(self) -> int:
        return sum(len(each.samples) - each.taken for each in self._state.ready)

    def _cut(self) -> tuple[NDArray[np.float32], list[Phone]]:
        """Up to a chunk of what is ready, with the phones that start in it."""
        parts: list[NDArray[np.float32]] = []
        phones: list[Phone] = []
        filled, ready = 0, self._state.ready
        while ready and filled < self._size:
            piece = ready[0]
            if not piece.first and not piece.taken and not piece.fades:
                self._state.waiting -= 1
            end = min(piece.taken + self._size - filled, len(piece.samples))
            begun = (piece.first + piece.taken, piece.first + end)
            offset = self._position + filled - begun[0]
            phones += [_moved(phone, offset) for phone in piece.phones if begun[0] <= phone.start < begun[1]]
            parts.append(piece.samples[piece.taken : end])
            filled += end - piece.taken
            piece.taken = end
            if end == len(piece.samples):
                ready.popleft()
        return np.concatenate(parts) if parts else np.zeros(0, np.float32), phones

    def _work(self) -> None:
        """Speak line after line until it is told to end; an error is told to who takes."""
        while (line := self._next_line()) is not None:
            turn, pieces = line
            spoken = 0
            try:
                for piece in pieces:
                    if not self._keep(turn, _Ready(piece.samples, piece.phones, spoken)):
                        break
                    spoken += len(piece.samples)
            except Exception as error:  # else who takes would wait for ever
                with self._changed:
                    self._state.error = error
            self._end_line(turn, silent=not spoken)

    def _next_line(self) -> tuple[int, Iterator[Piece]] | None:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._state.lines) or self._state.closing)
            if self._state.closing:
                return None
            self._state.busy = True
            return self._state.turn, self._state.lines.popleft()

    def _keep(self, turn: int, piece: _Ready) -> bool:
        """Put a piece behind what is ready, once there is room; False: nobody wants it any more."""
        state = self._state
        with self._changed:
            self._changed.wait_for(lambda: self._has_room() or state.closing or turn != state.turn)
            if state.closing or turn != state.turn:
                return False
            if len(piece.samples):
                state.ready.append(piece)
            self._changed.notify_all()
        return True

    def _has_room(self) -> bool:
        return self._ready_samples() < self._most_ready

    def _end_line(self, turn: int, *, silent: bool) -> None:
        with self._changed:
            self._state.busy = False
            if silent and turn == self._state.turn:
                self._state.waiting -= 1
            self._changed.notify_all()


def _moved(phone: Phone, by: int) -> Phone:
    return Phone(phone.symbol, phone.start + by, phone.end + by)
