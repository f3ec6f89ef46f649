"""Expressions as geometry: closure, blinks and symmetry hold for any mix of shapes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import MEAN_FACE, MIRROR, rotation_matrix
from avatar_nodes.face.expression_model import build_basis
from avatar_nodes.face.face_basis_model import BASIS
from avatar_nodes.face.identity_model import Identity, eye_aspect, identify
from avatar_nodes.face.lips_closure_model import LOWER_LIP, UPPER_LIP, lip_gap
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES, FaceMotion

FACE = MEAN_FACE[: mesh.FACE_VERTICES]


def landmarks_of(points: NDArray[np.float64], yaw: float = 0.0, roll: float = 0.0) -> NDArray[np.float32]:
    """A made photo's landmarks: y down, smaller z is nearer, 90 px between the pupils."""
    turned = points @ rotation_matrix(yaw, 0.0, roll).T
    return (turned * (90.0, -90.0, -90.0) + (256.0, 256.0, 0.0)).astype(np.float32)


@pytest.fixture(scope="module")
def identity() -> Identity:
    return identify(landmarks_of(MEAN_FACE, yaw=4.0, roll=-3.0))


def expression(**values: float) -> NDArray[np.float32]:
    made = np.zeros(len(EXPRESSION_NAMES), np.float32)
    for name, value in values.items():
        made[
            [EXPRESSION_INDEX[one] for one in ([name] if name in EXPRESSION_INDEX else [name + "Left", name + "Right"])]
        ] = value
    return made


def face(identity: Identity, shapes: NDArray[np.float32], closure: float = 0.0) -> NDArray[np.float64]:
    return identity.deformed(FaceMotion(identity.photo_motion.head, shapes, np.zeros(2, np.float32), closure=closure))


def random_expressions(count: int) -> list[NDArray[np.float32]]:
    rng = np.random.default_rng(7)
    drawn = rng.uniform(0, 1, (count, len(EXPRESSION_NAMES))) * (rng.uniform(0, 1, (count, 1)) < 0.9)
    return [(row * (rng.uniform(0, 1, len(row)) < rng.uniform(0.1, 1.0))).astype(np.float32) for row in drawn]


def test_full_closure_shuts_the_lips_whatever_the_shapes_say(identity: Identity) -> None:
    for shapes in random_expressions(200):
        closed = face(identity, shapes, closure=1.0)
        assert np.abs(closed[UPPER_LIP] - closed[LOWER_LIP]).max() < 1e-9


def test_closure_scales_the_gap(identity: Identity) -> None:
    opened = face(identity, expression(jawOpen=0.7), closure=0.0)
    half = face(identity, expression(jawOpen=0.7), closure=0.5)
    assert lip_gap(opened)[4] > 0.15
    np.testing.assert_allclose(lip_gap(half), 0.5 * lip_gap(opened), atol=1e-9)


def test_lips_never_pass_through_each_other(identity: Identity) -> None:
    for shapes in random_expressions(200):
        assert lip_gap(face(identity, shapes)).min() > -1e-9


def test_neutral_has_touching_lips_even_where_the_photo_smiles_with_teeth() -> None:
    photo = MEAN_FACE.copy()
    basis = build_basis(FACE)
    photo[: mesh.FACE_VERTICES] = basis.shifted(FACE, expression(mouthSmile=0.8, mouthUpperUp=0.6, jawOpen=0.2))
    found = identify(landmarks_of(photo))
    assert found.photo_motion.expression[EXPRESSION_INDEX["jawOpen"]] > 0
    assert found.photo_motion.expression[EXPRESSION_INDEX["mouthSmileLeft"]] > 0.2
    neutral = face(found, expression())
    assert np.abs(lip_gap(neutral)).max() < 1e-9
    assert neutral[291, 0] - neutral[61, 0] < photo[291, 0] - photo[61, 0]  # and the smile is undone


def test_at_its_own_motion_the_mesh_is_the_photos(identity: Identity) -> None:
    photo = landmarks_of(MEAN_FACE, yaw=4.0, roll=-3.0)[: mesh.FACE_VERTICES] * (1.0, -1.0, -1.0)
    back = (
        identity.deformed(identity.photo_motion) @ identity.photo_rotation.T * identity.eye_distance + identity.origin
    )
    np.testing.assert_allclose(back, photo, atol=1e-3)


@pytest.mark.parametrize("also", [{}, {"eyeWide": 1.0}, {"eyeSquint": 1.0, "browDown": 1.0}, {"cheekSquint": 1.0}])
def test_a_blink_shuts_the_eyes_exactly(identity: Identity, also: dict[str, float]) -> None:
    shut = face(identity, expression(eyeBlink=1.0, **also))
    for rims in (mesh.LEFT_EYE, mesh.RIGHT_EYE):
        assert eye_aspect(shut, rims) < 1e-9


def test_a_blink_closes_evenly(identity: Identity) -> None:
    aspects = [
        eye_aspect(face(identity, expression(eyeBlink=value)), mesh.LEFT_EYE) for value in (0, 0.25, 0.5, 0.75, 1)
    ]
    np.testing.assert_allclose(aspects, aspects[0] * np.array([1, 0.75, 0.5, 0.25, 0]), atol=1e-3)


def test_a_photo_with_half_shut_eyes_can_open_and_shut_them() -> None:
    photo = MEAN_FACE.copy()
    for upper, lower in (mesh.LEFT_EYE, mesh.RIGHT_EYE):
        for above, below in zip(upper[1:-1], lower[1:-1], strict=True):
            photo[above] = photo[below] + 0.45 * (photo[above] - photo[below])
    found = identify(landmarks_of(photo))
    blink = float(found.photo_motion.expression[EXPRESSION_INDEX["eyeBlinkLeft"]])
    assert 0.1 < blink <= 0.5
    assert eye_aspect(face(found, expression()), mesh.LEFT_EYE) > 1.1 * eye_aspect(photo, mesh.LEFT_EYE)
    assert eye_aspect(face(found, expression(eyeBlink=1.0)), mesh.LEFT_EYE) < 1e-9


def test_eyes_widen_but_not_far_beyond_the_photo(identity: Identity) -> None:
    calm = face(identity, identity.photo_motion.expression)
    up, strong = np.array([0.0, -28.0], np.float32), np.full(32, 3.0, np.float32)
    shapes = expression(eyeWide=1.0)
    driven = FaceMotion(identity.photo_motion.head, shapes, up, dynamics=strong, basis=BASIS)
    for lids in (mesh.LEFT_EYE, mesh.RIGHT_EYE):
        photo = eye_aspect(calm, lids)
        assert 1.2 * photo < eye_aspect(face(identity, shapes), lids) < 1.36 * photo
        upper, lower = list(lids[0]), list(lids[1])
        heights, least = (
            np.linalg.norm(one[upper[3:6]] - one[lower[3:6]], axis=1)
            for one in (identity.deformed(driven), identity.neutral)
        )
        assert (heights < 1.36 * least).all()


def test_left_and_right_are_mirror_images() -> None:
    basis = build_basis(FACE)
    fields = dict(zip(EXPRESSION_NAMES, basis.linear.reshape(len(EXPRESSION_NAMES), -1, 3), strict=True))
    for name, field in fields.items():
        other = name.replace("Left", "@").replace("Right", "Left").replace("@", "Right")
        mirrored = fields[other][MIRROR[: mesh.FACE_VERTICES]] * (-1.0, 1.0, 1.0)
        np.testing.assert_allclose(field, mirrored, atol=1e-9, err_msg=name)


# What each shape is for: vertex, axis (0: viewer's right, 1: up, 2: to the viewer), the least it must move.
MEANT = [
    ("mouthSmileLeft", 291, 1, 0.05), ("mouthSmileLeft", 291, 0, 0.05), ("mouthSmileRight", 61, 0, -0.05),
    ("mouthSmileLeft", 280, 1, 0.02), ("mouthFrownRight", 61, 1, -0.05), ("mouthPucker", 291, 0, -0.08),
    ("mouthPucker", 13, 2, 0.08), ("mouthFunnel", 0, 1, 0.02), ("mouthFunnel", 17, 1, -0.02),
    ("mouthLeft", 13, 0, 0.05), ("mouthRight", 13, 0, -0.05), ("jawLeft", 152, 0, 0.05), ("jawForward", 152, 2, 0.05),
    ("mouthUpperUpLeft", 312, 1, 0.03), ("mouthLowerDownRight", 178, 1, -0.03), ("mouthStretchLeft", 291, 0, 0.05),
    ("mouthDimpleLeft", 291, 0, 0.03), ("mouthRollLower", 17, 1, 0.03), ("mouthRollUpper", 0, 1, -0.02),
    ("mouthShrugLower", 14, 1, 0.02), ("mouthShrugUpper", 13, 1, 0.03), ("mouthPressLeft", 405, 1, 0.005),
    ("mouthClose", 14, 1, 0.1), ("browDownLeft", 285, 1, -0.04), ("browInnerUp", 107, 1, 0.05),
    ("browOuterUpRight", 70, 1, 0.04), ("cheekPuff", 427, 0, 0.03), ("cheekSquintLeft", 280, 1, 0.02),
    ("noseSneerRight", 64, 1, 0.03),
]  # fmt: skip


@pytest.mark.parametrize(("name", "vertex", "axis", "least"), MEANT)
def test_shapes_do_what_their_names_say(name: str, vertex: int, axis: int, least: float) -> None:
    moved = build_basis(FACE).linear[EXPRESSION_INDEX[name]].reshape(-1, 3)[vertex, axis]
    assert moved * np.sign(least) > abs(least)


def test_the_jaw_takes_the_whole_jaw_line_along_and_leaves_the_skull() -> None:
    basis = build_basis(FACE)
    opened = basis.shifted(FACE, expression(jawOpen=1.0)) - FACE
    assert (basis.jaw[list(mesh.RIGHT_JAW)] > 0.99).all()
    assert opened[152, 1] < -0.15
    assert opened[14, 1] < -0.25
    np.testing.assert_allclose(opened[[10, 33, 263]], 0.0, atol=1e-3)
    np.testing.assert_allclose(opened[[1, 13], :2], 0.0, atol=0.04)
    np.testing.assert_allclose(basis.unshifted(FACE + opened, expression(jawOpen=1.0)), FACE, atol=1e-9)


def test_pucker_leaves_the_chin_its_shape() -> None:
    field = build_basis(FACE).linear[EXPRESSION_INDEX["mouthPucker"]].reshape(-1, 3)
    chin = [152, 148, 377, 199, 175, 176, 400]
    assert np.abs(field[chin, :2]).max() < 0.03


def test_every_coefficient_that_shows_on_skin_does_something() -> None:
    elsewhere = {"tongueOut"} | {name for name in EXPRESSION_NAMES if name.startswith("eyeLook")}
    linear = build_basis(FACE).linear
    still = {name for name in EXPRESSION_NAMES if np.abs(linear[EXPRESSION_INDEX[name]]).max() < 0.01}
    assert still == elsewhere
