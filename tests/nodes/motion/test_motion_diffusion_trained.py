"""The node as it is shipped, with its trained networks."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from avatar_nodes.audio.text_to_speech import TextToSpeech
from avatar_nodes.features.speech_features import SpeechFeatures as Features
from avatar_nodes.motion.coarticulation_model import sounds_of
from avatar_nodes.motion.head_motion_model import head_share
from avatar_nodes.motion.motion_diffusion import MotionDiffusion
from avatar_nodes.payloads import EXPRESSION_INDEX, Gaze
from graphcore import Packet
from graphcore.testing import run_node


@cache
def spoken() -> dict[str, list[tuple[int, Any]]]:
    """A short sentence as heard and as phones."""
    said = run_node(TextToSpeech, params={"text": "Maybe five.", "lead_in_s": 0.5, "lead_out_s": 0.6}).outputs
    heard = run_node(Features, inputs={"audio": [(p.timestamp, p.payload) for p in said["audio"]]}).outputs["speech"]
    streams = {"speech": heard, "phones": said["phones"]}
    return {name: [(p.timestamp, p.payload) for p in packets] for name, packets in streams.items()}


def moved(inputs: dict[str, Any], **more: Any) -> list[Packet]:
    return run_node(MotionDiffusion, inputs=inputs, **more).outputs["motion"]


@cache
def usual(with_phones: bool) -> list[Packet]:
    return moved(spoken() if with_phones else {"speech": spoken()["speech"]})


def of(packets: Sequence[Packet], name: str) -> np.ndarray:
    return np.array([packet.payload.expression[EXPRESSION_INDEX[name]] for packet in packets])


def closures(packets: Sequence[Packet]) -> np.ndarray:
    return np.array([packet.payload.closure for packet in packets])


@pytest.mark.parametrize("with_phones", [True, False])
def test_it_speaks_and_rests(with_phones) -> None:
    packets = usual(with_phones)
    sounds = [s for at, phones in spoken()["phones"] for s in sounds_of(at, phones) if s.viseme.firmness.max() > 0]
    voiced = [s for s in sounds if s.viseme.vowel]
    times = np.array([packet.timestamp for packet in packets]) / 1e9
    jaw = of(packets, "jawOpen")
    for sound in voiced:
        if sound.end - sound.start > 0.1:
            assert jaw[np.abs(times - sound.middle) < 0.08].max() > 0.08
    still = (times < voiced[0].start - 0.3) | (times > voiced[-1].end + 0.45)
    assert still.sum() > 5
    assert jaw[still].std() <= 0.05 * jaw[~still].std()


def test_with_phones_every_m_and_b_closes_and_the_sound_alone_closes_somewhere() -> None:
    packets = usual(True)
    for at, phones in spoken()["phones"]:
        for sound in sounds_of(at, phones):
            if sound.viseme.closure == 1.0:
                assert packets[round(sound.middle * 25)].payload.closure == 1.0
    assert closures(usual(False)).max() == 1.0


def test_the_seed_decides_the_head_and_the_lips_ignore_it() -> None:
    inputs = {"speech": spoken()["speech"]}
    other = moved(inputs, seed=1)
    np.testing.assert_array_equal(closures(usual(False)), closures(other))
    np.testing.assert_array_equal(of(usual(False), "jawOpen"), of(other, "jawOpen"))
    heads = [np.array([packet.payload.head for packet in packets]) for packets in (usual(False), other)]
    assert np.abs(heads[0] - heads[1]).max() > 0.5


def test_two_nodes_on_two_threads_share_the_networks_and_do_not_meet() -> None:
    made: dict[int, list[Packet]] = {}
    inputs = {"speech": spoken()["speech"]}
    threads = [threading.Thread(target=lambda i=i: made.update({i: moved(inputs)})) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for packets in made.values():
        np.testing.assert_array_equal(of(packets, "jawOpen"), of(usual(False), "jawOpen"))


def test_eyes_lead_a_large_shift_and_the_head_follows() -> None:
    speech = [(at, rows) for at, rows in spoken()["speech"] if at < 1_400_000_000]
    gaze = [(0, Gaze(0.0, 0.0)), (400_000_000, Gaze(40.0, 0.0))]
    packets = moved({"speech": speech, "gaze": gaze}, params={"cfg_gaze": 0.0})
    yaw = np.array([packet.payload.head[0] for packet in packets])
    eyes = np.array([packet.payload.gaze[0] for packet in packets])
    assert eyes[10] - eyes[9] > 15.0  # the frame at 0.4 s
    assert yaw[10] - yaw[9] < 5.0
    assert yaw[25:].mean() - yaw[:10].mean() > 0.6 * head_share(np.array([40.0, 0.0]))[0]
