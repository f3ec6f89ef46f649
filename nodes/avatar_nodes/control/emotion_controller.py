"""Say which emotion the face shows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.control.emotion_model import weights_of
from avatar_nodes.motion.shapes_model import smoothstep
from avatar_nodes.payloads import EMOTION_NAMES, Emotion
from graphcore import Output, Param, Source, timestamp_of

EASE_NS = 400_000_000  # an emotion does not switch, it comes


class EmotionController(Source):
    """Sends an emotion for every video frame, without end; a change eases in over 400 ms."""

    emotion = Param("neutral", choices=EMOTION_NAMES, live=True, doc="what the face shows")
    intensity = Param(0.5, ge=0.0, le=1.0, live=True, doc="0 shows nothing, 1 shows it fully")
    weights = Output(Emotion, doc="one packet for each video frame")

    def produce(self) -> Iterator[None]:
        """Send the emotion of every frame."""
        rate = self.context.frame_rate
        start = goal = weights_of(self.emotion, self.intensity)
        changed_at = -EASE_NS
        index = 0
        while True:
            now = timestamp_of(index, rate.numerator, rate.denominator)
            wanted = weights_of(self.emotion, self.intensity)
            if not np.array_equal(wanted, goal):
                start, goal, changed_at = _eased(start, goal, now - changed_at), wanted, now
            self.weights.send(Emotion(_eased(start, goal, now - changed_at)), timestamp=now)
            yield
            index += 1


def _eased(start: NDArray[np.float32], goal: NDArray[np.float32], elapsed_ns: int) -> NDArray[np.float32]:
    return start + (goal - start) * np.float32(smoothstep(elapsed_ns / EASE_NS))
