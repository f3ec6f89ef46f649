"""A virtual microphone into which somebody speaks, which is pulled out, and given back."""

from __future__ import annotations

import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_nodes.audio.text_to_speech import TextToSpeech
from avatar_nodes.motion.motion_file_model import read_motion
from avatar_nodes.payloads import EXPRESSION_INDEX
from graphcore.testing import run_node
from live.pulse_fixtures import LiveRun, Pulse, live_run, skip_without_pulse, wait_until

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

GRAPH = """\
nodes:
  mic:      {{type: microphone}}
  features: {{type: speech_features, inputs: {{audio: mic.audio}}}}
  lips:     {{type: {motion}, inputs: {{speech: features.speech}}}}
  saved:    {{type: motion_out_file, params: {{path: lips.csv}}, inputs: {{motion: lips.motion}}}}
  heard:    {{type: audio_out_file, params: {{path: heard.wav}}, inputs: {{audio: mic.audio}}}}
"""
OPEN, SHUT = 0.15, 0.06  # of jawOpen


@pytest.fixture
def pulse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulse]:
    skip_without_pulse()
    made = Pulse(tmp_path_factory.mktemp("pa"))
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some words."""
    words = run_node(TextToSpeech, params={"text": "Far away, a large dog barks at the dark water."})
    chunks = [packet.payload for packet in words.outputs["audio"]]
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(chunks[0].sample_rate)
        file.writeframes((np.concatenate([chunk.samples for chunk in chunks]) * 32767).astype("<i2").tobytes())
    return path


def speak(run: LiveRun, pulse: Pulse, speech: Path) -> tuple[float, float]:
    """When in the run's media time somebody spoke: it is read a little late, and lips are a little late."""
    begin = run.position_s
    pulse.say(speech)
    end = run.position_s
    run.go_on(2.0)
    return begin, end + 1.0


def jaw(folder: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times in seconds, and how far the jaw is open."""
    saved = read_motion(folder / "lips.csv")
    opening = [saved.frame(index).expression[EXPRESSION_INDEX["jawOpen"]] for index in range(len(saved.times))]
    return saved.times / 1e9, np.array(opening, np.float64)


def widest(folder: Path, begin: float, end: float) -> float:
    """How far the jaw was open at most."""
    times, opening = jaw(folder)
    return float(opening[(times >= begin) & (times < end)].max())


@pytest.mark.parametrize("motion", ["motion_diffusion", "vowel_lip_sync"])
def test_lips_open_while_somebody_speaks(pulse: Pulse, speech: Path, tmp_path: Path, motion: str) -> None:
    with live_run(GRAPH.format(motion=motion), tmp_path, pulse.environment) as run:
        quiet = run.go_on(3.0)
        begin, end = speak(run, pulse, speech)
        after = run.go_on(1.0)
    assert widest(tmp_path, 1.0, quiet) < SHUT
    assert widest(tmp_path, begin, end) > OPEN
    assert widest(tmp_path, end, after) < SHUT


@pytest.mark.parametrize("how", ["pulled out", "server killed"])
def test_it_goes_on_when_the_microphone_is_gone_and_back(pulse: Pulse, speech: Path, tmp_path: Path, how: str) -> None:
    with live_run(GRAPH.format(motion="vowel_lip_sync"), tmp_path, pulse.environment) as run:
        run.go_on(2.0)
        spoken = [speak(run, pulse, speech)]
        pulse.unplug() if how == "pulled out" else pulse.kill()
        wait_until(lambda: any("is gone" in notice for notice in run.stats["notices"]))
        gone, back = run.position_s, run.go_on(2.0)
        pulse.plug() if how == "pulled out" else pulse.start()
        wait_until(lambda: run.count("mic", "reconnects") == 1)
        run.go_on(2.0)  # PulseAudio begins slowly
        spoken.append(speak(run, pulse, speech))
    assert [widest(tmp_path, *when) > OPEN for when in spoken] == [True, True]
    assert widest(tmp_path, gone, back) < SHUT
    times, _ = jaw(tmp_path)
    np.testing.assert_allclose(np.diff(times), 0.04, atol=1e-6)
    with wave.open(str(tmp_path / "heard.wav")) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(times[-1], abs=1.0)


def test_what_a_speaker_plays_a_microphone_hears(pulse: Pulse, tmp_path: Path) -> None:
    graph = """\
nodes:
  speech: {type: text_to_speech, params: {text: "One, two, three, four, five, six.", wait_for_lines: true}}
  loud:   {type: speaker, inputs: {audio: speech.audio}}
  said:   {type: audio_out_file, params: {path: said.wav}, inputs: {audio: speech.audio}}
  mic:    {type: microphone, params: {sample_rate: 22050}}
  heard:  {type: audio_out_file, params: {path: heard.wav}, inputs: {audio: mic.audio}}
"""
    with live_run(graph, tmp_path, pulse.environment) as run:
        run.go_on(6.0)
        assert run.count("loud", "ms dropped") < 500
    said, heard = loudness(tmp_path / "said.wav"), loudness(tmp_path / "heard.wav")
    alike = [np.corrcoef(said[: len(heard) - late], heard[late:][: len(said)])[0, 1] for late in range(50)]
    assert max(alike) > 0.7


def loudness(path: Path) -> NDArray[np.float64]:
    """Of the first five seconds of a file, 50 times a second."""
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(5 * rate), "<i2").astype(np.float64)
    step = rate // 50
    return np.sqrt((samples[: len(samples) // step * step].reshape(-1, step) ** 2).mean(axis=1))


def test_doctor_lists_it(pulse: Pulse) -> None:
    code = "from avatar_nodes.sound_devices_doctor import findings; print(*findings(), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], env=pulse.environment, capture_output=True, text=True)
    microphone, speaker = done.stdout.splitlines()
    assert "name='microphone', state='ok', what='default" in microphone
    assert "name='speaker', state='ok', what='default" in speaker
