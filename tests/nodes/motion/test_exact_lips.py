from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from avatar_nodes.motion.coarticulation_model import Lips, Sound, sounds_of
from avatar_nodes.motion.exact_lips_model import (
    JAW_GAP,
    SHAPED_GAP,
    HeardLips,
    Latch,
    LipsListener,
    Waking,
    guide_by_phones,
    lips_by_phones,
    lips_by_sound,
    parted,
)
from avatar_nodes.motion.visemes_model import JAW, LIP_NAMES
from avatar_nodes.payloads import Phones

RATES = [Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(40), Fraction(60)]
ROLL = LIP_NAMES.index("mouthRollLower")
WIDE = np.full(len(LIP_NAMES), 0.4)


def heard(*, closed: bool = False, touching: bool = False, awake: float = 1.0, closure: float = 0.0) -> HeardLips:
    return HeardLips(Lips(WIDE, closure), closed, touching, awake, 1.0)


def spoken(*phones: tuple[str, float]) -> list[Sound]:
    """The sounds of phones with their durations (s), from time zero."""
    ends = np.cumsum([round(seconds * 1e9) for _, seconds in phones])
    lengths = np.diff(ends, prepend=0)
    return sounds_of(0, Phones(tuple(symbol for symbol, _ in phones), ends - lengths, lengths))


def shown(sounds: list[Sound], rate: Fraction) -> list[Lips]:
    frames = int(sounds[-1].end * rate)
    return [lips_by_phones(Lips(WIDE, 0.0), float(i / rate), sounds, float(1 / rate)) for i in range(frames)]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("offset", [0.0, 0.005, 0.013, 0.021, 0.034])
def test_with_phones_every_closure_shows_at_every_rate(rate, offset) -> None:
    vowels = [("a", 0.14), ("m", 0.05), ("a", 0.12), ("p", 0.03), ("a", 0.12), ("b", 0.08), ("a", 0.2)]
    sounds = spoken(("_", 0.2 + offset), *vowels, ("_", 0.3))
    closures = [lips.closure for lips in shown(sounds, rate)]
    for sound in sounds:
        if sound.viseme.closure == 1.0:
            assert closures[round(sound.middle * rate)] == 1.0
    runs = sum(now == 1.0 and before < 1.0 for before, now in pairwise(closures))
    assert runs == 3
    assert min(closures[round((0.2 + offset + 0.07) * rate) :][: int(0.4 * rate)]) < 0.1


@pytest.mark.parametrize("rate", RATES)
def test_with_phones_every_f_and_v_touches(rate) -> None:
    sounds = spoken(("_", 0.21), ("a", 0.15), ("f", 0.07), ("a", 0.15), ("v", 0.05), ("a", 0.2), ("_", 0.2))
    made = shown(sounds, rate)
    for sound in sounds:
        if 0.0 < sound.viseme.closure < 1.0:
            lips = made[round(sound.middle * rate)]
            assert 0.7 < lips.closure < 0.8
            assert lips.amounts[ROLL] > 0.45
            assert lips.amounts[JAW] < 0.13


def test_with_phones_the_lips_rest_in_a_pause_and_leave_it_shortly_before_speech() -> None:
    sounds = spoken(("_", 0.6), ("a", 0.3), ("_", 0.6))
    jaw = np.array([lips.amounts[JAW] for lips in shown(sounds, Fraction(100))])
    assert not jaw[:48].any()
    assert jaw[56:90].min() > 0.3
    assert not jaw[107:].any()


def test_the_guide_is_what_phones_ask_for() -> None:
    sounds = spoken(("a", 0.2), ("m", 0.1), ("a", 0.2))
    open_, closed = guide_by_phones(0.1, sounds), guide_by_phones(0.25, sounds)
    assert open_.shape == (13,)
    assert open_[JAW] > 0.3 > closed[JAW]
    assert (open_[12], closed[12]) == (0.0, 1.0)
    assert not guide_by_phones(0.1, []).any()


@pytest.mark.parametrize("rate", RATES)
def test_a_closure_that_is_heard_shows_in_the_video_frame_next_to_it(rate) -> None:
    """Motion frame 5, at 0.2 s, is closed; its neighbours are not."""
    frames = [heard(closed=number == 5) for number in range(12)]
    closures = []
    for index in range(int(0.4 * rate)):
        at = index / rate * 25
        after = frames[-(-at // 1)]
        closures.append(lips_by_sound(frames[int(at)], after, float(at % 1), float(1 / rate)).closure)
    assert closures[round(0.2 * rate)] == 1.0
    assert closures[0] == closures[-1] == 0.0


def test_a_closure_that_is_not_heard_for_sure_stays_open() -> None:
    lips = lips_by_sound(heard(closure=0.9), heard(closure=0.9), 0.3, 0.04)
    assert 0.5 < lips.closure < 0.85


@pytest.mark.parametrize("closure", [0.0, 0.3, 0.5, 0.9])
def test_what_is_not_heard_to_close_does_not_look_closed(closure) -> None:
    for amounts in (np.zeros(len(LIP_NAMES)), 0.2 * WIDE, WIDE):
        made = parted(Lips(amounts, closure), 0.04)
        jaw, shaped = float(JAW_GAP @ made.amounts), float(SHAPED_GAP @ made.amounts)
        gap = (jaw + (1.0 - 0.8 * made.closure) * shaped) * (1.0 - made.closure)
        assert gap > 0.0399
        assert made.closure <= closure
    assert parted(Lips(WIDE, 0.3), 0.0).closure == 0.3


def test_lips_at_rest_show_nothing_and_a_lip_at_the_teeth_shows() -> None:
    asleep = heard(awake=0.0, closure=0.4)
    assert not np.append(*lips_parts(lips_by_sound(asleep, asleep, 0.5, 0.04))).any()
    touching = lips_by_sound(heard(touching=True), heard(), 0.0, 0.04)
    assert touching.closure == pytest.approx(0.72)
    assert touching.amounts[ROLL] > 0.45


def lips_parts(lips: Lips) -> tuple[np.ndarray, float]:
    return lips.amounts, lips.closure


def test_two_closures_that_follow_stay_two() -> None:
    latch = Latch(0.5, 0.3, events=True)
    values = [0.1, 0.6, 0.9, 0.5, 0.45, 0.8, 0.95, 0.4, 0.1, 0.55, 0.31, 0.35]
    assert [latch.step(value) for value in values] == [
        False, True, True, False, False, True, True, False, False, True, False, False,
    ]  # fmt: skip


def test_lips_wake_for_speech_and_not_for_noise_or_breath() -> None:
    def awake(loudness_db: float, speech: float, frames: int = 12) -> float:
        waking = Waking()
        for _ in range(50):
            waking.hear(np.full(4, -60.0, np.float32), np.zeros(4, np.float32))
            waking.step(0.02)
        for _ in range(frames):
            waking.hear(np.full(4, loudness_db, np.float32), np.zeros(4, np.float32))
            made = waking.step(speech)
        return made

    assert awake(-60.0, 0.02) == 0.0
    assert awake(-30.0, 0.02) == 0.0  # a breath, a chair
    assert awake(-30.0, 0.9) == 1.0
    assert awake(-30.0, 0.25, frames=3) == 1.0  # loud in the lookahead, and perhaps speech
    assert awake(-60.0, 0.25) == 0.0


def test_lips_fall_asleep_after_speech() -> None:
    listener = LipsListener()
    made = []
    for speech in [0.9] * 10 + [0.05] * 10:
        listener.waking.hear(np.full(4, -100.0, np.float32), np.zeros(4, np.float32))
        made.append(listener.step(WIDE, 0.0, 0.0, speech).awake)
    assert made[2:10] == [1.0] * 8
    assert made[14:] == [0.0] * 6
    assert made[10:14] == sorted(made[10:14], reverse=True)
