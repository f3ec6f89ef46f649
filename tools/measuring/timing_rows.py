"""The figures of time: compute of a frame, and latency of a live graph."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.features.speech_features_model import SpeechFeatureStream
from avatar_nodes.payloads import AudioChunk
from graphcore import LiveClock, Output, Source, check, find_nodes
from graphcore.graph.load import load_text
from measuring.alignment import RATE
from measuring.bench import Bench, Job, run_job
from measuring.clips import Clip
from measuring.driving import FEATURES_ONLY, GRAPHS, use_weights
from measuring.figures import Figures
from measuring.sounds import Sound, rows_of

DIFFUSION = "motion_diffusion"
FRAME_NS = 40_000_000
BLOCK = RATE // 50  # samples that the pretended microphone gives at a time: 20 ms
LIVE_S = 20.0
WARM_FRAMES = 25
RUNS = 3
LIVE_GRAPH = """
frame_rate: 25
nodes:
  speech: {type: paced_sound}
  features: {type: speech_features, inputs: {audio: speech.audio}}
"""


def compute(bench: Bench, figures: Figures) -> None:
    """CPU time of a 40 ms frame on one core, so that load beside it shows little: of each graph and inside one."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        clip = _middle_clip(bench)
        features = _features_ms(bench.sound(clip))
        without = _graph_ms(bench.job(clip, FEATURES_ONLY))
        for driver in bench.drivers:
            motion = _graph_ms(bench.job(clip, driver)) - without
            figures.put("compute_features", "all", driver, features)
            figures.put("compute", "all", driver, features + motion)
            if driver == DIFFUSION:
                _put_inside(figures, bench.sound(clip), motion, bench.weights)
    finally:
        torch.set_num_threads(threads)


def _graph_ms(job: Job) -> float:
    """The least of some runs, for each frame."""
    run_job(job)  # loads and compiles what is needed
    spent = []
    for _ in range(RUNS):
        started = time.process_time()
        frames = run_job(job).frames
        spent.append(1e3 * (time.process_time() - started) / frames)
    return min(spent)


def _features_ms(sound: Sound) -> float:
    stream = SpeechFeatureStream(RATE)
    return _median_ms(stream.add, [sound[i : i + 640] for i in range(0, len(sound), 640)])


def _put_inside(figures: Figures, sound: Sound, motion_ms: float, weights: Path | None) -> None:
    import torch

    from avatar_nodes.motion.motion_diffusion_model import FOLDER, MotionModel, Wish
    from avatar_nodes.motion.speech_encoder_model import SpeechEncoder

    folder, wish, rows = weights or FOLDER, Wish(), rows_of(sound)
    model, encoder = MotionModel.load(folder=folder), SpeechEncoder.load(folder / "speech_encoder.safetensors")
    state, heard = model.begin(0), encoder.begin(1)
    frames = [rows[i : i + 4][None] for i in range(0, len(rows), 4)]
    with torch.inference_mode():
        encoding = _median_ms(lambda frame: encoder.step(heard, torch.from_numpy(frame)), frames)
    drawing = _median_ms(lambda frame: model.step([state], frame, [wish]), frames)
    figures.put("compute_encoder", "all", DIFFUSION, encoding)
    figures.put("compute_sampler", "all", DIFFUSION, drawing - encoding)
    figures.put("compute_node", "all", DIFFUSION, motion_ms - drawing)


def _median_ms(step: Callable[[NDArray[np.float32]], object], frames: list[NDArray[np.float32]]) -> float:
    spent = []
    for frame in frames:
        started = time.process_time()
        step(frame)
        spent.append(time.process_time() - started)
    return 1e3 * statistics.median(spent[WARM_FRAMES:] or spent)


def latency(bench: Bench, figures: Figures) -> None:
    """From the moment that a frame shows to the moment that its motion is there, with sound as it would come in."""
    if bench.weights is not None:
        use_weights(bench.weights)
    sound = np.resize(bench.sound(_middle_clip(bench)), round(LIVE_S * RATE))
    for driver in bench.drivers:
        late = latencies_ms(sound, driver)
        figures.put("latency_p50", "all", driver, float(np.percentile(late, 50)))
        figures.put("latency_p99", "all", driver, float(np.percentile(late, 99)))


def latencies_ms(sound: Sound, driver: str) -> NDArray[np.float64]:
    """Latency of each frame of a live run on a real clock, the first second left out."""
    clock = LiveClock()

    class PacedSound(Source):
        """A microphone that hears a recording."""

        live = True
        audio = Output(AudioChunk)

        def produce(self) -> Iterator[None]:
            for start in range(0, len(sound) - BLOCK, BLOCK):
                while (wait := (start + BLOCK) / RATE - clock.now() / 1e9) > 0:
                    time.sleep(min(wait, 0.05))
                chunk = AudioChunk(sound[start : start + BLOCK, None], RATE)
                self.audio.send(chunk, timestamp=start * 1_000_000_000 // RATE)
                yield

    nodes, kept = GRAPHS[driver]
    registry = find_nodes()
    registry.types[PacedSound.type_name] = PacedSound
    graph = check(load_text(LIVE_GRAPH + nodes.strip("\n")), registry)
    return _run_live(graph, kept, clock)


def _run_live(graph: object, kept: str, clock: LiveClock) -> NDArray[np.float64]:
    from graphcore import Run

    arrived: list[tuple[int, int]] = []
    run = Run(graph, live=True, threads=1, clock=clock)  # type: ignore[arg-type]
    node, _, output = kept.partition(".")
    run.tap(node, output, lambda packet: arrived.append((packet.timestamp, clock.now())))
    run.run()
    late = np.array([now - timestamp for timestamp, now in arrived if timestamp > 1_000_000_000])
    return late / 1e6


def _middle_clip(bench: Bench) -> Clip:
    """A clip of middling length among those that are measured."""
    by_length = sorted(bench.clips, key=lambda clip: len(bench.sound(clip)))
    return by_length[len(by_length) // 2]
