"""Microphones and speakers, through PortAudio: found by name, and opened again where one was lost.

PortAudio sees new devices only once it is ended and begun anew, which closes every stream of the process. So all of
them are opened and closed here, and whoever looks for a device lets the others know.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from avatar_nodes.audio.quiet_model import quiet_alsa, quiet_stderr

Kind = Literal["microphone", "speaker"]

PATIENCE = 60  # so many wishes to look for devices anew make one while streams run, which are interrupted by it
CARDS = Path("/proc/asound/pcm")  # changes when a card is plugged in or pulled


class SoundDeviceError(Exception):
    """A device or PortAudio is not there, or cannot be used; `fix` says what to do about it."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


@dataclass(frozen=True)
class SoundDevice:
    """A microphone or speaker as PortAudio lists it."""

    number: int
    name: str
    channels: int
    rate: float  # Hz, its own
    default: bool


def load_sounddevice() -> Any:
    """The package sounddevice; raises SoundDeviceError where it, or PortAudio, is missing."""
    try:
        return importlib.import_module("sounddevice")
    except ImportError:
        raise SoundDeviceError(
            "sound devices need the package sounddevice, which is not installed",
            "pip install 'graphcore[audio]'",
        ) from None
    except OSError as error:
        raise SoundDeviceError(
            f"sound devices need PortAudio: {error}",
            "install it (Debian, Ubuntu: apt-get install libportaudio2 libasound2-plugins)",
        ) from None


def _cards() -> str:
    try:
        return CARDS.read_text()
    except OSError:  # not Linux, or no ALSA
        return ""


class SoundDevices:
    """All sound devices of this process; `generation` rises whenever all of its streams were closed."""

    def __init__(self) -> None:
        self.generation = 0
        self._lock = threading.RLock()
        self._streams: set[Any] = set()
        self._wishes = 0  # to look for devices anew, since that was done
        self._cards = _cards()

    def listed(self, kind: Kind) -> list[SoundDevice]:
        """Those of a kind, the default one first; raises SoundDeviceError."""
        with self._lock:
            sounddevice = load_sounddevice()
            try:
                found = sounddevice.query_devices()
                default = sounddevice.default.device[0 if kind == "microphone" else 1]
            except sounddevice.PortAudioError:  # it could not begin anew
                return []
        channels = "max_input_channels" if kind == "microphone" else "max_output_channels"
        devices = [
            SoundDevice(number, each["name"], each[channels], each["default_samplerate"], number == default)
            for number, each in enumerate(found)
            if each[channels] > 0
        ]
        return sorted(devices, key=lambda device: not device.default)

    def find(self, kind: Kind, name: str | None) -> SoundDevice:
        """The one of this name, or whose name holds it; the default one for None. Raises SoundDeviceError."""
        devices = self.listed(kind)
        if not devices:
            raise SoundDeviceError(f"there is no {kind} here", _FIXES[kind])
        if name is None:
            return devices[0]
        wanted = name.casefold().strip()
        exact = [device for device in devices if device.name.casefold() == wanted]
        alike = [device for device in devices if wanted in device.name.casefold()]
        if not wanted or not exact + alike:
            raise _unknown(kind, name, devices)
        return (exact + alike)[0]

    def open(
        self, kind: Kind, name: str | None, rate: int | None, *, block_s: float, latency_s: float, callback: Any
    ) -> Any:
        """A started stream of float32; at `rate` where the device can, else at its own. Raises SoundDeviceError.

        Of one channel for a microphone where it can, of two for a speaker that has them. `callback` is as sounddevice
        wants it.
        """
        asked = {"dtype": "float32", "latency": latency_s, "callback": callback}
        with self._lock:
            device = self.find(kind, name)
            sounddevice = load_sounddevice()
            quiet_alsa()
            reason = ""
            for channels, samplerate in _ways(kind, device, rate):
                asked |= {"device": device.number, "channels": channels, "samplerate": samplerate}
                try:
                    stream = _opened(sounddevice, kind, asked | {"blocksize": round(samplerate * block_s)})
                except (sounddevice.PortAudioError, ValueError) as error:
                    reason = reason or _in_words(error)
                else:
                    self._streams.add(stream)
                    return stream
        raise SoundDeviceError(f"the {kind} {device.name!r} cannot be opened: {reason}", _FIXES[kind])

    def runs(self, stream: Any) -> bool:
        """Whether a stream was not closed, and its device goes on."""
        with self._lock:
            return stream in self._streams and _active(stream)

    def close(self, stream: Any) -> None:
        """Close a stream, once or more often."""
        with self._lock:
            if stream in self._streams:
                self._streams.discard(stream)
                _close(stream)

    def look_again(self) -> None:
        """Look for devices anew, at once where no stream runs.

        Streams that run are closed, and their owners open them again: so while there are any, this happens only when
        the list of cards has changed, and once in PATIENCE calls.
        """
        with self._lock:
            cards = _cards()
            self._wishes += 1
            running = any(_active(stream) for stream in self._streams)
            if running and self._wishes < PATIENCE and cards == self._cards:
                return
            self._cards, self._wishes = cards, 0
            self.generation += 1
            while self._streams:
                _close(self._streams.pop())
            sounddevice = load_sounddevice()
            with contextlib.suppress(sounddevice.PortAudioError):
                sounddevice._terminate()
            with contextlib.suppress(sounddevice.PortAudioError):
                sounddevice._initialize()


SOUND_DEVICES = SoundDevices()

_FIXES: dict[Kind, str] = {
    "microphone": "plug one in, and see that the system lists it (Linux: `arecord -L`, or the sound settings)",
    "speaker": "plug one in, and see that the system lists it (Linux: `aplay -L`, or the sound settings)",
}


def _unknown(kind: Kind, name: str, devices: list[SoundDevice]) -> SoundDeviceError:
    names = [device.name for device in devices]
    lower = {each.casefold(): each for each in names}
    near = difflib.get_close_matches(name.casefold(), lower, 1, 0.4)
    hint = f"did you mean {lower[near[0]]!r}? " if near else ""
    return SoundDeviceError(f"no {kind} has {name!r} in its name", f"{hint}there are: {', '.join(map(repr, names))}")


def _ways(kind: Kind, device: SoundDevice, rate: int | None) -> Iterator[tuple[int, float]]:
    """Channels and rate to open a device with, the best first; twice the same does no harm."""
    most = min(2, device.channels)
    for channels in (1, most) if kind == "microphone" else (most, 1):
        for asked in (rate or device.rate, device.rate):
            yield channels, asked


def _opened(sounddevice: Any, kind: Kind, asked: dict[str, Any]) -> Any:
    with quiet_stderr():
        stream = (sounddevice.InputStream if kind == "microphone" else sounddevice.OutputStream)(**asked)
    try:
        with quiet_stderr():
            stream.start()
    except sounddevice.PortAudioError:
        _close(stream)
        raise
    return stream


def _active(stream: Any) -> bool:
    """Whether its device goes on; of one that is gone PortAudio may not even say that."""
    try:
        return bool(stream.active)
    except load_sounddevice().PortAudioError:
        return False


def _close(stream: Any) -> None:
    """Whatever a device that is gone says to it."""
    with contextlib.suppress(Exception):
        stream.abort()
    with contextlib.suppress(Exception):
        stream.close()


def _in_words(error: Exception) -> str:
    """PortAudio's reason without its numbers."""
    return str(error).split("[PaErrorCode")[0].strip().rstrip(":")
