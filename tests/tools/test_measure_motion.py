from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import measure_motion
import numpy as np
import pytest
import soundfile
from measuring import alignment, clips
from measuring.alignment import Aligned, spoken_words
from measuring.aperture import FRAME_S, aperture_of, aperture_of_expression, aperture_of_phones, opening_of_phones
from measuring.bench import Bench
from measuring.clips import held_out, phones_of, read_clips
from measuring.driving import drive, energy_aperture
from measuring.figures import Figures
from measuring.lips_rows import lips, lips_jobs
from measuring.people import blinks_of, coupling, head_of
from measuring.report import write_json
from measuring.score import pooled, runs_of, score
from measuring.sounds import quiet_frames, voiced_energy, with_silences

from avatar_nodes.motion.visemes_model import JAW, LIP_NAMES
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES

FRAMES = 100


def sentence(seconds: float = 4.0) -> Aligned:
    """A pause, then "ama" over and over, a phone each 120 ms, then a pause."""
    borders = np.concatenate([[0.0], np.arange(0.4, seconds - 0.4, 0.12), [seconds]])
    inner = ["amaf"[i % 4] for i in range(len(borders) - 3)]
    return Aligned(("_", *inner, "_"), borders[:-1], borders[1:], -10.0)


def test_aperture_is_zero_at_rest_and_when_closed_and_grows_with_the_jaw() -> None:
    lips = np.zeros((4, len(LIP_NAMES)))
    lips[1:, JAW] = (0.2, 0.4, 0.4)
    gap = aperture_of(lips, np.array([0.0, 0.0, 0.0, 1.0]))
    assert gap[0] == pytest.approx(0.0, abs=1e-9)
    assert 0.02 < gap[1] < gap[2]
    assert gap[3] == pytest.approx(0.0, abs=1e-9)


def test_aperture_of_a_face_is_that_of_its_lips() -> None:
    expression = np.zeros((1, len(EXPRESSION_NAMES)), np.float32)
    expression[0, EXPRESSION_INDEX["jawOpen"]] = 0.3
    lips = np.zeros((1, len(LIP_NAMES)))
    lips[0, JAW] = 0.3
    assert aperture_of_expression(expression, np.zeros(1)) == pytest.approx(aperture_of(lips, np.zeros(1)), abs=1e-6)


def test_the_rules_on_the_phones_themselves_are_perfect() -> None:
    aligned = sentence()
    found = score(aperture_of_phones(aligned, FRAMES), aligned)
    assert found.r_all == pytest.approx(1.0)
    assert (found.recall, found.lag) == (1.0, pytest.approx(0.0, abs=0.05))
    assert found.right + found.at_teeth == found.events


def test_a_late_curve_has_that_lag_and_a_still_one_scores_nothing() -> None:
    aligned = sentence()
    late = np.roll(aperture_of_phones(aligned, FRAMES), 2)
    assert score(late, aligned).lag == pytest.approx(2.0, abs=0.2)
    still = score(np.full(FRAMES, 0.1), aligned)
    assert (still.r_all, still.found, still.events) == (0.0, 0, 0)


def test_closures_are_counted_as_said() -> None:
    aligned = Aligned(("a", "p", "a", "t", "a"), np.arange(5) * 0.4, np.arange(1, 6) * 0.4, -10.0)
    curve = np.ones(50)
    curve[15] = 0.0  # at 0.6 s: the middle of p
    curve[35] = 0.0  # at 1.4 s: the middle of t
    found = score(curve, aligned)
    assert (found.labials, found.found, found.control_found) == (1, 1, 0)
    assert (found.events, found.right, found.at_teeth) == (2, 1, 0)
    curve[15], curve[18] = 1.0, 0.0  # 120 ms away
    assert score(curve, aligned).found == 0


def test_only_known_stretches_count() -> None:
    aligned = sentence()
    curve = aperture_of_phones(aligned, FRAMES)
    curve[60:] = np.random.default_rng(0).random(40)
    part = Aligned(aligned.symbols, aligned.starts, aligned.ends, -10.0, ((0.0, 60 * FRAME_S),))
    assert score(curve, part).r_all == pytest.approx(1.0)
    assert score(curve, aligned).r_all < 0.9


def test_pooling_sums_counts() -> None:
    aligned = sentence()
    good, bad = score(aperture_of_phones(aligned, FRAMES), aligned), score(np.full(FRAMES, 0.1), aligned)
    both = pooled([good, bad])
    assert both["recall"] == pytest.approx(0.5)
    assert both["r_all"] == pytest.approx(0.5)


def test_the_plain_table_opens_on_vowels_only() -> None:
    aligned = Aligned(("_", "a", "p", "i"), np.array([0.0, 0.4, 0.8, 1.2]), np.array([0.4, 0.8, 1.2, 1.6]), -10.0)
    opening = opening_of_phones(aligned, 40)
    assert [round(float(opening[i]), 2) for i in (5, 15, 25, 35)] == [0.0, 1.0, 0.0, 0.35]


def test_joined_stretches_keep_their_places() -> None:
    one = Aligned(("a",), np.zeros(1), np.ones(1), -10.0)
    both = Aligned.joined([one.moved(2.0, 3.0), one.moved(5.0, 6.0)])
    assert both.starts.tolist() == [2.0, 5.0]
    assert both.spans == ((2.0, 3.0), (5.0, 6.0))


def test_spoken_words_leave_remarks_out() -> None:
    assert spoken_words("DROP the tube (as spelt)") == "drop the tube"


def test_runs() -> None:
    assert [run.tolist() for run in runs_of(np.array([1, 1, 0, 1], bool))] == [[0, 1], [3]]
    assert runs_of(np.zeros(3, bool)) == []


def test_blinks_are_counted_and_measured() -> None:
    shut = np.zeros(250)
    for start in (50, 150):
        shut[start : start + 5] = (0.5, 1.0, 1.0, 0.5, 0.0)
    found = blinks_of(shut)
    assert found.a_minute == pytest.approx(12.0)
    assert found.durations_ms == pytest.approx((120.0, 120.0))


def test_head_figures_of_a_sine() -> None:
    time = np.arange(500) / 25
    head = np.zeros((500, 6))
    head[:, 0] = 3.0 * np.sin(2 * np.pi * 0.5 * time)
    head[:, 1] = 1.0 * np.sin(2 * np.pi * 2.0 * time)
    found = head_of(head)
    assert (found.yaw, found.pitch) == (pytest.approx(2.12, abs=0.01), pytest.approx(0.707, abs=0.01))
    assert found.slow == pytest.approx(0.9, abs=0.01)


def test_a_head_that_follows_the_voice_is_told_from_one_that_does_not() -> None:
    rng = np.random.default_rng(0)
    voices = [np.cumsum(rng.standard_normal((400, 2)), axis=0) for _ in range(3)]
    noise = [rng.standard_normal((400, 3)) for _ in range(3)]
    following = [np.stack([voice[:, 0]] * 3, axis=1) + one for voice, one in zip(voices, noise, strict=True)]
    assert coupling(following, voices).above == 1.0
    assert coupling(noise, voices).above < 1.0


def test_silences_lie_where_they_are_said_to_lie() -> None:
    speech = 0.3 * np.sin(np.arange(32000) / 16000 * 2 * np.pi * 220).astype(np.float32)
    sound, quiets = with_silences(speech)
    assert [quiet.kind for quiet in quiets] == ["zero", "noise -50 dB", "breath"]
    for quiet, loudest in zip(quiets, (0.0, 0.02, 0.05), strict=True):
        assert np.abs(sound[round(quiet.start * 16000) : round(quiet.end * 16000)]).max() <= loudest
    energy, active = voiced_energy(sound, 400)
    assert energy[20] > 100 * energy[quiet_frames(quiets[0], 400)].max()
    assert active[20]


def write_data(folder: Path) -> Path:
    """A folder as the tool expects it, with one clip of which the text is known."""
    (folder / "speech").mkdir(parents=True)
    (folder / "transcripts.csv").write_text("file,text\nspeech/a.wav,ama\n")
    own = "file,language,kind,start,end,text\nspeech/a.wav,en,known,,,\nspeech/no.wav,fr,none,,,\n"
    (folder / "own.csv").write_text(own)
    time = np.arange(32000) / 16000
    tone = 0.3 * np.sin(2 * np.pi * 150 * time) * (np.sin(2 * np.pi * 2 * time) > 0)
    soundfile.write(folder / "speech" / "a.wav", tone, 16000)
    return folder


def test_clips_are_those_that_are_there(tmp_path: Path) -> None:
    found = read_clips(write_data(tmp_path / "data"), tmp_path / "data" / "own.csv")
    assert [(clip.name, clip.language, clip.said[0].text) for clip in found] == [("a.wav", "en", "ama")]
    assert held_out("willowinferenceserver_30sec.flac")
    assert not held_out("whisper_jfk.flac")


def test_the_table_in_the_repository_can_be_read() -> None:
    with clips.OWN_TABLE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {row["kind"] for row in rows} == {"known", "decoded", "none"}
    assert all(row["text"] for row in rows if row["kind"] == "decoded")


def test_lips_of_a_clip_through_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "align", lambda samples, text: sentence(len(samples) / 16000))
    data = write_data(tmp_path / "data")
    bench = Bench(read_clips(data, data / "own.csv"), data, ["vowel_lip_sync"], tmp_path / "cache")
    bench.prepare(lips_jobs(bench))
    figures = Figures()
    lips(bench, figures)
    part = "held out" if bench.clips[0].held_out else "open"
    assert figures.values["r_all", part, "rules"] == pytest.approx(1.0)
    assert -1.0 <= figures.values["r_all", part, "vowel_lip_sync"] <= 1.0
    write_json(figures, tmp_path / "figures.json")
    assert json.loads((tmp_path / "figures.json").read_text())["settings"]["tolerance_s"] == 0.08
    held = phones_of(bench.clips[0], tmp_path / "cache")  # from the cache
    assert held is not None
    assert held.symbols == sentence(2.0).symbols


def test_the_program_writes_what_it_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(alignment, "align", lambda samples, text: sentence(len(samples) / 16000))
    data = write_data(tmp_path / "data")
    monkeypatch.setattr(measure_motion, "read_clips", lambda folder: read_clips(folder, data / "own.csv"))
    wanted = [
        "--drivers",
        "vowel_lip_sync",
        "--only",
        "lips",
        "people",
        "--per-clip",
        "--json",
        str(tmp_path / "a.json"),
    ]
    monkeypatch.setattr(sys, "argv", ["measure_motion.py", str(data), *wanted])
    measure_motion.main()
    assert "blinks a minute" in capsys.readouterr().out
    figures = {row["figure"] for row in json.loads((tmp_path / "a.json").read_text())["figures"]}
    assert {"r_all", "precision", "blinks"} <= figures


def test_a_folder_without_clips_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["measure_motion.py", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"transcripts\.csv"):
        measure_motion.main()


def test_motion_comes_through_the_engine_whatever_the_chunks(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    whole, small = (drive(data / "speech" / "a.wav", "vowel_lip_sync", chunk_ms=ms) for ms in (1000, 7))
    assert whole.frames == small.frames == 50
    assert np.array_equal(whole.aperture, small.aperture)
    assert len(energy_aperture(np.zeros(32000, np.float32), 50)) == 50
