from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from avatar_nodes.control.blink_controller import BlinkController
from avatar_nodes.control.blink_model import Blink, Lids
from avatar_nodes.payloads import EXPRESSION_INDEX, FaceMotion, SpeechFeatures
from graphcore.clock import timestamp_of
from graphcore.testing import run_node

LEFT, RIGHT = EXPRESSION_INDEX["eyeBlinkLeft"], EXPRESSION_INDEX["eyeBlinkRight"]


def blinked(count: int, frame_rate: Fraction | int = 25, seed: int = 0, rate: float = 1.0, **inputs) -> np.ndarray:
    """Expressions (count, 52)."""
    fps = Fraction(frame_rate)
    times = [timestamp_of(i, fps.numerator, fps.denominator) for i in range(count)]
    faces = [(time, FaceMotion.neutral()) for time in times]
    result = run_node(
        BlinkController,
        inputs={"motion": faces, **inputs},
        params={"rate": rate},
        frame_rate=fps,
        seed=seed,
    )
    return np.stack([packet.payload.expression for packet in result.outputs["blinked"]])


def blinks_in(lids: np.ndarray) -> int:
    return int(((lids[1:] >= 1.0) & (lids[:-1] < 1.0)).sum())


def rate_of(activity: float, minutes: int = 60, rate: float = 1.0) -> float:
    lids = Lids(np.random.default_rng(5))
    shut = [
        lids.shut_at(i / 25, activity=activity, paused=False, look=(0.0, 0.0), rate=rate)
        for i in range(minutes * 60 * 25)
    ]
    return blinks_in(np.array(shut)) / minutes


@pytest.mark.parametrize("frame_rate", [24, Fraction(30000, 1001), 60])
def test_every_blink_shuts_both_eyes_on_a_frame(frame_rate) -> None:
    expressions = blinked(round(30 * frame_rate), frame_rate)
    lids = expressions[:, LEFT]
    np.testing.assert_array_equal(lids, expressions[:, RIGHT])
    begun = int(((lids[1:] > 0.0) & (lids[:-1] == 0.0)).sum())
    assert begun >= 4
    assert abs(blinks_in(lids) - begun) <= 1  # the last may be cut off by the end
    assert expressions[:, EXPRESSION_INDEX["browDownLeft"]].max() > 0.03


def test_lids_close_faster_than_they_open() -> None:
    blink = Blink(0.0)
    lids = np.array([blink.at(i / 500) for i in range(200)])
    top = int(lids.argmax())
    assert lids[top] == 1.0
    assert 0.085 < top / 500 < 0.095
    assert (np.diff(lids[: top + 1]) >= 0).all()
    assert (np.diff(lids[top:]) <= 0).all()
    assert 0.10 < (lids > 0.5).sum() / 500 < 0.21
    assert lids[top + 120] == 0.0
    assert blink.over(0.4)


def test_people_blink_more_while_they_talk() -> None:
    assert rate_of(0.0) == pytest.approx(17.0, rel=0.12)
    assert rate_of(1.0) == pytest.approx(26.0, rel=0.12)
    assert rate_of(1.0, minutes=5, rate=0.0) == 0.0


@pytest.mark.parametrize("start", [0.0, 600.0])
@pytest.mark.parametrize("activity", [0.0, 1.0])
def test_nobody_blinks_as_soon_as_he_is_seen(start, activity) -> None:
    first = []
    for seed in range(300):
        lids, now = Lids(np.random.default_rng(seed)), start
        while lids.shut_at(now, activity=activity, paused=False, look=(0.0, 0.0), rate=1.0) == 0.0:
            now += 0.04
            if now > start + 20:
                break
        first.append(now - start)
    assert min(first) > 0.5
    assert np.mean(np.array(first) < 0.8) < 0.15  # nor do all as soon as they may
    assert np.median(first) < 3.0


def test_a_face_that_begins_late_blinks_as_one_that_begins_at_zero() -> None:
    late = [(timestamp_of(i + 15_000, 25), FaceMotion.neutral()) for i in range(250)]
    made = run_node(BlinkController, inputs={"motion": late}).outputs["blinked"]
    lids = np.array([packet.payload.expression[LEFT] for packet in made])
    np.testing.assert_array_equal(lids, blinked(250)[:, LEFT])


def test_a_pause_and_a_large_gaze_shift_bring_blinks() -> None:
    def blinks_after(paused: bool, yaw: float) -> int:
        count = 0
        for seed in range(40):
            lids = Lids(np.random.default_rng(seed))
            shut = [
                lids.shut_at(i / 25, activity=1.0, paused=paused and i == 20, look=(yaw * (i >= 20), 0.0), rate=1.0)
                for i in range(28)
            ]
            count += blinks_in(np.array(shut[18:]))
        return count

    usual = blinks_after(False, 20.0)
    assert blinks_after(False, 40.0) > usual + 15
    assert blinks_after(True, 0.0) > usual + 4


def test_speech_that_pauses_reaches_the_lids() -> None:
    """Rows of speech: loud phrases with pauses blink more often than silence does."""
    loud = np.tile(np.repeat([-20.0, -100.0], [150, 50]), 15).astype(np.float32)
    rows = SpeechFeatures(np.full((2, 80), -5.0, np.float32), np.zeros(2, np.float32), np.zeros(2, np.float32))
    speech = [
        (i * 10_000_000, SpeechFeatures(rows.mel, loud[i : i + 2].copy(), rows.pitch)) for i in range(0, len(loud), 2)
    ]
    talking = sum(blinks_in(blinked(750, seed=seed, speech=speech)[:, LEFT]) for seed in range(4))
    silent = sum(blinks_in(blinked(750, seed=seed)[:, LEFT]) for seed in range(4))
    assert talking > silent


def test_what_came_is_kept() -> None:
    face = FaceMotion.neutral()
    face.expression[LEFT] = 0.8  # a wink
    face.closure = 0.3
    result = run_node(BlinkController, inputs={"motion": [(0, face)]}, params={"rate": 0.0})
    made = result.outputs["blinked"][0].payload
    assert made.expression[LEFT] == np.float32(0.8)
    assert made.closure == 0.3


def test_a_face_without_gaze_blinks_too() -> None:
    faces = [(timestamp_of(i, 25), FaceMotion(np.zeros(6, np.float32), np.zeros(52, np.float32))) for i in range(500)]
    result = run_node(BlinkController, inputs={"motion": faces})
    assert max(packet.payload.expression[LEFT] for packet in result.outputs["blinked"]) == 1.0
