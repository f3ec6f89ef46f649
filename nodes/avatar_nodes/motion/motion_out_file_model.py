"""Write motion to a file that is either whole under its name, or plainly a part under another."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.motion.motion_columns_model import COLUMNS, FIRST_LINE, NS_PER_S
from avatar_nodes.payloads import FaceMotion
from avatar_nodes.sinks.partial_name_model import PartialName
from avatar_nodes.sinks.provenance import LABEL

COMMENTS = (
    FIRST_LINE,
    f"# {LABEL}",
    "# time in seconds; angles in degrees; headX Y Z in distances between the pupils; closure and the 52 from 0 to 1",
)


class PartialMotionFile:
    """Writes frames to a partial name beside `path`, which is not touched before `finish`.

    Every frame is a line that reaches the file at once, so that a part can be read. Raises OSError where the file
    cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.frames = 0
        self._name = PartialName(path)
        self._file = self._name.path.open("w", encoding="utf-8", newline="", buffering=1)
        self._lines = csv.writer(self._file, lineterminator="\n")
        try:
            self._file.writelines(f"{comment}\n" for comment in COMMENTS)
            self._lines.writerow(COLUMNS)
        except OSError:
            self.abandon()
            raise

    def write(self, timestamp: int, motion: FaceMotion) -> None:
        """Add a frame that `check_motion` let pass; timestamps (ns) rise."""
        self._check_there()
        self._lines.writerow(_cells(timestamp, motion))
        self.frames += 1

    def finish(self) -> None:
        """Complete the file, and put it under its name."""
        self._check_there()
        self._file.close()
        self._name.path.replace(self.path)
        self._name.release()

    def abandon(self) -> Path | None:
        """Leave what is there under its partial name; returns that, or None where it was deleted."""
        kept = self._name.path if self._name.there else None
        with contextlib.suppress(OSError):  # of a full disk, which was told before
            self._file.close()
        self._name.release()
        return kept

    def _check_there(self) -> None:
        if not self._name.there:
            raise FileNotFoundError(f"{self._name.path.name} was deleted while it was written")


def check_motion(motion: FaceMotion) -> None:
    """Raise ValueError for a frame with NaN or infinity."""
    for name, values in _arrays(motion):
        if not np.isfinite(values).all():
            raise ValueError(f"{name} of the motion is NaN or infinite")


def _arrays(motion: FaceMotion) -> Iterator[tuple[str, NDArray[np.float32]]]:
    yield "head", motion.head
    yield "expression", motion.expression
    yield "closure", np.array(motion.closure)
    if motion.gaze is not None:
        yield "gaze", motion.gaze
    if motion.dynamics is not None:
        yield "dynamics", motion.dynamics


def _cells(timestamp: int, motion: FaceMotion) -> list[str]:
    gaze = ["", ""] if motion.gaze is None else _texts(motion.gaze)
    dynamics = [] if motion.dynamics is None else _texts(motion.dynamics)
    whole, part = divmod(timestamp, NS_PER_S)
    time = f"{whole}.{part:09d}".rstrip("0").rstrip(".")
    closure = repr(float(motion.closure)).removesuffix(".0")
    numbers = [*_texts(motion.head), *gaze, closure, *_texts(motion.expression)]
    return [time, *numbers, motion.basis if dynamics else "", " ".join(dynamics)]


def _texts(values: NDArray[np.float32]) -> list[str]:
    """The shortest text that reads as the same float32."""
    return [str(value).removesuffix(".0") for value in values]
