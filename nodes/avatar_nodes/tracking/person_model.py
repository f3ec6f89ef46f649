"""One person's neutral face, calibrated from their own video: lips touching, lids at rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import MEAN_FACE
from avatar_nodes.face.expression_model import ExpressionBasis, build_basis
from avatar_nodes.face.lips_closure_model import UPPER_LIP, LipClosure
from avatar_nodes.tracking.seen_face_model import eye_gaze, lid_aspects, lip_opening, stand

Array = NDArray[np.float64]

LEAST_FRAMES = 5
REST_SHARE = 0.15  # of the frames: those with the smallest gap between the lips are at rest,
REST_GAP = 0.008  # inter-pupil distances: and those whose gap is larger by no more, or pressed lips would be rest
CLOSED_READS = 0.035  # inter-pupil distances: the most that closed lips are read as
# Irises are read as moving less than they do: of what keeps the eyes on the lens while the head turns, .55 across and
# .45 up and down are seen (median of open recordings); of what a rendered face does, .69 across.
_GAZE_GAIN = (1.4, 1.7)
_OPEN_LIDS, _SHUT_LIDS = 70.0, 0.7  # percentiles of the lids' opening
_MEDIA_PIPE_SHUT = 0.45  # of the resting opening: where MediaPipe stays when an eye shuts, at most


@dataclass(frozen=True, slots=True)
class Person:
    """What the tracker knows of a face, in head coordinates (see `expression_model`)."""

    landmarks: Array  # (478, 3) at rest
    closed: Array  # (468, 3) as closed lips are read, with their small gap
    neutral: Array  # (468, 3) the same with the lips brought together
    basis: ExpressionBasis
    closed_gap: float  # what the gap of closed lips reads
    lids_rest: Array  # (2,) aspect of the right and left eye at rest
    lids_shut: Array  # (2,) and shut
    look: Array  # (2,) where the eyes look mostly, as `eye_gaze` reads it

    def gaze(self, heads: Array) -> Array:
        """Yaw and pitch (T, 2) in degrees of the eyes in heads (T, 478, 3)."""
        return np.asarray(self.look + _GAZE_GAIN * (eye_gaze(heads) - self.look))

    @classmethod
    def of(cls, landmarks: Array, basis: ExpressionBasis | None = None) -> Person:
        """From frames (T, 478, 3) in px; a few seconds with a pause in the speech serve best.

        `basis` is that of an earlier judgement of the same person: to build one takes the longest.
        """
        heads = stand(landmarks).into_head(landmarks)
        heads = stand(landmarks, _upright(heads)).into_head(landmarks)
        at_rest = _resting(heads)
        gap = float(np.median(lip_opening(at_rest)))
        closed_gap = min(gap, CLOSED_READS)
        aspects = lid_aspects(heads)
        rest = np.percentile(aspects, _OPEN_LIDS, axis=0)
        shut = np.minimum(np.percentile(aspects, _SHUT_LIDS, axis=0), _MEDIA_PIPE_SHUT * rest)
        middle = np.median(heads, axis=0)
        calm = np.median(at_rest, axis=0)
        calm[_ABOVE_MOUTH] = middle[_ABOVE_MOUTH]  # brows are at rest most of the time, not when the lips are
        look = np.median(eye_gaze(heads), axis=0)
        lips = LipClosure.of(calm[: mesh.FACE_VERTICES])
        closed = _nearer(calm[: mesh.FACE_VERTICES], lips, 1.0 - closed_gap / gap if gap > 0.0 else 0.0)
        neutral = _nearer(closed, lips, 1.0)
        return cls(calm, closed, neutral, basis or build_basis(neutral), closed_gap, rest, shut, look)


def _nearer(face: Array, lips: LipClosure, closure: float) -> Array:
    """The face (468, 3) with its lips brought together that far."""
    moved = face.copy()
    lips.close(moved, closure, np.full(len(UPPER_LIP), -1.0 if closure < 1.0 else 0.0))
    return moved


def _upright(heads: Array) -> Array:
    """The median face, standing as the mean face does."""
    middle = np.median(heads, axis=0)
    standing = stand(middle[None] * (1.0, -1.0, -1.0))
    return np.asarray(standing.into_head(middle[None] * (1.0, -1.0, -1.0))[0])


def _resting(heads: Array) -> Array:
    """The frames whose lips are nearest to closed."""
    gap = lip_opening(heads)
    count = min(max(round(REST_SHARE * len(heads)), LEAST_FRAMES), len(heads))
    return np.asarray(heads[gap <= np.sort(gap)[count - 1] + REST_GAP])


_ABOVE_MOUTH = np.flatnonzero(MEAN_FACE[:, 1] > MEAN_FACE[4, 1])  # higher than the tip of the nose
