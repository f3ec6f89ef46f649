"""Sound that comes when it likes, taken at the pace of the clock: bounded, gapless, silent where there is none."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np
from numpy.typing import NDArray

FADE_S = 0.005  # of sound that breaks off
SILENT_S = 0.04  # after an interrupt, before anything new: so much is taken for the end of what was broken off
SOON_S = 0.5  # sound that goes on after a shorter silence had run dry; after a longer one it begins anew
SMALL = 256  # samples: so few are kept together with those that follow


class SoundQueue:
    """What came and was not taken yet, as (n, channels) at `sample_rate`; `put` from one thread, `take` from another.

    Sound begins to be given once `patience_s` of it are there, or so long after its first sample: a program that
    sends as fast as it speaks may then be late by that much. `most_s`: when so much waits it is full; who puts
    waits by itself.
    """

    def __init__(self, sample_rate: int, channels: int, *, most_s: float, patience_s: float) -> None:
        self.patience_s = patience_s
        self.underruns = 0  # how often sound ran dry, and went on soon after
        self._rate, self._channels = sample_rate, channels
        self._most = round(most_s * sample_rate)
        self._fade = np.linspace(1.0, 0.0, round(FADE_S * sample_rate), dtype=np.float32)[:, None]
        self._parts: deque[tuple[int, NDArray[np.float32]]] = deque()  # each with its speaker's beginning
        self._since = 0  # of the speaker whose sound was given last
        self._held = 0  # samples in the parts
        self._ending = np.zeros((0, channels), np.float32)  # comes before the parts: how sound that was forgotten ends
        self._gives = False
        self._complete = False  # who put it said that this is all for now
        self._waited = 0  # samples of silence given while sound was there already
        self._dry = round(SOON_S * sample_rate)  # samples of silence given since it ran dry
        self._lock = threading.Lock()

    @property
    def full(self) -> bool:
        """Whether no more is to be put until some was taken."""
        return self._held >= self._most

    @property
    def waiting_ms(self) -> int:
        """How much sound waits."""
        return self._held * 1000 // self._rate

    def put(self, samples: NDArray[np.float32], since: int = 0) -> None:
        """Take more sound in, of one who speaks since then (ns)."""
        with self._lock:
            if not len(samples):
                return
            self._held += len(samples)
            if self._parts and self._parts[-1][0] == since and len(self._parts[-1][1]) < SMALL:
                samples = np.concatenate([self._parts.pop()[1], samples])
            self._parts.append((since, samples))
            self._complete = False

    def complete(self) -> None:
        """Say that nothing more will come for now: what is there is given without patience."""
        with self._lock:
            self._complete = True

    def take(self, count: int) -> NDArray[np.float32]:
        """The next `count` samples of sound, or of silence."""
        with self._lock:
            ended, self._ending = self._ending[:count], self._ending[count:]
            if len(ended) == count:
                return ended
            count -= len(ended)
            given = self._next(count) if self._may_give(count) else np.zeros((0, self._channels), np.float32)
            missing = count - len(given)
            if missing and self._gives:
                self._gives = False
                if not self._complete:
                    given, self._dry = self._faded(given), 0
            self._dry += missing
        whole = missing == len(ended) == 0
        return given if whole else np.concatenate([ended, given, np.zeros((missing, self._channels), np.float32)])

    def forget(self, moment: int | None = None) -> None:
        """Throw away what waits; what is being given fades, and then it is silent for a moment.

        With a `moment` (ns) all this holds for those who spoke by then; who began later is heard.
        """
        with self._lock:
            if moment is not None and self._gives and self._since > moment:
                return
            later = [part for part in self._parts if moment is not None and part[0] > moment]
            self._parts = deque(part for part in self._parts if moment is None or part[0] <= moment)
            tail = self._ending
            if not len(tail) and self._gives:
                tail = self._next(len(self._fade))
                tail = tail * self._fade[: len(tail)]
            self._ending = np.zeros((round(SILENT_S * self._rate), self._channels), np.float32)
            self._ending[: len(tail)] = tail
            self._parts = deque(later)
            self._held = sum(len(samples) for _, samples in later)
            self._gives, self._waited, self._dry = False, 0, round(SOON_S * self._rate)

    def _may_give(self, count: int) -> bool:
        """Whether sound goes on, or begins: enough of it is there, or it was waited for long enough."""
        if self._gives or not self._held:
            return self._gives
        if self._held < self.patience_s * self._rate and not self._complete:
            self._waited += count
            if self._waited <= self.patience_s * self._rate:
                return False
        self.underruns += self._dry < SOON_S * self._rate
        self._gives, self._waited = True, 0
        return True

    def _next(self, count: int) -> NDArray[np.float32]:
        """Up to `count` samples off the front."""
        taken: list[NDArray[np.float32]] = []
        while self._parts and count > 0:
            self._since, part = self._parts.popleft()
            taken.append(part[:count])
            if len(part) > count:
                self._parts.appendleft((self._since, part[count:]))
            count -= len(taken[-1])
        self._held -= sum(map(len, taken))
        return np.concatenate(taken) if taken else np.zeros((0, self._channels), np.float32)

    def _faded(self, last: NDArray[np.float32]) -> NDArray[np.float32]:
        """The last samples before silence that nobody announced."""
        faded, length = last.copy(), min(len(last), len(self._fade))
        faded[len(last) - length :] *= self._fade[len(self._fade) - length :]
        return faded
