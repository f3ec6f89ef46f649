"""Add recordings of people to a corpus of speech: align them with what is said in them.

    python tools/align_recordings.py --out speech --sounds FOLDER --texts FILE --voice NAME --licence "CC BY-SA 3.0"

FILE has one line a recording, `name: what is said`; recordings are FOLDER/name.EXT, of any format FFmpeg reads.
A text in brackets names a noise and is passed over. What aligns badly is left out and counted.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from align_speech import AlignError, align
from numpy.typing import NDArray
from rich.progress import track
from speech_corpus import SAMPLE_RATE, Licence, Utterance, write_licence, write_voice

POOREST = {"en": -25.0}  # alignment score; of another language, whose sounds are only near English ones:
POOREST_ELSEWHERE = -35.0
LONGEST_S = 60.0
SOUNDS = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".g722")


class NotUsed(Exception):
    """Why a recording is left out."""


def read_texts(path: Path) -> dict[str, str]:
    """Recording name to what is said in it; lines that begin with `;` are comments."""
    lines = (line.split(":", 1) for line in path.read_text("utf-8").splitlines() if ":" in line and line[0] != ";")
    return {name.strip(): text.strip() for name, text in lines if text.strip() and text.strip()[0] not in "[("}


def read_sound(path: Path) -> NDArray[np.int16]:
    """A recording (n,) at SAMPLE_RATE, its channels mixed."""
    with av.open(str(path)) as file:
        resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE)
        parts = [part.to_ndarray()[0] for frame in file.decode(audio=0) for part in resampler.resample(frame)]
        parts += [part.to_ndarray()[0] for part in resampler.resample(None)]
    return np.asarray(np.concatenate(parts), np.int16)


def find_sound(folder: Path, name: str) -> Path:
    """FOLDER/name.EXT, EXT as in SOUNDS; raises NotUsed where there is none, or where the name leads out of it."""
    wanted = folder / name
    near = sorted(wanted.parent.glob(f"{wanted.name}.*")) if ".." not in name else []
    found = [path for path in near if path.suffix in SOUNDS]
    if not found:
        raise NotUsed("no recording")
    return found[0]


def utterance_of(path: Path, text: str, name: str, voice: str, language: str) -> Utterance:
    """One recording with its phones; raises NotUsed."""
    samples = read_sound(path)
    if len(samples) > LONGEST_S * SAMPLE_RATE:
        raise NotUsed("too long")
    found = align(samples, text, language)
    if found.score < POOREST.get(language[:2], POOREST_ELSEWHERE):
        raise NotUsed("aligned badly")
    return Utterance(f"{voice}-{name}", voice, language, "human", samples, found.symbols, found.starts, found.ends)


def usable(folder: Path, texts: dict[str, str], voice: str, language: str, left: Counter[str]) -> Iterator[Utterance]:
    """The utterances that aligned; `left` counts the others by reason."""
    for name, text in track(texts.items(), voice):
        try:
            yield utterance_of(find_sound(folder, name), text, name, voice, language)
        except NotUsed as reason:
            left[str(reason)] += 1
        except (av.FFmpegError, AlignError) as error:
            if "installed" in str(error):
                sys.exit(str(error))
            left[type(error).__name__] += 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Align recordings of people with their texts.")
    parser.add_argument("--out", type=Path, required=True, help="the corpus")
    parser.add_argument("--sounds", type=Path, required=True, help="folder of recordings")
    parser.add_argument("--texts", type=Path, required=True, help="`name: what is said`, one line each")
    parser.add_argument("--voice", required=True, help="a name for the speaker")
    parser.add_argument("--language", default="en-us")
    parser.add_argument("--origin", default="", help="where the recordings come from")
    parser.add_argument("--licence", required=True)
    return parser.parse_args()


def main() -> None:
    """Align, say what was left out, write the voice."""
    arguments = parse()
    if not arguments.texts.is_file() or not arguments.sounds.is_dir():
        sys.exit(f"{arguments.texts} is no file, or {arguments.sounds} no folder")
    left: Counter[str] = Counter()
    texts = read_texts(arguments.texts)
    found = list(usable(arguments.sounds, texts, arguments.voice, arguments.language, left))
    print(f"{len(found)} recordings, {sum(some.seconds for some in found) / 60:.1f} minutes")
    print("".join(f"left out: {count} ({reason})\n" for reason, count in left.most_common()), end="")
    if not found:
        sys.exit("nothing to write")
    write_voice(arguments.out, arguments.voice, found)
    licence = Licence(arguments.voice, arguments.language, "human", arguments.origin, arguments.licence)
    write_licence(arguments.out, licence)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("stopped; nothing was written")
