"""Saved motion: a CSV of one line a frame, which a spreadsheet or a script can edit, read strictly."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.motion.motion_columns_model import (
    COLUMNS,
    FIRST_LINE,
    GAZE_AT,
    GAZE_NAMES,
    LARGEST,
    MOST_BYTES,
    MOST_COMPONENTS,
    MOST_FRAMES,
    MOST_MISTAKES,
    MOST_SECONDS,
    NS_PER_S,
    NUMBER_NAMES,
    TEXT_NAMES,
)
from avatar_nodes.motion.saved_motion_model import SavedMotion

_GAZE_COLUMNS = frozenset(NUMBER_NAMES.index(name) for name in GAZE_NAMES)


class MotionFileError(Exception):
    """A file that is no motion; says every mistake with its line and its column."""


def read_motion(path: Path) -> SavedMotion:
    """Read a whole file; raises MotionFileError, OSError where it cannot be opened."""
    if path.stat().st_size > MOST_BYTES:
        raise MotionFileError(f"{path} is larger than {MOST_BYTES // 1_000_000} MB, expected a saved motion")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _Reading(path).read(file)
    except UnicodeDecodeError as error:
        raise MotionFileError(f"{path} is not UTF-8 text (byte {error.start}), expected a saved motion") from None


def label_of(path: Path) -> str | None:
    """What the comments at the head of a saved motion say; None where it is no such file."""
    with path.open("rb") as file:
        lines = file.read(4096).decode("utf-8-sig", errors="replace").splitlines()
    if not lines or not lines[0].startswith(FIRST_LINE.rstrip("0123456789")):
        return None
    return "\n".join(line for line in lines if line.startswith("#"))


class _Reading:
    """Line by line; mistakes are collected and raised at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mistakes: list[str] = []
        self._uncounted = 0  # mistakes beyond those that are told
        self._columns: list[str] = []
        self._numbers_at: list[int] = []  # column in the file of each number it has
        self._goes_to: list[int] = []  # its place in NUMBER_NAMES
        self._times: list[int] = []
        self._frames: list[NDArray[np.float64]] = []
        self._dynamics: dict[int, tuple[str, NDArray[np.float32]]] = {}

    def read(self, file: Iterable[str]) -> SavedMotion:
        """All of it."""
        for line, cells in self._lines(file):
            if not self._columns:
                self._head(line, cells)
            else:
                self._frame(line, cells)
        if not self._mistakes and not self._frames:
            self._add("it holds no frame; expected one line for each, below the names of the columns")
        if self._mistakes:
            raise MotionFileError(self._told())
        return SavedMotion(np.array(self._times, np.int64), np.stack(self._frames), self._dynamics)

    def _lines(self, file: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
        """Line numbers and cells, without comments and empty lines."""
        reader = csv.reader(file, strict=True)
        try:
            for cells in reader:
                first = cells[0].strip() if cells else ""
                if reader.line_num == 1 and first.rstrip(";") != FIRST_LINE:
                    raise MotionFileError(f"{self._path}: line 1 is {first[:40]!r}, expected {FIRST_LINE!r}")
                if any(cells) and not first.startswith("#"):
                    yield reader.line_num, cells
        except csv.Error as error:
            self._add(f"line {reader.line_num}: {error}")

    def _head(self, line: int, cells: list[str]) -> None:
        """The names of the columns; a column that is missing is 0 in every frame, but there must be the time."""
        if ";" in cells[0]:
            raise MotionFileError(f"{self._path}: line {line}: expected commas between the cells, not semicolons")
        self._columns = [cell.strip() for cell in cells]
        while self._columns and not self._columns[-1]:  # spreadsheets fill up
            self._columns.pop()
        for column, name in enumerate(self._columns):
            if name not in COLUMNS:
                near = get_close_matches(name, COLUMNS, n=1)
                self._add(f"line {line}, column {column + 1}: unknown name {name[:40]!r}" + _meant(near))
            elif name in self._columns[:column]:
                self._add(f"line {line}, column {column + 1}: {name} is there twice")
            elif name in NUMBER_NAMES:
                self._numbers_at.append(column)
                self._goes_to.append(NUMBER_NAMES.index(name))
        if "time" not in self._columns:
            self._add(f"line {line}: no column is named time; expected the seconds from the start")

    def _frame(self, line: int, cells: list[str]) -> None:
        extra = [cell for cell in cells[len(self._columns) :] if cell.strip()]
        if len(cells) < len(self._columns) or extra:
            self._add(f"line {line}: {len(cells)} cells, expected {len(self._columns)}, as the columns have names")
            return
        if len(self._frames) == MOST_FRAMES:
            raise MotionFileError(f"{self._path} has more than {MOST_FRAMES:,} frames, line {line}")
        time, numbers = self._time(line, cells), self._numbers(line, cells)
        self._add_dynamics(line, cells)
        self._times.append(time)
        self._frames.append(numbers)

    def _time(self, line: int, cells: list[str]) -> int:
        """Nanoseconds; what is wrong is told, and goes on with the time before."""
        before = self._times[-1] if self._times else -1
        if "time" not in self._columns:  # told already
            return before
        text = cells[self._columns.index("time")].strip()
        try:
            seconds = Decimal(text)
        except InvalidOperation:
            seconds = Decimal("NaN")
        if not seconds.is_finite() or not 0 <= seconds <= MOST_SECONDS:
            self._add(f"line {line}, time: {text[:40]!r}, expected seconds from 0 to {MOST_SECONDS:,}")
            return before
        found = int((seconds * NS_PER_S).to_integral_value())
        if found <= before:
            self._add(f"line {line}, time: {text} s is not after the frame before it")
        return found

    def _numbers(self, line: int, cells: list[str]) -> NDArray[np.float64]:
        """As NUMBER_NAMES, (61,); NaN where there is no gaze."""
        found = np.zeros(len(NUMBER_NAMES))
        found[GAZE_AT] = np.nan
        texts = [cells[column] for column in self._numbers_at]
        try:
            found[self._goes_to] = [float(text or "nan") for text in texts]
        except ValueError:
            found[self._goes_to] = [_number(text) for text in texts]
        wrong = ~(np.abs(found) <= LARGEST)
        if wrong.any():
            self._tell_wrong(line, wrong, dict(zip(self._goes_to, texts, strict=True)))
        return found

    def _tell_wrong(self, line: int, wrong: NDArray[np.bool_], texts: dict[int, str]) -> None:
        no_gaze = not any(texts.get(place, "").strip() for place in _GAZE_COLUMNS)
        for place in map(int, np.flatnonzero(wrong)):
            if place in _GAZE_COLUMNS and no_gaze:
                continue
            text = texts.get(place, "").strip()
            expected = f"a number up to {LARGEST:.1e}" + (", or both of gaze empty" if place in _GAZE_COLUMNS else "")
            self._add(f"line {line}, {NUMBER_NAMES[place]}: {text[:40]!r}, expected {expected}")

    def _add_dynamics(self, line: int, cells: list[str]) -> None:
        basis, text = (cells[self._columns.index(name)].strip() if name in self._columns else "" for name in TEXT_NAMES)
        parts = text.split(maxsplit=MOST_COMPONENTS)
        found = np.array([_number(part) for part in parts])
        if len(parts) > MOST_COMPONENTS or not np.all(np.abs(found) <= LARGEST):
            self._add(f"line {line}, dynamics: expected up to {MOST_COMPONENTS} numbers with spaces between them")
        elif parts:
            self._dynamics[len(self._frames)] = (basis, found.astype(np.float32))

    def _add(self, mistake: str) -> None:
        if len(self._mistakes) < MOST_MISTAKES:
            self._mistakes.append(mistake)
        else:
            self._uncounted += 1

    def _told(self) -> str:
        more = [f"and {self._uncounted} mistakes more"] if self._uncounted else []
        return "\n".join([f"{self._path}: {mistake}" for mistake in self._mistakes] + more)


def _number(text: str) -> float:
    """NaN for what is none."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _meant(near: list[str]) -> str:
    return f"; did you mean {near[0]!r}?" if near else ""
