"""When the samples of a device sounded: its crystal is not ours, and its blocks come with jitter."""

from __future__ import annotations

import math

BANDWIDTH_HZ = 0.05  # of the loop once it has settled
FIRST_BANDWIDTH_HZ = 1.0  # of its phase, so that it settles within seconds; it falls as
SETTLING = 0.5  # over the seconds heard
DAMPING = 1.0
LATE_WEIGHT = 0.2  # a block can come late, never early: what is late says less
LARGEST_ERROR_S = 0.02  # that the phase of the loop takes from one block
RATE_ERROR_S = 0.005  # that its rate does,
RATE_FROM_S = 2.0  # once the phase has settled: the first block may have come at any time
DRIFT = 0.005  # no crystal is further off
JUMP_S = 0.05  # an error beyond this, for so long, is no jitter: samples were lost
JUMP_LASTS_S = 0.3

STEERING_PER_S = 0.5  # how much of an error is taken back in a second
STEEPEST = 0.003  # as a change of speed: 5 cents, which nobody hears


class SampleClock:
    """The times of a device's samples on our clock, in seconds, from when its blocks come: a delay-locked loop.

    Fons Adriaensen, Using a DLL to filter time (2005). `rate` is nominal, in Hz; `jumps` counts how often samples were
    lost, so that the loop began anew.
    """

    def __init__(self, rate: float) -> None:
        self.index = 0  # samples so far
        self.jumps = 0
        self.locked_s = 0.0  # how long the loop runs
        self.period = 1.0 / rate  # seconds of our clock that a sample takes
        self._nominal = 1.0 / rate
        self._next_s: float | None = None  # time of sample `index`
        self._off_since: float | None = None  # when blocks began to come at times that do not fit

    @property
    def started(self) -> bool:
        """Whether a block has come."""
        return self._next_s is not None

    def add(self, count: int, at_s: float) -> bool:
        """Take a block of `count` samples whose first seems to have sounded at `at_s`; True: the times begin anew."""
        anew = self._next_s is None or self._jumped(at_s - self._next_s, at_s)
        if anew:
            self.jumps += self.started
            self.locked_s, self._off_since, self._next_s = 0.0, None, at_s
        assert self._next_s is not None
        self._follow(at_s - self._next_s, count)
        self.index += count
        return anew

    def index_at(self, time_s: float) -> float:
        """Which sample sounds at this time."""
        assert self._next_s is not None, "a block has come"
        return self.index + (time_s - self._next_s) / self.period

    def time_of(self, index: float) -> float:
        """When this sample sounds."""
        assert self._next_s is not None, "a block has come"
        return self._next_s + (index - self.index) * self.period

    def _follow(self, error_s: float, count: int) -> None:
        """The phase follows fast at first, the rate slowly and later: no crystal is far from its name."""
        length_s = count * self.period
        self.locked_s += length_s
        omega = 2 * math.pi * BANDWIDTH_HZ * length_s
        settling = 2 * math.pi * min(FIRST_BANDWIDTH_HZ, SETTLING / self.locked_s) * length_s
        error_s = max(-LARGEST_ERROR_S, min(LARGEST_ERROR_S, error_s))
        if error_s > 0:
            error_s *= LATE_WEIGHT
        assert self._next_s is not None
        if self.locked_s > RATE_FROM_S:
            self.period += omega * omega * max(-RATE_ERROR_S, min(RATE_ERROR_S, error_s)) / count
        self.period = max(self._nominal * (1 - DRIFT), min(self._nominal * (1 + DRIFT), self.period))
        self._next_s += min(1.0, 2 * DAMPING * max(omega, settling)) * error_s + count * self.period

    def _jumped(self, error_s: float, at_s: float) -> bool:
        """A delay that catches up in a burst is over at once; what was lost stays away."""
        if abs(error_s) < JUMP_S:
            self._off_since = None
            return False
        if self._off_since is None:
            self._off_since = at_s
        return at_s - self._off_since > JUMP_LASTS_S


def steered(ahead_s: float) -> float:
    """How fast to read, 1 as it comes, where what is read is `ahead_s` ahead of its time."""
    return 1.0 - max(-STEEPEST, min(STEEPEST, ahead_s * STEERING_PER_S))
