from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from speech_corpus import PAUSE, SAMPLE_RATE
from synthesizers import Manner, NotInstalled, Said, _closed_from, _segments, espeak, festival, flite

AS_IT_IS = Manner(1.0, 1.0)


def check_tiles(said: Said) -> None:
    assert len(said.borders) == len(said.symbols) + 1
    assert said.borders[0] == 0.0
    assert said.borders[-1] == pytest.approx(len(said.samples) / SAMPLE_RATE)
    assert (np.diff(said.borders) > 0).all()


def loudness(said: Said, symbol: str) -> float:
    """The root mean square inside a phone."""
    index = said.symbols.index(symbol)
    first, last = (round(second * SAMPLE_RATE) for second in said.borders[index : index + 2])
    return float(np.sqrt(np.mean(said.samples[first:last].astype(float) ** 2)))


def test_espeak_tells_when_each_sound_is_spoken() -> None:
    (said,) = espeak("en-us+f2", [("A map.", AS_IT_IS)])
    check_tiles(said)
    assert [symbol for symbol in said.symbols if symbol != PAUSE] == ["ɐ", "m", "æ", "p"]
    assert loudness(said, "æ") > 5 * loudness(said, "p")


def test_a_faster_manner_is_shorter() -> None:
    slow, fast = espeak("de", [("Guten Morgen.", Manner(speed, 1.0)) for speed in (0.8, 1.4)])
    assert len(fast.samples) < 0.8 * len(slow.samples)


def test_a_voice_nobody_has_is_named() -> None:
    with pytest.raises(NotInstalled, match="xx-nowhere"):
        list(espeak("xx-nowhere", [("Hello.", AS_IT_IS)]))


def test_a_voiceless_stop_begins_with_its_silence() -> None:
    samples = np.full(SAMPLE_RATE, 8000, np.int16)
    samples[7200:8000] = 0  # 50 ms before the burst at 0.5 s
    assert _closed_from(samples, 0.5) == pytest.approx(0.45)
    assert _closed_from(samples, 0.4) == pytest.approx(0.4)
    assert _closed_from(samples, -0.001) == pytest.approx(-0.001)


def test_festivals_labels_are_read(tmp_path: Path) -> None:
    (tmp_path / "said.lab").write_text("separator ;\n#\n0.2200 100 pau\n0.3650 100 aa\n")
    assert _segments(tmp_path / "said.lab") == [("pau", 0.22), ("aa", 0.365)]
    assert _segments(tmp_path / "nothing.lab") == []


@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")
def test_flite_tells_when_each_sound_is_spoken() -> None:
    (said,) = flite("kal16", [("Bob put", Manner(1.0, 1.1))])
    check_tiles(said)
    assert said.symbols == (PAUSE, "b", "ɑ", "b", "p", "ʊ", "t", PAUSE)


@pytest.mark.skipif(shutil.which("festival") is None, reason="festival is not installed")
def test_festival_without_the_voice_says_so() -> None:
    with pytest.raises(NotInstalled, match="no_such_voice"):
        list(festival("no_such_voice", [("Bob put", AS_IT_IS)]))
