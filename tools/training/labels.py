"""What the encoder is to hear in a sound whose phones are known, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.motion.coarticulation_model import CLOSING_S, DECAY, REACH_S, REST_DOMINANCE, Sound
from avatar_nodes.motion.speech_encoder_model import CLASSES
from avatar_nodes.motion.visemes_model import LIP_NAMES, REST, TONGUE, UNKNOWN, VISEMES, visemes_of

ROW_S = 0.01
HALF_FRAME_S = 0.02  # of motion
PIECE = 400  # rows that are worked out at once
IGNORED = 255  # a class that says nothing
HOLD_S, EDGE_S = 0.010, 0.020  # an event lasts that much beyond its phone, and fades over that much more
BREAK_S = 0.12  # shorter pauses are part of speech
NUMBER = {id(viseme): number for number, viseme in enumerate(CLASSES)}
CLOSED, AT_TEETH = VISEMES["p"], VISEMES["f"]

Floats = NDArray[np.float32]


@dataclass
class Labels:
    """Truth for each row, at the row's time."""

    lips: Floats  # (rows, 12) as LIP_NAMES
    events: Floats  # (rows, 3) closure, touch, speech: 0 to 1
    phones: NDArray[np.uint8]  # (rows,) number of a class; IGNORED: unknown


def sounds_from(symbols: Sequence[str], starts: Sequence[float], ends: Sequence[float]) -> list[Sound]:
    """The visemes of phones with times in s; those of one phone share its time equally."""
    made: list[Sound] = []
    for symbol, start, end in zip(symbols, starts, ends, strict=True):
        visemes = visemes_of(symbol)
        step = (end - start) / len(visemes)
        made += [Sound(v, start + i * step, start + (i + 1) * step) for i, v in enumerate(visemes)]
    return made


def labels_of(sounds: Sequence[Sound], rows: int) -> Labels:
    """The labels of `rows` rows from time zero on; where no sound is, there is rest."""
    times = np.arange(rows) * ROW_S
    lips = lips_over(times, sounds)[0].astype(np.float32)
    closed = [s for s in sounds if s.viseme is CLOSED]
    at_teeth = [s for s in sounds if s.viseme is AT_TEETH]
    events = [_held(times, closed), _held(times, at_teeth), _spoken(times, sounds)]
    return Labels(lips, np.stack(events, axis=1).astype(np.float32), _classes(times, sounds))


def lips_over(times: NDArray[np.float64], sounds: Sequence[Sound]) -> tuple[Floats, Floats]:
    """coarticulation_model.lips_at for many times (T,) at 25 Hz: amounts (T, 12), closures (T,)."""
    amounts, closures = np.zeros((len(times), len(LIP_NAMES)), np.float32), np.zeros(len(times), np.float32)
    for first in range(0, len(times), PIECE):
        part = slice(first, first + PIECE)
        low, high = times[part][0] - 0.5, times[part][-1] + 0.5
        near = [s for s in sounds if s.end > low and s.start < high]
        if near:
            amounts[part], closures[part] = _lips_near(times[part], near)
    return amounts, closures


def _lips_near(times: NDArray[np.float64], sounds: Sequence[Sound]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    middle = np.array([s.middle for s in sounds])
    length = np.array([s.end - s.start for s in sounds])
    firmness = np.stack([s.viseme.firmness for s in sounds])  # (S, 12)
    targets = np.stack([s.viseme.targets for s in sounds])
    away = np.abs(times[:, None] - middle)  # (T, S)
    distance = np.maximum(away - 0.25 * length, 0.0)
    reach = np.exp(-DECAY * distance / REACH_S) * np.where([s.viseme is REST for s in sounds], 0.6, 1.0)
    reach[distance > 2.5 * REACH_S] = 0.0
    amounts = reach @ (firmness * targets) / (REST_DOMINANCE + reach @ firmness)
    hold = np.maximum(length / 6, HALF_FRAME_S + 1e-6)
    open_ = np.clip((away - hold) / CLOSING_S, 0.0, 1.0)
    full = np.array([s.viseme.closure for s in sounds])
    closure = np.max(full * (1.0 - open_ * open_ * (3.0 - 2.0 * open_)), axis=1)
    amounts[:, TONGUE] *= 1.0 - closure
    return amounts, closure


def _held(times: NDArray[np.float64], sounds: Sequence[Sound]) -> NDArray[np.float64]:
    """1 where one of the sounds lasts, with soft edges; (T,)."""
    held = np.zeros(len(times))
    for sound in sounds:
        outside = np.maximum(np.maximum(sound.start - times, times - sound.end) - HOLD_S, 0.0)
        held = np.maximum(held, 1.0 - np.minimum(outside / EDGE_S, 1.0))
    return held


def _spoken(times: NDArray[np.float64], sounds: Sequence[Sound]) -> NDArray[np.float64]:
    spoken = [s for s in sounds if s.viseme is not REST or s.end - s.start < BREAK_S]
    while spoken and spoken[0].viseme is REST:
        spoken = spoken[1:]
    while spoken and spoken[-1].viseme is REST:
        spoken = spoken[:-1]
    return _held(times, spoken)


def _classes(times: NDArray[np.float64], sounds: Sequence[Sound]) -> NDArray[np.uint8]:
    classes = np.full(len(times), NUMBER[id(REST)], np.uint8)
    for sound in sounds:
        inside = slice(*np.searchsorted(times, [sound.start, sound.end]))
        classes[inside] = IGNORED if sound.viseme is UNKNOWN else NUMBER[id(sound.viseme)]
    return classes
