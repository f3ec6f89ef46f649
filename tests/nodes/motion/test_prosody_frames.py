from __future__ import annotations

import numpy as np

from avatar_nodes.motion.prosody_frames_model import PROSODY_NAMES, prosody_of

AT = {name: index for index, name in enumerate(PROSODY_NAMES)}


def rows_of(features, gain_db: float = 0.0) -> np.ndarray:
    """Rows (4 T, 82) of made-up sounds."""
    pairs = features([("_", 0.8), ("a", 0.48), ("s", 0.12), ("i", 0.4), ("_", 0.8)], gain_db=gain_db)
    parts = [np.concatenate([one.mel, one.loudness[:, None], one.pitch[:, None]], axis=1) for _, one in pairs]
    return np.concatenate(parts)


def test_speech_and_voice_are_heard_where_they_are(features) -> None:
    prosody = prosody_of(rows_of(features))
    assert prosody.shape == (65, len(PROSODY_NAMES))
    speech, voiced = prosody[:, AT["speech"]], prosody[:, AT["voiced"]]
    assert speech[:19].max() == 0.0
    assert speech[26:44].min() > 0.7
    assert speech[-5:].max() < 0.05
    assert voiced[23:31].min() == 1.0
    assert voiced[33] == 0.0
    assert prosody[30, AT["since_start"]] < prosody[43, AT["since_start"]]
    assert prosody[50, AT["since_end"]] < prosody[-1, AT["since_end"]]


def test_a_louder_microphone_changes_nothing(features) -> None:
    plain, louder = prosody_of(rows_of(features)), prosody_of(rows_of(features, gain_db=12.0))
    assert np.abs(plain - louder).mean() < 0.02


def test_numbers_are_of_unit_size(features) -> None:
    prosody = prosody_of(rows_of(features))
    assert np.isfinite(prosody).all()
    assert np.abs(prosody).max() < 5.0


def test_later_sound_does_not_change_what_was_heard(features) -> None:
    rows = rows_of(features)
    assert np.array_equal(prosody_of(rows)[:30], prosody_of(rows[:120]))
