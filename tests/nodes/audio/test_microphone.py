"""What a microphone hears, on a card that is no real one."""

from __future__ import annotations

import itertools
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from avatar_nodes.audio.microphone import FRESH_NS, GONE, MISSED, Microphone
from avatar_nodes.audio.microphone_model import MicrophoneReader
from graphcore import LiveClock, Packet, RunError
from graphcore.testing import Result, run_node
from sound_cards import Card, SoundCards

MS = 1_000_000


def use(monkeypatch: pytest.MonkeyPatch, *cards: Card) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", SoundCards(*cards))  # type: ignore[arg-type]


def listen(until_ms: int, **params: object) -> Result:
    return run_node(Microphone, params=params, live=True, until_ns=until_ms * MS, clock=LiveClock())


def joined(packets: list[Packet], rate: int) -> np.ndarray:
    """The sound of packets, which follow each other to the sample."""
    position = 0
    for packet in packets:
        assert packet.timestamp == position * 1_000_000_000 // rate
        assert packet.payload.sample_rate == rate
        position += len(packet.payload.samples)
    return np.concatenate([packet.payload.samples for packet in packets])


def test_sound_follows_sound_from_time_zero_on(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Card("Desk", channels_in=1))
    result = listen(300)
    heard = joined(result.outputs["audio"], 16000)
    assert np.median(heard) == pytest.approx(0.25, abs=0.01)
    assert result.stats["nodes"]["node"]["counts"].keys() == {"reconnects", "gaps", "ms silent"}


def test_a_card_with_other_rates_and_channels_is_made_to_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Card("Headset", 1), Card("Desk", channels_in=2, rates=(44100,)))
    heard = joined(listen(300, device="desk").outputs["audio"], 16000)
    assert heard.shape[1] == 1
    assert np.median(heard) == pytest.approx(0.25, abs=0.01)


def test_where_it_is_pulled_out_silence_goes_on_until_it_is_there_again(monkeypatch: pytest.MonkeyPatch) -> None:
    card = Card("Desk", channels_in=1)
    use(monkeypatch, card)
    blocks = itertools.count()

    def says(count: int) -> np.ndarray:
        card.there = next(blocks) != 30  # after time zero: it waits for 0.3 s of sound before
        return np.full((count, 1), 0.25, np.float32)

    card.says = says

    class Replugged(Microphone):
        """Puts the card back once its loss was told."""

        def _tell(self, reader: MicrophoneReader) -> None:
            super()._tell(reader)
            card.there = card.there or not reader.device.there

    result = run_node(Replugged, live=True, until_ns=1500 * MS, clock=LiveClock())
    heard = joined(result.outputs["audio"], 16000)[:, 0]
    assert result.notices == [f"node: {GONE}", "node: the microphone is there again"]
    assert result.stats["nodes"]["node"]["counts"]["reconnects"] == 1
    loud = np.flatnonzero(heard > 0.2)
    assert (np.abs(heard[loud[0] : loud[-1]]) < 1e-3).sum() > 800
    assert np.median(heard[-1600:]) == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize(("hole_at", "told"), [(0, []), (FRESH_NS, [f"node: {MISSED}"])])
def test_sound_that_was_missed_is_told_but_not_while_a_run_begins(
    monkeypatch: pytest.MonkeyPatch, hole_at: int, told: list[str]
) -> None:
    use(monkeypatch, Card("Desk", channels_in=1))

    class Holed(Microphone):
        """Has a hole of 80 ms from a moment on."""

        def _tell(self, reader: MicrophoneReader) -> None:
            hole = 80 if self.context.clock.now() > hole_at else 0
            super()._tell(SimpleNamespace(device=reader.device, silent_ms=hole))  # type: ignore[arg-type]

    result = run_node(Holed, live=True, until_ns=FRESH_NS + 200 * MS, clock=LiveClock())
    assert result.notices == told
    assert result.stats["nodes"]["node"]["counts"]["ms silent"] == 80


def test_a_microphone_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Card("Desk", channels_in=1))
    with pytest.raises(RunError, match=r"node: no microphone has 'dask' in its name; did you mean 'Desk'\?"):
        listen(0, device="dask")
