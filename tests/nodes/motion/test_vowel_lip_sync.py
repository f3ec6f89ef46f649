from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from avatar_nodes.audio.text_to_speech import TextToSpeech
from avatar_nodes.features.speech_features import SpeechFeatures as Features
from avatar_nodes.motion.coarticulation_model import sounds_of
from avatar_nodes.motion.vowel_lip_sync import VowelLipSync
from avatar_nodes.payloads import EMOTION_NAMES, EXPRESSION_INDEX, AudioChunk, Emotion, FaceMotion
from graphcore import Packet
from graphcore.clock import timestamp_of
from graphcore.testing import run_node

SPOKEN = [
    ("_", 0.2),
    ("a", 0.2),
    ("m", 0.07),
    ("a", 0.2),
    ("_", 0.4),
    ("b", 0.05),
    ("uː", 0.25),
    ("f", 0.08),
    ("_", 0.3),
]
SOUNDED = [
    ("_", 0.2),
    ("a", 0.2),
    ("m", 0.07),
    ("a", 0.2),
    ("_", 0.4),
    ("m", 0.05),
    ("i", 0.25),
    ("s", 0.08),
    ("_", 0.3),
]


def moved(inputs: dict[str, object], frame_rate: Fraction | int = 25) -> list[Packet]:
    return run_node(VowelLipSync, inputs=inputs, frame_rate=frame_rate).outputs["motion"]  # type: ignore[arg-type]


def of(packets: Sequence[Packet], name: str) -> np.ndarray:
    return np.array([packet.payload.expression[EXPRESSION_INDEX[name]] for packet in packets])


def stacked(packets: Sequence[Packet]) -> np.ndarray:
    faces: list[FaceMotion] = [packet.payload for packet in packets]
    return np.stack([np.append(face.expression, face.closure) for face in faces])


@pytest.mark.parametrize("frame_rate", [Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(60)])
@pytest.mark.parametrize("with_phones", [True, False])
def test_every_frame_of_the_sound_gets_a_face(features, phones, frame_rate, with_phones) -> None:
    inputs = {"speech": features(SOUNDED)} | ({"phones": phones(*SPOKEN)} if with_phones else {})
    packets = moved(inputs, frame_rate)
    assert len(packets) == -(-Fraction(175, 100) * frame_rate // 1)
    expected = [timestamp_of(i, frame_rate.numerator, frame_rate.denominator) for i in range(len(packets))]
    assert [packet.timestamp for packet in packets] == expected
    assert of(packets, "jawOpen").max() > 0.2


@pytest.mark.parametrize("frame_rate", [24, 25, 60])
def test_every_p_b_m_closes_on_the_frame_nearest_its_middle(features, phones, frame_rate) -> None:
    packets = moved({"speech": features(SOUNDED), "phones": phones(*SPOKEN)}, frame_rate)
    for middle in (0.2 + 0.2 + 0.035, 1.07 + 0.025):
        nearest = min(packets, key=lambda packet: abs(packet.timestamp / 1e9 - middle))
        assert nearest.payload.closure == 1.0
    at_f = min(packets, key=lambda packet: abs(packet.timestamp / 1e9 - 1.41))
    assert 0.5 < at_f.payload.closure < 1.0
    assert at_f.payload.expression[EXPRESSION_INDEX["mouthRollLower"]] > 0.25
    assert min(packet.payload.closure for packet in packets) == 0.0


@pytest.mark.parametrize("with_phones", [True, False])
def test_chunk_borders_mean_nothing(features, phones, with_phones) -> None:
    extra = {"phones": phones(*SPOKEN)} if with_phones else {}
    usual = stacked(moved({"speech": features(SOUNDED), **extra}))
    # Phones are looked up at a packet's time: more than the lookahead at once would leave some unread.
    for chunk_rows in (1, 3, 10) if with_phones else (1, 3, 10, 200):
        other = stacked(moved({"speech": features(SOUNDED, chunk_rows=chunk_rows), **extra}))
        np.testing.assert_array_equal(other, usual)


def test_speech_in_long_packets_is_used_as_far_as_it_goes_and_told_once(features, phones) -> None:
    inputs = {"speech": features([*SOUNDED, *SOUNDED, *SOUNDED], chunk_rows=150), "phones": phones(*SPOKEN * 3)}
    result = run_node(VowelLipSync, inputs=inputs)
    assert len(result.outputs["motion"]) == 132
    assert len(result.notices) == 1
    assert "speech comes 1.5 s at a time, and phones can be looked back at for 1.2 s only" in result.notices[0]
    assert run_node(VowelLipSync, inputs={"speech": inputs["speech"]}).notices == []


@pytest.mark.parametrize("with_phones", [True, False])
@pytest.mark.parametrize("start_ns", [600_000_000_000, 600_010_000_000, 40_000_000])
def test_a_sound_that_begins_late_gets_faces_from_its_start(features, phones, start_ns, with_phones) -> None:
    inputs = {"speech": features(SOUNDED)} | ({"phones": phones(*SPOKEN)} if with_phones else {})
    late = {name: [(at + start_ns, payload) for at, payload in pairs] for name, pairs in inputs.items()}
    packets = moved(late)
    first = -(-start_ns // 40_000_000)
    count = -(-(start_ns + 1_750_000_000) // 40_000_000) - first
    assert [packet.timestamp for packet in packets] == [timestamp_of(first + i, 25) for i in range(count)]
    if start_ns % 40_000_000 == 0:
        np.testing.assert_allclose(stacked(packets), stacked(moved(inputs)), atol=1e-3)


def test_before_the_first_phone_the_sound_does_not_lead(features, phones) -> None:
    late = [(at, packet) for at, packet in phones(*SPOKEN) if at > 300_000_000]
    packets = moved({"speech": features(SOUNDED), "phones": late})
    assert of(packets, "jawOpen")[:5].max() < 0.02
    assert of(moved({"speech": features(SOUNDED)}), "jawOpen")[:10].max() > 0.1
    assert stacked(moved({"speech": features(SOUNDED), "phones": []})).max() == 0.0


def test_a_long_hole_in_the_sound(features) -> None:
    chunks = features([("a", 0.4)], chunk_rows=2)
    packets = moved({"speech": [*chunks[:1], (60_000_000_000, chunks[0][1])]})
    assert len(packets) == 1501
    assert of(packets, "jawOpen")[20:1480].max() == 0.0


def test_a_face_is_sent_no_sooner_and_no_later_than_its_lookahead(features) -> None:
    """The first packets of an endless sound give the same faces as the whole of it."""
    whole = features(SOUNDED)
    early = moved({"speech": whole[:60]})
    late = moved({"speech": whole})
    complete = [p for p in early if p.timestamp <= 1_200_000_000 - 110_000_000]
    np.testing.assert_array_equal(stacked(complete), stacked(late[: len(complete)]))


def test_sound_alone_opens_vowels_narrows_hisses_and_spreads_for_front_ones(features) -> None:
    packets = moved({"speech": features([("_", 0.3), *[("a", 0.4), ("i", 0.4), ("s", 0.4)] * 3, ("_", 0.3)])})
    times = np.array([packet.timestamp for packet in packets]) / 1e9
    a, i, s = ((times > 2.7 + k * 0.4 + 0.12) & (times < 2.7 + k * 0.4 + 0.3) for k in range(3))
    jaw, stretch = of(packets, "jawOpen"), of(packets, "mouthStretchLeft")
    assert jaw[a].min() > 1.5 * jaw[i].max()
    assert jaw[s].max() < jaw[a].min() / 3
    assert stretch[i].min() > stretch[a].max()


def test_sound_alone_closes_in_a_murmur_but_not_in_a_vowel(features) -> None:
    packets = moved({"speech": features([("_", 0.2), ("a", 0.3), ("m", 0.08), ("a", 0.3), ("_", 0.2)])})
    closure = np.array([packet.payload.closure for packet in packets])
    times = np.array([packet.timestamp for packet in packets]) / 1e9
    assert closure[np.abs(times - 0.54) < 0.03].max() > 0.9
    assert closure[np.abs(times - 0.54) > 0.15].max() < 0.1


@pytest.mark.parametrize("gain_db", [-15.0, 0.0, 12.0])
def test_gain_changes_little(features, gain_db) -> None:
    usual = of(moved({"speech": features(SOUNDED)}), "jawOpen")
    jaw = of(moved({"speech": features(SOUNDED, gain_db=gain_db)}), "jawOpen")
    assert np.abs(jaw - usual).mean() < 0.1 * usual.max()


@pytest.mark.parametrize("background", ["_", "noise"])
def test_silent_lips_are_still(features, background) -> None:
    sounds = [(background, 3.0), *[("a", 0.3), ("m", 0.1), ("a", 0.3), (background, 1.0)] * 3]
    packets = moved({"speech": features(sounds)})
    times = np.array([packet.timestamp for packet in packets]) / 1e9
    jaw = of(packets, "jawOpen")
    cycle = (times - 3.0) % 1.7
    silent = (times > 2.6) & ((times < 2.85) | (cycle > 0.9) & (cycle < 1.55))
    speaking = (times > 3.0) & (cycle < 0.7)
    assert jaw[silent].std() <= 0.05 * jaw[speaking].std()
    assert jaw[silent].max() < 0.02


@pytest.mark.parametrize("noise_db", [-35.0, -50.0])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_lips_are_still_from_the_start_of_a_noisy_sound(noise_db, rate) -> None:
    seconds = 1.5
    samples = np.random.default_rng(4).normal(0.0, 10 ** (noise_db / 20), int(rate * seconds)).astype(np.float32)
    heard = run_node(Features, inputs={"audio": [(0, AudioChunk(samples[:, None], rate))]}).outputs["speech"]
    packets = moved({"speech": [(packet.timestamp, packet.payload) for packet in heard]})
    assert len(packets) == 38
    assert of(packets, "jawOpen").max() < 0.02
    assert max(packet.payload.closure for packet in packets) < 0.1


def test_a_sound_that_begins_within_a_word_opens_the_mouth_at_once() -> None:
    times = np.arange(16_000) / 16_000
    samples = np.sum([0.2 / k * np.sin(2 * np.pi * 140 * k * times) for k in range(1, 20)], axis=0)
    heard = run_node(Features, inputs={"audio": [(0, AudioChunk(samples[:, None].astype(np.float32), 16_000))]})
    packets = moved({"speech": [(packet.timestamp, packet.payload) for packet in heard.outputs["speech"]]})
    assert of(packets, "jawOpen")[2:20].min() > 0.1


def test_a_loud_start_after_a_moment_of_quiet_is_no_background(features) -> None:
    chunks = features([("s", 0.34), ("a", 0.3)])
    for _, rows in chunks[:2]:
        rows.loudness[:] = -55.0
    packets = moved({"speech": chunks})
    assert of(packets, "mouthStretchLeft")[2:8].min() > 0.05


def test_sound_alone_finds_half_of_the_closures_of_synthetic_voices() -> None:
    """The measured figures of the docstring, on a few sentences; a control with the times shifted by 370 ms."""
    voices = {
        "en-us": "My mother makes a very big map of five brave papa bears. Please bring the blue umbrella.",
        "en-us+f3": "Bob bought a pumpkin from a man on a boat. Maybe Emma will bring more jam.",
        "de": "Meine Mutter brachte am Montag bunte Blumen mit.",
        "fr+f2": "Bonjour madame, je voudrais acheter du pain et des pommes.",
    }
    found, by_chance, real = [], [], []
    for voice, text in voices.items():
        labials, runs = closures_of(voice, text)
        found += [any(near(labial, run) for run in runs) for labial in labials]
        by_chance += [any(near(labial + 0.37, run) for run in runs) for labial in labials]
        real += [any(near(labial, run) for labial in labials) for run in runs]
    assert np.mean(found) > 0.5  # recall
    assert np.mean(real) > 0.6  # precision
    assert np.mean(by_chance) < np.mean(found) - 0.2


def closures_of(voice: str, text: str) -> tuple[list[float], list[tuple[float, float]]]:
    """The middles of p, b, m, and the runs of frames with closed lips as sound alone tells them (s)."""
    spoken = run_node(TextToSpeech, params={"text": text, "voice": voice}).outputs
    heard = run_node(Features, inputs={"audio": [(p.timestamp, p.payload) for p in spoken["audio"]]})
    packets = moved({"speech": [(p.timestamp, p.payload) for p in heard.outputs["speech"]]})
    closed = [packet.timestamp / 1e9 for packet in packets if packet.payload.closure > 0.9]
    starts = [now for i, now in enumerate(closed) if i == 0 or now - closed[i - 1] > 0.05]
    ends = [now for i, now in enumerate(closed) if i + 1 == len(closed) or closed[i + 1] - now > 0.05]
    sounds = [sound for p in spoken["phones"] for sound in sounds_of(p.timestamp, p.payload)]
    return [sound.middle for sound in sounds if sound.viseme.closure == 1.0], list(zip(starts, ends, strict=True))


def near(moment: float, run: tuple[float, float]) -> bool:
    return run[0] - 0.07 < moment < run[1] + 0.07


def test_an_emotion_colours_the_face_but_does_not_part_the_lips(features, phones) -> None:
    inputs = {"speech": features(SOUNDED), "phones": phones(*SPOKEN)}
    plain = moved(inputs)
    for name in EMOTION_NAMES[1:]:
        weights = np.zeros(len(EMOTION_NAMES), np.float32)
        weights[EMOTION_NAMES.index(name)] = 1.0
        felt = moved({**inputs, "emotion": [(0, Emotion(weights))]})
        assert np.abs(stacked(felt) - stacked(plain)).max() > 0.2
        assert [p.payload.closure for p in felt] == [p.payload.closure for p in plain]
        for lips in ("jawOpen", "mouthLowerDownLeft", "mouthUpperUpLeft", "mouthFunnel"):
            np.testing.assert_array_equal(of(felt, lips), of(plain, lips))


def test_an_emotion_holds_from_its_own_time_on(features) -> None:
    happy = Emotion(np.eye(len(EMOTION_NAMES), dtype=np.float32)[1])
    packets = moved({"speech": features(SOUNDED), "emotion": [(800_000_000, happy)]})
    smile = of(packets, "cheekSquintLeft")
    assert not smile[:20].any()
    assert (smile[20:] > 0.3).all()


def test_mouth_close_brings_arkit_lips_together(features, phones) -> None:
    packets = moved({"speech": features(SOUNDED), "phones": phones(*SPOKEN)})
    for packet in packets:
        if packet.payload.closure == 1.0:
            jaw = packet.payload.expression[EXPRESSION_INDEX["jawOpen"]]
            assert packet.payload.expression[EXPRESSION_INDEX["mouthClose"]] == jaw


def test_a_sound_without_rows_or_with_a_gap(features) -> None:
    assert moved({"speech": []}) == []
    chunks = features(SOUNDED)
    packets = moved({"speech": chunks[:20] + chunks[60:]})
    assert len(packets) == 44
    assert np.isfinite(stacked(packets)).all()
