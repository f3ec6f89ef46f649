"""Who a photo shows: the neutral 3D face of this person, and the motion that turns it into the photo."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import head_pose
from avatar_nodes.face.dynamics_model import Dynamics
from avatar_nodes.face.expression_model import ExpressionBasis, build_basis
from avatar_nodes.face.lids_model import as_seen, hold_lids, lid_opening, move_lids
from avatar_nodes.face.lips_closure_model import LOWER_LIP, UPPER_LIP, LipClosure, lip_gap
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES, EYE_LOOK_DEG, FaceMotion

Array = NDArray[np.float64]

EYEBALL_RADIUS = 0.19  # of 63 mm between the pupils: 12 mm
_IRIS_HEIGHT = 0.03  # of an iris that looks straight ahead, above the corners of its eye
_LOOK_YAW, _LOOK_PITCH = EYE_LOOK_DEG
_REST_HEIGHT_FRACTION = 0.25  # eye aspect ratio of lids at rest
_MOUTH = [index for index, name in enumerate(EXPRESSION_NAMES) if name.startswith(("mouth", "jaw"))]


@dataclass(frozen=True, slots=True)
class Identity:
    """A person's face in head coordinates (see `expression_model`), and where the photo shows it."""

    neutral: Array  # (468, 3): expression undone, lips touching; lids as in the photo
    residual: Array  # (468, 3): what the photo's lips differ from neutral plus the shapes of `photo_motion`
    basis: ExpressionBasis
    closure: LipClosure
    photo_motion: FaceMotion
    photo_rotation: Array  # (3, 3)
    origin: Array  # (3,) px, the point between the ears; y up
    eye_distance: float  # px

    def deformed(self, motion: FaceMotion) -> Array:
        """The face (468, 3) with this expression, in head coordinates; at `photo_motion` exactly the photo's."""
        photo = self.photo_motion
        # The photo's own lips are kept near its own expression and fade out as the mouth leaves it.
        near = 1.0 - min(self.mouth_change(motion) / 0.4, 1.0)
        near = near * near * (3 - 2 * near)
        vertices = self.basis.shifted(self.neutral, motion.expression) + near * self.residual
        dynamics = Dynamics.of(motion)
        if dynamics is not None:
            vertices += dynamics.move()
        seen = lid_opening(photo.expression, gaze_of(photo)[1])
        move_lids(vertices, as_seen(lid_opening(motion.expression, gaze_of(motion)[1]), seen), seen)
        hold_lids(vertices, self.neutral)
        least = near * np.minimum(lip_gap(self.neutral + self.residual), 0.0)
        self.closure.close(vertices, float(np.clip(motion.closure, 0.0, 1.0)), least)
        return vertices

    def mouth_change(self, motion: FaceMotion) -> float:
        """How far the mouth is from the photo's: the sum over its coefficients, and the closure."""
        change = motion.expression[_MOUTH] - self.photo_motion.expression[_MOUTH]
        return float(np.abs(change).sum()) + motion.closure


def gaze_of(motion: FaceMotion) -> tuple[float, float]:
    """Where the eyes look in the head, degrees: `gaze`, or what eyeLook* say where it is absent."""
    if motion.gaze is not None:
        return float(motion.gaze[0]), float(motion.gaze[1])

    def look(name: str) -> float:
        return float(motion.expression[EXPRESSION_INDEX[f"eyeLook{name}"]])

    yaw = look("OutLeft") - look("InLeft") + look("InRight") - look("OutRight")
    pitch = look("DownLeft") - look("UpLeft") + look("DownRight") - look("UpRight")
    return _LOOK_YAW * yaw / 2, _LOOK_PITCH * pitch / 2


def with_gaze(motion: FaceMotion) -> FaceMotion:
    """The same motion, its gaze told by eyeLook* where it has none: so it can be mixed with one that has."""
    if motion.gaze is not None:
        return motion
    return dataclasses.replace(motion, gaze=np.array(gaze_of(motion), np.float32))


def identify(landmarks: NDArray[np.float32]) -> Identity:
    """Take a photo's landmarks (478, 3) apart: px, y down, z smaller is nearer."""
    pose = head_pose(landmarks)
    origin = pose.translation * pose.scale
    head = (landmarks.astype(np.float64) * (1.0, -1.0, -1.0) - origin) @ pose.rotation / pose.scale
    face = head[: mesh.FACE_VERTICES]
    closure = LipClosure.of(face)
    basis = build_basis(_lips_closed(face, closure))
    expression = _photo_expression(face)
    gaze = _photo_gaze(head)
    photo_motion = FaceMotion(np.array([pose.yaw, pose.pitch, pose.roll, 0, 0, 0], np.float32), expression, gaze)
    neutral = _lips_closed(basis.unshifted(face, expression), closure)
    residual = face - basis.shifted(neutral, expression)
    return Identity(neutral, residual, basis, closure, photo_motion, pose.rotation, origin, pose.scale)


def _lips_closed(vertices: Array, closure: LipClosure) -> Array:
    closed = vertices.copy()
    closure.close(closed, 1.0, np.zeros(len(UPPER_LIP)))
    return closed


def _photo_expression(face: Array) -> NDArray[np.float32]:
    """What can be told of the photo's expression without knowing the person's neutral: opening, smile, closed lids."""
    expression = np.zeros(len(EXPRESSION_NAMES), np.float32)

    def put(name: str, value: float) -> None:
        expression[EXPRESSION_INDEX[name]] = np.clip(value, 0.0, 1.0)

    gap = float((face[UPPER_LIP, 1] - face[LOWER_LIP, 1])[3:6].mean())
    width = float(face[291, 0] - face[61, 0])
    lift = float(face[[61, 291], 1].mean() - face[[13, 14], 1].mean())
    # Of nine people at rest, corners stand -.01 to .04 above the middle of the lips (one: .07), .75 to .93 apart.
    smile = 0.5 * (max(width - 0.86, 0.0) / 0.19 + max(lift - 0.035, 0.0) / 0.10)
    opening = max(gap - 0.03, 0.0)
    for side in ("Left", "Right"):
        put(f"mouthSmile{side}", smile)
        put(f"mouthUpperUp{side}", 0.35 * opening / 0.085)
        put(f"mouthLowerDown{side}", 0.35 * opening / 0.10)
    put("jawOpen", 0.3 * opening / 0.31)
    for side, rims in (("Right", mesh.RIGHT_EYE), ("Left", mesh.LEFT_EYE)):
        put(f"eyeBlink{side}", 1.0 - eye_aspect(face, rims) / (0.7 * _REST_HEIGHT_FRACTION))
    names = [f"eyeBlink{side}" for side in ("Left", "Right")]
    for name in names:  # beyond this the photo shows too little of an eye to open it
        put(name, min(float(expression[EXPRESSION_INDEX[name]]), 0.5))
    return expression


def eye_aspect(face: Array, rims: tuple[tuple[int, ...], tuple[int, ...]]) -> float:
    """Height over width of an eye's opening, the height as the mean of the middle columns (as Soukupova and Cech)."""
    upper, lower = rims
    heights = [np.linalg.norm(face[upper[i]] - face[lower[i]]) for i in (3, 4, 5)]
    return float(np.mean(heights) / np.linalg.norm(face[upper[0]] - face[upper[-1]]))


def _photo_gaze(head: Array) -> NDArray[np.float32]:
    """Gaze from where the irises stand between the corners of the eyes, mean of both."""
    looks = []
    for iris, corners in zip((468, 473), mesh.EYE_CORNERS, strict=True):
        offset = head[iris, :2] - head[list(corners), :2].mean(0) - (0.0, _IRIS_HEIGHT)
        looks.append(np.clip(offset / EYEBALL_RADIUS, -0.6, 0.6))
    across, up = np.mean(looks, axis=0)
    return np.array([np.degrees(np.arcsin(across)), -np.degrees(np.arcsin(up))], np.float32)
