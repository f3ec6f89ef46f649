"""What speech to motion costs on one core by stage, beside its bare matrix products; and its latency, live.

Limits: 10 ms for each 40 ms of speech, features and exact geometry included; 99 % of the frames leave 140 ms or less
after the sound of their own time was heard (120 ms of it is lookahead: a frame needs the sound of three frames).
The live part takes as long as its speech: `--seconds 20`.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import soxr
import torch
from limits import limit
from numpy.typing import NDArray

from avatar_nodes.audio.text_to_speech import TextToSpeech
from avatar_nodes.control.emotion_controller import EmotionController
from avatar_nodes.control.emotion_model import weights_of
from avatar_nodes.control.gaze_controller import GazeController
from avatar_nodes.features.speech_features import SpeechFeatures
from avatar_nodes.features.speech_features_model import SpeechFeatureStream
from avatar_nodes.motion.face_stream_model import FaceStream
from avatar_nodes.motion.motion_diffusion import MotionDiffusion
from avatar_nodes.motion.motion_diffusion_model import MotionModel, Wish
from avatar_nodes.motion.shared_motion_model import compute_on_one_thread
from avatar_nodes.payloads import AudioChunk, Emotion, FaceMotion, Gaze
from avatar_nodes.payloads import SpeechFeatures as Heard
from graphcore import Input, Node, Output, Run, Source, timestamp_of
from graphcore.graph.spec import Graph, GraphNode, Link
from graphcore.testing import accept_params, run_node

RATE = 16_000
CHUNK_MS = 20
FRAME_MS = 40
LIMIT_MS, LATENCY_LIMIT_MS = 10.0, 140.0
ROW_NS = 10_000_000
WARM = 25  # frames that are not counted
TEXT = "Maybe the best way to find out is to move, and to speak of five small things before we vanish. "
HAPPY = weights_of("happy", 0.2)
Sound = NDArray[np.float32]
Times = dict[str, list[float]]
WISH = Wish(gaze=(5.0, 0.0), emotion=HAPPY)


def speech(seconds: float) -> Sound:
    """Somebody talks: (samples,) at 16 kHz."""
    said = run_node(TextToSpeech, params={"text": TEXT * 4}).outputs["audio"]
    mono = np.concatenate([packet.payload.samples[:, 0] for packet in said])
    sound = soxr.resample(mono, said[0].payload.sample_rate, RATE)
    return np.resize(sound, round(seconds * RATE)).astype(np.float32)


def timed(work: Callable[..., Any], times: list[float]) -> Callable[..., Any]:
    """The same, and how long each call computes (ms)."""

    def call(*given: Any) -> Any:
        started = time.thread_time()
        made = work(*given)
        times.append(1e3 * (time.thread_time() - started))
        return made

    return call


def by_stage(sound: Sound) -> Times:
    """Milliseconds of computing for each 40 ms of speech, by stage."""
    times: Times = defaultdict(list)
    model = MotionModel.load("cpu")
    for name, network in (("encoder", model._encoder), ("lips", model._lips), ("head and brows", model._pose)):
        network.step = timed(network.step, times[name])  # type: ignore[method-assign]
    features = SpeechFeatureStream(RATE)
    linked = frozenset({"speech", "motion", "gaze", "emotion"})  # as in graphs/talk_audio.yaml
    stream = FaceStream(model, np.random.default_rng(0), Fraction(25), linked)
    hear = timed(features.add, times["features"])

    def one_frame(samples: Sound) -> None:
        rows = hear(samples)
        stream.gaze.take([rows.first * ROW_NS], [Gaze(5.0, 0.0)])
        stream.emotion.take([rows.first * ROW_NS], [Emotion(HAPPY)])
        list(stream.take(rows.first * ROW_NS, Heard(rows.mel, rows.loudness, rows.pitch)))

    size = RATE * FRAME_MS // 1000
    for start in range(0, len(sound) - size, size):
        started = time.perf_counter()
        timed(one_frame, times["whole"])(sound[start : start + size])
        times["by the clock"].append(1e3 * (time.perf_counter() - started))
    return times


def products(model: MotionModel) -> list[tuple[int, int, int]]:
    """The matrix products of one frame: rows, inputs and outputs of each linear layer that runs."""
    found: list[tuple[int, int, int]] = []

    def note(layer: torch.nn.Module, given: tuple[torch.Tensor], made: torch.Tensor) -> None:
        found.append((given[0].numel() // given[0].shape[-1], given[0].shape[-1], made.shape[-1]))

    networks = (model._encoder, model._lips, model._pose)
    layers = [layer for one in networks for layer in one.modules() if isinstance(layer, torch.nn.Linear)]
    state = model.begin(0)
    for frame in range(5):
        hooks = [layer.register_forward_hook(note) for layer in layers] if frame == 4 else []
        model.step([state], np.zeros((1, 4, 82), np.float32), [WISH])
        for hook in hooks:
            hook.remove()
    return found


@torch.inference_mode()
def bare(shapes: list[tuple[int, int, int]], rounds: int) -> float:
    """Milliseconds of these products one after the other, with nothing around them."""
    made = [(torch.randn(m, k), torch.randn(k, n), torch.empty(m, n)) for m, k, n in shapes]
    times: list[float] = []

    def once() -> None:
        for first, second, out in made:
            torch.mm(first, second, out=out)

    for _ in range(rounds):
        timed(once, times)()
    return float(np.median(times))


def batched(sessions: int, frames: int = 100) -> float:
    """Milliseconds a frame of each session, where many are drawn in one pass."""
    model = MotionModel.load("cpu")
    states = [model.begin(seed) for seed in range(sessions)]
    rows = np.random.default_rng(0).normal(-3, 1, (frames, sessions, 4, 82)).astype(np.float32)
    times: list[float] = []
    for frame in rows:
        timed(model.step, times)(states, frame, [WISH] * sessions)
    return float(np.median(times[WARM:])) / sessions


def print_stages(times: Times, raw: float, shapes: list[tuple[int, int, int]]) -> None:
    middle = {name: float(np.median(values[WARM:])) for name, values in times.items()}
    whole = middle.pop("whole")
    clock = middle.pop("by the clock")
    for name in ("features", "encoder", "lips", "head and brows"):
        print(f"  {name:15} {middle[name]:6.2f} ms, {middle[name] / FRAME_MS:6.1%} of the frame's time")
    rest = whole - sum(middle.values())
    print(f"  {'all else':15} {rest:6.2f} ms, {rest / FRAME_MS:6.1%}")
    print(f"speech to motion: {whole:.2f} ms for {FRAME_MS} ms, one core ({limit(whole, at_most=LIMIT_MS)})")
    print(f"  by the clock, other work on the machine included: {clock:.2f} ms")
    millions = sum(m * k * n for m, k, n in shapes) / 1e6
    networks = sum(middle[name] for name in ("encoder", "lips", "head and brows"))
    print(
        f"  bare products of the networks: {raw:.2f} ms, {millions:.1f} M multiplications; ratio {networks / raw:.1f}"
    )


class Microphone(Source):
    """Gives sound as a device does: a chunk comes when its last sample is over."""

    live = True
    audio = Output(AudioChunk)
    sound: ClassVar[Sound]

    def produce(self) -> Iterator[None]:
        size = RATE * CHUNK_MS // 1000
        for index in range(len(self.sound) // size):
            start = timestamp_of(index * size, RATE)
            while (wait := start + CHUNK_MS * 1_000_000 - self.context.clock.now()) > 0:
                time.sleep(min(wait / 1e9, 0.1))
            self.audio.send(AudioChunk(self.sound[index * size : (index + 1) * size, None], RATE), timestamp=start)
            yield


class Taken(Node):
    """Takes what comes."""

    motion = Input(FaceMotion)

    def process(self, motion: FaceMotion) -> None:
        """Nothing is done with it."""


def latencies(sound: Sound) -> list[float]:
    """How long after its own time each frame of motion leaves (ms), live."""
    Microphone.sound = sound
    links = {
        "features": {"audio": "microphone.audio"},
        "motion": {"speech": "features.speech", "gaze": "gaze.gaze", "emotion": "emotion.weights"},
        "taken": {"motion": "motion.motion"},
    }
    kinds: dict[str, type[Node]] = {
        "microphone": Microphone, "gaze": GazeController, "emotion": EmotionController, "features": SpeechFeatures,
        "motion": MotionDiffusion, "taken": Taken,
    }  # fmt: skip
    nodes = {name: GraphNode(name, kind, accept_params(kind, {}), {}) for name, kind in kinds.items()}
    for name, inputs in links.items():
        for port, source in inputs.items():
            align = kinds[name].inputs[port].align
            nodes[name].links[port] = Link(*source.split("."), name, port, align)  # type: ignore[misc, arg-type]
    run = Run(Graph(nodes), live=True)
    found: list[float] = []
    run.tap("motion", "motion", lambda packet: found.append((run.clock.now() - packet.timestamp) / 1e6))
    run.run()
    for line in run.losses:
        print(f"  {line}")
    return found[WARM:-3]  # the last frames do not wait for the lookahead: the sound has ended


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="of speech")
    sound = speech(parser.parse_args().seconds)
    compute_on_one_thread()
    times = by_stage(sound)
    shapes = products(MotionModel.load("cpu"))
    print_stages(times, bare(shapes, 200), shapes)
    alone, together = batched(1), batched(8)
    print(f"  networks: {alone:.2f} ms a frame for one session; {together:.2f} ms for each of 8 in one pass")
    late = latencies(sound)
    middle, worst = np.percentile(late, [50, 99])
    kept = limit(worst, at_most=LATENCY_LIMIT_MS)
    print(f"sound in to motion out, live: p50 {middle:.1f} ms, p99 {worst:.1f} ms ({kept})")


if __name__ == "__main__":
    main()
