"""Whether a run that is spread over places stands still: every place is quiet, and nothing is on its way between them.

A place that is quiet wakes only by a message. If each pair of places agrees on how many messages have gone either
way, none was sent after its sender's report, for the first such one would have needed one before it.
"""

from __future__ import annotations

from collections.abc import Iterable

from graphcore.places.messages import Quiet, Relieved


class StallWatch:
    """The reports of the places, of the present round; each making of room begins another one."""

    def __init__(self, places: Iterable[str]) -> None:
        self.round = 0
        self._places = frozenset(places)
        self._quiet: dict[str, Quiet] = {}
        self._relieved: dict[str, Relieved] = {}

    def quiet(self, place: str, report: Quiet) -> bool:
        """Take a report; True: the whole run stands still, and a new round has begun."""
        if report.round != self.round:
            return False
        self._quiet[place] = report
        if len(self._quiet) < len(self._places) or not self._agree():
            return False
        self.round += 1
        self._quiet.clear()
        self._relieved.clear()
        return True

    def forget(self, place: str) -> None:
        """It was lost: what it said holds no more."""
        self._quiet.pop(place, None)

    def relieved(self, place: str, answer: Relieved) -> str | None:
        """Take an answer; where the last one has come and no place could make room: which node waits for what."""
        if answer.round != self.round:
            return None
        self._relieved[place] = answer
        if len(self._relieved) < len(self._places) or any(each.grown for each in self._relieved.values()):
            return None
        waits = [each.waits for each in self._relieved.values() if each.waits]
        return "; ".join(waits) or "no node can go on"

    def _agree(self) -> bool:
        """Whether what each place has sent to a peer has come there."""
        received = {
            (peer, place): count
            for place, report in self._quiet.items()
            for peer, count in zip(report.peers, report.received, strict=True)
        }
        return all(
            received.get((place, peer)) == count
            for place, report in self._quiet.items()
            for peer, count in zip(report.peers, report.sent, strict=True)
        )
