"""A face from its parts at one moment: lips, brows and head as drawn, emotion, eyes that reach their goal, blinks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.control.blink_model import Lids
from avatar_nodes.control.emotion_model import expression_of
from avatar_nodes.control.gaze_model import Eyes
from avatar_nodes.motion.coarticulation_model import Lips
from avatar_nodes.motion.head_motion_model import EYE_RANGE_DEG, eye_in_head
from avatar_nodes.motion.pose_model import BROW_NAMES, HEAD_NAMES
from avatar_nodes.motion.prosody_model import Prosody
from avatar_nodes.motion.shapes_model import Floats, coefficients, eye_look, indices_of
from avatar_nodes.motion.vowel_lip_sync_model import with_lips
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES, FaceMotion

UPPER_FACE = np.stack([coefficients(**{name: 1.0}) for name in BROW_NAMES])  # (8, 52): what a pose moves
BROWS = [EXPRESSION_INDEX[name] for name in EXPRESSION_NAMES if name.startswith("brow")]
BLINK, WIDE, BROW_DOWN = (list(indices_of(name)) for name in ("eyeBlink", "eyeWide", "browDown"))
BROW_DROP = 0.07  # brows come along with a blink
# Eyes that nobody commands look at the listener 75 % of the time while they listen, 41 % while they talk.
WANDER_LISTENING, WANDER_TALKING = 0.42, 1.0
HELP_S = 0.1  # how fast the head comes to help eyes at their limit


@dataclass(frozen=True, slots=True)
class Dials:
    """How much of each channel is shown: 0 none, 1 as drawn, 2 twice."""

    lips: float = 1.0
    brows: float = 1.0
    blinks: float = 1.0
    gaze: float = 1.0
    head: float = 1.0


class LivingFace:
    """Eyes and lids of one person, whose chances come from `rng`, around the lips and the pose that are given."""

    def __init__(self, rng: np.random.Generator) -> None:
        eyes, lids = rng.spawn(2)
        self._eyes, self._lids = Eyes(eyes), Lids(lids)
        self._aim = Aim()
        self._pauses = 0

    def at(
        self,
        now: float,
        lips: Lips,
        pose: Floats,
        *,
        command: tuple[float, float] | None,
        emotion: NDArray[np.float32] | None,
        prosody: Prosody,
        dials: Dials,
    ) -> FaceMotion:
        """The face at `now` (s), in rising order.

        `pose`: (14,) as POSE_NAMES; `command`: where to look (yaw, pitch), None: where a person would; `emotion`: (8,).
        """
        expression = _expression(lips, pose[len(HEAD_NAMES) :], emotion, dials)
        goal = self._goal(now, command, prosody) * max(dials.gaze, 1.0)
        head, eyes = self._aim.at(now, pose[: len(HEAD_NAMES)] * dials.head, goal, still=dials.head == 0.0)
        shut = self._shut(now, goal, prosody, dials.blinks)
        eyes *= min(dials.gaze, 1.0)
        for name, amount in eye_look(eyes).items():
            expression[EXPRESSION_INDEX[name]] = amount
        expression[BLINK] = np.maximum(expression[BLINK], shut)
        expression[WIDE] *= 1.0 - shut
        expression[BROW_DOWN] += BROW_DROP * shut * min(dials.brows, 1.0)
        np.clip(expression, 0.0, 1.0, out=expression)
        closure = lips.closure if dials.lips > 0.0 else 0.0
        return FaceMotion(head.astype(np.float32), expression, eyes.astype(np.float32), float(closure))

    def _goal(self, now: float, command: tuple[float, float] | None, prosody: Prosody) -> Floats:
        if command is not None:
            return np.array(command, np.float64)
        wander = WANDER_LISTENING + (WANDER_TALKING - WANDER_LISTENING) * prosody.activity
        return self._eyes.at(now, np.zeros(2), wander)

    def _shut(self, now: float, goal: Floats, prosody: Prosody, rate: float) -> float:
        paused, self._pauses = prosody.pauses > self._pauses, prosody.pauses
        look = float(goal[0]), float(goal[1])
        return self._lids.shut_at(now, activity=prosody.activity, paused=paused, look=look, rate=rate)


class Aim:
    """Eyes that reach a goal from a moving head; where they cannot turn that far, the head comes to help."""

    def __init__(self) -> None:
        self._help: Floats | None = None  # yaw and pitch of the head, degrees
        self._now = 0.0

    def at(self, now: float, head: Floats, goal: Floats, *, still: bool = False) -> tuple[Floats, Floats]:
        """The head (6,), and the eyes in it (2,), at `now` (s) in rising order; `goal`: in the camera's frame.

        The head that is to be `still` does not help.
        """
        wanted = np.zeros(2) if still else _strain(head, goal)
        if self._help is None or still:
            self._help = wanted
        self._help = self._help + (wanted - self._help) * (1.0 - math.exp((self._now - now) / HELP_S))
        self._now = now
        helped = head.copy()
        helped[:2] += self._help
        return helped, eye_in_head(goal, helped[:3])


def _strain(head: Floats, goal: Floats) -> Floats:
    """How far a head (6,) must turn, yaw and pitch, so that eyes in their range reach the goal."""
    turned = head[:3].copy()
    for _ in range(3):  # the first turn is all but enough
        angle = float(np.hypot(*eye_in_head(goal, turned, within_deg=180.0)))
        if angle <= EYE_RANGE_DEG:
            break
        turned[:2] += (1.0 - (EYE_RANGE_DEG - 0.5) / angle) * (goal - turned[:2])
    return turned[:2] - head[:2]


def _expression(lips: Lips, upper: Floats, emotion: NDArray[np.float32] | None, dials: Dials) -> NDArray[np.float32]:
    """The coefficients (52,) of lips, of brows and cheeks as drawn (8,), and of the emotion."""
    felt = np.zeros(len(EXPRESSION_NAMES), np.float32) if emotion is None else expression_of(emotion)
    felt[BROWS] *= dials.brows
    spoken = with_lips(felt, Lips(np.clip(lips.amounts * dials.lips, 0.0, 1.0), lips.closure * (dials.lips > 0.0)))
    drawn = np.clip(upper * dials.brows, 0.0, 1.0) @ UPPER_FACE
    np.clip(spoken, 0.0, 1.0, out=spoken)
    # What is felt and what is drawn go together, and never beyond 1.
    return (1.0 - (1.0 - spoken) * (1.0 - drawn)).astype(np.float32)
