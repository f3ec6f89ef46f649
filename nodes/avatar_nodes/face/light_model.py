"""A person in the photo's own place, with skin that is lit otherwise than in the photo."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.compose_model import Words, words_of
from avatar_nodes.face.kernel_model import compiled

Numbers = NDArray[np.float32]
Lanes = NDArray[np.uint16]
Box = tuple[int, int, int, int]

_SEEN = 1 / 1024  # of a gain: what is less changes no level
_NOWHERE = (0, 0, 0, 0)
_HALF, _ONE = np.float32(0.5), np.float32(1.0)
_LANES, _NEXT = np.uint64(4), np.uint64(1)


class LitPerson:
    """One person (size, size, 4), colours multiplied by alpha, as `compose_rows` reads it, under changing light."""

    def __init__(self, person: NDArray[np.uint8], tint: tuple[float, float, float]) -> None:
        """`tint`: how much of a gain's change red, green and blue take."""
        self._size = len(person)
        self._words = words_of(person)
        self._lit = self._words.copy()
        self._tint = np.array([*tint, 0.0], np.float32)
        self._changed: Box = _NOWHERE

    def under(self, gain: Numbers | None) -> Words:
        """The person where `gain` (cells, cells) says how much brighter each part of the photo becomes (1: as it is).

        What was given before is written over.
        """
        box = _NOWHERE if gain is None else self._box(gain)
        if gain is None or (box == _NOWHERE and self._changed == _NOWHERE):
            return self._words
        cells = (np.arange(self._size) + 0.5) * len(gain) / self._size - 0.5
        cells = np.clip(cells, 0.0, len(gain) - 1.001).astype(np.float32)
        both = np.array(_joined(box, self._changed))
        _light(self._lanes(self._words), np.maximum(gain, 0), self._tint, cells, both, self._lanes(self._lit))
        self._changed = box
        return self._lit

    def _lanes(self, words: Words) -> Lanes:
        return words.view(np.uint16).reshape(self._size + 1, self._size + 1, 4)

    def _box(self, gain: Numbers) -> Box:
        """Left, right, top, bottom, px, of what is changed."""
        changed = np.abs(gain - _ONE) > _SEEN
        cell = self._size / len(gain)
        sides: list[int] = []
        for axis in (0, 1):
            where = np.flatnonzero(changed.any(axis=axis))
            if not len(where):
                return _NOWHERE
            sides += [max(int((where[0] - 1) * cell), 0), min(int((where[-1] + 2) * cell) + 1, self._size)]
        return sides[0], sides[1], sides[2], sides[3]


def _joined(one: Box, other: Box) -> Box:
    if _NOWHERE in (one, other):
        return one if other == _NOWHERE else other
    return min(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), max(one[3], other[3])


@compiled
def _light(person: Lanes, gain: Numbers, tint: Numbers, cells: Numbers, box: NDArray[np.int64], lit: Lanes) -> None:
    """Fill a box of `lit` with the person, brighter by the gain between its cells; `cells` (size,) is where px lie.

    Each row in three plain loops, which become vector instructions.
    """
    line = np.empty(len(gain), np.float32)
    by, most = np.empty(4 * len(cells), np.float32), np.empty(4 * len(cells), np.float32)
    for y in range(box[2], box[3]):
        j = int(cells[y])
        for i in range(len(gain)):
            line[i] = gain[j, i] + (gain[j + 1, i] - gain[j, i]) * (cells[y] - np.float32(j)) - _ONE
        for x in range(np.uint64(box[0]), np.uint64(box[1])):
            left = np.uint64(np.int32(cells[x]))
            more = line[left] + (line[left + _NEXT] - line[left]) * (cells[x] - np.float32(np.int32(cells[x])))
            for k in range(_LANES):
                by[_LANES * x + k] = _ONE + more * tint[k]
                most[_LANES * x + k] = np.float32(person[y, x, 3])
        dark, light = person[y].reshape(-1), lit[y].reshape(-1)
        for at in range(np.uint64(4 * box[0]), np.uint64(4 * box[1])):
            value = min(max(np.float32(dark[at]) * by[at], np.float32(0.0)), most[at])
            light[at] = np.uint16(np.int32(value + _HALF))
