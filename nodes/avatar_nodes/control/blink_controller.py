"""Lids that blink."""

from __future__ import annotations

import numpy as np

from avatar_nodes.control.blink_model import Lids
from avatar_nodes.motion.prosody_model import Prosody
from avatar_nodes.motion.shapes_model import indices_of
from avatar_nodes.payloads import FaceMotion, SpeechFeatures
from graphcore import Input, Node, Output, Param, Window

BLINK, WIDE, BROW_DOWN = (list(indices_of(name)) for name in ("eyeBlink", "eyeWide", "browDown"))
BROW_DROP = 0.07  # brows come along a little


class BlinkController(Node):
    """Adds blinks: more while talking, at pauses and with large gaze shifts."""

    motion = Input(FaceMotion, doc="the face without blinks; lids that it shuts stay shut")
    speech = Input(SpeechFeatures, follows=True, window_ms=1200, doc="without it the face blinks as one at rest")
    blinked = Output(FaceMotion, doc="the same face, with blinks")
    rate = Param(1.0, ge=0.0, le=2.0, live=True, doc="1: as people do, 17 to 26 a minute; 0: never")

    def open(self) -> None:
        """Draw the first interval from the seed."""
        self._lids = Lids(self.context.rng)
        self._prosody = Prosody()

    def process(self, motion: FaceMotion, speech: Window[SpeechFeatures]) -> None:
        """Add the lids to this face."""
        pauses = self._prosody.pauses
        self._prosody.hear(speech, self.timestamp)
        shut = self._lids.shut_at(
            self.timestamp / 1e9,
            activity=self._prosody.activity,
            paused=self._prosody.pauses > pauses,
            look=_look(motion),
            rate=self.rate,
        )
        self.blinked.send(_with_lids(motion, shut) if shut > 0.0 else motion)


def _look(motion: FaceMotion) -> tuple[float, float]:
    eyes = motion.gaze if motion.gaze is not None else (0.0, 0.0)
    return float(motion.head[0] + eyes[0]), float(motion.head[1] + eyes[1])


def _with_lids(motion: FaceMotion, shut: float) -> FaceMotion:
    expression = motion.expression.copy()
    expression[BLINK] = np.maximum(expression[BLINK], shut)
    expression[WIDE] *= 1.0 - shut
    expression[BROW_DOWN] = np.minimum(expression[BROW_DOWN] + BROW_DROP * shut, 1.0)
    return FaceMotion(motion.head, expression, motion.gaze, motion.closure, motion.dynamics, motion.basis)
