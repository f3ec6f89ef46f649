"""The node around its networks: a scripted sampler stands for them, so that what is drawn is known."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from avatar_nodes.motion.head_motion_model import _rotation
from avatar_nodes.motion.motion_diffusion import MotionDiffusion
from avatar_nodes.motion.motion_diffusion_model import Drawn, Wish
from avatar_nodes.motion.visemes_model import JAW
from avatar_nodes.payloads import EMOTION_NAMES, EXPRESSION_INDEX, Emotion, Gaze, HeadDistance
from graphcore import Packet, VirtualClock, timestamp_of
from graphcore.testing import run_node

RATES = [Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(40), Fraction(60)]
SOUNDED = [("_", 0.2), ("a", 0.2), ("m", 0.07), ("a", 0.2), ("_", 0.4), ("m", 0.05), ("i", 0.25), ("_", 0.38)]
SPOKEN = [("_", 0.2), ("a", 0.2), ("m", 0.07), ("a", 0.2), ("_", 0.4), ("b", 0.05), ("i", 0.25), ("_", 0.38)]
SECONDS = 1.75
WISHES: list[Wish] = []


class Script:
    """Draws wide lips where it is loud and a closure in a murmur; the head wanders by the seed."""

    def begin(self, seed: int) -> dict[str, Any]:
        rng = np.random.default_rng(seed)
        return {"rng": rng, "hz": rng.uniform(0.2, 0.5, 6), "phase": rng.uniform(0, 6, 6), "rows": []}

    def step(self, states: Sequence[Any], rows: np.ndarray, wishes: Sequence[Wish]) -> list[Drawn | None]:
        state = states[0]
        state["rows"].append(rows[0, :, 80])
        WISHES.append(wishes[0])
        if len(state["rows"]) < 3:
            return [None]
        loudness = float(state["rows"][-3].mean())
        lips = np.zeros(12, np.float32)
        lips[JAW] = 0.4 * (loudness > -25)
        speech, closed = float(loudness > -33), 0.9 * (-29 < loudness < -25)
        sway = 6 * np.sin(2 * np.pi * state["hz"] * len(state["rows"]) / 25 + state["phase"])
        pose = np.append(sway, state["rng"].uniform(0, 0.3, 8)).astype(np.float32)
        return [Drawn(lips, closed, closed, 0.0, speech, pose)]


class Scripted(MotionDiffusion):
    """motion_diffusion with known drawings."""

    def _sampler(self) -> Script:
        return Script()


def moved(inputs: dict[str, Any], frame_rate: Fraction | int = 25, **more: Any) -> list[Packet]:
    return run_node(Scripted, inputs=inputs, frame_rate=frame_rate, **more).outputs["motion"]


def of(packets: Sequence[Packet], *names: str) -> np.ndarray:
    return np.array([[p.payload.expression[EXPRESSION_INDEX[name]] for name in names] for p in packets]).squeeze()


def heads(packets: Sequence[Packet]) -> np.ndarray:
    return np.array([packet.payload.head for packet in packets])


def gazes(packets: Sequence[Packet]) -> np.ndarray:
    return np.array([packet.payload.gaze for packet in packets])


def closures(packets: Sequence[Packet]) -> np.ndarray:
    return np.array([packet.payload.closure for packet in packets])


def stacked(packets: Sequence[Packet]) -> np.ndarray:
    return np.hstack(
        [heads(packets), gazes(packets), closures(packets)[:, None], [p.payload.expression for p in packets]]
    )


@pytest.mark.parametrize("frame_rate", RATES)
@pytest.mark.parametrize("with_phones", [True, False])
def test_every_frame_of_the_sound_gets_a_face(features, phones, frame_rate, with_phones) -> None:
    inputs = {"speech": features(SOUNDED)} | ({"phones": phones(*SPOKEN)} if with_phones else {})
    packets = moved(inputs, frame_rate)
    count = -(-Fraction(175, 100) * frame_rate // 1)
    assert [p.timestamp for p in packets] == [
        timestamp_of(i, frame_rate.numerator, frame_rate.denominator) for i in range(count)
    ]
    assert of(packets, "jawOpen").max() > 0.25
    for middle in (0.435, 1.095) if with_phones else (0.4, 1.08):  # the script hears whole frames of the murmur
        nearest = min(packets, key=lambda packet: abs(packet.timestamp / 1e9 - middle))
        assert nearest.payload.closure == 1.0
    assert closures(packets)[: int(0.3 * frame_rate)].max() < 1.0
    assert closures(packets)[int(0.5 * frame_rate) : int(0.6 * frame_rate)].min() < 0.2


def test_the_seed_decides_head_and_gaze_and_the_lips_ignore_it(features) -> None:
    inputs = {"speech": features([*SOUNDED, ("a", 4.0)], chunk_rows=10)}
    first, same, other = (moved(inputs, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(stacked(first), stacked(same))
    own = [moved(inputs, seed=seed, params={"seed": 9}) for seed in (3, 4)]  # the node's, whatever the graph's
    np.testing.assert_array_equal(stacked(own[0]), stacked(own[1]))
    np.testing.assert_array_equal(of(first, "jawOpen", "mouthClose"), of(other, "jawOpen", "mouthClose"))
    np.testing.assert_array_equal(closures(first), closures(other))
    assert np.abs(heads(first) - heads(other)).max() > 1.0
    looks = [np.array([look_of(packet) for packet in packets]) for packets in (first, other)]
    assert np.abs(looks[0] - looks[1]).max() > 1.0


@pytest.mark.parametrize("with_phones", [True, False])
def test_chunk_borders_mean_nothing(features, phones, with_phones) -> None:
    gaze = [(timestamp_of(i, 25), Gaze(float(i % 7), -2.0)) for i in range(50)]
    extra = {"gaze": gaze} | ({"phones": phones(*SPOKEN)} if with_phones else {})
    usual = stacked(moved({"speech": features(SOUNDED, chunk_rows=4), **extra}, 30))
    for chunk_rows in (1, 3, 10):
        other = stacked(moved({"speech": features(SOUNDED, chunk_rows=chunk_rows), **extra}, 30))
        np.testing.assert_array_equal(other[:-4], usual[:-4])  # gaze is read up to the start of the last packet
    whole = stacked(moved({"speech": features(SOUNDED, chunk_rows=200)}))
    np.testing.assert_array_equal(stacked(moved({"speech": features(SOUNDED, chunk_rows=3)})), whole)


@pytest.mark.parametrize("start_ns", [600_000_000_000, 600_010_000_000, 40_000_000])
def test_a_sound_that_begins_late_gets_faces_from_its_start(features, phones, start_ns) -> None:
    inputs = {"speech": features(SOUNDED), "phones": phones(*SPOKEN)}
    late = {name: [(at + start_ns, payload) for at, payload in pairs] for name, pairs in inputs.items()}
    packets = moved(late)
    first = -(-start_ns // 40_000_000)
    count = -(-(start_ns + 1_750_000_000) // 40_000_000) - first
    assert [packet.timestamp for packet in packets] == [timestamp_of(first + i, 25) for i in range(count)]
    if start_ns % 40_000_000 == 0:
        np.testing.assert_allclose(of(packets, "jawOpen"), of(moved(inputs), "jawOpen"), atol=1e-3)


@pytest.mark.parametrize("rows", [1, 2, 5, 11])
@pytest.mark.parametrize("frame_rate", [24, 25, 60])
def test_a_very_short_sound(features, rows, frame_rate) -> None:
    packets = moved({"speech": features([("a", rows / 100)], chunk_rows=1)}, frame_rate)
    assert len(packets) == -(-rows * frame_rate // 100)
    assert moved({"speech": []}) == []


def test_a_hole_in_the_sound_is_silence(features) -> None:
    chunks = features([("a", 0.4)], chunk_rows=4)
    packets = moved({"speech": [*chunks, (20_000_000_000, chunks[0][1])]})
    assert len(packets) == 501
    jaw = of(packets, "jawOpen")
    assert jaw[2:9].min() > 0.3
    assert not jaw[16:495].any()
    assert heads(packets)[16:495].std(axis=0).min() > 1.0


def test_a_face_is_sent_as_soon_as_its_lookahead_was_heard(features) -> None:
    """120 ms of sound give the face at 0; at other rates than 25 the frame after it is needed too."""
    whole = features([("a", 1.0)], chunk_rows=1)
    sent: list[tuple[int, int]] = []

    class Watched(Scripted):
        """Notes what was sent when."""

        def _send(self, faces: Any) -> None:
            faces = list(faces)
            sent.extend((timestamp, self.timestamp + 10_000_000) for timestamp, _ in faces)
            super()._send(faces)

    for rate, most in ((25, 120), (30, 160), (60, 160)):
        sent.clear()
        run_node(Watched, inputs={"speech": whole}, frame_rate=rate)
        waits = [(end - timestamp) / 1e6 for timestamp, end in sent if timestamp < 840_000_000]
        assert max(waits) <= most
        assert rate != 25 or min(waits) == most
    assert Scripted.outputs["motion"].delay_ms == 150  # counted from the start of the newest row


@pytest.mark.parametrize("background", ["_", "noise"])
def test_lips_rest_in_silence_and_the_rest_lives_on(features, background) -> None:
    packets = moved({"speech": features([(background, 8.0), ("a", 0.5), (background, 4.0)], chunk_rows=10)})
    jaw, closed = of(packets, "jawOpen"), closures(packets)
    silent = np.r_[0:195, 220:310]
    assert not jaw[silent].any()
    assert not closed[silent].any()
    assert jaw[201:211].min() > 0.3
    assert heads(packets)[:195, :3].std(axis=0).min() > 1.0
    assert of(packets, "browInnerUp")[:195].std() > 0.02
    assert of(packets, "eyeBlinkLeft")[:195].max() == 1.0
    assert np.array([look_of(packet) for packet in packets[:195]]).std(axis=0).min() > 0.05


@pytest.mark.parametrize("with_phones", [True, False])
def test_a_dial_scales_its_own_channel(features, phones, with_phones) -> None:
    inputs = {"speech": features([*SOUNDED, ("a", 1.0)])} | ({"phones": phones(*SPOKEN)} if with_phones else {})
    usual = moved(inputs)
    names = {
        "lips_amount": ("jawOpen", "mouthClose"),
        "brows_amount": ("browInnerUp", "browDownLeft", "cheekSquintLeft"),
        "blinks_amount": ("eyeBlinkLeft", "eyeBlinkRight"),
        "gaze_amount": ("eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeLookDownRight"),
    }
    for dial, coefficients in names.items():
        off, double = moved(inputs, params={dial: 0.0}), moved(inputs, params={dial: 2.0})
        assert not of(off, *coefficients).any()
        assert of(double, *coefficients).sum() > 1.2 * of(usual, *coefficients).sum() or dial in (
            "blinks_amount",
            "gaze_amount",
        )
        if dial != "lips_amount":
            np.testing.assert_array_equal(closures(off), closures(usual))
            np.testing.assert_array_equal(of(off, "jawOpen"), of(usual, "jawOpen"))
        assert not gazes(off).any() or dial != "gaze_amount"
    assert not heads(moved(inputs, params={"head_amount": 0.0})).any()
    np.testing.assert_allclose(heads(moved(inputs, params={"head_amount": 2.0})), 2 * heads(usual), atol=1e-5)


@pytest.mark.parametrize("amount", [0.05, 0.5, 2.0])
def test_the_lips_dial_never_breaks_a_closure(features, amount) -> None:
    inputs = {"speech": features(SOUNDED)}
    np.testing.assert_array_equal(closures(moved(inputs, params={"lips_amount": amount})), closures(moved(inputs)))
    assert not closures(moved(inputs, params={"lips_amount": 0.0})).any()


def look_of(packet: Packet) -> np.ndarray:
    """Where eyes in the head look, in the camera's frame: yaw and pitch."""
    head, gaze = packet.payload.head.astype(float), packet.payload.gaze
    x, y, z = _rotation(head[:3]) @ _rotation(np.array([*gaze, 0.0])) @ np.array([0.0, 0.0, 1.0])
    return np.degrees([np.arctan2(x, z), -np.arcsin(y)])


@pytest.mark.parametrize("goal", [(0.0, 0.0), (12.0, -8.0), (-28.0, 10.0), (45.0, 5.0), (-30.0, 30.0)])
@pytest.mark.parametrize("head_amount", [1.0, 2.0])
def test_a_gaze_is_reached_within_two_degrees(features, goal, head_amount) -> None:
    inputs = {"speech": features([("a", 1.5)]), "gaze": [(0, Gaze(*goal))]}
    packets = moved(inputs, params={"head_amount": head_amount})
    for packet in packets:
        assert np.hypot(*(look_of(packet) - goal)) < 2.0
        assert np.hypot(*packet.payload.gaze) <= 30.01


def test_wishes_reach_the_sampler_at_their_own_time(features) -> None:
    weights = np.eye(len(EMOTION_NAMES), dtype=np.float32)[1]
    inputs = {
        "speech": features([("a", 1.0)]),
        "gaze": [(0, Gaze(10.0, 0.0)), (500_000_000, Gaze(-10.0, 4.0))],
        "distance": [(0, HeadDistance(0.9))],
        "emotion": [(300_000_000, Emotion(weights))],
    }
    WISHES.clear()
    moved(inputs, params={"cfg_gaze": 2.0, "steps": 7, "gaze_amount": 0.5})
    wishes = WISHES[2:]  # the first is of motion frame 0
    assert [wish.gaze for wish in wishes[11:15]] == [(5.0, 0.0), (5.0, 0.0), (-5.0, 2.0), (-5.0, 2.0)]
    assert [wish.emotion is None for wish in wishes[6:10]] == [True, True, False, False]
    assert {(wish.distance, wish.cfg_gaze, wish.steps) for wish in wishes} == {(0.9, 2.0, 7)}
    assert all(wish.guide is None for wish in wishes)


def test_an_emotion_colours_the_face_but_does_not_part_the_lips(features) -> None:
    inputs = {"speech": features(SOUNDED)}
    plain = moved(inputs)
    for name in EMOTION_NAMES[1:]:
        weights = np.eye(len(EMOTION_NAMES), dtype=np.float32)[EMOTION_NAMES.index(name)]
        felt = moved({**inputs, "emotion": [(0, Emotion(weights))]})
        assert np.abs(stacked(felt) - stacked(plain)).max() > 0.2
        np.testing.assert_array_equal(closures(felt), closures(plain))
        np.testing.assert_array_equal(of(felt, "jawOpen", "mouthClose"), of(plain, "jawOpen", "mouthClose"))
        half = moved({**inputs, "emotion": [(0, Emotion(0.5 * weights))]})
        assert 0.05 < np.abs(stacked(half) - stacked(plain)).max() < np.abs(stacked(felt) - stacked(plain)).max()


def test_speech_in_long_packets_is_told_once(features) -> None:
    inputs = {"speech": features([("a", 3.0)], chunk_rows=150), "gaze": [(0, Gaze(0.0, 0.0))]}
    result = run_node(Scripted, inputs=inputs)
    assert len(result.outputs["motion"]) == 75
    assert len(result.notices) == 1
    assert "speech comes 1.5 s at a time, and gaze can be looked back at for 1.2 s only" in result.notices[0]
    assert run_node(Scripted, inputs={"speech": inputs["speech"]}).notices == []


def test_live_it_sends_the_same_faces_and_a_dial_turns_while_it_runs(features) -> None:
    speech = features([("a", 2.0)], chunk_rows=4)
    usual, live = moved({"speech": speech}), moved({"speech": speech}, live=True, clock=VirtualClock())
    np.testing.assert_array_equal(stacked(live), stacked(usual))

    class Turned(Scripted):
        """Somebody turns the dial after a second."""

        def process(self, speech: Any, phones: Any, gaze: Any, distance: Any, emotion: Any) -> None:
            if self.timestamp >= 1_000_000_000:
                self.lips_amount = 0.0
            super().process(speech, phones, gaze, distance, emotion)

    jaw = of(run_node(Turned, inputs={"speech": speech}).outputs["motion"], "jawOpen")
    assert jaw[3:22].min() > 0.3
    assert not jaw[23:].any()
