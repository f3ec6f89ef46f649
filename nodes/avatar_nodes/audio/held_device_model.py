"""A microphone or speaker that somebody may pull out: it is watched, and opened again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from avatar_nodes.audio.sound_devices_model import SOUND_DEVICES, Kind, SoundDeviceError

WATCH_S = 0.1  # between two looks at it
SILENT = 10  # looks without a block: it is gone; on a busy machine they came 0.7 s late
SILENT_AT_FIRST = 30  # so long a device may take to begin; PulseAudio took 1.7 s
BEGUN_S = 0.3  # of blocks: a speaker first takes what fills it, and may wait again
RETRY_S = 0.5
CLOSE_S = 2.0  # a driver may hang in closing what is no longer there

# Asked of PortAudio. Through PulseAudio more made a microphone's blocks come in bursts, less gave a speaker holes.
LATENCY_S: dict[Kind, float] = {"microphone": 0.04, "speaker": 0.08}
MOST_LATENCY_S = 0.32
BAD = 10  # blocks that came too late for the device, within
BAD_WITHIN = 20  # looks: it is opened again with twice the latency


class HeldDevice:
    """Keeps a device open for `work`, which its thread calls with a block of float32 (n, channels).

    Blocks of a microphone are to be read, those of a speaker to be filled. `opened` is called with rate and channels
    before the first block after each opening. A device that is slow to begin is waited for. Raises SoundDeviceError
    where it is not there at the beginning; when it is lost later, it is looked for every RETRY_S. `there` says whether
    it runs, `reconnects` how often it came back, `gaps` how often we were too late for it.
    """

    def __init__(
        self,
        kind: Kind,
        name: str | None,
        rate: int | None,
        block_s: float,
        *,
        opened: Callable[[float, int], None],
        work: Callable[[Any], None],
    ) -> None:
        self.there = True
        self.lost = 0  # how often
        self.reconnects = 0
        self.gaps = 0
        self._kind, self._name, self._rate, self._block_s = kind, name, rate, block_s
        self._latency_s = LATENCY_S[kind]
        self._looks = 0  # since gaps were counted
        self._gaps_before = 0
        self._opened, self._work = opened, work
        self._blocks = 0  # since it was opened
        self._seen = 0  # of these, at the last look
        self._silent = 0  # looks since the last block
        self._closing = threading.Event()
        self._begun = threading.Event()  # since it was opened
        self._stream: Any = None
        self._open()
        self._thread = threading.Thread(target=self._watch, name=kind, daemon=True)
        self._thread.start()
        self._begun.wait(SILENT_AT_FIRST * WATCH_S)

    @property
    def latency_s(self) -> float:
        """How long sound is in the device, as far as it knows."""
        return float(self._stream.latency)

    def close(self) -> None:
        """Give the device back."""
        self._closing.set()
        self._thread.join(CLOSE_S)

    def _open(self) -> None:
        ready = threading.Event()

        def call(block: Any, _frames: int, _times: Any, status: Any) -> None:
            if ready.is_set() and not self._closing.is_set():
                self._blocks += 1
                if self._blocks * self._block_s > BEGUN_S:
                    self._begun.set()
                self.gaps += bool(status)
                self._work(block)

        self._begun.clear()
        self._blocks = self._seen = self._silent = 0
        self._generation = SOUND_DEVICES.generation
        self._stream = SOUND_DEVICES.open(
            self._kind, self._name, self._rate, block_s=self._block_s, latency_s=self._latency_s, callback=call
        )
        self._opened(self._stream.samplerate, self._stream.channels)
        ready.set()

    def _watch(self) -> None:
        while not self._closing.wait(WATCH_S):
            if self._generation != SOUND_DEVICES.generation and self._opens():
                continue  # closed for a look at the devices, not lost
            if not self._runs():
                self._lose()
            elif self._too_tight():
                self._loosen()
        SOUND_DEVICES.close(self._stream)

    def _runs(self) -> bool:
        """Whether blocks come; called once in WATCH_S."""
        self._silent = 0 if self._blocks != self._seen else self._silent + 1
        self._seen = self._blocks
        return SOUND_DEVICES.runs(self._stream) and self._silent < (SILENT if self._begun.is_set() else SILENT_AT_FIRST)

    def _too_tight(self) -> bool:
        """Whether many blocks came too late; called once in WATCH_S."""
        self._looks += 1
        if self._looks < BAD_WITHIN:
            return False
        gaps, self._gaps_before, self._looks = self.gaps - self._gaps_before, self.gaps, 0
        return gaps > BAD and self._latency_s < MOST_LATENCY_S

    def _loosen(self) -> None:
        """Give the device more to go on with: a longer delay is better than holes."""
        self._latency_s *= 2
        if not self._opens():
            self._lose()

    def _lose(self) -> None:
        """Look for it until it is there again."""
        self.there = False
        self.lost += 1
        while not self._closing.is_set() and not self._opens_again():
            self._closing.wait(RETRY_S)

    def _opens_again(self) -> bool:
        if not self._opens():
            SOUND_DEVICES.look_again()
            if not self._opens():
                return False
        self.reconnects += 1
        self.there = True
        return True

    def _opens(self) -> bool:
        SOUND_DEVICES.close(self._stream)  # it may run: another may have looked for devices while it was opened
        try:
            self._open()
        except SoundDeviceError:
            return False
        return True
