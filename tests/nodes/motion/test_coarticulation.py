from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.motion.coarticulation_model import Sound, lips_at, sounds_of
from avatar_nodes.motion.visemes_model import JAW, LIP_NAMES, REST, VISEMES
from avatar_nodes.payloads import Phones

PUCKER = LIP_NAMES.index("mouthPucker")


def spoken(*phones: tuple[str, float], start: float = 0.3) -> list[Sound]:
    made = []
    for letter, seconds in phones:
        made.append(Sound(VISEMES.get(letter, REST), start, start + seconds))
        start += seconds
    return made


def test_a_vowel_reaches_its_target_and_the_lips_come_to_rest() -> None:
    sounds = spoken(("a", 0.3), ("_", 0.5))
    assert lips_at(0.45, sounds, 0.04).amounts[JAW] == pytest.approx(VISEMES["a"].targets[JAW], rel=0.15)
    assert lips_at(1.0, sounds, 0.04).amounts[JAW] < 0.02
    assert not lips_at(5.0, sounds, 0.04).amounts.any()


def test_lips_round_before_a_rounded_vowel_through_a_free_consonant() -> None:
    to_u, to_i = spoken(("t", 0.08), ("u", 0.2)), spoken(("t", 0.08), ("i", 0.2))
    assert lips_at(0.34, to_u, 0.04).amounts[PUCKER] > 0.2
    assert lips_at(0.34, to_i, 0.04).amounts[PUCKER] < 0.02


def test_loudness_opens_the_jaw_of_vowels_only() -> None:
    vowel, hiss = spoken(("a", 0.3)), spoken(("s", 0.3))
    assert lips_at(0.45, vowel, 0.04, 1.2).amounts[JAW] > 1.15 * lips_at(0.45, vowel, 0.04, 1.0).amounts[JAW]
    assert lips_at(0.45, hiss, 0.04, 1.2).amounts[JAW] == lips_at(0.45, hiss, 0.04, 1.0).amounts[JAW]


@pytest.mark.parametrize("frame_rate", [24, 25, 30000 / 1001, 60])
@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.05, 0.12])
def test_a_closure_never_falls_between_two_frames(frame_rate: float, seconds: float) -> None:
    for offset in np.linspace(0, 1 / frame_rate, 17):
        sounds = spoken(("a", 0.1), ("m", seconds), ("a", 0.1), start=0.3 + offset)
        closures = [lips_at(i / frame_rate, sounds, 1 / frame_rate).closure for i in range(round(frame_rate))]
        assert max(closures) == 1.0


def test_lips_open_between_two_closures() -> None:
    sounds = spoken(("p", 0.06), ("a", 0.12), ("p", 0.06))
    closures = [lips_at(i / 100, sounds, 0.04).closure for i in range(30, 55)]
    assert min(closures[6:18]) < 0.3
    assert closures.count(1.0) >= 8


def test_phones_share_their_time_among_their_visemes() -> None:
    phones = Phones(("aɪ", "_"), np.array([0, 200_000_000]), np.array([200_000_000, 100_000_000]))
    first, second, pause = sounds_of(1_000_000_000, phones)
    assert (first.start, first.end, second.end) == pytest.approx((1.0, 1.1, 1.2))
    assert pause.viseme is REST
