"""What head and lids hear of a voice."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.audio.text_to_speech import TextToSpeech
from avatar_nodes.features.speech_features import SpeechFeatures as Features
from avatar_nodes.motion.prosody_model import STRONGEST, Prosody, Spread
from avatar_nodes.payloads import SpeechFeatures
from graphcore import Window
from graphcore.testing import run_node

FRAME_NS = 40_000_000
TEXT = "My mother makes a very big map of five brave papa bears. People who live by the sea remember better times."


def accents(speech: list[tuple[int, SpeechFeatures]], start_ns: int = 0) -> list[tuple[float, float]]:
    """When (s after the start), and how strong."""
    prosody, found = Prosody(), []
    for now in range(start_ns, speech[-1][0], FRAME_NS):
        heard = [(at, rows) for at, rows in speech if now - 1_200_000_000 < at <= now]
        known = prosody.accents
        prosody.hear(Window([rows for _, rows in heard], [at for at, _ in heard]), now)
        if prosody.accents > known:
            found.append(((now - start_ns) / 1e9, prosody.accent_strength))
    return found


@pytest.mark.parametrize("voice", ["en-us", "en-gb+f3", "de"])
def test_a_synthetic_voice_has_accents_from_the_first_phrase_on(voice: str) -> None:
    spoken = run_node(TextToSpeech, params={"text": TEXT, "voice": voice}).outputs["audio"]
    packets = run_node(Features, inputs={"audio": [(p.timestamp, p.payload) for p in spoken]}).outputs["speech"]
    found = accents([(p.timestamp, p.payload) for p in packets])
    assert 0.5 < len(found) / (packets[-1].timestamp / 1e9) < 1.5
    assert found[0][0] < 1.5
    assert found[0][1] < 2.0
    assert max(strength for _, strength in found) <= STRONGEST


def test_the_first_values_are_their_own_measure() -> None:
    quiet, loud = Spread(6.0), Spread(6.0)
    values = np.random.default_rng(0).normal(0.0, 1.0, 400)
    scores = np.array([(quiet.score(value - 60.0), loud.score(value)) for value in values])
    np.testing.assert_allclose(scores[:, 0], scores[:, 1], atol=1e-9)
    assert scores[0].tolist() == [0.0, 0.0]
    assert scores[200:, 0].std() > 0.5  # a flat voice has its accents, too


def test_a_stream_that_begins_late_is_heard_as_one_that_begins_at_zero(talk) -> None:
    start = 600_000_000_000
    late = [(at + start, rows) for at, rows in talk]
    assert accents(late, start) == accents(talk)
    assert len(accents(talk)) > 5


def test_steady_noise_is_no_speech(features) -> None:
    prosody = Prosody()
    for now, rows in features([("noise", 2.0)]):
        prosody.hear(Window([rows], [now]), now)
        assert prosody.activity < 0.05
