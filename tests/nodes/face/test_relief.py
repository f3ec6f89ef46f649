"""A mesh that can turn: laid out without folds, and kept from folding."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import FACE_TRIANGLES, MEAN_FACE, OVAL, rotation_matrix
from avatar_nodes.face.identity_model import identify
from avatar_nodes.face.puppet_model import Puppet
from avatar_nodes.face.relief_model import STEEPEST, unfolded
from avatar_nodes.payloads import FaceMotion

SIZE = 512
TURNS = [(12, 0), (-12, 0), (40, 0), (-40, 0), (0, 12), (0, -12), (12, 8), (-12, -8)]


def seen(yaw: float, pitch: float = 0.0) -> NDArray[np.float64]:
    """The vertices of a face turned so far, in the camera's axes."""
    return np.asarray(MEAN_FACE[: mesh.FACE_VERTICES] @ rotation_matrix(yaw, pitch, 0.0).T)


def landmarks(yaw: float, pitch: float = 0.0) -> NDArray[np.float32]:
    turned = MEAN_FACE @ rotation_matrix(yaw, pitch, 0.0).T
    return (120.0 * turned * (1, -1, -1) + (SIZE / 2, SIZE / 2, 0)).astype(np.float32)


def areas(flat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Twice the area of each triangle of the skin; counter-clockwise with y up is above 0."""
    one, two, three = (flat[FACE_TRIANGLES[:, corner], :2] for corner in range(3))
    across, along = two - one, three - one
    return np.asarray(across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0])


@pytest.mark.parametrize("yaw", [-35.0, -20.0, 20.0, 35.0])
def test_what_a_turned_face_hides_is_laid_out_beside_what_it_shows(yaw: float) -> None:
    before, after = areas(seen(yaw)), areas(unfolded(seen(yaw)))
    assert (before < 0).sum() > 10
    assert -after[after < 0].sum() < 0.1 * -before[before < 0].sum()


@pytest.mark.parametrize("yaw", [-35.0, 0.0, 20.0])
def test_the_outline_lies_around_all_of_the_face(yaw: float) -> None:
    import cv2

    flat = unfolded(seen(yaw))[:, :2].astype(np.float32)
    inside = [cv2.pointPolygonTest(flat[list(OVAL)], (float(x), float(y)), True) for x, y in flat]
    assert min(inside) > -0.01  # inter-pupil distances


def test_lids_and_lips_stay_where_the_photo_has_them() -> None:
    still = [*mesh.EYES, *mesh.LIPS_OUTER[0], *mesh.LIPS_INNER[1]]
    vertices = seen(30.0, 5.0)
    assert (unfolded(vertices)[still, :2] == vertices[still, :2]).all()


def test_no_slope_is_steeper_than_a_turn_can_bear() -> None:
    vertices = seen(25.0)
    found = unfolded(vertices)
    away = np.linalg.norm(found[:, None, :2] - found[None, :, :2], axis=2)
    assert (np.abs(found[:, None, 2] - found[None, :, 2]) <= STEEPEST * away + 1e-9).all()
    assert (found[:, 2] >= vertices[:, 2]).all()
    assert found[4, 2] == vertices[4, 2]  # the tip of the nose hides behind nothing


@pytest.mark.parametrize("photo_yaw", [-25.0, 0.0, 15.0])
def test_a_turning_head_never_shows_a_part_of_the_photo_twice(photo_yaw: float) -> None:
    identity = identify(landmarks(photo_yaw))
    puppet = Puppet(identity, SIZE)
    photo = identity.photo_motion
    at_rest = -areas(puppet.source.astype(np.float64))  # y down
    for yaw, pitch in TURNS:
        head = photo.head + np.array([yaw, pitch, 0, 0, 0, 0], np.float32)
        points = puppet.place(FaceMotion(head, photo.expression, photo.gaze)).points.astype(np.float64)
        backwards = -areas(points) < 0
        assert np.abs(at_rest[backwards]).sum() < 0.005 * np.abs(at_rest).sum(), (yaw, pitch)
