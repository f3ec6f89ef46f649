"""A folder like the one a reader sits in: the graphs, the plugin, and small files called me.something."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import soundfile

from avatar_nodes.audio.text_to_speech import TextToSpeech
from graphcore.testing import run_node

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def small_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`me.jpg`, `me.wav` and `me.mp3`: a portrait and a word."""
    folder = tmp_path_factory.mktemp("me")
    portrait = files("matplotlib").joinpath("mpl-data", "sample_data", "grace_hopper.jpg")
    (folder / "me.jpg").write_bytes(portrait.read_bytes())
    spoken = run_node(TextToSpeech, params={"text": "Yes.", "lead_in_s": 0.0, "lead_out_s": 0.0}).outputs["audio"]
    samples = np.concatenate([packet.payload.samples for packet in spoken])
    for name in ("me.wav", "me.mp3"):
        soundfile.write(folder / name, samples, spoken[0].payload.sample_rate)
    return folder


@pytest.fixture
def reader(small_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of somebody who follows a page."""
    for path in small_files.iterdir():
        shutil.copy(path, tmp_path)
    for name in ("graphs", "plugins"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GRAPHCORE_TRACEBACK", raising=False)
    return tmp_path
