"""espeak-ng's C library (speak_lib.h) through ctypes: text to samples and phone times.

The library keeps everything in static variables, random state included, and `espeak_Initialize` does not reset them.
So it is loaded afresh for every text (1.5 ms): the same text then gives the same samples, whatever was said before.
"""

from __future__ import annotations

import _ctypes
import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT
PHONEME_EVENTS, PHONEME_IPA, DONT_EXIT = 0x0001, 0x0002, 0x8000  # options of espeak_Initialize
CHARS_UTF8, END_PAUSE = 1, 0x1000  # flags of espeak_Synth
RATE, PITCH = 1, 3  # espeak_PARAMETER
EVENT_END, EVENT_PHONEME = 0, 7  # espeak_EVENT_TYPE
SEED = 1

_lock = threading.Lock()  # one text at a time in this process


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_ubyte * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),  # a priority byte and a tag ended by zero, repeated; a zero ends it
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class EspeakError(Exception):
    """espeak-ng cannot be loaded, or refuses."""


@dataclass
class Spoken:
    """A text as sound: `starts` holds (symbol as espeak-ng gives it, first sample); an empty symbol is a pause."""

    sample_rate: int
    samples: NDArray[np.float32]  # (n,)
    starts: list[tuple[str, int]]


@dataclass
class _Tape:
    """What the callback collects."""

    sound: list[bytes] = field(default_factory=list)
    starts: list[tuple[str, int]] = field(default_factory=list)

    def record(self, wave: Any, count: int, events: Any) -> int:
        if wave and count:
            self.sound.append(ctypes.string_at(wave, 2 * count))
        index = 0
        while events[index].type != EVENT_END:
            if events[index].type == EVENT_PHONEME:
                # Eight bytes, ended by a zero unless all are used; a symbol may be cut within a character.
                symbol = bytes(events[index].id.string).split(b"\0")[0].decode("utf-8", "ignore")
                self.starts.append((symbol, events[index].sample))
            index += 1
        return 0  # go on


def speak(text: str, voice: str, speed_wpm: int, pitch: int) -> Spoken:
    """Say `text` (plain, no SSML); raises EspeakError where the library is missing or does not know the voice."""
    tape = _Tape()
    encoded = text.replace("\0", " ").encode("utf-8", "replace") + b"\0"
    with _loaded() as (library, sample_rate):
        callback = _SynthCallback(tape.record)
        library.espeak_SetSynthCallback(callback)
        library.espeak_ng_SetRandSeed(ctypes.c_long(SEED))
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise EspeakError(f"espeak-ng has no voice {voice!r}")
        library.espeak_SetParameter(RATE, speed_wpm, 0)
        library.espeak_SetParameter(PITCH, pitch, 0)
        size, flags = ctypes.c_size_t(len(encoded)), CHARS_UTF8 | END_PAUSE
        if library.espeak_Synth(encoded, size, 0, 1, 0, flags, None, None) != 0:
            raise EspeakError("espeak-ng could not speak this text")
    whole = np.frombuffer(b"".join(tape.sound), "<i2" if sys.byteorder == "little" else ">i2")
    return Spoken(sample_rate, whole.astype(np.float32) / np.float32(32768), tape.starts)


def sample_rate() -> int:
    """Of all that it speaks, in Hz."""
    with _loaded() as (_, rate):
        return rate


def voices() -> dict[str, str]:
    """Language tag (`en-us`) to what `speak` takes as a voice; `+NAME` behind it asks for a variant."""
    with _loaded() as (library, _):
        library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        listed = library.espeak_ListVoices(None)
        found: list[tuple[int, str, str]] = []
        index = 0
        while listed[index]:
            voice = listed[index].contents
            found += [(priority, tag, voice.identifier.decode()) for priority, tag in _languages(voice.languages)]
            index += 1
    # Several voices may speak a language: the first one of the lowest number is meant. `en-gb` itself is no name
    # that espeak-ng takes, only the identifier `gmw/en` is.
    return {tag.lower(): identifier for _, tag, identifier in sorted(found, reverse=True)}


def _languages(address: int) -> list[tuple[int, str]]:
    tags = []
    while (priority := ctypes.string_at(address, 1)) != b"\0":
        tag = ctypes.string_at(address + 1)
        tags.append((priority[0], tag.decode("utf-8", "ignore")))
        address += len(tag) + 2
    return tags


def variant_names() -> list[str]:
    """The variants that this espeak-ng brings."""
    import espeakng_loader

    return sorted(path.name for path in (Path(espeakng_loader.get_data_path()) / "voices" / "!v").iterdir())


@contextmanager
def _loaded() -> Iterator[tuple[Any, int]]:
    """The library in its initial state, and its sample rate."""
    try:
        import espeakng_loader
    except ImportError:
        raise EspeakError("the package espeakng-loader, which brings espeak-ng, is not installed") from None
    with _lock:
        try:
            library = ctypes.CDLL(espeakng_loader.get_library_path())
        except OSError as error:
            raise EspeakError(f"espeak-ng's library cannot be loaded: {error}") from None
        try:
            folder = espeakng_loader.get_data_path().encode()
            rate = library.espeak_Initialize(SYNCHRONOUS, 0, folder, PHONEME_EVENTS | PHONEME_IPA | DONT_EXIT)
            if rate <= 0:
                raise EspeakError(f"espeak-ng cannot read its voices in {espeakng_loader.get_data_path()}")
            yield library, rate
        finally:
            library.espeak_Terminate()
            _unload(library._handle)


def _unload(handle: int) -> None:
    if sys.platform == "win32":
        _ctypes.FreeLibrary(handle)
    else:
        _ctypes.dlclose(handle)
