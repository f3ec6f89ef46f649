from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.face.identity_model import gaze_of
from avatar_nodes.motion.head_motion import HeadMotion
from avatar_nodes.motion.head_motion_model import Sway, Turn, _rotation, eye_in_head, head_share
from avatar_nodes.payloads import EXPRESSION_INDEX, FaceMotion, Gaze
from graphcore.clock import timestamp_of
from graphcore.testing import run_node


def faces(seconds: float, frame_rate: int = 25) -> list[tuple[int, FaceMotion]]:
    return [(timestamp_of(i, frame_rate), FaceMotion.neutral()) for i in range(round(seconds * frame_rate))]


def moved(seconds: float, frame_rate: int = 25, seed: int = 0, params=None, **inputs) -> list[FaceMotion]:
    result = run_node(
        HeadMotion,
        inputs={"motion": faces(seconds, frame_rate), **inputs},
        params=params,
        frame_rate=frame_rate,
        seed=seed,
    )
    return [packet.payload for packet in result.outputs["moved"]]


def heads(motion: list[FaceMotion]) -> np.ndarray:
    return np.stack([face.head for face in motion])


def reached(face: FaceMotion) -> np.ndarray:
    """Yaw and pitch where head and eyes together look."""
    eye = _rotation(np.array([face.gaze[0], face.gaze[1], 0.0])) @ [0.0, 0.0, 1.0]
    x, y, z = _rotation(face.head[:3].astype(float)) @ eye
    return np.degrees([np.arctan2(x, z), -np.arcsin(y)])


def test_sway_is_as_large_and_as_slow_as_that_of_people() -> None:
    spreads, slow = [], []
    for seed in range(6):
        sway = Sway(np.random.default_rng(seed))
        angles = np.stack([sway.at(i / 25) for i in range(1000)])
        power = np.abs(np.fft.rfft((angles - angles.mean(axis=0)) * np.hanning(1000)[:, None], axis=0)) ** 2
        slow.append(power[np.fft.rfftfreq(1000, 1 / 25) < 1.0].sum() / power.sum())
        spreads.append(angles.std(axis=0))
    yaw, pitch, roll = np.mean(spreads, axis=0)
    assert 2.5 < yaw < 7.4
    assert 1.7 < pitch < 5.4
    assert 1.9 < roll < 5.0
    assert 0.67 < np.mean(slow) < 0.92


def test_a_talking_head_is_as_fast_as_that_of_people(talk) -> None:
    speeds = [
        np.linalg.norm(np.diff(heads(moved(12, speech=talk, seed=seed))[:, :3], axis=0), axis=1).mean()
        for seed in range(4)
    ]
    assert 0.26 < np.mean(speeds) < 0.68  # degrees a frame at 25 frames a second


def test_a_head_does_not_jerk(talk) -> None:
    for seed in range(3):
        pitch = heads(moved(12, speech=talk, seed=seed))[:, 1]
        assert np.abs(np.diff(pitch, 2)).max() < 0.6  # degrees a frame, a frame


def test_a_head_that_begins_late_moves_as_large(talk) -> None:
    start = 600_000_000_000
    result = run_node(
        HeadMotion,
        inputs={
            "motion": [(at + start, face) for at, face in faces(12)],
            "speech": [(at + start, rows) for at, rows in talk],
        },
    )
    late = heads([packet.payload for packet in result.outputs["moved"]])
    early = heads(moved(12, speech=talk))
    assert np.abs(np.diff(late[:, :3], axis=0)).max() < 2.0
    assert late[:5, :3].std(axis=0).max() < 0.5
    assert 0.4 < late[:, :3].std(axis=0).sum() / early[:, :3].std(axis=0).sum() < 2.5


@pytest.mark.parametrize("command", [(0.0, 0.0), (20.0, 0.0), (-20.0, 10.0), (0.0, -15.0), (60.0, 30.0)])
def test_eye_look_says_what_the_gaze_says(command) -> None:
    blank = FaceMotion.neutral()
    blank.expression[EXPRESSION_INDEX["eyeLookUpLeft"]] = 0.9  # of another direction: overwritten
    result = run_node(
        HeadMotion, inputs={"motion": [(0, blank)], "gaze": [(0, Gaze(*command))]}, params={"amount": 0.0}
    )
    face = result.outputs["moved"][0].payload
    read = gaze_of(FaceMotion(face.head, face.expression, None))
    assert read == pytest.approx(np.clip(face.gaze, [-30, -25], [30, 25]), abs=1e-4)
    look = {name: face.expression[i] for name, i in EXPRESSION_INDEX.items() if name.startswith("eyeLook")}
    assert all(0.0 <= amount <= 1.0 for amount in look.values())
    assert look["eyeLookOutLeft"] == look["eyeLookInRight"] == pytest.approx(max(face.gaze[0] / 30, 0.0), abs=1e-6)


def test_the_seed_decides_and_the_frame_rate_does_not(talk) -> None:
    first, again = heads(moved(6, speech=talk)), heads(moved(6, speech=talk))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - heads(moved(6, speech=talk, seed=1))).max() > 1.0
    fast = heads(moved(6, frame_rate=50, speech=talk))[::2]
    assert np.abs(fast - first)[:, :3].max() < 0.7


def test_talking_moves_more_than_silence(talk) -> None:
    assert heads(moved(12, speech=talk)).std(axis=0)[:3].sum() > 1.5 * heads(moved(12)).std(axis=0)[:3].sum()


def test_a_head_held_still_still_looks(talk) -> None:
    still = moved(4, speech=talk, params={"amount": 0.0})
    assert not heads(still).any()
    turned = moved(4, speech=talk, params={"amount": 0.0}, gaze=[(0, Gaze(40.0, 0.0))])
    assert reached(turned[-1]) == pytest.approx([40.0, 0.0], abs=0.1)


def test_accents_nod_and_raise_the_brows(features) -> None:
    sounds = [("_", 0.3), *[("m", 0.5), ("a", 0.25), ("m", 0.4)] * 12]
    speech = features(sounds)
    seconds = 0.3 + 12 * 1.15
    with_nods = moved(seconds, speech=speech, params={"nod": 2.0})
    without = moved(seconds, speech=speech, params={"nod": 0.0})
    nods = (heads(with_nods) - heads(without))[:, 1]
    assert nods.max() > 1.0
    assert nods.min() > -1e-4
    # Angles are mixed with the neck's shift only in the translation, so this is the nods' own jerk.
    assert np.abs(np.diff(nods, 2)).max() < 2 * 0.6  # degrees a frame, a frame; nod: 2 doubles them
    index = EXPRESSION_INDEX["browInnerUp"]
    assert max(face.expression[index] for face in with_nods) > 0.1
    assert max(face.expression[index] for face in without) == 0.0


@pytest.mark.parametrize("command", [(0.0, 0.0), (12.0, -8.0), (-25.0, 10.0), (45.0, 0.0), (-40.0, -20.0)])
def test_head_and_eyes_together_reach_the_command(talk, command) -> None:
    motion = moved(6, speech=talk, gaze=[(0, Gaze(*command))])
    for face in motion:
        assert reached(face) == pytest.approx(command, abs=2.0)
        assert np.hypot(*face.gaze) <= 30.001


def test_eyes_go_alone_for_small_shifts_and_lead_the_head_for_large_ones() -> None:
    assert not head_share(np.array([14.0, 0.0])).any()
    assert 25.0 < head_share(np.array([50.0, 0.0]))[0] < 50.0
    gaze = [(timestamp_of(i, 25), Gaze(0.0 if i < 50 else 35.0, 0.0)) for i in range(100)]
    motion = moved(4, gaze=gaze, params={"amount": 0.0})
    yaw = heads(motion)[:, 0]
    assert abs(yaw[50]) < 1.5
    assert motion[50].gaze[0] == pytest.approx(30.0, abs=0.1)
    assert yaw[62] == pytest.approx(13.0, abs=0.5)
    assert np.all(np.diff(yaw) >= -1e-5)


def test_a_turn_does_not_depend_on_its_steps() -> None:
    coarse, fine = Turn(), Turn()
    for turn in (coarse, fine):
        turn.towards(np.zeros(2), 0.0)
    goal = np.array([40.0, 10.0])
    for _ in range(4):
        last = fine.towards(goal, 0.02)
    assert coarse.towards(goal, 0.08) == pytest.approx(last, abs=1e-9)


def test_eyes_turn_against_a_rolled_head() -> None:
    assert eye_in_head(np.array([0.0, 10.0]), np.array([0.0, 0.0, 90.0])) == pytest.approx([-10.0, 0.0], abs=1e-6)


def test_what_came_is_kept_and_added_to(talk) -> None:
    face = FaceMotion.neutral()
    face.head[0], face.closure, face.dynamics, face.basis = 7.0, 0.5, np.ones(3, np.float32), "some"
    face.expression[EXPRESSION_INDEX["jawOpen"]] = 0.4
    result = run_node(HeadMotion, inputs={"motion": [(0, face)]}, params={"amount": 0.0})
    made = result.outputs["moved"][0].payload
    assert made.head[0] == 7.0
    assert (made.closure, made.basis, made.dynamics.tolist()) == (0.5, "some", [1.0, 1.0, 1.0])
    assert made.expression[EXPRESSION_INDEX["jawOpen"]] == pytest.approx(0.4)
    assert reached(made) == pytest.approx([0.0, 0.0], abs=0.01)
