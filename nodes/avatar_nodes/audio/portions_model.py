"""What is to be done with a portion of sound that came: wait with the next one, or throw it away."""

from __future__ import annotations

from dataclasses import dataclass

QUIET_S, AT_MOST_S = 0.050, 0.500  # after an interrupt: what was under way has passed
A_SECOND, AT_ONCE = 2000.0, 2000.0  # portions; beyond these the next one waits


@dataclass
class Passing:
    """What was under way when speech was interrupted: until nothing came for a moment, it is thrown away."""

    quiet_at: float = 0.0
    at_most: float = 0.0

    def begin(self, now: float) -> None:
        """Speech was interrupted."""
        self.quiet_at, self.at_most = now + QUIET_S, now + AT_MOST_S

    def takes(self, now: float) -> bool:
        """Whether what comes now belongs to it."""
        if now > min(self.quiet_at, self.at_most):
            return False
        self.quiet_at = now + QUIET_S
        return True


@dataclass
class Allowance:
    """So many portions may come at once, and in a second: a flood of small ones takes no time from the graph."""

    left: float = AT_ONCE
    seen: float = 0.0

    def take(self, now: float) -> float:
        """One came; how long the next one has to wait (s)."""
        self.left = min(AT_ONCE, self.left + (now - self.seen) * A_SECOND) - 1.0
        self.seen = now
        return max(0.0, -self.left / A_SECOND)
