"""What the lips are trained on: scenes with rule-made lips in many styles, and sentences with tracked lips."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tracks import Track, read_tracks

from avatar_nodes.motion.coarticulation_model import Sound
from avatar_nodes.motion.lips_model import CLOSURE, NUMBERS, STYLE_NAMES, heard_lips
from avatar_nodes.motion.loudness_model import START_ROWS, SpeechLevel
from avatar_nodes.motion.shapes_model import indices_of
from avatar_nodes.motion.speech_encoder_model import CLASSES, ROWS, SpeechEncoder
from avatar_nodes.motion.visemes_model import JAW, LIP_NAMES, UNKNOWN
from training.bank import SHARD
from training.labels import IGNORED, ROW_S, lips_over
from training.other_voices import disturbed
from training.scenes import rows_of

FRAME_S = 0.04
GAPS = 0.007  # of the rows begin a moment that is not heard
LOUDNESS, PITCH = 80, 81  # columns of a row
KEPT_OUT_EVERY = 10
SIDES = [list(indices_of(name)) for name in LIP_NAMES]
SPREAD = [LIP_NAMES.index(name) for name in ("mouthStretch", "mouthSmile", "mouthPucker", "mouthFunnel")]
USUAL_LEVEL = 0.6  # of a vowel
LEAD = 1  # frames: GRID's lips are that much before its sound (r with rule-made lips .675 there, .627 at 0)
UNREST, UNREST_FRAMES = 0.08, 5.0  # nobody speaks a word twice alike: how much, for how long

Array = NDArray[np.float32]
Half = NDArray[np.float16]


@dataclass
class Piece:
    """One scene or sentence of T frames."""

    features: Half  # (T, 128) the encoder's
    heard: Half  # (T, 13) lips and closure that the encoder expects
    ruled: Half  # (T, 13) of the phones; of a tracked sentence what is heard
    lips: Half  # (T, 13) to be learnt
    level: Half  # (T,) of loudness, 0 to 1
    sure: NDArray[np.bool_]  # (T,) where `lips` are known
    tracked: bool = False
    kept_out: bool = False


def scene_pieces(bank: Path, encoder: SpeechEncoder, count: int) -> Iterator[Piece]:
    """The first `count` scenes of a bank, heard under difficulties: the encoder knows them better than other speech."""
    shards = sorted(bank.glob("*.npz"))
    if not shards:
        raise FileNotFoundError(f"{bank}: no scenes; the training of the encoder makes them")
    scenes = ((path, index) for path in shards for index in range(SHARD))
    shard: dict[str, NDArray[Any]] = {}
    for number, (path, index) in enumerate(itertools.islice(scenes, count)):
        if index == 0:
            with np.load(path) as file:
                shard = {name: file[name] for name in ("rows", "phones")}
        if index < len(shard["rows"]):
            yield _scene_piece(shard["rows"][index], shard["phones"][index], encoder, number)


def _scene_piece(rows: Half, phones: NDArray[np.uint8], encoder: SpeechEncoder, number: int) -> Piece:
    rng = np.random.default_rng(number)
    exact = rows[: len(rows) // ROWS * ROWS].astype(np.float32)
    level = _levels(exact)
    features, heard, _ = next(_hear(encoder, _with_gaps(disturbed(exact, rng), rng)[None]))
    ruled = _half(*lips_over(np.arange(len(features)) * FRAME_S, _sounds_in(phones)))
    sure = np.ones(len(ruled), bool)
    return Piece(features, heard, ruled, ruled, level, sure, kept_out=number % (2 * KEPT_OUT_EVERY) == 0)


def _with_gaps(rows: Array, rng: np.random.Generator) -> Array:
    """Rows (n, 82) with moments that sound like the scene's mean."""
    mean = rows[:, :LOUDNESS].mean(axis=0)
    for start in np.flatnonzero(rng.random(len(rows)) < GAPS):
        rows[start : start + rng.integers(2, 13), :LOUDNESS] = mean
    return rows


def tracked_pieces(folder: Path, encoder: SpeechEncoder) -> Iterator[Piece]:
    """The tracks of a folder that have sound."""
    for track in read_tracks(folder):
        frames = min(len(track.samples) // 640, len(track.valid))
        if frames * FRAME_S < 1.0:
            continue
        rows = rows_of(track.samples[: frames * 640].astype(np.float32) / 32768)[: frames * ROWS]
        frames = len(rows) // ROWS
        features, heard, speech = next(_hear(encoder, rows[None, : frames * ROWS]))
        kept_out = zlib.crc32(Path(track.source).name.encode()) % KEPT_OUT_EVERY == 0
        lips = _tracked_lips(track, speech)[:frames]
        yield Piece(features, heard, heard, lips, _levels(rows), track.valid[:frames], True, kept_out)


def _tracked_lips(track: Track, speech: Half) -> Half:
    """Both sides' mean, in time with the sound; lips that merely rest in silence are not told to press together."""
    at = np.maximum(np.arange(len(speech)) - LEAD, 0)
    amounts = np.stack([track.expression[at][:, columns].mean(axis=1) for columns in SIDES], axis=1)
    return _half(np.clip(amounts, 0.0, 1.0), track.closure[at] * speech)


def _hear(encoder: SpeechEncoder, rows: Array) -> Iterator[tuple[Half, Half, Half]]:
    """Features (T, 128), lips and closure (T, 13) and speech (T,) of each of rows (B, 4 T, 82)."""
    with torch.inference_mode():
        heard = encoder(torch.from_numpy(np.ascontiguousarray(rows)))
    parts = (part.half().cpu().numpy() for part in (heard.features, heard_lips(heard), heard.speech))
    yield from zip(*parts, strict=True)


def _sounds_in(phones: NDArray[np.uint8]) -> list[Sound]:
    """The sounds that a class for each row tells of, exact to a row."""
    made, row = [], 0
    for number, run in itertools.groupby(phones.tolist()):
        count = len(list(run))
        viseme = UNKNOWN if number == IGNORED else CLASSES[number]
        made.append(Sound(viseme, row * ROW_S, (row + count) * ROW_S))
        row += count
    return made


def _levels(rows: Array) -> Half:
    """Loudness against background and peaks, a mean around each frame's time; rows (4 T, 82) -> (T,)."""
    loudness, voiced = rows[:, LOUDNESS].tolist(), (rows[:, PITCH] > 0.0).tolist()
    level = SpeechLevel()
    level.look_ahead(loudness[:START_ROWS], voiced[:START_ROWS])
    levels = np.array([level.step(*row) for row in zip(loudness, voiced, strict=True)])
    return np.convolve(levels, np.ones(7) / 7, mode="same")[::ROWS].astype(np.float16)


def _half(amounts: NDArray[np.floating], closure: NDArray[np.floating]) -> Half:
    return np.concatenate([amounts, closure[:, None]], axis=1).astype(np.float16)


def drawn_style(tracked: bool, rng: np.random.Generator) -> Array:
    """A style (4,) as STYLE_NAMES; often the usual one."""
    style = np.zeros(len(STYLE_NAMES), np.float32)
    if rng.random() < 0.75:
        style[:3] = rng.uniform(-1.0, 1.0, 3)
    if tracked:
        style[1], style[2], style[3] = 0.0, 0.0, 1.0
    return style


def styled(lips: Array, level: Array, style: Sequence[float] | Array, rng: np.random.Generator) -> Array:
    """Lips (T, 13) as somebody of this style moves them; `level` (T,)."""
    made = lips.copy()
    articulation, loudness, width, tracked = (float(part) for part in style)
    made[:, :CLOSURE] *= 1.4**articulation
    if tracked == 0.0:
        made[:, JAW] *= 1.0 + 0.3 * (1.0 + loudness) * (level - USUAL_LEVEL)
        made[:, SPREAD] *= 2.0**width
        made[:, :CLOSURE] *= 1.0 + UNREST * _unrest(len(lips), rng)
    return np.clip(made, 0.0, 1.0)


def _unrest(frames: int, rng: np.random.Generator) -> Array:
    """Noise (T, 12) of unit size that forgets itself in UNREST_FRAMES."""
    keep = np.exp(-1.0 / UNREST_FRAMES)
    pushes = rng.standard_normal((frames + 15, NUMBERS - 1)) * np.sqrt(1.0 - keep**2)
    kernel = keep ** np.arange(15)
    return np.stack([np.convolve(column, kernel)[15 : frames + 15] for column in pushes.T], axis=1).astype(np.float32)
