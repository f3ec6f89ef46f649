"""playout: every sample once and in order, never before its frame unless the frame stays away."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_nodes.audio.playout import Playout
from avatar_nodes.audio.playout_model import FADE_NS, FIRST_NS, LONGEST_NS, HeldSound, Piece
from avatar_nodes.payloads import AudioChunk, VideoFrame
from graphcore import Run, VirtualClock
from graphcore.graph.spec import Graph, GraphNode, Link
from graphcore.testing import Result, accept_params, feed, run_node

MS = 1_000_000
NS_PER_S = 1_000_000_000
RATES = st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
FRAME_RATES = st.sampled_from([24.0, 25.0, 30_000 / 1001, 30.0, 40.0, 60.0])


def ramp(first: int, count: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Samples that say which they are, (count, 1)."""
    return np.arange(first, first + count, dtype=np.float32)[:, None]


class Played:
    """What was let go, and when."""

    def __init__(self) -> None:
        self.samples: list[float] = []
        self.times: list[int] = []  # media time of each sample
        self.went: list[int] = []  # when it went

    def take(self, pieces: list[Piece], now: int) -> None:
        for piece in pieces:
            count = len(piece.samples)
            assert count
            self.samples += piece.samples[:, 0].tolist()
            self.times += [piece.timestamp + i * NS_PER_S // piece.sample_rate for i in range(count)]
            self.went += [now] * count


def a_live_run(rate: int, frame_rate: float, seed: int) -> dict[str, Any]:
    """One second: sound chunks that come when they are over, and frames that come late, or not at all."""
    rng, frame_ns = np.random.default_rng(seed), int(NS_PER_S / frame_rate)
    edges = sorted({0, rate, *rng.integers(1, rate, rng.integers(1, 60)).tolist()})
    chunks = [(first, after - first) for first, after in itertools.pairwise(edges)]
    latency, jitter, lost = rng.integers(0, 400), rng.integers(0, 60), rng.choice([0.0, 0.1, 0.8])
    frames, comes = [], 0
    for index in range(NS_PER_S // frame_ns):
        comes = max(comes, index * frame_ns + int(latency + rng.integers(0, jitter + 1)) * MS)
        if rng.random() >= lost:
            frames.append((comes, index * frame_ns))
    return {"rate": rate, "frame_ns": frame_ns, "chunks": chunks, "frames": frames}


RUNS = st.builds(a_live_run, RATES, FRAME_RATES, st.integers(0, 2**32 - 1))


def events(run: dict[str, Any]) -> list[tuple[int, int, Any]]:
    """What comes, in order: (when, 0 or 1, a frame's time or a chunk)."""
    sound = [((first + count) * NS_PER_S // run["rate"], 1, (first, count)) for first, count in run["chunks"]]
    return sorted([*((when, 0, timestamp) for when, timestamp in run["frames"]), *sound])


def play(run: dict[str, Any], held: HeldSound) -> Played:
    played, shown = Played(), 0
    seen = False
    for now, is_sound, what in events(run):
        if is_sound:
            first, count = what
            timestamp = first * NS_PER_S // run["rate"]
            played_now = held.sound(timestamp, ramp(first, count), run["rate"], now)
        else:
            seen, shown = True, max(shown, what + run["frame_ns"])
            played_now = held.picture(what, now)
        before = len(played.samples)
        played.take(played_now, now)
        patience = min(held.delay_ns + held.patience_ns, LONGEST_NS) if seen else FIRST_NS
        for timestamp in played.times[before:]:
            assert timestamp < max(shown if seen else 0, now - patience) + held.early_ns
    played.take(held.flush(), 2 * NS_PER_S)
    return played


@settings(max_examples=40, deadline=None)
@given(run=RUNS, patience_ms=st.integers(0, 500), early_ms=st.integers(0, 200))
def test_every_sample_goes_once_in_order_and_never_before_its_frame(
    run: dict[str, Any], patience_ms: int, early_ms: int
) -> None:
    held = HeldSound(run["frame_ns"])
    held.patience_ns, held.early_ns = patience_ms * MS, early_ms * MS
    played = play(run, held)
    assert played.samples == list(range(int(sum(count for _, count in run["chunks"]))))
    assert played.times == sorted(set(played.times))
    for sample, timestamp in zip(played.samples, played.times, strict=True):
        assert abs(timestamp - sample * NS_PER_S / run["rate"]) <= 4


@settings(max_examples=60, deadline=None)
@given(run=RUNS, when_ms=st.integers(0, 1200))
def test_an_interrupt_forgets_what_waits_and_nothing_else(run: dict[str, Any], when_ms: int) -> None:
    held, played = HeldSound(run["frame_ns"]), Played()
    interrupted = False
    for now, is_sound, what in [*events(run), (3 * NS_PER_S, 2, None)]:
        if not interrupted and now >= when_ms * MS:
            interrupted = True
            before = len(played.times)
            played.take(held.interrupt(when_ms * MS), now)
            assert len(played.times) - before <= FADE_NS * run["rate"] // NS_PER_S + 1
            assert held.flush() == []
            after = len(played.times)
        if is_sound == 1:
            first, count = what
            timestamp = first * NS_PER_S // run["rate"]
            played.take(held.sound(timestamp, ramp(first, count), run["rate"], now), now)
        elif is_sound == 0:
            played.take(held.picture(what, now), now)
    played.take(held.flush(), 4 * NS_PER_S)
    assert all(timestamp >= when_ms * MS for timestamp in played.times[after:])
    last = run["chunks"][-1]
    total = last[0] + last[1]
    expected = [index for index in range(total) if index * NS_PER_S // run["rate"] >= when_ms * MS]
    assert len(played.times) - after == pytest.approx(len(expected), abs=1)
    assert played.times == sorted(set(played.times))


def test_interrupted_sound_fades_in_five_milliseconds() -> None:
    held = HeldSound(40 * MS)
    held.sound(0, np.ones((1600, 2), np.float32), 16_000, 0)
    (faded,) = held.interrupt(20 * MS)
    assert len(faded.samples) == 80
    np.testing.assert_allclose(faded.samples[:, 1], 1 - np.arange(80) / 80, atol=1e-6)


def test_sound_has_the_delay_of_the_frames() -> None:
    held, played = HeldSound(40 * MS), Played()
    for index in range(50):
        played.take(held.sound(index * 20 * MS, ramp(index * 320, 320), 16_000, (index + 1) * 20 * MS), 0)
        if index >= 9 and index % 2:
            timestamp = (index - 9) // 2 * 40 * MS
            now = timestamp + 200 * MS
            pieces = held.picture(timestamp, now)
            assert pieces[0].timestamp == timestamp
            assert sum(len(piece.samples) for piece in pieces) == 640
    assert held.delay_ns == 200 * MS
    assert played.samples == []


def test_without_frames_sound_goes_on_and_is_with_them_again_once_they_are_back() -> None:
    held, went = HeldSound(40 * MS), {}
    for tick in range(200):  # 10 ms each; frames are 150 ms late, and none come from 0.5 s to 1.2 s
        now, pieces = tick * 10 * MS, []
        if tick >= 15 and (tick - 15) % 4 == 0 and not 500 <= tick * 10 < 1200:
            pieces += held.picture((tick - 15) // 4 * 40 * MS, now)
        if tick % 2 == 0 and tick:
            pieces += held.sound(now - 20 * MS, ramp(0, 320), 16_000, now)
        for piece in pieces:
            went[piece.timestamp // MS] = (now - piece.timestamp) // MS
    assert all(110 <= delay <= 150 for at, delay in went.items() if at <= 300)
    assert all(430 <= delay <= 470 for at, delay in went.items() if 380 <= at <= 700)
    assert all(110 <= delay <= 170 for at, delay in went.items() if at >= 1150)
    assert max(went) >= 1800


def test_sound_goes_on_after_a_while_if_no_frame_ever_comes() -> None:
    held = HeldSound(40 * MS)
    assert held.sound(0, ramp(0, 320), 16_000, 20 * MS) == []
    assert held.sound(20 * MS, ramp(320, 320), 16_000, FIRST_NS) == []
    assert [piece.timestamp for piece in held.sound(40 * MS, ramp(640, 320), 16_000, FIRST_NS + 20 * MS)] == [0]


def test_sound_is_with_frames_that_are_many_seconds_late() -> None:
    held = HeldSound(40 * MS)
    held.picture(0, 12 * NS_PER_S)
    assert held.sound(40 * MS, ramp(0, 640), 16_000, 12 * NS_PER_S) == []
    (piece,) = held.picture(40 * MS, 12 * NS_PER_S + 50 * MS)
    assert (piece.timestamp, len(piece.samples)) == (40 * MS, 640)


def frames(count: int) -> list[tuple[int, VideoFrame]]:
    return [(index * 40 * MS, VideoFrame(np.full((2, 2, 3), index, np.uint8))) for index in range(count)]


def chunks(count: int) -> list[tuple[int, AudioChunk]]:
    return [(index * 30 * MS, AudioChunk(ramp(index * 480, 480), 16_000)) for index in range(count)]


def order(result: Result) -> list[tuple[int, int]]:
    return [(packet.timestamp, len(packet.payload.samples)) for packet in result.outputs["sound"]]


def test_live_it_cuts_sound_at_the_borders_of_frames() -> None:
    result = run_node(Playout, inputs={"video": frames(10), "audio": chunks(10)}, live=True)
    assert [packet.timestamp for packet in result.outputs["frames"]] == [index * 40 * MS for index in range(10)]
    samples = np.concatenate([packet.payload.samples for packet in result.outputs["sound"]])[:, 0]
    np.testing.assert_array_equal(samples, np.arange(4800))
    assert order(result)[:4] == [(0, 480), (30 * MS, 160), (40 * MS, 320), (60 * MS, 320)]
    assert result.losses == []
    assert result.stats["nodes"]["node"]["counts"] == {"sound delay ms": 0}


@pytest.mark.parametrize("missing", ["video", "audio"])
def test_live_one_of_both_passes_by_itself(missing: str) -> None:
    inputs: dict[str, Any] = {"video": frames(5), "audio": chunks(5)}
    del inputs[missing]
    result = run_node(Playout, inputs=inputs, live=True)
    sent = result.outputs["frames" if missing == "audio" else "sound"]
    assert [packet.timestamp for packet in sent] == [timestamp for timestamp, _ in next(iter(inputs.values()))]


def test_sound_that_outlasts_the_pictures_is_all_heard() -> None:
    result = run_node(Playout, inputs={"video": frames(3), "audio": chunks(40)}, live=True)
    assert sum(count for _, count in order(result)) == 40 * 480
    assert result.losses == []


def test_offline_everything_passes_as_it_comes() -> None:
    result = run_node(Playout, inputs={"video": frames(5), "audio": chunks(9)})
    assert order(result) == [(index * 30 * MS, 480) for index in range(9)]
    assert len(result.outputs["frames"]) == 5


def test_the_sound_that_a_frame_lets_go_leaves_before_it() -> None:
    """A sink that had the frame alone would take the sound for missing, and be silent instead."""
    left: list[str] = []
    sound = [(index * 20 * MS, AudioChunk(ramp(index * 320, 320), 16_000)) for index in range(10)]
    picture = VideoFrame(np.zeros((2, 2, 3), np.uint8))
    graph = Graph({}, frame_rate=Fraction(25))
    graph.nodes["voice"] = GraphNode("voice", feed(AudioChunk, sound), {}, {})
    graph.nodes["face"] = GraphNode("face", feed(VideoFrame, [(200 * MS, picture)]), {}, {})
    links = {
        "video": Link("face", "sent", "playout", "video", "each"),
        "audio": Link("voice", "sent", "playout", "audio", "each"),
    }
    graph.nodes["playout"] = GraphNode("playout", Playout, accept_params(Playout, {}), links)
    run = Run(graph, live=True, clock=VirtualClock())
    run.tap("playout", "frames", lambda _: left.append("frame"))
    run.tap("playout", "sound", lambda _: left.append("sound"))
    run.run()
    assert left == ["sound"] * 10 + ["frame"]
