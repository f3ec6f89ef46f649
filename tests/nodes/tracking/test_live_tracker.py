"""A face with known motion is tracked one frame after the other: on its side, in time, from its own neutral."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_nodes.face.canonical_model import MEAN_FACE
from avatar_nodes.motion.shapes_model import coefficients
from avatar_nodes.payloads import EXPRESSION_INDEX, FaceMotion
from avatar_nodes.tracking.live_tracker_model import HOLD_S, LEAVE_S, LiveTracker, mirrored_landmarks

RATE = 25
REST = 60  # frames: more than two seconds
WIDTH = 640  # px


def motion(
    head: tuple[float, ...] = (0, 0, 0, 0, 0, 0), gaze: tuple[float, float] = (0, 0), **shapes: float
) -> FaceMotion:
    return FaceMotion(np.array(head, np.float32), coefficients(**shapes), np.array(gaze, np.float32))


def tracked(puppet: Any, motions: Sequence[FaceMotion | None], mirror: bool = False) -> list[FaceMotion]:
    tracker = LiveTracker()
    found = []
    for index, each in enumerate(motions):
        landmarks = None if each is None else puppet.landmarks(each)
        if mirror and landmarks is not None:
            landmarks = mirrored_landmarks(landmarks, WIDTH)
        found.append(tracker.add(index / RATE, landmarks))
    return found


def amount(face: FaceMotion, name: str) -> float:
    return float(face.expression[EXPRESSION_INDEX[name]])


def rested(*then: FaceMotion | None) -> list[FaceMotion | None]:
    return [motion()] * REST + list(then)


@pytest.mark.parametrize(("mirror", "shut", "open_"), [(False, "Left", "Right"), (True, "Right", "Left")])
def test_a_wink_shuts_the_eye_on_its_side(puppet: Any, mirror: bool, shut: str, open_: str) -> None:
    wink = [motion(eyeBlinkLeft=way) for way in (0.3, 0.6, 0.85, 0.85)]  # as MediaPipe sees it: not quite shut
    found = tracked(puppet, rested(*wink), mirror)
    assert amount(found[-1], f"eyeBlink{shut}") > 0.85
    assert amount(found[-1], f"eyeBlink{open_}") < 0.1
    assert amount(found[REST - 1], f"eyeBlink{shut}") < 0.05


def test_from_wide_eyes_back_to_rest_is_no_blink(puppet: Any) -> None:
    found = tracked(puppet, rested(*[motion(eyeWide=1.0)] * 40, *[motion()] * 10))
    assert amount(found[REST + 39], "eyeWideLeft") > 0.3
    assert max(amount(face, "eyeBlinkLeft") for face in found[REST + 40 :]) < 0.1


def test_a_laugh_narrows_both_eyes_alike(puppet: Any) -> None:
    laugh = FaceMotion.neutral()
    laugh.expression[[EXPRESSION_INDEX["eyeBlinkLeft"], EXPRESSION_INDEX["eyeBlinkRight"]]] = (0.4, 0.55)
    found = tracked(puppet, rested(*[laugh] * 10))[-1]
    assert abs(amount(found, "eyeBlinkLeft") - amount(found, "eyeBlinkRight")) < 0.15


def test_a_mirror_turns_everything_that_has_a_side(puppet: Any) -> None:
    to = motion((12, 5, 8, 0.2, 0.1, 0), gaze=(10, 4), mouthSmileLeft=0.6, browOuterUpRight=0.5)
    straight, turned = (tracked(puppet, rested(*[to] * 25), mirror)[-1] for mirror in (False, True))
    np.testing.assert_allclose(turned.head * (-1, 1, -1, -1, 1, 1), straight.head, atol=0.02)
    assert straight.gaze is not None
    assert turned.gaze is not None
    np.testing.assert_allclose(turned.gaze * (-1, 1), straight.gaze, atol=0.1)
    for name in ("mouthSmile", "browOuterUp", "eyeLookIn", "eyeLookOut"):
        assert amount(turned, f"{name}Left") == pytest.approx(amount(straight, f"{name}Right"), abs=0.02)
        assert amount(turned, f"{name}Right") == pytest.approx(amount(straight, f"{name}Left"), abs=0.02)
    assert amount(straight, "mouthSmileLeft") > amount(straight, "mouthSmileRight") + 0.2


def test_a_move_is_followed_within_a_frame(puppet: Any) -> None:
    ways = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(100) / RATE)  # once a second
    found = tracked(puppet, rested(*[motion((10 * way, 0, 0, 0, 0, 0), jawOpen=0.4 * way) for way in ways]))[REST:]
    for seen in ([face.head[0] for face in found], [amount(face, "jawOpen") for face in found]):
        assert _lag(np.array(seen), ways) <= 1.0


def _lag(later: NDArray[np.float64], ways: NDArray[np.float64]) -> float:
    """Frames by which a sine of one second comes later, from the phases."""
    turn = np.exp(-2j * np.pi * np.arange(RATE * 3) / RATE)
    phases = [np.angle((series[-RATE * 3 :] * turn).sum()) for series in (later, ways)]
    return float((phases[1] - phases[0]) / (2 * np.pi) * RATE)


def test_the_persons_own_face_is_neutral_once_it_was_seen(puppet: Any) -> None:
    """Caught in the middle of a word: jaw down, a smile."""
    word = [motion(jawOpen=0.3, mouthSmile=0.3)] * 4
    found = tracked(puppet, [*word, *[motion()] * REST, *word])
    assert found[REST].closure > 0.9
    assert amount(found[REST], "jawOpen") < 0.05
    assert amount(found[-1], "jawOpen") > 0.15


def test_no_face_holds_then_eases_to_neutral_and_back(puppet: Any) -> None:
    smile = motion((8, 0, 0, 0, 0, 0), mouthSmile=0.6)
    gone = round((HOLD_S + LEAVE_S) * RATE) + 2
    found = tracked(puppet, rested(*[smile] * 20, *[None] * gone, *[smile] * 12))
    last = found[REST + 19]
    held = found[REST + 20 + int(HOLD_S * RATE) - 1]
    np.testing.assert_array_equal(held.expression, last.expression)
    np.testing.assert_array_equal(found[REST + 19 + gone].head, 0.0)
    assert 0.0 < found[REST + 20 + gone].head[0] < last.head[0] / 2
    assert found[-1].head[0] == pytest.approx(last.head[0], abs=0.5)


def test_before_a_face_is_seen_there_is_neutral() -> None:
    tracker = LiveTracker()
    assert not tracker.add(0.0, None).head.any()
    assert not tracker.add(0.04, None).expression.any()


def test_a_face_in_a_mirror_is_a_face() -> None:
    landmarks = MEAN_FACE * (100, -100, -100) + (200, 200, 0)
    mirrored = mirrored_landmarks(landmarks, 401)
    np.testing.assert_allclose(mirrored, landmarks, atol=0.5)  # the mean face is even
