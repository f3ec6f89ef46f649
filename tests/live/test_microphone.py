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
from live.pulse_fixtures import Pulse, live_run, skip_without_pulse, wait_until

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


def loudness(path: Path) -> NDArray[np.float64]:
    """Of a file, 25 times a second; full scale is 1."""
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    step = rate // 25
    return np.sqrt((samples[: len(samples) // step * step].reshape(-1, step) ** 2).mean(axis=1))


def jaw(folder: Path) -> NDArray[np.float64]:
    """How far the jaw is open, 25 times a second, without a hole."""
    saved = read_motion(folder / "lips.csv")
    np.testing.assert_allclose(np.diff(saved.times), 40_000_000, atol=1000)
    opening = [saved.frame(index).expression[EXPRESSION_INDEX["jawOpen"]] for index in range(len(saved.times))]
    return np.array(opening, np.float64)


def check_lips(folder: Path, times: int) -> None:
    """They were open each time that somebody spoke, and rest from a second after that on."""
    heard, opening = loudness(folder / "heard.wav"), jaw(folder)
    loud = np.flatnonzero(heard > 0.01)
    spoken = np.split(loud, np.flatnonzero(np.diff(loud) > 40) + 1)
    assert len(spoken) == times
    near = np.zeros(len(opening), bool)
    for each in spoken:
        assert opening[each[0] : each[-1] + 5].max() > OPEN
        near[max(0, each[0] - 5) : each[-1] + 25] = True
    assert opening[~near][25:].max() < SHUT


@pytest.mark.parametrize("motion", ["motion_diffusion", "vowel_lip_sync"])
def test_lips_open_while_somebody_speaks(pulse: Pulse, speech: Path, tmp_path: Path, motion: str) -> None:
    with live_run(GRAPH.format(motion=motion), tmp_path, pulse.environment) as run:
        run.go_on(2.0)
        pulse.say(speech)
        run.go_on(3.0)
    check_lips(tmp_path, times=1)


@pytest.mark.parametrize("how", ["pulled out", "server killed"])
def test_it_goes_on_when_the_microphone_is_gone_and_back(pulse: Pulse, speech: Path, tmp_path: Path, how: str) -> None:
    with live_run(GRAPH.format(motion="vowel_lip_sync"), tmp_path, pulse.environment) as run:
        pulse.say(speech)
        pulse.unplug() if how == "pulled out" else pulse.kill()
        wait_until(lambda: any("is gone" in notice for notice in run.stats["notices"]))
        run.go_on(2.0)
        pulse.plug() if how == "pulled out" else pulse.start()
        wait_until(lambda: run.count("mic", "reconnects") >= 1)
        run.go_on(2.0)  # PulseAudio begins slowly
        pulse.say(speech)
        run.go_on(2.0)
    check_lips(tmp_path, times=2)


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
    said, heard = loudness(tmp_path / "said.wav"), loudness(tmp_path / "heard.wav")
    alike = [np.corrcoef(said[: len(heard) - late], heard[late:][: len(said)])[0, 1] for late in range(25)]
    assert max(alike) > 0.7


def test_doctor_lists_it(pulse: Pulse) -> None:
    code = "from avatar_nodes.sound_devices_doctor import findings; print(*findings(), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], env=pulse.environment, capture_output=True, text=True)
    microphone, speaker = done.stdout.splitlines()
    assert "name='microphone', state='ok', what='default" in microphone
    assert "name='speaker', state='ok', what='default" in speaker
