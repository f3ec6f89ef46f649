"""A live run with a studio, as a process of its own, for pages to look at."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PHOTO = "package:matplotlib/mpl-data/sample_data/grace_hopper.jpg"
CLOSE_S = 20

# Nothing in this face moves unless somebody speaks or turns a dial.
STILL = f"""\
frame_rate: 25
seed: 0
nodes:
  speech:   {{type: text_to_speech, params: {{text: "", wait_for_lines: true}}}}
  features: {{type: speech_features, inputs: {{audio: speech.audio}}}}
  gaze:     {{type: gaze_controller, params: {{wander: 0}}}}
  emotion:  {{type: emotion_controller, params: {{emotion: surprised, intensity: 0}}}}
  lips:
    type: vowel_lip_sync
    inputs: {{speech: features.speech, phones: speech.phones, emotion: emotion.weights}}
  head:     {{type: head_motion, params: {{amount: 0}}, inputs: {{motion: lips.motion, gaze: gaze.gaze}}}}
  face:
    type: latent_renderer
    params: {{portrait: "{PHOTO}", size: 256, sway: 0}}
    inputs: {{motion: head.moved}}
  playout:  {{type: playout, inputs: {{video: face.frames, audio: speech.audio}}}}
  ear:      {{type: ear, inputs: {{audio: playout.sound}}}}
  recorder: {{type: recorder, params: {{path: take.mp4}}, inputs: {{video: playout.frames, audio: playout.sound}}}}
"""

EAR = '''\
"""ear: says in its counts whether there is sound."""

from avatar_nodes.payloads import AudioChunk
from graphcore import Input, Node, hookimpl


class Ear(Node):
    """Listen."""

    audio = Input(AudioChunk, doc="what is heard")

    def open(self) -> None:
        self._until = 0

    def process(self, audio: AudioChunk) -> None:
        if abs(audio.samples).max() > 0.01:
            self._until = self.timestamp + 300_000_000  # words have gaps
        self.context.counts["loud"] = int(self.timestamp < self._until)


@hookimpl
def register_nodes() -> list[type[Node]]:
    return [Ear]
'''


@contextmanager
def running_studio(folder: Path, options: Sequence[str] = ("--studio", "0")) -> Iterator[str]:
    """The URL of the studio of a live run of STILL; the run is ended as by Ctrl-C."""
    (folder / "plugins").mkdir(exist_ok=True)
    (folder / "plugins" / "ear.py").write_text(EAR, encoding="utf-8")
    (folder / "still.yaml").write_text(STILL, encoding="utf-8")
    command = [sys.executable, "-m", "graphcore", "run", "still.yaml", "--live", "--plugins", "plugins", *options]
    with (folder / "log.txt").open("w+", encoding="utf-8") as log:
        started = subprocess.Popen(
            command, cwd=folder, stderr=subprocess.PIPE, stdout=log, text=True, env={**os.environ}
        )
        assert started.stderr is not None
        try:
            first = started.stderr.readline()
            assert first.startswith("studio: "), first + started.stderr.read()
            yield first.removeprefix("studio: ").strip()
        finally:
            started.send_signal(signal.SIGINT)
            started.communicate(timeout=CLOSE_S)
