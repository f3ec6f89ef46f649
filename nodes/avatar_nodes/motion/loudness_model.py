"""How loud speech is against its own background and its own peaks: independent of gain, row by row, causal."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

FLOOR_ROWS = 250  # the background is the quietest of the last 2.5 s
START_ROWS = 11  # what is taken for the background at first is heard in these
# Of these, the first ones whose windows, of loudness and of pitch, do not reach back before the sound.
LOUDNESS_ROWS, PITCH_ROWS = 2, 4
LOWEST_DB = -65.0  # below this nothing is heard, whatever the background is
LEAST_SPAN_DB = 20.0  # speech stands out of its background by at least that much
ABOVE_FLOOR_DB = 7.0  # up to here it may be the background's own unrest
PEAK_DECAY_DB = 0.03  # a row: 3 dB a second
SMOOTHING = 0.35  # of loudness, a row


class SpeechLevel:
    """Follows background and peaks; `step` gives the level of a row, 0 in the background to 1 at the peaks.

    The background is the least of what was heard without voice: somebody who sings or hums on is none.
    """

    def __init__(self) -> None:
        self._smooth: float | None = None
        self._recent: deque[tuple[int, float]] = deque()  # rising minima of the window: (row, dB)
        self._floor: float | None = None
        self._row = 0
        self._peak = LOWEST_DB

    def look_ahead(self, loudness_db: Sequence[float], voiced: Sequence[bool]) -> None:
        """Learn the background from the first START_ROWS, so that it is known at the first step."""
        self._floor = LOWEST_DB
        heard = [db for db in loudness_db[LOUDNESS_ROWS:] if db > LOWEST_DB]
        if heard and not all(voiced[PITCH_ROWS:]):  # neither a voice nor an encoder's silence is a background
            self._floor = min(heard)
            self._recent.append((0, self._floor))

    def step(self, loudness_db: float, voiced: bool) -> float:
        """The level of the next row; 0 as long as the background is not known."""
        loudness_db = max(loudness_db, LOWEST_DB)
        self._smooth = loudness_db if self._smooth is None else self._smooth
        self._smooth += SMOOTHING * (loudness_db - self._smooth)
        self._learn_floor(self._smooth, voiced)
        self._peak = max(self._smooth, self._peak - PEAK_DECAY_DB)
        if self._floor is None:
            return 0.0
        span = max(self._peak - self._floor, LEAST_SPAN_DB)
        return min(max((self._smooth - self._floor - ABOVE_FLOOR_DB) / (span - ABOVE_FLOOR_DB), 0.0), 1.0)

    def _learn_floor(self, smooth: float, voiced: bool) -> None:
        self._row += 1
        if self._row < START_ROWS:
            return
        floor = LOWEST_DB if self._floor is None else self._floor
        if not voiced or smooth < floor:
            while self._recent and self._recent[-1][1] >= smooth:
                self._recent.pop()
            self._recent.append((self._row, smooth))
        while self._recent and self._recent[0][0] <= self._row - FLOOR_ROWS:
            self._recent.popleft()
        self._floor = self._recent[0][1] if self._recent else floor
