"""Scenes: some seconds of people speaking, with pauses, rooms and noises, and what is to be heard in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from speech_corpus import Utterance

from avatar_nodes.features.pitch_model import PitchTracker
from avatar_nodes.features.speech_features_model import SpeechFeatureStream
from avatar_nodes.motion.coarticulation_model import Sound
from training import augment
from training.augment import RATE, Random
from training.labels import Labels, labels_of, sounds_from

CHUNK = RATE // 10  # samples that the features take at once


@dataclass(frozen=True)
class SceneSettings:
    """How wild scenes are; the `scenes` of the encoder's part of the config."""

    seconds: float = 12.0
    shares: Mapping[str, float] = field(default_factory=dict)  # source -> how often, against 1
    resize: tuple[float, float] = (0.82, 1.22)
    noisy: float = 0.6  # how many scenes have noise, and so on
    reverberant: float = 0.35
    coloured: float = 0.8
    coarse: float = 0.1
    clean: float = 0.15  # nothing of all that
    empty: float = 0.05  # nobody speaks
    peak_db: tuple[float, float] = (-45.0, 0.0)


class SceneMaker:
    """Draws scenes from a corpus; the same generator gives the same scene."""

    def __init__(
        self, corpus: Sequence[Utterance], noises: Sequence[NDArray[np.float32]], settings: SceneSettings
    ) -> None:
        if not corpus:
            raise ValueError("the corpus is empty: make one with tools/make_speech_data.py")
        self.settings, self.noises = settings, noises
        self.voices: dict[str, list[Utterance]] = {}
        for utterance in corpus:
            self.voices.setdefault(utterance.voice, []).append(utterance)
        self.names = sorted(self.voices)
        self.chances = self._chances()

    def _chances(self) -> NDArray[np.float64]:
        """Voices of a source share its part by the root of how much they say."""
        says = np.array([np.sqrt(sum(u.seconds for u in self.voices[name])) for name in self.names])
        sources = [self.voices[name][0].source for name in self.names]
        for source in set(sources):
            its = np.array([s == source for s in sources])
            says[its] *= self.settings.shares.get(source, 1.0) / says[its].sum()
        return np.asarray(says / says.sum())

    def scene(self, random: Random) -> tuple[NDArray[np.float16], Labels]:
        """Rows (R, 82) as speech_features makes them, and their labels."""
        length = int(self.settings.seconds * RATE)
        sounds: list[Sound] = []
        voice = np.zeros(length, np.float32)
        if random.random() >= self.settings.empty:
            self._speak(voice, sounds, random)
        else:
            for at in random.integers(0, length, random.integers(0, 6)):
                self._breathe(voice, int(at), 0.1, random)
        heard = self._through_the_air(voice, random)
        rows = rows_of(heard)
        return rows.astype(np.float16), labels_of(sounds, len(rows))

    def _speak(self, voice: NDArray[np.float32], sounds: list[Sound], random: Random) -> None:
        """Fill (n,) samples with utterances of one or more voices, and pauses, some with a breath."""
        at = int(random.exponential(0.5) * RATE) if random.random() < 0.7 else 0
        name, size, gain = self._speaker(random)
        while at < len(voice):
            if random.random() < 0.2:
                name, size, gain = self._speaker(random)
            utterance = _part_of(self.voices[name][random.integers(len(self.voices[name]))], random)
            sound = augment.resized(utterance.samples.astype(np.float32) / 32768, size)
            sound = sound * np.float32(gain / np.sqrt(augment.speaking_power(sound)))
            part = voice[at : at + len(sound)]
            part += sound[: len(part)]
            start = at / RATE
            sounds += sounds_from(utterance.symbols, utterance.starts / size + start, utterance.ends / size + start)
            at += len(sound)
            pause = int(random.exponential(random.choice([0.4, 1.5])) * RATE) if random.random() < 0.5 else 0
            if pause > 0.5 * RATE and random.random() < 0.6:
                self._breathe(voice, at + pause // 4, gain, random)
            at += pause

    def _speaker(self, random: Random) -> tuple[str, float, float]:
        """Whose voice, how much smaller, and how loud."""
        low, high = np.log(self.settings.resize)
        name = self.names[random.choice(len(self.names), p=self.chances)]
        return name, float(np.exp(random.uniform(low, high))), 0.1 * 10.0 ** (random.uniform(-5.0, 5.0) / 20.0)

    @staticmethod
    def _breathe(voice: NDArray[np.float32], at: int, gain: float, random: Random) -> None:
        air = augment.breath(random) * np.float32(gain * 10.0 ** (-random.uniform(0.0, 25.0) / 20.0))
        part = voice[at : at + len(air)]
        part += air[: len(part)]

    def _through_the_air(self, voice: NDArray[np.float32], random: Random) -> NDArray[np.float32]:
        """Room, noise, microphone, level."""
        settings = self.settings
        loud = augment.speaking_power(voice) if voice.any() else 1e-4
        if random.random() >= settings.clean:
            if random.random() < settings.reverberant:
                voice = augment.room(voice, random)
            if random.random() < settings.noisy:
                voice = augment.mixed(voice, self._noise(len(voice), random), random.uniform(0.0, 35.0), loud)
            if random.random() < settings.coloured:
                voice = augment.microphone(voice, random)
            if random.random() < settings.coarse:
                voice = augment.coarse(voice, random)
        # No recording is quite silent.
        hiss = random.standard_normal(len(voice)).astype(np.float32)
        if random.random() < 0.7:
            voice = augment.mixed(voice, hiss, random.uniform(40.0, 75.0), loud)
        peak_db = random.triangular(settings.peak_db[0], -8.0, settings.peak_db[1])
        return voice * np.float32(10.0 ** (peak_db / 20.0) / (np.abs(voice).max() + 1e-9))

    def _noise(self, length: int, random: Random) -> NDArray[np.float32]:
        kind = random.choice(["colour", "babble", "tones", "hum", "recorded"], p=[0.35, 0.2, 0.1, 0.05, 0.3])
        if kind == "recorded" and self.noises:
            noise = self.noises[random.integers(len(self.noises))]
            at = int(random.integers(len(noise)))
            return np.resize(np.roll(noise, -at) if len(noise) < 60 * RATE else noise[at:], length)
        if kind == "babble":
            return self._babble(length, random)
        if kind == "tones":
            return augment.tones(length, random)
        return augment.hum(length, random) if kind == "hum" else augment.coloured_noise(length, random)

    def _babble(self, length: int, random: Random) -> NDArray[np.float32]:
        """Several voices at once, far away."""
        made = np.zeros(length, np.float32)
        for _ in range(random.integers(3, 8)):
            voice = self.voices[self.names[random.integers(len(self.names))]]
            far = np.resize(voice[random.integers(len(voice))].samples, length)
            made += np.roll(far, random.integers(length)).astype(np.float32) / 32768
        return augment.room(made, random)


def _part_of(whole: Utterance, random: Random) -> Utterance:
    """A long utterance from somewhere in its middle on, often: scenes are shorter."""
    if whole.seconds < 4.0 or random.random() < 0.4:
        return whole
    first = int(random.integers(1, np.searchsorted(whole.starts, whole.seconds - 3.0) + 1))
    start = float(whole.starts[first])
    return replace(
        whole,
        samples=whole.samples[round(start * RATE) :],
        symbols=whole.symbols[first:],
        starts=whole.starts[first:] - start,
        ends=whole.ends[first:] - start,
    )


class NoPitch(PitchTracker):
    """Hears no voice, quickly."""

    def track(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Zeros (rows,)."""
        return np.zeros(len(windows), np.float32)


class PitchlessStream(SpeechFeatureStream):
    """Speech features for those who do not ask for the pitch: the encoder does not, and it is most of the work."""

    def __init__(self, sample_rate: int) -> None:
        super().__init__(sample_rate)
        self._pitch = NoPitch(RATE)


def rows_of(sound: NDArray[np.float32], rate: int = RATE) -> NDArray[np.float32]:
    """Rows (R, 82) of mono sound (n,), by the features that streaming uses; the pitch is left out."""
    stream = PitchlessStream(rate)
    made = [stream.add(sound[start : start + CHUNK]) for start in range(0, len(sound), CHUNK)]
    made.append(stream.finish())
    columns = [np.concatenate([getattr(rows, name) for rows in made]) for name in ("mel", "loudness", "pitch")]
    return np.concatenate([columns[0], columns[1][:, None], columns[2][:, None]], axis=1)
