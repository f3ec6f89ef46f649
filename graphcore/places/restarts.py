"""How often a lost place is made good, and how soon."""

from __future__ import annotations

from dataclasses import dataclass, field

from graphcore.errors import RunError


@dataclass
class Restarts:
    """How often a lost place may be made good: `max` times within `within_s`, at once and then ever later."""

    max: int = 5
    within_s: float = 60.0
    backoff_s: float = 0.1  # before the second one; doubled for each one after it
    _times: list[float] = field(default_factory=list)

    def delay_s(self, place: str, fate: str, now: float) -> float:
        """How long to wait before the next attempt; raises RunError when there is to be none."""
        self._times = [when for when in self._times if now - when < self.within_s]
        if len(self._times) >= self.max:
            what = f"lost ({fate}) after {len(self._times)} restarts within {self.within_s:.0f} s; giving up"
            raise RunError(f"place {place}", None, what)
        self._times.append(now)
        past = len(self._times) - 1
        return 0.0 if past == 0 else self.backoff_s * 2 ** (past - 1)
