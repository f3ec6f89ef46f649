"""A face with known motion is tracked: what comes out is what went in, on the side where it went in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_nodes.motion.shapes_model import coefficients
from avatar_nodes.payloads import EXPRESSION_INDEX, FaceMotion
from avatar_nodes.tracking.face_tracker_model import TrackedFace, smoothed, track_face
from avatar_nodes.tracking.person_model import Person
from avatar_nodes.tracking.seen_face_model import measure_lips, stand, turn_angles

FRAMES = 60
BUMP = np.exp(-(((np.arange(FRAMES) - 30) / 3.0) ** 2))  # one slow move, at rest before and after
NOTHING = np.zeros(FRAMES)


def filmed(puppet: Any, change: Callable[[float], FaceMotion]) -> TrackedFace:
    return track_face(puppet.film([change(float(amount)) for amount in BUMP]))


def motion(
    head: tuple[float, ...] = (0, 0, 0, 0, 0, 0), gaze: tuple[float, float] = (0, 0), **shapes: float
) -> FaceMotion:
    return FaceMotion(np.array(head, np.float32), coefficients(**shapes), np.array(gaze, np.float32))


def amount(face: TrackedFace, name: str) -> NDArray[np.float32]:
    return face.expression[:, EXPRESSION_INDEX[name]]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_angles_have_the_signs_of_the_contract(puppet: Any, axis: int) -> None:
    turned = np.eye(3)[axis] * 12.0
    face = filmed(puppet, lambda way: motion((*(turned * way), 0, 0, 0)))
    assert np.ptp(face.head[:, axis]) == pytest.approx(12.0, abs=0.5)
    assert face.head[30, axis] > face.head[0, axis]
    others = np.delete(np.ptp(face.head[:, :3], axis=0), axis)
    assert others.max() < 0.5


def test_angles_are_those_of_the_rotation(puppet: Any) -> None:
    standing = stand(puppet.film([motion((10.0, -7.0, 4.0, 0, 0, 0))]))
    np.testing.assert_allclose(turn_angles(standing.rotation)[0], (10.0, -7.0, 4.0), atol=0.4)


def test_position_is_in_inter_pupil_distances(puppet: Any) -> None:
    face = filmed(puppet, lambda way: motion((0, 0, 0, 0.3 * way, -0.2 * way, 0)))
    np.testing.assert_allclose(face.head[30, 3:5] - face.head[0, 3:5], (0.3, -0.2), atol=0.02)


@pytest.mark.parametrize("name", ["mouthSmileLeft", "mouthSmileRight", "browOuterUpLeft", "browOuterUpRight"])
def test_a_move_of_one_side_stays_on_its_side(puppet: Any, name: str) -> None:
    face = filmed(puppet, lambda way: motion(**{name: 0.6 * way}))
    other = name.replace("Left", "?").replace("Right", "Left").replace("?", "Right")
    assert amount(face, name)[30] > 0.35
    assert amount(face, other)[30] < 0.15


@pytest.mark.parametrize("name", ["jawOpen", "mouthPucker", "mouthFunnel"])
def test_lips_and_jaw_come_back_as_they_went_in(puppet: Any, name: str) -> None:
    face = filmed(puppet, lambda way: motion(**{name: 0.4 * way}))
    assert amount(face, name)[30] == pytest.approx(0.4, abs=0.15)
    assert amount(face, name)[0] < 0.03


def test_a_wink_shuts_one_eye_whole(puppet: Any) -> None:
    face = filmed(puppet, lambda way: motion(eyeBlinkLeft=0.8 * way))  # as MediaPipe sees it: not quite shut
    assert amount(face, "eyeBlinkLeft").max() == pytest.approx(1.0)
    assert amount(face, "eyeBlinkRight").max() < 0.05


def test_lips_that_touch_are_closed_and_open_ones_are_not(puppet: Any) -> None:
    def talk(way: float) -> FaceMotion:
        opened = motion(jawOpen=0.4 * way, mouthLowerDown=0.3 * way)
        return FaceMotion(opened.head, opened.expression, opened.gaze, closure=1.0 if way > 0.999 else 0.0)

    face = filmed(puppet, talk)
    assert face.closure[30] > 0.9
    assert face.closure[[27, 33]].max() == 0.0
    assert face.closure[0] == 1.0
    assert face.aperture[29] > 0.1


def test_gaze_is_positive_to_the_viewers_right_and_down(puppet: Any) -> None:
    face = filmed(puppet, lambda way: motion(gaze=(12.0 * way, 8.0 * way)))
    np.testing.assert_allclose(face.gaze[30] - face.gaze[0], (12.0, 8.0), atol=1.5)
    assert amount(face, "eyeLookOutLeft")[30] > amount(face, "eyeLookInLeft")[30]


def test_lips_are_measured_alike_from_any_side(puppet: Any) -> None:
    film = puppet.film([motion(jawOpen=0.4), motion((15.0, 5.0, 5.0, 0, 0, 0), jawOpen=0.4)])
    aperture, width = measure_lips(film)
    assert aperture[0] > 0.1
    assert aperture[1] == pytest.approx(aperture[0], rel=0.05)
    assert width[1] == pytest.approx(width[0], rel=0.03)


def test_a_person_known_before_gives_the_same_zero(puppet: Any) -> None:
    person = Person.of(puppet.film([motion(jawOpen=0.3 * way) for way in BUMP]))
    smiling = track_face(puppet.film([motion(mouthSmile=0.5)] * 10), person)
    alone = track_face(puppet.film([motion(mouthSmile=0.5)] * 10))
    assert amount(smiling, "mouthSmileLeft").min() > 0.35
    assert amount(alone, "mouthSmileLeft").max() < 0.1  # who always smiles is neutral so


def test_smoothing_delays_nothing() -> None:
    track = np.zeros((21, 1))
    track[10] = 1.0
    smooth = smoothed(track, np.array([0.25, 0.5, 0.25]))
    assert smooth[:, 0].argmax() == 10
    np.testing.assert_allclose(smooth, smooth[::-1])
    np.testing.assert_allclose(smoothed(np.ones((9, 2)), np.array([0.25, 0.5, 0.25])), 1.0)
