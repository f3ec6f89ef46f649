from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from speech_corpus import (
    ARPABET,
    PAUSE,
    SAMPLE_RATE,
    Licence,
    Utterance,
    at_16_khz,
    from_arpabet,
    read_corpus,
    tiled,
    write_licence,
    write_voice,
)

from avatar_nodes.motion.visemes_model import UNKNOWN, visemes_of


def utterance(name: str, symbols: tuple[str, ...]) -> Utterance:
    borders = np.arange(len(symbols) + 1) * 0.1
    samples = np.arange(round(borders[-1] * SAMPLE_RATE), dtype=np.int16)
    return Utterance(name, "anna", "en-us", "human", samples, symbols, borders[:-1], borders[1:])


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = [utterance("one", (PAUSE, "tʃ", "iː", PAUSE)), utterance("two", ("m",))]
    write_voice(tmp_path, "anna", written)
    for read, wrote in zip(read_corpus(tmp_path), written, strict=True):
        assert (read.name, read.voice, read.language, read.source) == (wrote.name, "anna", "en-us", "human")
        assert read.symbols == wrote.symbols
        np.testing.assert_array_equal(read.samples, wrote.samples)
        np.testing.assert_allclose(read.starts, wrote.starts, atol=1e-5)
        np.testing.assert_allclose(read.ends, wrote.ends, atol=1e-5)


def test_a_voice_half_written_is_not_read(tmp_path: Path) -> None:
    (tmp_path / ".anna.npz.part").write_bytes(b"PK")
    assert read_corpus(tmp_path) == []


def test_a_licence_replaces_the_one_of_the_same_voice(tmp_path: Path) -> None:
    for terms in ("unknown", "CC BY 4.0"):
        write_licence(tmp_path, Licence("anna", "en-us", "human", "her own", terms))
    write_licence(tmp_path, Licence("bob", "en-gb", "flite", "a package, with a comma", "BSD"))
    lines = (tmp_path / "LICENCES.csv").read_text().splitlines()
    assert len(lines) == 3
    assert lines[1] == "anna,en-us,human,her own,CC BY 4.0"


def test_every_arpabet_phone_has_a_viseme() -> None:
    assert all(UNKNOWN not in visemes_of(symbol) for symbol in ARPABET.values())


def test_stress_and_case_of_arpabet_do_not_matter() -> None:
    assert from_arpabet("AA1") == from_arpabet("aa") == "ɑ"


def test_phones_tile_and_pauses_merge() -> None:
    symbols, borders = tiled(["a", "b", PAUSE, PAUSE, "m"], [0.1, 0.2, 0.3, 0.4, 0.5], 0.6)
    assert symbols == (PAUSE, "a", "b", PAUSE, "m")
    np.testing.assert_allclose(borders, [0.0, 0.1, 0.2, 0.3, 0.5, 0.6])


def test_phones_outside_the_sound_are_dropped() -> None:
    symbols, borders = tiled(["a", "b", "m"], [-0.2, 0.0, 0.7], 0.5)
    assert symbols == ("b",)
    np.testing.assert_allclose(borders, [0.0, 0.5])


@pytest.mark.parametrize("rate", [8000, 22050, 32000, 48000])
def test_resampling_keeps_time_and_loudness(rate: int) -> None:
    seconds = np.arange(rate) / rate
    tone = at_16_khz((0.5 * np.sin(2 * np.pi * 440 * seconds)).astype(np.float32), rate)
    assert len(tone) == pytest.approx(SAMPLE_RATE, abs=2)
    middle = tone[4000:12000].astype(float)
    assert np.abs(middle).max() == pytest.approx(0.5 * 32767, rel=0.01)
    assert np.abs(np.fft.rfft(middle)).argmax() * SAMPLE_RATE / len(middle) == 440


def test_what_would_clip_is_made_quieter() -> None:
    assert np.abs(at_16_khz(np.array([0.0, 2.0, -1.0], np.float32), SAMPLE_RATE).astype(int)).max() < 32767
