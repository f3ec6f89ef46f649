"""`graphs/live.yaml` with a talker for the microphone: CPU, latency by node, what is late or dropped, interrupts.

Limits, on 2 cores at 512x512: 130 % CPU, nothing late or dropped at 25 frames a second and 0.1 % at 40; from sound to
picture 150 ms (p50) and 170 ms (p99); 100 ms from an interrupt to still lips; 5 % more CPU for a second viewer and for
a third sink; 20 ms to the canvas of a browser. The first part takes ten minutes (`--minutes`), the others six.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from bench_motion import speech
from limits import limit
from live_graph import SILENCE_NS, Talker, Viewer, canvas_latencies, free_port, live_graph

from avatar_nodes.motion.exact_lips_model import HELD, JAW_GAP, SHAPED_GAP
from avatar_nodes.motion.vowel_lip_sync_model import LIP_COLUMNS
from avatar_nodes.payloads import FaceMotion
from graphcore import Run

WARM_S = 3.0  # that is not counted
LATE_MS = 40.0  # motion comes 25 times a second: at higher rates some frames wait for it by themselves
MS = 1_000_000
STILL = 0.005  # inter-pupil distances that the inner lips are apart: less than half a pixel
TWO = ("obs", "page")
THREE = (*TWO, "recorder")
PAGES = {"without sound": "?mute=1", "with sound, which the picture waits for": ""}
OPEN = 0.03  # somebody speaks: worth an interrupt


@dataclass
class Seen:
    """What a live run did; frames are (media time, how late it left), in ns."""

    rate: int
    cpu: float = 0.0  # percent of one core
    frames: list[tuple[int, int]] = field(default_factory=list)
    sounds: list[tuple[int, int]] = field(default_factory=list)  # the same, of each piece of sound
    viewed: list[tuple[float, float]] = field(default_factory=list)  # by a viewer: media time, latency (s)
    lag_ms: float = 0.0  # of the sound in the viewer's stream, at the end
    dropped: int = 0
    nodes: dict[str, Any] = field(default_factory=dict)

    @property
    def latencies(self) -> Any:
        """Of all that is counted, ms."""
        return np.array([late for _, late in self.frames]) / MS

    @property
    def late(self) -> int:
        """Frames that left so much later than most that somebody could see it."""
        return int((self.latencies > np.median(self.latencies) + LATE_MS).sum())

    @property
    def apart(self) -> Any:
        """How much later than each frame the sound of its time left, ms."""
        sounds, frames = np.array(self.sounds), np.array(self.frames)
        with_each = np.searchsorted(sounds[:, 0], frames[:, 0], side="right") - 1
        left = (sounds.sum(axis=1)[with_each], frames.sum(axis=1))
        return (left[0] - left[1])[with_each >= 0] / MS

    @property
    def missing(self) -> int:
        """Frames that were never made, or that the viewer never saw."""
        times = np.array([at for at, _ in self.viewed] or [at / 1e9 for at, _ in self.frames])
        return self.dropped + int((np.round(np.diff(times) * self.rate) - 1).clip(0).sum())


def seen(
    rate: int, seconds: float, sinks: Sequence[str] = ("obs",), viewers: int = 1, motion: str = "", record: bool = False
) -> Seen:
    """Run it that long."""
    made = Seen(rate)
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        run = Run(live_graph(rate, sinks, folder, {"obs": port, "page": 0}, motion), live=True)
        run.tap("playout", "frames", lambda p: made.frames.append((p.timestamp, run.clock.now() - p.timestamp)))
        run.tap("playout", "sound", lambda p: made.sounds.append((p.timestamp, run.clock.now() - p.timestamp)))
        begin(run)
        lookers = [Viewer(port) for _ in range(viewers)]
        if record:
            run.set("recorder", "recording", True)
        time.sleep(WARM_S)
        made.frames.clear()
        zero_s = time.monotonic() - run.clock.now() / 1e9
        started = cpu_s(), time.perf_counter()
        run.wait(seconds)
        made.cpu = 100 * (cpu_s() - started[0]) / (time.perf_counter() - started[1])
        stats = run.stats()
        counted = made.frames[:]
        run.stop()
        run.wait(10)
    made.frames, made.nodes = counted, stats["nodes"]
    made.dropped = sum(link["dropped"] for link in stats["links"])
    for looker in lookers[:1]:
        pairs = [(at, came - zero_s - at) for at, came in looker.seen()]
        made.lag_ms = looker.sound_lag_ms()
        made.viewed = [pair for pair in pairs if counted[0][0] <= pair[0] * 1e9 + MS <= counted[-1][0]]
    return made


def begin(run: Run) -> None:
    """Start, and wait until every node has opened."""
    run.start()
    while not run.opened:
        run.wait(0.05)


def cpu_s() -> float:
    """Of this process so far; viewers have their own."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def tell(title: str, one: Seen, share: float, *, cpu_at_most: float | None = None) -> None:
    """Print what a run did; `share` of its frames may be late or missing."""
    count = len(one.frames)
    middle, most = np.percentile(one.latencies, [50, 99])
    kept = limit(one.cpu, at_most=cpu_at_most) if cpu_at_most else "no limit"
    lost = 100 * (one.late + one.missing) / count
    print(f"{title}: {count} frames")
    print(f"  CPU {one.cpu:.0f} % of a core ({kept})")
    print(f"  late {one.late}, missing {one.missing}: {lost:.2f} % ({limit(lost, at_most=100 * share)})")
    print(f"  sound to picture: p50 {middle:.0f} ms, p99 {most:.0f} ms, worst {one.latencies.max():.0f} ms", end="")
    creep = np.median(one.latencies[-count // 5 :]) - np.median(one.latencies[: count // 5])
    print(f"; the last fifth {creep:+.1f} ms against the first")
    apart = np.abs(one.apart)
    print(f"  sound and picture leave {np.median(apart):.2f} ms apart, at most {apart.max():.2f} ms", end=" ")
    print(f"({limit(apart.max(), at_most=20)})")
    if one.viewed:
        late = 1e3 * np.array([late for _, late in one.viewed])
        print(
            f"  its sound stands {one.lag_ms:+.1f} ms from its time at the end ({limit(abs(one.lag_ms), at_most=20)})"
        )
        print(f"  to the viewer of obs_stream: p50 {np.median(late):.0f} ms, p99 {np.percentile(late, 99):.0f} ms")
    for name, node in one.nodes.items():
        if node["latency_p50_us"] is not None:
            times = [node[key] / 1e3 for key in ("p50_us", "p99_us", "latency_p50_us", "latency_p99_us")]
            print("    {:10} call p50 {:6.2f} p99 {:6.2f} ms, latency p50 {:6.1f} p99 {:6.1f} ms".format(name, *times))


def gap(face: FaceMotion) -> float:
    """How far the inner lips are apart, in inter-pupil distances."""
    amounts = np.array([face.expression[list(columns)].mean() for columns in LIP_COLUMNS])
    return float((JAW_GAP @ amounts + (1 - HELD * face.closure) * (SHAPED_GAP @ amounts)) * (1 - face.closure))


def interrupts(count: int) -> list[float]:
    """From `Run.interrupt` in running speech to the first picture with still lips, ms each."""
    gaps: dict[int, float] = {}
    left: list[tuple[int, int]] = []  # media time of each frame, and when it left
    found = []
    chance = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        run = Run(live_graph(25, [], folder, {}), live=True)
        run.tap("motion", "motion", lambda p: gaps.__setitem__(p.timestamp, gap(p.payload)))
        run.tap("face", "frames", lambda p: left.append((p.timestamp, run.clock.now())))
        begin(run)
        time.sleep(WARM_S)
        for _ in range(count):
            time.sleep(chance.uniform(0.5, 1.0))
            while gaps[left[-1][0]] < OPEN:
                time.sleep(0.003)
            time.sleep(chance.uniform(0.0, 0.04))
            at, before = run.clock.now(), len(left)
            run.interrupt()
            time.sleep((SILENCE_NS / 1e9) - 0.1)
            after = left[before:]
            moving = [index for index, (time_ns, _) in enumerate(after) if gaps[time_ns] > STILL]
            found.append((after[moving[-1] + 1 if moving else 0][1] - at) / MS)
        run.stop()
        run.wait(10)
    return found


def tell_more(title: str, less: dict[str, Any], more: dict[str, Any]) -> None:
    """Print how much more CPU something takes: the median of runs with and without it, one after the other."""
    found = float(np.median([seen(25, 10, **more).cpu - seen(25, 10, **less).cpu for _ in range(3)]))
    print(f"{title}: {found:+.1f} % of a core ({limit(found, at_most=5)})")


def tell_browser(seconds: float) -> None:
    """Print how long a frame takes from the sink to the canvas of a browser."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(live_graph(25, ["page"], folder, {"page": 0}), live=True)
        begin(run)
        url = next(notice for notice in run.notices if "http://" in notice).split()[-1]
        found = {title: canvas_latencies(url, seconds, query) for title, query in PAGES.items()}
        run.stop()
        run.wait(10)
    for title, times in found.items():
        if not times:
            print("browser_view to a canvas: no Chromium or no Playwright here")
            return
        middle, most = np.percentile(times, [50, 95])
        print(
            f"browser_view to a canvas, {title}: p50 {middle:.0f} ms ({limit(middle, at_most=20)}), p95 {most:.0f} ms"
        )


def tell_interrupts(times: list[float]) -> None:
    """Print how soon lips were still."""
    middle, most = np.percentile(times, [50, 99])
    worst = max(times)
    print(f"interrupt to still lips, {len(times)} of them: p50 {middle:.0f} ms, p99 {most:.0f} ms")
    print(f"  worst {worst:.0f} ms ({limit(worst, at_most=100)})")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of the first part")
    parser.add_argument("--interrupts", type=int, default=20)
    asked = parser.parse_args()
    Talker.sound = speech(30.0)
    usual = seen(25, 60 * asked.minutes)
    tell("25 a second, motion_diffusion, obs_stream with a viewer", usual, 0.0, cpu_at_most=130)
    middle, most = np.percentile(usual.latencies, [50, 99])
    print(f"  sample to pixel p50 {middle:.0f} ms ({limit(middle, at_most=150)})")
    print(f"  sample to pixel p99 {most:.0f} ms ({limit(most, at_most=170)})")
    tell("40 a second, the same", seen(40, 30), 0.001)
    tell("25 a second, vowel_lip_sync", seen(25, 15, motion="vowel_lip_sync"), 1.0)
    tell_more("second viewer", {}, {"viewers": 2})
    tell_more("third sink, a recorder that is off", {"sinks": TWO}, {"sinks": THREE})
    tell_more("third sink, a recorder that records", {"sinks": TWO}, {"sinks": THREE, "record": True})
    tell_browser(15)
    tell_interrupts(interrupts(asked.interrupts))


if __name__ == "__main__":
    main()
