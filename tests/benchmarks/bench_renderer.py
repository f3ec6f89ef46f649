"""What a frame of the face renderer costs on one core, by stage, beside one bare resampling; and the first frame.

Limits: 5 ms a frame of 512 x 512 px and 16 ms of 1024 x 1024, soft silhouette and I420 included; from the start of a
process to its first frame 1.5 s, all imports included; from a prepared portrait to its first frame 0.1 s after
imports (numba's own loading among them). Milliseconds are of computing (thread time), medians of three rounds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np
from limits import limit
from threadpoolctl import threadpool_limits

from avatar_nodes.face.portrait_cache_model import load_portrait
from avatar_nodes.face.renderer_model import Renderer
from avatar_nodes.face.sway_model import Sway
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES, FaceMotion
from avatar_nodes.sinks.picture_track import _to_i420

GRACE_HOPPER = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
FRAME_LIMIT_MS = {512: 5.0, 1024: 16.0}
COLD_LIMIT_S, PREPARED_LIMIT_S = 1.5, 0.1
ROUNDS = 3
Times = dict[str, list[float]]

FIRST_FRAME = """
import sys, time
from pathlib import Path
from avatar_nodes.face.latent_renderer import LatentRenderer
from avatar_nodes.payloads import FaceMotion
from graphcore.testing import run_node
run_node(LatentRenderer, inputs={"motion": [(0, FaceMotion.neutral())]}, params={"portrait": Path(sys.argv[1])})
"""
AFTER_IMPORTS = """
import sys, time
from pathlib import Path
from avatar_nodes.face.kernel_model import load_compiler
from avatar_nodes.face.portrait_cache_model import load_portrait
from avatar_nodes.face.renderer_model import Renderer
load_compiler()
imported = time.perf_counter()
renderer = Renderer(load_portrait(Path(sys.argv[1]), 512))
renderer.render(renderer.photo_motion)
print(time.perf_counter() - imported)
"""


def talking(renderer: Renderer, seconds: float) -> FaceMotion:
    """A head that turns, talks, blinks and looks around: every stage has work."""
    expression = np.zeros(len(EXPRESSION_NAMES), np.float32)
    expression[EXPRESSION_INDEX["jawOpen"]] = 0.35 + 0.3 * np.sin(17 * seconds)
    expression[EXPRESSION_INDEX["mouthFunnel"]] = 0.3 + 0.3 * np.sin(9 * seconds)
    expression[EXPRESSION_INDEX["browInnerUp"]] = 0.3 + 0.3 * np.sin(5 * seconds)
    expression[[EXPRESSION_INDEX["eyeBlinkLeft"], EXPRESSION_INDEX["eyeBlinkRight"]]] = max(0.0, np.sin(3 * seconds))
    head = renderer.photo_motion.head + np.array([8 * np.sin(seconds), 5 * np.cos(seconds), 3, 0, 0, 0], np.float32)
    return FaceMotion(head.astype(np.float32), expression, np.array([10 * np.sin(2 * seconds), 4], np.float32))


def timed(work: Callable[..., Any], times: list[float]) -> Callable[..., Any]:
    """The same, and how long each call computes (ms)."""

    def call(*given: Any) -> Any:
        started = time.thread_time()
        made = work(*given)
        times.append(1e3 * (time.thread_time() - started))
        return made

    return call


def watch(renderer: Renderer, times: Times) -> None:
    """Have a renderer tell how long each of its parts takes."""
    parts = {"place the mesh": (renderer.puppet, "place"), "skin": (renderer.skin, "gain"), "warp": (renderer, "warp")}
    parts |= {"eyes": (renderer.eyes, "draw"), "mouth": (renderer.mouth, "draw"), "glasses": (renderer.glasses, "draw")}
    for name, (part, method) in parts.items():
        if part is not None:
            setattr(part, method, timed(getattr(part, method), times[name]))


def by_stage(size: int, frames: int) -> Times:
    """Milliseconds of each stage of each frame; `frame` is all of them."""
    renderer = Renderer(load_portrait(GRACE_HOPPER, size))
    renderer.warm_up()
    times: Times = defaultdict(list)
    motions = [talking(renderer, index / 25) for index in range(frames)]
    still = np.stack(np.meshgrid(np.arange(size), np.arange(size)), axis=2).astype(np.float32)
    person = renderer.layers.person
    resample = timed(lambda: cv2.remap(person, still + 0.3, None, cv2.INTER_LINEAR), times["cv2.remap, 4 channels"])
    to_i420 = timed(_to_i420, times["RGB to I420"])
    whole = timed(lambda motion: to_i420(renderer.render(motion, Sway((0.02, 0.01), 0.5))), times["frame"])
    watch(renderer, times)
    for motion in motions:
        whole(motion)
        resample()
    return times


def report(size: int, frames: int) -> None:
    """Print the table of one size."""
    rounds = [by_stage(size, frames) for _ in range(ROUNDS)]
    print(f"{size} x {size} px")
    for name in sorted(rounds[0], key=lambda one: (one == "frame", one.startswith("cv2"))):
        value = float(np.median([np.median(times[name]) for times in rounds]))
        told = f"  ({limit(value, at_most=FRAME_LIMIT_MS[size])})" if name == "frame" and size in FRAME_LIMIT_MS else ""
        print(f"  {name:22} {value:7.2f} ms{told}")


def alone(code: str, cache: str) -> tuple[float, str]:
    """How long (s) some code takes in a process of its own, imports included, and what it prints."""
    environment = os.environ | {"XDG_CACHE_HOME": cache, "OPENBLAS_NUM_THREADS": "1"}
    started = time.perf_counter()
    done = [sys.executable, "-c", code, str(GRACE_HOPPER)]
    printed = subprocess.run(done, env=environment, capture_output=True, text=True, check=True).stdout
    return time.perf_counter() - started, printed


def first_frame() -> None:
    """From a photo to its first frame, as the node does it, and with a prepared portrait after all imports."""
    print("photo to first frame, 512 px")
    cold, prepared = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as cache:
            cold.append(alone(FIRST_FRAME, cache)[0])
            prepared.append(float(alone(AFTER_IMPORTS, cache)[1]))
    print(
        f"  {'from process start':22} {np.median(cold):7.2f} s  ({limit(float(np.median(cold)), at_most=COLD_LIMIT_S)})"
    )
    told = limit(float(np.median(prepared)), at_most=PREPARED_LIMIT_S)
    print(f"  {'prepared, imported':22} {np.median(prepared):7.2f} s  ({told})")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, action="append", help="px; more than once for more tables")
    parser.add_argument("--frames", type=int, default=75)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    with threadpool_limits(1, user_api="blas"):  # as in a graph
        for size in arguments.size or FRAME_LIMIT_MS:
            report(size, arguments.frames)
    first_frame()


if __name__ == "__main__":
    main()
