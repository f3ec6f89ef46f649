"""A device that comes and goes, in words."""

from __future__ import annotations

MOST = 20  # words about one device: a loose plug may come and go for hours


class Presence:
    """What to tell of a device: `gone` when it is lost, `again` when it is back."""

    def __init__(self, gone: str, again: str) -> None:
        self._words = {False: gone, True: again}
        self._there = True
        self._told = 0

    def news(self, there: bool) -> str:
        """What to tell now; empty: nothing."""
        if there == self._there or self._told == MOST:
            return ""
        self._there = there
        self._told += 1
        return self._words[there]
