"""The Python on the page about bots speaks, and interrupts."""

from __future__ import annotations

import asyncio
import re
import wave
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from avatar_nodes.audio.audio_stream import AudioStream
from heard import Heard, listening_to
from pages import ROOT, python_of
from served import Served, serving, small_graph


@pytest.fixture(scope="module")
def page() -> ModuleType:
    """What the page shows, as a module."""
    made = ModuleType("let_a_bot_speak")
    exec(python_of(ROOT / "docs" / "let-a-bot-speak.md"), made.__dict__)
    return made


@pytest.fixture
def served() -> Iterator[Served]:
    """A live run with a node `voice`."""
    with serving(small_graph()) as there:
        yield there


@pytest.fixture
def heard() -> Iterator[Heard]:
    """A live audio_stream."""
    with listening_to(AudioStream, {"port": 0, "websocket_port": 0}) as heard:
        yield heard


def ports(heard: Heard) -> list[int]:
    return [int(port) for port in re.findall(r":(\d+)", heard.run.notices[0].partition(": ")[2])]


def write_wave(path: Path, rate: int) -> None:
    """A tenth of a second of a steady sound."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.full(rate // 10, 8192, "<i2").tobytes())


def test_a_line_and_an_interrupt(page: ModuleType, served: Served) -> None:
    address = served.studio.url.rstrip("/")
    page.say("Good morning.", address)
    page.interrupt(address)
    served.voice.wait_for(("line", "Good morning."), ("interrupt", None))


def test_a_wave_over_tcp(page: ModuleType, heard: Heard, tmp_path: Path) -> None:
    write_wave(tmp_path / "speech.wav", 16_000)
    page.send_wave(str(tmp_path / "speech.wav"), ports(heard)[-1])
    heard.until(lambda: len(heard.speech) == 1600)
    assert (heard.speech == 0.25).all()


def test_a_wave_over_a_websocket(page: ModuleType, heard: Heard, tmp_path: Path) -> None:
    write_wave(tmp_path / "speech.wav", 24_000)
    asyncio.run(page.speak(str(tmp_path / "speech.wav"), f"http://127.0.0.1:{ports(heard)[0]}/speak"))
    assert np.median(heard.speech) == pytest.approx(0.25, abs=0.001)
    assert abs(len(heard.speech) - 1600) < 40
