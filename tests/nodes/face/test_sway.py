"""Hair that lags and shoulders that breathe: from rest, back to rest, and the same at any frame rate."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.face.sway_model import STILL, Sway, SwayModel, away_from, breath_at
from avatar_nodes.payloads import EXPRESSION_INDEX, FaceMotion

S = 1_000_000_000


def nodding(seconds: float) -> np.ndarray:
    return np.array([8 * np.sin(4.4 * seconds), 3 * np.sin(8.2 * seconds), 0, 0, 0, 0], np.float32)


def swayed(rate: int, seconds: float = 4.0, away: float = 0.5) -> list[Sway]:
    model = SwayModel()
    return [model.at(i * S // rate, nodding(i / rate), away) for i in range(round(seconds * rate))]


def test_the_first_moment_is_still_and_later_ones_are_not() -> None:
    found = swayed(25)
    assert found[0] == STILL
    assert max(abs(one.hair[0]) for one in found) > 0.01
    assert max(one.breath for one in found) > 0.3
    assert max(np.hypot(*one.hair) for one in found) <= 0.08


def test_at_the_photos_own_motion_nothing_sways_whatever_was_before() -> None:
    model = SwayModel()
    for i in range(100):
        model.at(i * S // 25, nodding(i / 25), 1.0)
    back = model.at(4 * S, nodding(0), 0.0)
    assert back.hair == (0.0, 0.0)
    assert back.breath == 0.0


def test_a_thousandth_of_the_way_there_is_a_thousandth_of_the_sway() -> None:
    whole, slight = swayed(25, away=1.0), swayed(25, away=0.001)
    assert max(one.breath for one in slight) < 0.003 * max(one.breath for one in whole)


@pytest.mark.parametrize("rate", [24, 30, 60])
def test_the_frame_rate_makes_no_difference(rate: int) -> None:
    reference, other = swayed(120), swayed(rate)
    for i in range(rate, 4 * rate, rate):
        one, two = reference[i * 120 // rate], other[i]
        np.testing.assert_allclose(one.hair, two.hair, atol=0.003)
        assert one.breath == pytest.approx(two.breath, abs=0.002)


def test_the_same_moments_give_the_same_sway() -> None:
    assert swayed(25) == swayed(25)


def test_hair_lags_behind_a_head_that_sets_off_and_comes_to_rest_with_it() -> None:
    model = SwayModel()
    turned = [np.array([min(max(i - 25, 0) * 2.0, 16.0), 0, 0, 0, 0, 0], np.float32) for i in range(120)]
    lag = [model.at(i * S // 25, head, 1.0).hair[0] for i, head in enumerate(turned)]
    assert min(lag[26:34]) < -0.01  # to the left of a head that turns to the viewer's right
    assert abs(lag[-1]) < 0.002


def test_after_a_pause_or_a_jump_back_all_starts_anew() -> None:
    model = SwayModel()
    for i in range(50):
        model.at(i * S // 25, nodding(i / 25), 1.0)
    assert model.at(60 * S, nodding(1.3), 1.0) == STILL
    assert model.at(1 * S, nodding(0.2), 1.0) == STILL


def test_people_breathe_12_to_18_times_a_minute_and_longer_out_than_in() -> None:
    breath = np.array([breath_at(i / 50) for i in range(50 * 240)])
    starts = np.flatnonzero((breath[:-1] == 0) & (breath[1:] > 0))
    assert 12 * 4 <= len(starts) <= 18 * 4
    assert (np.diff(breath) < 0).sum() > 1.2 * (np.diff(breath) > 0).sum()
    assert breath.min() == 0.0
    assert breath.max() == pytest.approx(1.0, abs=0.01)


def test_away_counts_head_expression_gaze_and_closure() -> None:
    photo = FaceMotion.neutral()
    assert away_from(photo, photo) == 0.0
    opened = FaceMotion.neutral()
    opened.expression[EXPRESSION_INDEX["jawOpen"]] = 0.6
    assert away_from(photo, opened) == pytest.approx(0.6)
    head = np.array([0, 5, 0, 0, 0, 0], np.float32)
    assert away_from(photo, FaceMotion(head, photo.expression, photo.gaze)) == pytest.approx(0.5)
    assert away_from(photo, FaceMotion(photo.head, photo.expression, photo.gaze, closure=0.3)) == pytest.approx(0.3)
