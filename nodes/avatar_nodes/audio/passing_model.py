"""What was under way when speech was interrupted, and comes all the same."""

from __future__ import annotations

from dataclasses import dataclass

QUIET_S, AT_MOST_S = 0.050, 0.500  # after an interrupt: what was under way has passed


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
