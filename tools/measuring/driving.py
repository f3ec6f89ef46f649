"""Motion as the engine makes it: a sound goes through a graph, packet by packet, and what comes out is kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from avatar_nodes.payloads import EXPRESSION_INDEX, FaceMotion
from graphcore.testing import run_graph
from measuring.alignment import RATE
from measuring.aperture import FRAME_RATE, Curve, aperture_of_expression

HEAD = """
frame_rate: 25
seed: {seed}
nodes:
  speech: {{type: audio_file, params: {{path: "{path}", chunk_ms: {chunk_ms}}}}}
  features: {{type: speech_features, inputs: {{audio: speech.audio}}}}
"""
# What makes motion, and the output that is kept.
GRAPHS = {
    "vowel_lip_sync": (
        """
  lips: {type: vowel_lip_sync, inputs: {speech: features.speech}}
  head: {type: head_motion, inputs: {motion: lips.motion, speech: features.speech}}
  blinks: {type: blink_controller, inputs: {motion: head.moved, speech: features.speech}}
""",
        "blinks.blinked",
    ),
    "motion_diffusion": (
        """
  motion: {type: motion_diffusion, inputs: {speech: features.speech}}
""",
        "motion.motion",
    ),
}
FEATURES_ONLY = "speech_features"  # no motion: what the others are compared with where time is counted


@dataclass(frozen=True)
class Driven:
    """Motion of one sound, a row for each frame at 25 Hz from time zero."""

    head: NDArray[np.float32]  # (T, 6)
    expression: NDArray[np.float32]  # (T, 52)
    closure: NDArray[np.float32]  # (T,)
    gaze: NDArray[np.float32]  # (T, 2) eye in head

    @property
    def frames(self) -> int:
        """How many."""
        return len(self.closure)

    @property
    def aperture(self) -> Curve:
        """The inner-lip gap (T,), in inter-pupil distances."""
        return aperture_of_expression(self.expression, self.closure)

    @property
    def blink(self) -> Curve:
        """How far the lids are shut (T,), mean of both."""
        both = [EXPRESSION_INDEX[f"eyeBlink{side}"] for side in ("Left", "Right")]
        return np.asarray(self.expression[:, both].mean(axis=1), np.float64)

    def motions(self) -> list[tuple[int, FaceMotion]]:
        """As packets for a renderer."""
        made = []
        for index in range(self.frames):
            face = FaceMotion(self.head[index], self.expression[index], self.gaze[index], float(self.closure[index]))
            made.append((index * 40_000_000, face))
        return made


def drive(sound: Path, driver: str, seed: int = 0, chunk_ms: int = 40) -> Driven:
    """Run one sound file through the streaming path of the engine."""
    nodes, kept = GRAPHS.get(driver, ("", "features.speech"))
    text = HEAD.format(seed=seed, path=sound, chunk_ms=chunk_ms) + nodes.strip("\n")
    result = run_graph(text)
    packets = result.outputs[kept]
    count = packets[-1].timestamp // 40_000_000 + 1 if packets else 0
    faces: list[FaceMotion] = [FaceMotion.neutral()] * count
    for packet in packets:
        if isinstance(packet.payload, FaceMotion):
            faces[packet.timestamp // 40_000_000] = packet.payload
    return Driven(
        np.stack([face.head for face in faces]),
        np.stack([face.expression for face in faces]),
        np.array([face.closure for face in faces], np.float32),
        np.stack([np.zeros(2, np.float32) if face.gaze is None else face.gaze for face in faces]),
    )


@cache
def use_weights(folder: Path) -> None:
    """Let `motion_diffusion` draw with the weights of a folder, in this process and once for all."""
    from avatar_nodes.motion.motion_diffusion_model import MotionModel
    from avatar_nodes.motion.shared_motion_model import share

    share(MotionModel.load(folder=folder))


def drive_samples(samples: NDArray[np.float32], folder: Path, driver: str, seed: int = 0, chunk_ms: int = 40) -> Driven:
    """The same for mono sound at 16 kHz (n,), by way of a file in a folder."""
    path = folder / f"sound-{abs(hash(samples.tobytes())):x}.wav"
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    try:
        return drive(path, driver, seed, chunk_ms)
    finally:
        path.unlink(missing_ok=True)


def energy_aperture(samples: NDArray[np.float32], frames: int) -> Curve:
    """The baseline: loudness of sound at 16 kHz, smoothed by a Hann window of 120 ms that also looks ahead."""
    hop = RATE // 100
    count = len(samples) // hop
    loudness = np.sqrt(np.mean(samples[: count * hop].reshape(count, hop) ** 2, axis=1))
    window = np.hanning(14)[1:-1]
    smooth = np.convolve(loudness, window / window.sum(), mode="same")
    times = np.arange(frames) / FRAME_RATE
    return np.interp(times, (np.arange(count) + 0.5) / 100, smooth)
