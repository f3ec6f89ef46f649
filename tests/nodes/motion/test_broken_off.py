"""Speech that is broken off: lips at rest within two video frames, whatever was heard, until more is heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from avatar_nodes.motion.broken_off_model import BrokenOff
from avatar_nodes.motion.coarticulation_model import Lips
from avatar_nodes.motion.motion_diffusion import MotionDiffusion
from avatar_nodes.motion.motion_diffusion_model import Drawn, Wish
from avatar_nodes.motion.visemes_model import JAW as JAW_AMOUNT
from avatar_nodes.motion.vowel_lip_sync import VowelLipSync
from avatar_nodes.payloads import EXPRESSION_INDEX, FaceMotion, Phones, SpeechFeatures
from graphcore import Input, Node, Output, Packet, Run, Source, VirtualClock
from graphcore.graph.spec import Graph, GraphNode, Link
from graphcore.testing import accept_params, feed

JAW = EXPRESSION_INDEX["jawOpen"]
MS = 1_000_000
AT_MS = 1000  # when speech is broken off
Pairs = Sequence[tuple[int, Any]]


class Script:
    """Draws open lips where it is loud, and a head that wanders."""

    def begin(self, seed: int) -> list[float]:
        return []

    def step(self, states: Sequence[Any], rows: np.ndarray, wishes: Sequence[Wish]) -> list[Drawn | None]:
        states[0].append(float(rows[0, :, 80].mean()))
        if len(states[0]) < 3:
            return [None]
        loud = float(states[0][-3] > -33)
        lips = np.zeros(12, np.float32)
        lips[JAW_AMOUNT] = 0.4 * loud
        return [Drawn(lips, 0.0, 0.0, 0.0, loud, np.sin(0.3 * len(states[0]) + np.arange(14)).astype(np.float32))]


class Scripted(MotionDiffusion):
    """motion_diffusion with known drawings: wide lips where it is loud."""

    def _sampler(self) -> Script:
        return Script()


class Shown(Node):
    """Takes the faces."""

    motion = Input(FaceMotion)

    def process(self, motion: FaceMotion) -> None:
        """Nothing is done with them."""


def speech(pairs: Pairs, interrupt: Callable[[], None]) -> type[Source]:
    """Features at their times, with an interrupt on the way."""

    class Heard(Source):
        """Interrupts, once."""

        sent = Output(SpeechFeatures)

        def produce(self) -> Iterator[None]:
            for timestamp, rows in pairs:
                if timestamp == AT_MS * MS:  # this is what waits for its time: what is before it was heard
                    interrupt()
                self.sent.send(rows, timestamp=timestamp)
                yield

    return Heard


def faces(
    kind: type[Node], pairs: Pairs, rate: int, spoken: Pairs = (), behind_ms: int = 0
) -> tuple[list[Packet], int]:
    """The faces of a live run, and how many had left at the interrupt, when it is `behind_ms` behind the clock."""
    made: list[Packet] = []
    before: list[int] = []
    clock = VirtualClock()

    def interrupt() -> None:
        before.append(len(made))
        clock.jump_to(clock.now() + behind_ms * MS)
        run.interrupt()

    links = {"speech": Link("heard", "sent", "lips", "speech", "exact")}
    nodes = {"heard": GraphNode("heard", speech(pairs, interrupt), {}, {})}
    if spoken:
        nodes["said"] = GraphNode("said", feed(Phones, spoken), {}, {})
        links["phones"] = Link("said", "sent", "lips", "phones", "hold")
    nodes["lips"] = GraphNode("lips", kind, accept_params(kind, {}), links)
    nodes["shown"] = GraphNode("shown", Shown, {}, {"motion": Link("lips", "motion", "shown", "motion", "exact")})
    run = Run(Graph(nodes, frame_rate=Fraction(rate)), live=True, clock=clock)
    run.tap("lips", "motion", made.append)
    run.run()
    return made, before[0]


@pytest.mark.parametrize("kind", [Scripted, VowelLipSync])
@pytest.mark.parametrize("rate", [25, 30, 60])
@pytest.mark.parametrize("with_phones", [False, True])
def test_lips_fall_to_rest_and_stay_there_until_more_is_heard(features, phones, kind, rate, with_phones) -> None:
    pairs = features([("_", 0.2), ("a", 0.8), ("_", 0.6), ("a", 0.4), ("_", 0.2)])
    said = phones(("_", 0.2), ("a", 0.8), ("_", 0.6), ("a", 0.4), ("_", 0.2)) if with_phones else ()
    made, before = faces(kind, pairs, rate, said)
    jaw = np.array([packet.payload.expression[JAW] for packet in made])
    at = np.array([packet.timestamp for packet in made]) / 1e9
    assert jaw[before - 1] > 0.1
    falling = before + max(2, int(0.08 * rate))
    assert 0.0 < jaw[before] < jaw[before - 1], "not at once"
    assert not jaw[falling - 1 : np.searchsorted(at, 1.4)].any()
    assert jaw[np.searchsorted(at, 1.6) :].max() > 0.1, "talking again goes on"
    assert np.abs(np.diff(jaw[before - 1 : np.searchsorted(at, 1.5)])).max() < 0.25, "a jump"


@pytest.mark.parametrize("kind", [Scripted, VowelLipSync])
@pytest.mark.parametrize("behind_ms", [0, 5000])
def test_the_first_phone_that_is_said_next_closes_however_far_behind_the_graph_is(
    features, phones, kind, behind_ms
) -> None:
    pairs = features([("_", 0.2), ("a", 0.8), ("_", 0.04), ("m", 0.08), ("a", 0.4), ("_", 0.4)])
    said = phones(("_", 0.2), ("a", 0.84), ("m", 0.08), ("a", 0.4), ("_", 0.4))
    made, _ = faces(kind, pairs, 25, said, behind_ms)
    closed = [packet.timestamp // MS for packet in made if packet.payload.closure > 0.95]
    assert closed == [1080]
    assert max(packet.payload.expression[JAW] for packet in made if packet.timestamp > 1200 * MS) > 0.1


@pytest.mark.parametrize("kind", [Scripted, VowelLipSync])
def test_phones_that_were_not_spoken_yet_are_forgotten(features, phones, kind) -> None:
    pairs = features([("_", 0.2), ("a", 0.8), ("_", 1.0)])
    made, before = faces(kind, pairs, 25, phones(("_", 0.2), ("a", 0.77), ("m", 0.5), ("_", 0.5)))
    rest = made[before + 1 :]
    assert not any(packet.payload.closure for packet in rest)
    assert not any(packet.payload.expression[JAW] for packet in rest)


def test_everything_else_lives_on(features) -> None:
    made, before = faces(Scripted, features([("a", 2.0)]), 25)
    heads = np.array([packet.payload.head for packet in made])
    assert (np.abs(np.diff(heads[before:], axis=0)).max(axis=1) > 0).all()


def test_a_voice_that_goes_on_moves_the_lips_again(features) -> None:
    made, before = faces(Scripted, features([("a", 2.0)]), 25)
    jaw = np.array([packet.payload.expression[JAW] for packet in made])
    assert not jaw[before + 1 : before + 3].any()
    assert jaw[before + 13 : -5].min() > 0.2


def test_lips_pass_untouched_where_nothing_was_broken_off() -> None:
    lips = Lips(np.ones(12), 0.5)
    broken = BrokenOff(0.04)
    assert broken.lips(0, lips) is lips
    broken.begin(200 * MS)
    assert broken.lips(40 * MS, lips).amounts[0] == pytest.approx(0.5)
    assert [broken.lips(at * MS, lips).amounts[0] for at in (80, 120, 200)] == [0.0, 0.0, 0.0]
    assert 0.0 < broken.lips(240 * MS, lips).amounts[0] < 1.0
    assert broken.lips(280 * MS, lips) is lips


def test_lips_broken_off_again_while_they_rise_fall_from_where_they_are() -> None:
    lips = Lips(np.ones(12), 0.0)
    broken = BrokenOff(0.04)
    broken.lips(0, lips)
    broken.begin(100 * MS)
    risen = [broken.lips(at * MS, lips).amounts[0] for at in (40, 80, 120, 160)][-1]
    broken.begin(400 * MS)
    assert 0.0 < broken.lips(200 * MS, lips).amounts[0] < risen
    assert broken.lips(240 * MS, lips).amounts[0] == 0.0
