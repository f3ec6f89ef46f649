"""From speech rows to motion frames: each is drawn once its lookahead was heard, and kept until it was shown."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.motion.exact_lips_model import HeardLips, LipsListener
from avatar_nodes.motion.motion_diffusion_model import Drawn, Wish
from avatar_nodes.motion.shapes_model import Floats
from avatar_nodes.motion.speech_rows_model import ROW_NS, SpeechRows
from avatar_nodes.payloads import SpeechFeatures

ROWS = 4  # in an audio frame
FRAME_NS = ROWS * ROW_NS
LOOKAHEAD_FRAMES = 2
LOOKAHEAD_NS = LOOKAHEAD_FRAMES * FRAME_NS


class Sampler(Protocol):
    """What draws motion; MotionModel is one."""

    def begin(self, seed: int) -> Any:
        """A session that has heard nothing."""

    def step(self, states: Sequence[Any], rows: NDArray[np.float32], wishes: Sequence[Wish]) -> list[Drawn | None]:
        """Take rows (B, 4, 82), and draw the motion frame two frames before them."""


@dataclass(frozen=True, slots=True)
class MotionFrame:
    """What was drawn of one motion frame."""

    lips: HeardLips
    pose: Floats  # (14,) as POSE_NAMES


class DrawnFrames:
    """One session of a sampler: motion frame i is the face at i * 40 ms, and drawn after audio frame i + 2."""

    def __init__(self, sampler: Sampler, seed: int) -> None:
        self._sampler = sampler
        self._state = sampler.begin(seed)
        self._speech = SpeechRows()
        self._listener = LipsListener()
        self._next = 0  # the audio frame that is heard next
        self._first_row = 0
        self._first = 0  # number of the oldest frame that is kept
        self._broken_off_ns = -1  # what was spoken before is forgotten
        self._frames: deque[MotionFrame] = deque()

    @property
    def end_ns(self) -> int:
        """Media time up to which speech is known."""
        return max(self._speech.end, self._first_row) * ROW_NS

    @property
    def next_ns(self) -> int:
        """When the audio frame starts that is heard next."""
        return self._next * FRAME_NS

    @property
    def next_is_known(self) -> bool:
        """Whether all rows of the next audio frame have come."""
        return self.next_ns + FRAME_NS <= self.end_ns

    def begin(self, timestamp: int) -> None:
        """The sound starts at `timestamp` (ns): the first audio frame is the one it lies in."""
        self._first_row = (timestamp + ROW_NS // 2) // ROW_NS
        self._next = self._first = self._first_row // ROWS

    def hear(self, timestamp: int, speech: SpeechFeatures) -> None:
        """Take speech features."""
        self._speech.add(timestamp, speech)

    def break_off(self, until_ns: int) -> None:
        """What is spoken before `until_ns` is not listened to any more."""
        self._broken_off_ns = until_ns
        self._listener.forget()

    def step(self, wish: Wish) -> None:
        """Hear the next audio frame, silence where none is known, and draw the motion frame two frames before it."""
        start, stop = self._next * ROWS, (self._next + 1) * ROWS
        loudness, pitch = self._speech.loudness(start, stop), self._speech.pitch(start, stop)
        self._listener.waking.hear(loudness, pitch)
        rows = np.column_stack([self._speech.mel(start, stop), loudness, pitch])  # (4, 82)
        drawn = self._sampler.step([self._state], rows[None], [wish])[0]
        if drawn is not None:
            amounts = drawn.lips.astype(np.float64)
            heard_of = (drawn.heard_closure, drawn.touch, drawn.speech)
            if (self._next - LOOKAHEAD_FRAMES) * FRAME_NS < self._broken_off_ns:
                heard_of = (0.0, 0.0, 0.0)
            heard = self._listener.step(amounts, *heard_of)
            self._frames.append(MotionFrame(heard, drawn.pose.astype(np.float64)))
        self._next += 1
        self._speech.forget_before(stop)

    def reaches(self, moment_ns: int) -> bool:
        """Whether the frames on both sides of a time were drawn."""
        return -(-moment_ns // FRAME_NS) < self._first + len(self._frames)

    def around(self, moment_ns: int) -> tuple[MotionFrame, MotionFrame, float]:
        """The frames before and after a time, in rising order, and the weight of the second; at a frame both are it."""
        number, over_ns = divmod(moment_ns, FRAME_NS)
        while self._first < number and len(self._frames) > 1:
            self._frames.popleft()
            self._first += 1
        return self._frames[0], self._frames[1 if over_ns else 0], over_ns / FRAME_NS
