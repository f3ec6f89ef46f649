"""Say how far the camera is from the head."""

from __future__ import annotations

from collections.abc import Iterator

from avatar_nodes.motion.shapes_model import smoothstep
from avatar_nodes.payloads import HeadDistance
from graphcore import Output, Param, Source, timestamp_of

EASE_NS = 1_000_000_000  # nobody is somewhere else at once


class DistanceController(Source):
    """Sends a distance of the head from the camera for every video frame, without end; a change takes a second."""

    factor = Param(1.0, ge=0.5, le=2.0, live=True, doc="1 is as in the photo; smaller is nearer")
    distance = Output(HeadDistance, doc="one packet for each video frame")

    def produce(self) -> Iterator[None]:
        """Send the distance of every frame."""
        rate = self.context.frame_rate
        start = goal = self.factor
        changed_at = -EASE_NS
        index = 0
        while True:
            now = timestamp_of(index, rate.numerator, rate.denominator)
            if self.factor != goal:
                start, goal, changed_at = _eased(start, goal, now - changed_at), self.factor, now
            self.distance.send(HeadDistance(_eased(start, goal, now - changed_at)), timestamp=now)
            yield
            index += 1


def _eased(start: float, goal: float, elapsed_ns: int) -> float:
    return start + (goal - start) * float(smoothstep(elapsed_ns / EASE_NS))
