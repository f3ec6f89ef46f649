"""From landmarks to FaceMotion: head, the 52 coefficients, gaze and closure of one person, frame by frame.

`track_face` sees the whole stretch, and smooths without delay; `live_tracker_model` sees one frame after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.dynamics_model import geometry_of
from avatar_nodes.face.face_basis_model import BASIS
from avatar_nodes.face.mesh_model import FACE_VERTICES
from avatar_nodes.face.stance_model import CAMERA_DISTANCE
from avatar_nodes.motion.shapes_model import eye_look
from avatar_nodes.payloads import EXPRESSION_INDEX, FaceMotion
from avatar_nodes.tracking.blinks_seen_model import HIDES, blink_amounts, opening, way_to_shut
from avatar_nodes.tracking.expression_fit_model import ExpressionFit, left_over
from avatar_nodes.tracking.person_model import Person
from avatar_nodes.tracking.seen_face_model import (
    Standing,
    lid_aspects,
    lip_opening,
    lip_width,
    stand,
    turn_angles,
)  # fmt: skip

Array = NDArray[np.float64]

CLOSED, OPEN = 0.012, 0.045  # inter-pupil distances of gap, above what closed lips read: closure 1 and 0
_HEAD_KERNEL = np.array([-3, 12, 17, 12, -3]) / 35  # Savitzky-Golay, 5 frames, second order: no delay
_LIGHT_KERNEL = np.array([0.1, 0.8, 0.1])
_SQUINT_AT, _WIDE_AT = 0.35, 0.4  # change of the opening at eyeSquint 1 and eyeWide 1
_NEIGHBOURS = np.ones(3) / 3
_LID_DEAD = 0.12  # change of the opening that is taken as noise


@dataclass(frozen=True, slots=True)
class TrackedFace:
    """One stretch of video, T frames."""

    head: Array  # (T, 6) as FaceMotion.head; the position from its median
    expression: NDArray[np.float32]  # (T, 52)
    gaze: Array  # (T, 2) degrees, eye in head
    closure: Array  # (T,) 0 to 1
    aperture: Array  # (T,) gap of the inner lips, inter-pupil distances; 0 for closed lips
    width: Array  # (T,) of the mouth
    eye_open: Array  # (T,) mean of both eyes: 0 shut, 1 at rest
    dynamics: NDArray[np.float32]  # (T, 32) GEOMETRY of `dynamics_model`: what the 52 leave

    def motion(self, frame: int) -> FaceMotion:
        """The face in one frame."""
        head = self.head[frame].astype(np.float32)
        gaze = self.gaze[frame].astype(np.float32)
        closure, dynamics = float(self.closure[frame]), self.dynamics[frame]
        return FaceMotion(head, self.expression[frame], gaze, closure, dynamics, BASIS)


def track_face(landmarks: Array, person: Person | None = None) -> TrackedFace:
    """Track landmarks (T, 478, 3) in px at 25 Hz; the person is calibrated from them where none is given."""
    person = person or Person.of(landmarks)
    standing = stand(landmarks, person.landmarks)
    heads = standing.into_head(landmarks)
    faces = smoothed(heads, _LIGHT_KERNEL)[:, :FACE_VERTICES]
    expression = ExpressionFit(person).solve(faces)
    openness = opening(person, lid_aspects(heads))
    gaze = _held_in_blinks(person.gaze(heads), openness.mean(1))
    put_eyes(expression, openness, blink_amounts(openness), gaze)
    aperture = np.maximum(lip_opening(heads) - person.closed_gap, 0.0)
    return TrackedFace(
        head=smoothed(head_poses(standing, rest_of(standing)), _HEAD_KERNEL),
        expression=expression,
        gaze=gaze,
        closure=closure_of(aperture),
        aperture=aperture,
        width=lip_width(heads),
        eye_open=openness.mean(1),
        dynamics=geometry_of(left_over(person, faces, expression, gaze)),
    )


def smoothed(track: Array, kernel: Array) -> Array:
    """Convolve the first axis with a symmetric kernel: no delay; the ends are held."""
    reach = len(kernel) // 2
    padded = np.concatenate([track[:1]] * reach + [track] + [track[-1:]] * reach)
    return np.asarray(sum(weight * padded[k : k + len(track)] for k, weight in enumerate(kernel)))


@dataclass(frozen=True, slots=True)
class HeadRest:
    """Where a head stands mostly."""

    scale: float  # px of the inter-pupil distance
    across: Array  # (2,) what a camera sees, in inter-pupil distances at that scale


def rest_of(standing: Standing) -> HeadRest:
    """The median of a stretch."""
    middle = float(np.median(standing.scale))
    return HeadRest(middle, np.median(standing.shift[:, :2] * (standing.scale / middle)[:, None], axis=0))


def head_poses(standing: Standing, rest: HeadRest) -> Array:
    """(T, 6) as FaceMotion.head: angles, and the point between the ears from where it rests; nearer is larger."""
    zoom = standing.scale / rest.scale
    across = standing.shift[:, :2] - rest.across / zoom[:, None]
    toward = CAMERA_DISTANCE * (1.0 - 1.0 / zoom)
    return np.column_stack([turn_angles(standing.rotation), across, toward])


def closure_of(aperture: Array) -> Array:
    """1 where the gap of the inner lips (T,) is that of lips that touch."""
    return np.asarray(np.clip((OPEN - aperture) / (OPEN - CLOSED), 0.0, 1.0))


def _held_in_blinks(gaze: Array, openness: Array) -> Array:
    """Irises cannot be seen through lids: the look goes straight from before a blink to after it."""
    seen = np.flatnonzero(smoothed(way_to_shut(openness), _NEIGHBOURS) < HIDES)
    if len(seen) < 2:
        return gaze
    frames = np.arange(len(gaze))
    return np.stack([np.interp(frames, seen, gaze[seen, axis]) for axis in (0, 1)], axis=1)


def put_eyes(expression: NDArray[np.float32], openness: Array, blinks: Array, gaze: Array) -> None:
    """Put lids and eyeLook* into expression (T, 52), from opening, blinks (T, 2: right, left) and gaze (T, 2)."""
    for eye, side in enumerate(("Right", "Left")):
        blink = blinks[:, eye]
        lowered = np.clip(gaze[:, 1] / 30.0, -1.0, 1.0)  # the upper lid goes with the look, as in `lids_model`
        expected = 1.0 - 0.6 * np.maximum(lowered, 0.0) + 0.1 * np.maximum(-lowered, 0.0)
        change = np.where(blink > 0.0, 0.0, openness[:, eye] - expected)
        expression[:, EXPRESSION_INDEX[f"eyeBlink{side}"]] = blink
        expression[:, EXPRESSION_INDEX[f"eyeWide{side}"]] = np.clip((change - _LID_DEAD) / _WIDE_AT, 0.0, 1.0)
        expression[:, EXPRESSION_INDEX[f"eyeSquint{side}"]] = np.clip((-change - _LID_DEAD) / _SQUINT_AT, 0.0, 1.0)
    put_looks(expression, gaze)


def put_looks(expression: NDArray[np.float32], gaze: Array) -> None:
    """Put the eyeLook* of gaze (T, 2) into expression (T, 52)."""
    for frame, look in enumerate(gaze):
        for name, amount in eye_look(look).items():
            expression[frame, EXPRESSION_INDEX[name]] = amount
