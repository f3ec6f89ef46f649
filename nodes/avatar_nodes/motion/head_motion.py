"""A head that moves as its person talks."""

from __future__ import annotations

import numpy as np

from avatar_nodes.motion.head_motion_model import Head, eye_in_head
from avatar_nodes.motion.prosody_model import Prosody
from avatar_nodes.motion.shapes_model import eye_look
from avatar_nodes.payloads import EXPRESSION_INDEX, FaceMotion, Gaze, SpeechFeatures
from graphcore import Input, Node, Output, Param, Window

BROWS = [EXPRESSION_INDEX[name] for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")]


class HeadMotion(Node):
    """Adds sway, nods on accents, breath and the head's share of the gaze; the eyes do the rest of the gaze.

    Without gaze it looks into the lens. The eight eyeLook* say the same as the gaze, for renderers that read only them.
    """

    motion = Input(FaceMotion, doc="the face; what its head does already is kept")
    speech = Input(SpeechFeatures, follows=True, window_ms=1200, doc="where the accents are; without it no nods")
    gaze = Input(Gaze, follows=True, default=None, doc="where to look, in the camera's frame")
    moved = Output(FaceMotion, doc="the same face, with head, brows and gaze moved")
    amount = Param(1.0, ge=0.0, le=2.0, live=True, doc="of all that the head does by itself; 0 holds it still")
    nod = Param(1.0, ge=0.0, le=2.0, live=True, doc="of nods and brows on accents; 0: none")

    def open(self) -> None:
        """Draw this person's habits from the seed."""
        self._head = Head(self.context.rng)
        self._prosody = Prosody()

    def process(self, motion: FaceMotion, speech: Window[SpeechFeatures], gaze: Gaze | None) -> None:
        """Add the head's pose to this face."""
        now = self.timestamp / 1e9
        prosody = self._prosody
        known = prosody.accents
        prosody.hear(speech, self.timestamp)
        if prosody.accents > known:
            self._head.accent(now, prosody.accent_strength)
        command = np.array([gaze.yaw, gaze.pitch]) if gaze is not None else np.zeros(2)
        pose = self._head.pose_at(now, command, prosody.talked_s, prosody.activity, self.amount, self.nod)
        head = motion.head + pose
        eyes = eye_in_head(command, head[:3])
        expression = motion.expression.copy()
        expression[BROWS] += self.nod * self._head.brow_at(now) * np.array([1.0, 0.8, 0.8])
        for name, amount in eye_look(eyes).items():
            expression[EXPRESSION_INDEX[name]] = amount
        self.moved.send(
            FaceMotion(
                head.astype(np.float32),
                np.clip(expression, 0.0, 1.0),
                eyes.astype(np.float32),
                motion.closure,
                motion.dynamics,
                motion.basis,
            )
        )
