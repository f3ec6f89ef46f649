from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.control.gaze_controller import GazeController
from avatar_nodes.control.gaze_model import Eyes
from graphcore.clock import timestamp_of
from graphcore.testing import run_node


def looked(seconds: float, frame_rate: int = 25, seed: int = 0, **params: float) -> np.ndarray:
    result = run_node(
        GazeController, params=params, frame_rate=frame_rate, seed=seed, until_ns=round((seconds - 0.1) * 1e9)
    )
    packets = result.outputs["gaze"]
    assert [packet.timestamp for packet in packets] == [timestamp_of(i, frame_rate) for i in range(len(packets))]
    return np.array([(packet.payload.yaw, packet.payload.pitch) for packet in packets])


def wandering(wander: float, seconds: int = 900) -> np.ndarray:
    eyes = Eyes(np.random.default_rng(2))
    return np.array([eyes.at(i / 25, np.zeros(2), wander) for i in range(seconds * 25)])


def test_without_wander_the_eyes_stay_at_the_command() -> None:
    gaze = looked(2, wander=0.0, yaw=20.0, pitch=-5.0)
    np.testing.assert_array_equal(gaze, np.tile([20.0, -5.0], (len(gaze), 1)))


def test_the_seed_decides() -> None:
    np.testing.assert_array_equal(looked(20, wander=1.0), looked(20, wander=1.0))
    assert np.abs(looked(20, wander=1.0) - looked(20, wander=1.0, seed=1)).max() > 1.0


@pytest.mark.parametrize(("wander", "share"), [(0.5, 0.705), (1.0, 0.41)])
def test_the_listener_gets_its_share(wander, share) -> None:
    away = np.hypot(*wandering(wander).T)
    assert (away < 1.3).mean() == pytest.approx(share, abs=0.08)
    assert 5.0 < away.max() < 22.0
    assert away[away < 1.0].std() > 0.02  # eyes are never quite still


def test_glances_go_sideways_more_than_up_and_down() -> None:
    yaw, pitch = wandering(1.0).T
    assert yaw.std() > 1.3 * pitch.std()


def test_a_changed_command_is_reached_by_a_saccade() -> None:
    eyes = Eyes(np.random.default_rng(0))
    eyes.at(0.0, np.zeros(2), 0.0)
    goal = np.array([20.0, 0.0])
    eyes.at(0.04, goal, 0.0)  # it starts where the change is seen
    halfway, there = eyes.at(0.04 + 0.036, goal, 0.0), eyes.at(0.04 + 0.075, goal, 0.0)
    assert 5.0 < halfway[0] < 15.0
    np.testing.assert_allclose(there, goal)
