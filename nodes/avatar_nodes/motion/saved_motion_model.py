"""Motion that was saved: a face at any time of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.motion.motion_columns_model import CLOSURE_AT, GAZE_AT, NS_PER_S, NUMBER_NAMES
from avatar_nodes.payloads import FaceMotion


@dataclass
class SavedMotion:
    """The frames of a file, in the order of time."""

    times: NDArray[np.int64]  # (N,) ns, rising
    numbers: NDArray[np.float64]  # (N, 61) as NUMBER_NAMES; NaN: no gaze
    dynamics: dict[int, tuple[str, NDArray[np.float32]]] = field(default_factory=dict)  # frame -> basis, components

    @property
    def usual_step_s(self) -> float:
        """From one frame to the next, the median; 0 of a single frame."""
        return float(np.median(np.diff(self.times))) / 1e9 if len(self.times) > 1 else 0.0

    def beyond(self) -> tuple[int, str]:
        """How many of closure and the 52 are not from 0 to 1, and which is the first: "jawOpen 40 at 0.04 s"."""
        amounts = self.numbers[:, CLOSURE_AT:]
        places = np.argwhere((amounts < 0.0) | (amounts > 1.0))
        if not len(places):
            return 0, ""
        frame, column = map(int, places[0])
        first = f"{NUMBER_NAMES[CLOSURE_AT + column]} {amounts[frame, column]:g}"
        return len(places), f"{first} at {int(self.times[frame]) / NS_PER_S:g} s"

    def frame(self, index: int) -> FaceMotion:
        """One frame as it was saved."""
        numbers = self.numbers[index]
        kept = numbers.astype(np.float32)
        basis, dynamics = self.dynamics.get(index, ("", None))
        gaze = None if np.isnan(numbers[GAZE_AT]).any() else kept[GAZE_AT].copy()
        expression = kept[CLOSURE_AT + 1 :].copy()
        return FaceMotion(kept[:6].copy(), expression, gaze, float(numbers[CLOSURE_AT]), dynamics, basis)

    def at(self, timestamp: int) -> FaceMotion:
        """The face at a media time (ns): between two frames a mixture, beyond the ends the nearest one."""
        after = int(np.searchsorted(self.times, timestamp, side="right"))
        before = max(after - 1, 0)
        start = int(self.times[before])
        if timestamp <= start or after == len(self.times):
            return self.frame(before)
        weight = (timestamp - start) / (int(self.times[after]) - start)
        return self.frame(before).between(self.frame(after), weight)
