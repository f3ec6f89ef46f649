"""How long sound is kept before it is played: as short as it comes, and steady."""

from __future__ import annotations

WATCHED_S = 2.5  # twice this without need, and sound is kept for less
SLOWER_S = 0.005  # by so much at once, which is taken back by playing a hair faster
LEAP_S = 0.1  # more than this is left out at once, at the next quiet place


class PlayDelay:
    """Chooses how long after its media time sound is played, in seconds, from when it comes.

    Sound that comes too late makes it longer at once; it grows shorter only after a while in which all came sooner: by
    a little, or, where `leap_s` is above 0, by so much once `leap` is called. `urgent`: that was wished for long ago.
    """

    def __init__(self, reserve_s: float) -> None:
        self.delay_s: float | None = None  # None: nothing came
        self.leap_s = 0.0
        self.urgent = False
        self._reserve_s = reserve_s
        self._worst_s = self._worst_before_s = 0.0  # needed since `_since_s`, and in the WATCHED_S before
        self._since_s = 0.0

    def add(self, needed_s: float, now_s: float) -> float:
        """Sound came that needs this delay at least; says by how much the delay grew."""
        if self.delay_s is None or needed_s > self.delay_s:
            grown_s = needed_s + self._reserve_s - (self.delay_s or 0.0)
            self.delay_s = needed_s + self._reserve_s
            self.leap_s, self.urgent = 0.0, False
            self._worst_s = self._worst_before_s = needed_s
            self._since_s = now_s
            return grown_s
        self._worst_s = max(self._worst_s, needed_s)
        if now_s - self._since_s > WATCHED_S:
            self._shorten(self.delay_s - max(self._worst_s, self._worst_before_s) - self._reserve_s)
            self._worst_before_s, self._worst_s, self._since_s = self._worst_s, needed_s, now_s
        return 0.0

    def leap(self) -> None:
        """Take the leap."""
        assert self.delay_s is not None
        self.delay_s -= self.leap_s
        self.leap_s, self.urgent = 0.0, False

    def _shorten(self, spare_s: float) -> None:
        assert self.delay_s is not None
        self.urgent = self.leap_s > 0 and spare_s > LEAP_S
        self.leap_s = spare_s if spare_s > LEAP_S else 0.0
        if 0 < spare_s <= LEAP_S:
            self.delay_s -= min(spare_s, SLOWER_S)
