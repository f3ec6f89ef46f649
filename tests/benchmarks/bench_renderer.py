"""Milliseconds a frame of the face renderer by stage: `python tests/benchmarks/bench_renderer.py [--size 512]`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np

from avatar_nodes.face.portrait_model import prepare_portrait
from avatar_nodes.face.renderer_model import Renderer
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES, FaceMotion

GRACE_HOPPER = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"


def talking(renderer: Renderer, seconds: float) -> FaceMotion:
    """A head that turns, talks, blinks and looks around: every stage has work."""
    expression = np.zeros(len(EXPRESSION_NAMES), np.float32)
    expression[EXPRESSION_INDEX["jawOpen"]] = 0.35 + 0.3 * np.sin(17 * seconds)
    expression[EXPRESSION_INDEX["mouthFunnel"]] = 0.3 + 0.3 * np.sin(9 * seconds)
    expression[[EXPRESSION_INDEX["eyeBlinkLeft"], EXPRESSION_INDEX["eyeBlinkRight"]]] = max(0.0, np.sin(3 * seconds))
    head = renderer.photo_motion.head + np.array([8 * np.sin(seconds), 5 * np.cos(seconds), 3, 0, 0, 0], np.float32)
    return FaceMotion(head.astype(np.float32), expression, np.array([10 * np.sin(2 * seconds), 4], np.float32))


def stages(renderer: Renderer) -> dict[str, Callable[[FaceMotion], object]]:
    """The parts of a frame; each but the first includes placing the mesh."""
    picture = np.zeros((renderer.size, renderer.size, 3), np.uint8)
    place = renderer.puppet.place
    return {
        "place the mesh": place,
        "+ warp": lambda motion: renderer.warp(place(motion), picture),
        "+ eyes": lambda motion: renderer.eyes.draw(place(motion), motion, picture),
        "+ mouth": lambda motion: renderer.mouth.draw(place(motion), motion, picture),
        "whole frame": renderer.render,
    }


def milliseconds(work: Callable[[FaceMotion], object], motions: list[FaceMotion]) -> float:
    """The median time of one call."""
    times = []
    for motion in motions:
        start = time.perf_counter()
        work(motion)
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--frames", type=int, default=100)
    arguments = parser.parse_args()
    start = time.perf_counter()
    portrait = prepare_portrait(GRACE_HOPPER, arguments.size)
    prepared = time.perf_counter()
    renderer = Renderer(portrait)
    renderer.warm_up()
    opened = time.perf_counter()
    motions = [talking(renderer, i / 25) for i in range(arguments.frames)]
    print(f"prepare the photo {1e3 * (prepared - start):9.1f} ms")
    print(f"build and compile {1e3 * (opened - prepared):9.1f} ms")
    for name, stage in stages(renderer).items():
        print(f"{name:17} {milliseconds(stage, motions):9.2f} ms")


if __name__ == "__main__":
    main()
