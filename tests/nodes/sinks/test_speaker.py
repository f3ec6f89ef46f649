"""Sound on a speaker, on a card that is no real one."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pytest

from avatar_nodes.payloads import AudioChunk
from avatar_nodes.sinks.speaker import GONE, Speaker
from graphcore import LiveClock, RunError
from graphcore.testing import Result, run_node
from sound_cards import Card, SoundCards


def use(monkeypatch: pytest.MonkeyPatch, *cards: Card) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", SoundCards(*cards))  # type: ignore[arg-type]


def chunks(count: int, channels: int = 1, rate: int = 16000) -> Iterator[tuple[int, AudioChunk]]:
    for index in range(count):
        yield index * 20_000_000, AudioChunk(np.full((rate // 50, channels), 0.5, np.float32), rate)


def play(count: int, channels: int = 1, **more: object) -> Result:
    return run_node(Speaker, inputs={"audio": chunks(count, channels)}, live=True, clock=LiveClock(), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_what_comes_is_heard_to_its_end(monkeypatch: pytest.MonkeyPatch, channels: int) -> None:
    card = Card("Box", channels_out=2)
    use(monkeypatch, card)
    result = play(10, channels)
    heard = np.concatenate(card.heard)
    loud = np.abs(heard) > 0.2
    counts = result.stats["nodes"]["node"]["counts"]
    assert loud.all(axis=1).sum() / 48000 == pytest.approx(0.2 - counts["ms dropped"] / 1000, abs=0.02)
    assert result.notices == []


def test_where_it_is_pulled_out_the_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    card = Card("Box", channels_out=2)
    use(monkeypatch, card)

    class Pulled(Speaker):
        """Pulls the card out at the third chunk."""

        def process(self, audio: AudioChunk) -> None:
            card.there = self.timestamp < 40_000_000
            super().process(audio)

    result = run_node(Pulled, inputs={"audio": chunks(30)}, live=True, clock=LiveClock())
    assert result.notices == [f"node: {GONE}"]


def test_once_it_is_there_again_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    card = Card("Box", channels_out=2)
    use(monkeypatch, card)

    class Replugged(Speaker):
        """Pulls the card out at the third chunk, until its loss was told."""

        def process(self, audio: AudioChunk) -> None:
            super().process(audio)
            card.there = self.timestamp != 40_000_000 and (
                card.there or (self._speaker is not None and self._speaker.device.lost > 0)
            )

    result = run_node(Replugged, inputs={"audio": chunks(100)}, live=True, clock=LiveClock())
    assert result.notices == [f"node: {GONE}", "node: the speaker is there again"]


def test_without_a_clock_nothing_is_heard_and_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    card = Card("Box", channels_out=2)
    use(monkeypatch, card)
    result = run_node(Speaker, inputs={"audio": chunks(10)})
    assert not card.heard
    assert "only with --live" in result.notices[0]


def test_a_speaker_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Card("Desk", channels_in=1))
    with pytest.raises(RunError, match="node: there is no speaker here; plug one in"):
        play(1)
