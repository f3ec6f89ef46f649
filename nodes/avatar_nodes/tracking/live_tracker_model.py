"""From landmarks to FaceMotion, one frame after the other: calibrated and smoothed by what came before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.canonical_model import MEAN_FACE, MIRROR
from avatar_nodes.face.dynamics_model import GEOMETRY, geometry_of
from avatar_nodes.face.face_basis_model import BASIS
from avatar_nodes.face.mesh_model import FACE_VERTICES
from avatar_nodes.payloads import EXPRESSION_NAMES, FaceMotion
from avatar_nodes.tracking.blinks_seen_model import opening
from avatar_nodes.tracking.expression_fit_model import left_over
from avatar_nodes.tracking.face_tracker_model import closure_of, head_poses, put_eyes, put_looks
from avatar_nodes.tracking.live_eyes_model import LiveEyes
from avatar_nodes.tracking.one_euro_model import OneEuro
from avatar_nodes.tracking.running_person_model import RunningPerson
from avatar_nodes.tracking.seen_face_model import lid_aspects, lip_opening, stand

Array = NDArray[np.float64]

HOLD_S = 0.5  # a face that is not seen stays as it was for so long
LEAVE_S, RETURN_S = 0.6, 0.3  # then it eases to neutral, and back

# Cutoff at rest in Hz, and Hz for each unit a second: chosen on recordings of people who rest and who move.
_ANGLES, _PLACE = (1.5, 0.3), (1.5, 5.0)
_SHAPES, _LIDS = (2.0, 8.0), (8.0, 20.0)
_GAZE, _CLOSURE = (1.0, 0.08), (4.0, 15.0)
_DYNAMICS = (2.0, 0.6)
_OF_LIDS = ("eyeBlink", "eyeWide", "eyeSquint")


class LiveTracker:
    """Follows one face; every frame gives a motion, also where no face was seen."""

    def __init__(self, settle_s: float = 2.0) -> None:
        self._settle_s = settle_s
        self._person: RunningPerson | None = None
        self._eyes = LiveEyes()
        cutoff, beta = _settings()
        self._filter = OneEuro(cutoff, beta)
        self._seen = self._neutral = _motion(np.zeros(len(cutoff)))
        self._before: float | None = None  # s: the time of the frame before
        self._missing_s = 0.0
        self._presence = 1.0

    def add(self, now_s: float, landmarks: Array | None, smooth: float = 1.0) -> FaceMotion:
        """The motion at a time in seconds; landmarks (478, 3) in px, None where no face is seen."""
        step_s = 0.0 if self._before is None else now_s - self._before
        self._before = now_s
        if landmarks is not None:
            self._seen = self._track(now_s, step_s, landmarks, smooth)
        self._missing_s = 0.0 if landmarks is not None else self._missing_s + step_s
        if self._missing_s > HOLD_S:
            self._presence = max(self._presence - step_s / LEAVE_S, 0.0)
        elif landmarks is not None and self._presence < 1.0:
            self._presence = min(self._presence + step_s / RETURN_S, 1.0)
        return self._seen if self._presence == 1.0 else self._neutral.between(self._seen, self._presence)

    def _track(self, now_s: float, step_s: float, landmarks: Array, smooth: float) -> FaceMotion:
        if self._person is None:
            self._person = RunningPerson(landmarks, self._settle_s)
        else:
            self._person.see(landmarks, step_s)
        person = self._person.person
        standing = stand(landmarks[None], person.landmarks)
        heads = standing.into_head(landmarks[None])
        openness = opening(person, lid_aspects(heads))
        blinks = self._eyes.blinks(now_s, openness[0])
        gaze = self._eyes.gaze(step_s, person.gaze(heads)[0])
        expression = self._person.expression(heads)
        put_eyes(expression, openness, blinks[None], gaze[None])
        closure = closure_of(np.maximum(lip_opening(heads) - person.closed_gap, 0.0))
        left = geometry_of(left_over(person, heads[:, :FACE_VERTICES], expression, gaze[None]))
        seen = [head_poses(standing, self._person.rest)[0], expression[0].astype(np.float64), gaze, closure, left[0]]
        return _motion(self._filter.smooth(np.concatenate(seen), step_s, smooth))


def warm_up() -> None:
    """Compile (or load) the inner loops and the learned shapes, so that the first frame takes no longer than others."""
    LiveTracker().add(0.0, MEAN_FACE * (100.0, -100.0, -100.0))


def mirrored_landmarks(landmarks: Array, width: int) -> Array:
    """The landmarks (478, 3) in px of the same picture, `width` px wide, in a mirror."""
    turned = landmarks[MIRROR].copy()
    turned[:, 0] = width - 1 - turned[:, 0]
    return np.asarray(turned)


def _settings() -> tuple[Array, Array]:
    """Cutoff and beta of all numbers: head, expression, gaze, closure, dynamics."""
    shapes = [_LIDS if name.startswith(_OF_LIDS) else _SHAPES for name in EXPRESSION_NAMES]
    dynamics = [_DYNAMICS] * GEOMETRY.stop
    pairs = np.array([*[_ANGLES] * 3, *[_PLACE] * 3, *shapes, *[_GAZE] * 2, _CLOSURE, *dynamics])
    return pairs[:, 0], pairs[:, 1]


def _motion(numbers: Array) -> FaceMotion:
    parts = np.split(numbers.astype(np.float32), np.cumsum((6, len(EXPRESSION_NAMES), 2, 1)))
    head, expression, gaze, closure, dynamics = parts
    put_looks(expression[None], gaze[None].astype(np.float64))
    return FaceMotion(head, expression, gaze, float(closure[0]), dynamics, BASIS)
