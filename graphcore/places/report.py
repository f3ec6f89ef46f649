"""What a place tells while it runs: what its nodes said, how far they are, what was counted."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from graphcore.places.part_links import PartLinks
from graphcore.runtime.run import Run

TELL_EVERY_S = 0.2
COUNT_EVERY_S = 1.0  # statistics take longer to sum up


class Report:
    """Of one part."""

    def __init__(self) -> None:
        self._told: dict[str, Any] = {}
        self._told_at = self._counted_at = 0.0

    def news(self, run: Run, links: PartLinks | None, now: float) -> dict[str, Any] | None:
        """What has changed, as JSON can say it, where it is time for it (monotonic seconds)."""
        if now - self._told_at < TELL_EVERY_S:
            return None
        self._told_at = now
        if now - self._counted_at >= COUNT_EVERY_S:
            self._counted_at = now
            return self.whole(run, links)
        said = self._said(run)
        if said == self._told:
            return None
        self._told = said
        return said

    def whole(self, run: Run, links: PartLinks | None) -> dict[str, Any]:
        """All of it."""
        counted: dict[str, Any] = {"losses": run.losses, "stats": run.stats()}
        if links is not None:
            peers = [
                {"peer": peer, "bytes": links.channels[peer].bytes, **wire.figures}
                for peer, wire in links.wires.items()
            ]
            counted |= {
                "ways": links.counts(),
                "arrivals": links.arrivals(),
                "peers": peers,
            }
        return self._said(run) | counted

    def _said(self, run: Run) -> dict[str, Any]:
        return {
            "notices": run.notices,
            "made": [{**asdict(made), "path": str(made.path)} for made in run.made],
            "expected": run.all_expected_ns,
            "positions": run.positions_ns,
        }
