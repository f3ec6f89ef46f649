"""Synthesizers and when they speak each phone: espeak-ng, flite and festival tell it, SVOX pico's speech is aligned.

Each yields sentences as `Said`. What a synthesizer refuses is left out; one that is not installed raises NotInstalled.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from align_speech import Aligned, AlignError, align
from numpy.typing import NDArray
from speech_corpus import PAUSE, SAMPLE_RATE, at_16_khz, from_arpabet, tiled

from avatar_nodes.audio.espeak_model import EspeakError, speak
from avatar_nodes.audio.text_to_speech_model import STRESS, UnknownVoice, find_voice

BATCH = 40  # sentences that one run of festival speaks
POOREST = -35.0  # alignment score: what is worse is left out
ESPEAK_LATE_S = 0.008  # espeak-ng's events against what is heard, by pocketsphinx and by other synthesizers' times
VOICELESS_STOPS = "ptkcq"  # and what begins with them: tʃ
CLOSURE_S, QUIET = 0.12, 0.02  # the silence before a voiceless stop: at most this long, below this part of the peak


class NotInstalled(Exception):
    """The synthesizer or the voice is not on this machine."""


@dataclass(frozen=True)
class Manner:
    """How one sentence is spoken."""

    speed: float  # 1 is the voice's own; 1.2 is faster
    pitch: float  # 1 is the voice's own; 1.2 is higher


@dataclass(frozen=True)
class Said:
    """One sentence as sound; the phones tile it."""

    samples: NDArray[np.int16]  # (n,) at SAMPLE_RATE
    symbols: tuple[str, ...]  # (m,) IPA
    borders: NDArray[np.float64]  # (m + 1,) s


Sentences = Sequence[tuple[str, Manner]]
Engine = Callable[[str, Sentences], Iterator[Said]]


def espeak(voice: str, sentences: Sentences) -> Iterator[Said]:
    """By espeak-ng; `voice` as text_to_speech takes it: `en-gb+f3`."""
    try:
        identifier = find_voice(voice)
    except (UnknownVoice, EspeakError) as error:
        raise NotInstalled(f"espeak-ng has no voice {voice}: {error}") from None
    for text, manner in sentences:
        speed, pitch = round(165 * manner.speed), min(max(round(50 * manner.pitch), 0), 99)
        sound = speak(text, identifier, speed, pitch)
        samples = at_16_khz(sound.samples, sound.sample_rate)
        symbols, starts = [], []
        for mark, sample in sound.starts:
            symbol, start = mark.translate(STRESS).strip() or PAUSE, sample / sound.sample_rate - ESPEAK_LATE_S
            if not symbol.startswith("("):  # "(en)": from here on in another language
                symbols.append(symbol)
                starts.append(_closed_from(samples, start) if symbol[0] in VOICELESS_STOPS else start)
        yield _said(samples, symbols, starts)


def _closed_from(samples: NDArray[np.int16], start: float) -> float:
    """When a voiceless stop closes (s): espeak-ng counts the silence before the burst to the sound before it."""
    step = SAMPLE_RATE // 200  # 5 ms
    end = max(round(start * SAMPLE_RATE), 0)
    before = samples[max(end - round(CLOSURE_S * SAMPLE_RATE), 0) : end]
    blocks = before[len(before) % step :].reshape(-1, step)[::-1]  # the last one first
    quiet = np.abs(blocks.astype(np.int32)).max(axis=1) < QUIET * np.abs(samples.astype(np.int32)).max()
    return start - (len(quiet) if quiet.all() else int(quiet.argmin())) * step / SAMPLE_RATE


def flite(voice: str, sentences: Sentences) -> Iterator[Said]:
    """By flite; `voice` is one of `flite -lv`. Pitch is by resampling: its clustergen voices know no other way."""
    program = _program("flite")
    if voice not in subprocess.run([program, "-lv"], capture_output=True, text=True, check=False).stdout.split():
        raise NotInstalled(f"flite has no voice {voice}: `flite -lv` lists them")
    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder) / "said.wav"
        for text, manner in sentences:
            stretch = f"duration_stretch={manner.pitch / manner.speed:.3f}"
            command = [program, "-voice", voice, "--setf", stretch, "-psdur", "-t", f" {text}", "-o", str(wave)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            marks = [word.rpartition(":") for word in done.stdout.split()]
            if done.returncode == 0 and marks and wave.exists():
                yield _read(wave.read_bytes(), [(name, float(end)) for name, _, end in marks], manner.pitch)


def festival(voice: str, sentences: Sentences) -> Iterator[Said]:
    """By festival; `voice` as its function is named, without `voice_`: `kal_diphone`. Pitch is by resampling."""
    program = _program("festival")
    known = subprocess.run([program, "-b", "(print (voice.list))"], capture_output=True, text=True, check=False).stdout
    if voice not in known.strip("()\n ").split():
        raise NotInstalled(f"festival has no voice {voice}: it has {known.strip()}")
    for first in range(0, len(sentences), BATCH):
        some = sentences[first : first + BATCH]
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "say.scm"
            script.write_text(_scheme(voice, some, Path(folder)), encoding="utf-8")
            subprocess.run([program, "-b", str(script)], capture_output=True, check=False, timeout=600)
            for index, (_, manner) in enumerate(some):
                wave, labels = Path(folder) / f"{index}.wav", Path(folder) / f"{index}.lab"
                if wave.exists() and (ends := _segments(labels)):
                    yield _read(wave.read_bytes(), ends, manner.pitch)


def pico(voice: str, sentences: Sentences) -> Iterator[Said]:
    """By SVOX pico; `voice` as `pico2wave -l` takes it: `de-DE`. Speed is by its own tag, pitch by resampling."""
    program = _program("pico2wave", "libttspico-utils")
    language = voice.lower() if voice.startswith("en") else voice[:2]
    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder) / "said.wav"
        for text, manner in sentences:
            told = f'<speed level="{round(100 * manner.speed / manner.pitch)}">{text}</speed>'
            subprocess.run([program, "-l", voice, "-w", str(wave), told], capture_output=True, check=False)
            if not wave.exists():
                continue
            samples, rate = soundfile.read(wave, dtype="int16")
            wave.unlink()
            if found := aligned(samples, text, language):
                faster = round(rate * manner.pitch)
                starts = [start * rate / faster for start in found.starts]
                yield _said(at_16_khz(samples, faster), list(found.symbols), starts)


def aligned(samples: NDArray[np.int16], text: str, language: str) -> Aligned | None:
    """Phones found by forced alignment; None where the text does not seem to be what is said."""
    try:
        found = align(samples, text, language)
    except AlignError as error:
        if "installed" in str(error):
            raise NotInstalled(str(error)) from None
        return None
    return found if found.score > POOREST else None


def _program(name: str, package: str = "") -> str:
    found = shutil.which(name)
    if found is None:
        raise NotInstalled(f"{name} is not installed: `apt install {package or name}`")
    return found


def _scheme(voice: str, sentences: Sentences, folder: Path) -> str:
    """What festival is to run: a sentence that fails does not end it."""
    lines = [f"(voice_{voice})", "(set! own hts_engine_params)" if "hts" in voice else ""]
    for index, (text, manner) in enumerate(sentences):
        plain = text.replace("\\", " ").replace('"', " ")
        stretch = manner.pitch / manner.speed
        if "hts" in voice:
            lines.append(f'(set! hts_engine_params (append own (list (list "-r" {1 / stretch:.3f}))))')
        lines.append(f"(Parameter.set 'Duration_Stretch {stretch:.3f})")
        lines.append(f'(unwind-protect (begin (set! u (utt.synth (Utterance Text "{plain}")))')
        lines.append(f' (utt.save.wave u "{folder}/{index}.wav" \'riff)')
        lines.append(f' (utt.save.segs u "{folder}/{index}.lab")) nil)')
    return "\n".join(lines)


def _segments(path: Path) -> list[tuple[str, float]]:
    """Phones and their ends (s) of a label file as utt.save.segs writes it."""
    if not path.exists():
        return []
    rows = [line.split() for line in path.read_text().splitlines()]
    return [(row[2], float(row[0])) for row in rows if len(row) >= 3 and row[0][0].isdigit()]


def _read(wave: bytes, ends: list[tuple[str, float]], pitch: float) -> Said:
    """Sound and phone ends as a synthesizer gave them, played `pitch` times as fast."""
    samples, sample_rate = soundfile.read(io.BytesIO(wave), dtype="float32")
    starts = [0.0, *(end for _, end in ends[:-1])]
    faster = round(sample_rate * pitch)
    symbols = [from_arpabet(name) for name, _ in ends]
    return _said(at_16_khz(samples, faster), symbols, [start * sample_rate / faster for start in starts])


def _said(samples: NDArray[np.int16], symbols: list[str], starts: list[float]) -> Said:
    names, borders = tiled(symbols, starts, len(samples) / SAMPLE_RATE)
    return Said(samples, names, borders)
