"""Make a folder of speech with exact phone times, to train the speech encoder and the lips on.

    python tools/make_speech_data.py --out speech [--hours 5] [--voices slt,espeak-de] [--texts en=book.txt ...]

Synthesizers: espeak-ng (comes with the package), flite and festival (Debian packages of these names, and festvox-*).
The same seed, texts and programs give the same files. A voice that is there already is left as it is, so the command
goes on where it was stopped. What is not installed is named and left out.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.progress import Progress
from speech_corpus import PAUSE, SAMPLE_RATE, Licence, Utterance, tiled, write_licence, write_voice
from speech_texts import find_files, made_up, package_of, read_sentences, read_words
from synthesizers import Engine, Manner, NotInstalled, Said, espeak, festival, flite, pico

ENGINES: dict[str, Engine] = {"espeak": espeak, "flite": flite, "festival": festival, "pico": pico}
ORIGINS = {
    "espeak": ("espeak-ng through espeakng-loader; formants, no recordings", "GPL-3.0 program"),
    "flite": ("Debian flite; from recordings of CMU", "CMU licence (BSD-like)"),
    "festival": ("Debian festival and festvox packages; from recordings", "see the festvox package's copyright"),
    "pico": ("Debian libttspico (non-free); from recordings; phones aligned", "Apache-2.0 says the source"),
}
ROUND = 12  # sentences given to an engine at once
PHRASE_PAUSE_S = (0.12, 1.4)  # the silence between two sentences
MADE_UP = 0.3  # of the English sentences
SENTENCES_MAX = 4  # of one utterance
PICO = (("en-US", 6.0), ("en-GB", 6.0), ("de-DE", 4.0), ("es-ES", 4.0), ("fr-FR", 4.0), ("it-IT", 4.0))


@dataclass(frozen=True)
class Voice:
    """One speaker: what an engine calls it, and how much of the corpus it speaks, relative to the others."""

    name: str
    engine: str
    spoken_by: str
    language: str
    share: float
    pitch: tuple[float, float] = (0.9, 1.12)
    speed: tuple[float, float] = (0.8, 1.3)


def _espeak_voices() -> list[Voice]:
    accents = ("en-us+f2", "en-us+m3", "en-gb+f4", "en-gb+m1", "en-gb-scotland+m7", "en-us-nyc+Annie", "en-gb-x-rp+f5",
               "en-029+m5", "en-us+Andy", "en-us+steph", "en-gb+Alicia", "en-us+klatt4")  # fmt: skip
    others = ("fr+f3", "fr+m2", "de+f2", "de+m4", "it+f4", "it+m6", "es+f1", "es+m8", "zh+f2", "zh+m3", "pl+f5",
              "pl+m1", "pt+f3", "pt+m7")  # fmt: skip
    names = [(name, 2.0) for name in accents] + [(name, 2.5) for name in others]
    wide = {"pitch": (0.5, 1.5), "speed": (0.75, 1.4)}
    return [Voice(f"espeak-{n}", "espeak", n, n.split("+")[0], share, **wide) for n, share in names]


VOICES: tuple[Voice, ...] = (
    Voice("slt", "flite", "slt", "en-us", 20.0, (0.85, 1.1)),
    Voice("rms", "flite", "rms", "en-us", 20.0, (0.92, 1.25)),
    Voice("awb", "flite", "awb", "en-gb", 20.0, (0.92, 1.2)),
    Voice("slt-hts", "festival", "cmu_us_slt_arctic_hts", "en-us", 14.0, (0.85, 1.15)),
    Voice("kal", "festival", "kal_diphone", "en-us", 8.0, (0.95, 1.3)),
    Voice("ked", "festival", "ked_diphone", "en-us", 10.0, (0.95, 1.3)),
    *(Voice(f"pico-{name}", "pico", name, name.lower(), share, (0.88, 1.12), (0.85, 1.2)) for name, share in PICO),
    *_espeak_voices(),
)


def language_of(voice: Voice) -> str:
    """The language as text files know it: the first part of the tag."""
    return voice.language.split("-")[0]


class Script:
    """Sentences for one voice, without end, in an order that only the seed and the voice's name decide."""

    def __init__(self, voice: Voice, sentences: list[str], words: list[str], seed: int) -> None:
        self._voice, self._words = voice, words
        self._rng = np.random.default_rng([seed, zlib.crc32(voice.name.encode())])
        self._sentences = [sentences[i] for i in self._rng.permutation(len(sentences))]
        self._next = 0

    def take(self, count: int) -> list[tuple[str, Manner]]:
        """The next sentences; one manner for all of them, as a person keeps theirs for a while."""
        manner = Manner(float(self._rng.uniform(*self._voice.speed)), float(self._rng.uniform(*self._voice.pitch)))
        return [(self._sentence(), manner) for _ in range(count)]

    def _sentence(self) -> str:
        if language_of(self._voice) == "en" and self._words and self._rng.random() < MADE_UP:
            return made_up(self._words, self._rng)
        self._next += 1
        return self._sentences[(self._next - 1) % len(self._sentences)]

    def pauses(self) -> Iterator[float]:
        """How long to be silent (s), again and again."""
        low, high = np.log(PHRASE_PAUSE_S)
        while True:
            yield float(np.exp(self._rng.uniform(low, high)))

    def group(self) -> int:
        """How many sentences make the next utterance."""
        return int(self._rng.integers(1, SENTENCES_MAX + 1))


def joined(name: str, voice: Voice, said: list[Said], pauses: Iterator[float]) -> Utterance:
    """Sentences as one utterance, with silence before, between and after them."""
    sound = [np.zeros(round(next(pauses) * SAMPLE_RATE), np.int16)]
    symbols, starts = [PAUSE], [0.0]
    for sentence in said:
        offset = sum(map(len, sound)) / SAMPLE_RATE
        gap = np.zeros(round(next(pauses) * SAMPLE_RATE), np.int16)
        sound += [sentence.samples, gap]
        symbols += [*sentence.symbols, PAUSE]
        starts += [*(offset + sentence.borders[:-1]), offset + sentence.borders[-1]]
    samples = np.concatenate(sound)
    names, borders = tiled(symbols, starts, len(samples) / SAMPLE_RATE)
    return Utterance(name, voice.name, voice.language, voice.engine, samples, names, borders[:-1], borders[1:])


def speak_for(voice: Voice, script: Script, seconds: float) -> Iterator[Utterance]:
    """Utterances of one voice until they last `seconds` together; raises NotInstalled."""
    pauses, done, number, empty = script.pauses(), 0.0, 0, 0
    while done < seconds and empty < 5:
        said = list(ENGINES[voice.engine](voice.spoken_by, script.take(ROUND)))
        empty = 0 if said else empty + 1
        while said and done < seconds:
            count = script.group()
            utterance = joined(f"{voice.name}-{number:04}", voice, said[:count], pauses)
            said, number, done = said[count:], number + 1, done + utterance.seconds
            yield utterance


def chosen(names: str | None) -> list[Voice]:
    """The voices whose names begin as one of those asked for, or all; exits where a name fits none."""
    asked = names.split(",") if names else [""]
    for name in asked:
        if not any(voice.name.startswith(name) for voice in VOICES):
            sys.exit(f"no voice begins with {name!r}; there are {', '.join(voice.name for voice in VOICES)}")
    return [voice for voice in VOICES if voice.name.startswith(tuple(asked))]


def texts_of(asked: list[str], voices: list[Voice]) -> dict[str, list[str]]:
    """Sentences by language, of the files asked for (`fr=FILE`, or `FILE` for English), else of what is installed."""
    paths: dict[str, list[Path]] = {}
    for item in asked:
        language, equals, name = item.partition("=")
        path = Path(name if equals else item)
        if not path.is_file():
            sys.exit(f"{path}: no such file")
        paths.setdefault(language if equals else "en", []).append(path)
    found = {}
    for language in sorted({language_of(voice) for voice in voices}):
        found[language] = read_sentences(paths.get(language) or find_files(language), language)
        if not found[language]:
            print(f"{language}: no text; `apt install {package_of(language)}`, or --texts {language}=FILE")
    return found


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make speech with exact phone times.")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to")
    parser.add_argument("--hours", type=float, default=5.0, help="how much speech in all (default 5)")
    parser.add_argument("--voices", help="names, or beginnings of names, with commas between (default: all)")
    parser.add_argument("--texts", nargs="*", default=[], metavar="LANGUAGE=FILE", help="plain text, UTF-8")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    """Speak, voice by voice; a voice's file appears when it is complete."""
    arguments = parse()
    voices = chosen(arguments.voices)
    texts = texts_of(arguments.texts, voices)
    voices = [voice for voice in voices if texts[language_of(voice)]]
    whole = sum(voice.share for voice in voices)
    with Progress() as progress:
        for voice in voices:
            seconds = arguments.hours * 3600 * voice.share / whole
            bar = progress.add_task(voice.name, total=seconds)
            if (arguments.out / f"{voice.name}.npz").exists():
                progress.update(bar, completed=seconds, description=f"{voice.name} (is there)")
                continue
            script = Script(voice, texts[language_of(voice)], read_words("en"), arguments.seed)
            utterances: list[Utterance] = []
            try:
                for utterance in speak_for(voice, script, seconds):
                    utterances.append(utterance)
                    progress.advance(bar, utterance.seconds)
            except NotInstalled as error:
                progress.console.print(f"{voice.name} is left out: {error}")
                continue
            if utterances:
                write_voice(arguments.out, voice.name, utterances)
                write_licence(arguments.out, Licence(voice.name, voice.language, voice.engine, *ORIGINS[voice.engine]))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("stopped; the same command goes on with the voices that are not there yet")
