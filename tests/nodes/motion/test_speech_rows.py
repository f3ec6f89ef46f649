from __future__ import annotations

import numpy as np

from avatar_nodes.motion.speech_rows_model import SILENT_DB, SpeechRows
from avatar_nodes.payloads import SpeechFeatures


def rows(*loudness: float) -> SpeechFeatures:
    count = len(loudness)
    return SpeechFeatures(
        np.zeros((count, 80), np.float32), np.array(loudness, np.float32), np.full(count, 100.0, np.float32)
    )


def test_rows_are_found_by_number_and_a_gap_is_silence() -> None:
    speech = SpeechRows()
    speech.add(20_000_000, rows(1, 2))
    speech.add(60_000_000, rows(6))
    assert (speech.first, speech.end) == (2, 7)
    assert speech.loudness(0, 8).tolist() == [SILENT_DB, SILENT_DB, 1, 2, SILENT_DB, SILENT_DB, 6, SILENT_DB]
    assert speech.pitch(3, 5).tolist() == [100.0, 0.0]
    assert speech.mel(4, 6).shape == (2, 80)


def test_what_is_known_is_not_taken_again() -> None:
    speech = SpeechRows()
    speech.add(0, rows(1, 2, 3))
    speech.add(0, rows(9, 9, 9))
    speech.add(20_000_000, rows(9, 4))
    assert speech.loudness(0, speech.end).tolist() == [1, 2, 3, 4]


def test_old_rows_are_forgotten_and_a_long_gap_costs_no_memory() -> None:
    speech = SpeechRows(keep_rows=10)
    speech.add(0, rows(*range(50)))
    speech.forget_before(45)
    assert speech.loudness(34, 37).tolist() == [SILENT_DB, 35, 36]
    speech.add(10**9 * 3600, rows(7))
    assert speech.end == 360_001
    assert speech.first == 359_990
    assert speech.loudness(359_980, 360_001).tolist() == [SILENT_DB] * 20 + [7]
