"""Blinks and gaze of one frame after the other: without the frames to come, a blink is known by how far it has gone."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.tracking.blinks_seen_model import DEAD, EVENT, HIDES, paired, way_from

Array = NDArray[np.float64]

SHUT = 0.57  # of the way to shut: from here on an eye is shut, as far as MediaPipe sees it
_REMEMBERED_S = 1.0  # from which the resting opening of a moment is taken
_LONGEST_HIDDEN_S = 0.5  # a look that is hidden for longer is lowered, not a blink's


class LiveEyes:
    """Follows both eyes."""

    def __init__(self) -> None:
        self._openings: deque[tuple[float, Array]] = deque()
        self._gaze = np.zeros(2)
        self._hidden_s = _LONGEST_HIDDEN_S

    def blinks(self, now_s: float, openness: Array) -> Array:
        """eyeBlink (2,) of the right and left eye from their opening (2,): 0 shut, 1 at rest."""
        self._openings.append((now_s, openness))
        while self._openings[0][0] < now_s - _REMEMBERED_S:
            self._openings.popleft()
        recent = np.percentile([each for _, each in self._openings], 70, axis=0)
        self._way = paired(way_from(openness, recent))
        return np.interp(self._way, (DEAD, EVENT, SHUT), (0.0, (EVENT - DEAD) / (1.0 - DEAD), 1.0))

    def gaze(self, step_s: float, seen: Array) -> Array:
        """The gaze (2,) in degrees; held while lids hide the irises."""
        hidden = bool(self._way.mean() >= HIDES)
        self._hidden_s = self._hidden_s + step_s if hidden else 0.0
        if not hidden or self._hidden_s > _LONGEST_HIDDEN_S:
            self._gaze = seen
        return self._gaze
