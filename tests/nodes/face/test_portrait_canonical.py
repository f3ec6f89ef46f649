from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.face import canonical_model as canonical
from avatar_nodes.face.canonical_model import MEAN_FACE, MIRROR, head_pose, rotation_matrix


def seen(yaw: float, pitch: float, roll: float, scale: float = 120.0) -> np.ndarray:
    """The mean face as landmarks in px (y down, smaller z nearer) of a head that stands so."""
    turned = scale * MEAN_FACE @ rotation_matrix(yaw, pitch, roll).T
    return turned * (1, -1, -1) + (256, 300, 0)


@pytest.mark.parametrize(
    "pose", [(0, 0, 0), (25, 0, 0), (-25, 0, 0), (0, 15, 0), (0, -15, 0), (0, 0, 40), (18, -12, 25)]
)
def test_head_pose_finds_the_rotation_it_was_given(pose: tuple[float, float, float]) -> None:
    found = head_pose(seen(*pose))
    assert (found.yaw, found.pitch, found.roll) == pytest.approx(pose, abs=1e-6)
    assert found.rotation == pytest.approx(rotation_matrix(*pose), abs=1e-9)
    assert found.scale == pytest.approx(120.0)
    assert found.translation == pytest.approx((256 / 120, -300 / 120, 0.0), abs=1e-9)


def test_signs_as_the_viewer_sees_them() -> None:
    nose, bridge = 4, 168
    straight = seen(0, 0, 0)
    assert seen(20, 0, 0)[nose, 0] > straight[nose, 0] + 30  # +yaw: the nose goes to the viewer's right
    assert seen(0, 20, 0)[nose, 1] > straight[nose, 1] + 30  # +pitch: down
    rolled = seen(0, 0, 20)
    assert rolled[10, 0] < rolled[152, 0] - 30  # +roll, counter-clockwise: the forehead goes to the viewer's left
    assert straight[nose, 2] < straight[bridge, 2]  # smaller is nearer


def test_expression_hardly_moves_the_pose() -> None:
    landmarks = seen(10, 5, -8)
    jaw = landmarks[:, 1] > landmarks[13, 1]
    landmarks[jaw, 1] += 25
    found = head_pose(landmarks)
    assert (found.yaw, found.pitch, found.roll) == pytest.approx((10, 5, -8), abs=0.1)


def test_the_mean_face_is_symmetric_and_in_its_units() -> None:
    assert MEAN_FACE.shape == (478, 3)
    assert np.array_equal(MIRROR[MIRROR], np.arange(478))
    assert pytest.approx(MEAN_FACE[MIRROR] * (-1, 1, 1), abs=1e-3) == MEAN_FACE
    assert np.linalg.norm(MEAN_FACE[canonical.LEFT_PUPIL] - MEAN_FACE[canonical.RIGHT_PUPIL]) == pytest.approx(1.0)
    assert MEAN_FACE[[234, 454]].mean(axis=0) == pytest.approx((0, 0, 0), abs=1e-3)  # between the ears
    assert MIRROR[list(canonical.LEFT_BROW_UPPER)].tolist() == list(canonical.RIGHT_BROW_UPPER[::-1])
    assert set(MIRROR[list(canonical.LEFT_EYE)].tolist()) == set(canonical.RIGHT_EYE)


def test_left_is_the_subjects_left() -> None:
    for left, right in (
        (canonical.LEFT_EYE, canonical.RIGHT_EYE),
        (canonical.LEFT_BROW_LOWER, canonical.RIGHT_BROW_LOWER),
        (canonical.LEFT_IRIS, canonical.RIGHT_IRIS),
    ):
        assert MEAN_FACE[list(left), 0].min() > 0 > MEAN_FACE[list(right), 0].max()


def edges(triangles: np.ndarray) -> list[tuple[int, int]]:
    return [(int(t[k]), int(t[(k + 1) % 3])) for t in triangles for k in range(3)]


def test_the_face_is_one_sheet_with_three_holes_that_close() -> None:
    face = canonical.FACE_TRIANGLES
    closing = [canonical.MOUTH_TRIANGLES, canonical.LEFT_EYE_TRIANGLES, canonical.RIGHT_EYE_TRIANGLES]
    assert [len(face), *map(len, closing)] == [852, 18, 14, 14]
    listed = edges(np.vstack([face, *closing]))
    sheet = set(listed)
    assert len(sheet) == len(listed)  # neighbours pass a shared edge in opposite directions
    border = {edge for edge in sheet if edge[::-1] not in sheet}
    outline = canonical.OVAL
    assert border == {(outline[(k + 1) % len(outline)], outline[k]) for k in range(len(outline))}
    open_sheet = set(edges(face))
    holes = {edge for edge in open_sheet if edge[::-1] not in open_sheet} - border
    assert {start for start, _ in holes} == {*canonical.LIPS_INNER, *canonical.LEFT_EYE, *canonical.RIGHT_EYE}


def test_triangles_are_counter_clockwise_as_seen() -> None:
    first, second, third = (MEAN_FACE[canonical.FACE_TRIANGLES[:, k], :2] for k in range(3))
    areas = np.cross(second - first, third - first)
    assert (areas > 0).mean() > 0.99  # under the nose a few are hidden


def test_rings_go_around_once_clockwise() -> None:
    for ring in (
        canonical.OVAL, canonical.LIPS_OUTER, canonical.LIPS_INNER, canonical.LEFT_EYE, canonical.RIGHT_EYE
    ):  # fmt: skip
        points = MEAN_FACE[list(ring), :2]
        following = np.roll(points, -1, axis=0)
        assert len(set(ring)) == len(ring)
        assert np.cross(points, following).sum() < 0


def test_a_mesh_is_read_without_loading_mediapipe() -> None:
    import subprocess
    import sys

    code = "import sys, avatar_nodes.face.canonical_model; print('mediapipe' in sys.modules, 'cv2' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "False"]
