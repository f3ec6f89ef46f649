"""motion_file: the motion of a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from avatar_nodes.counted_model import counted
from avatar_nodes.payloads import FaceMotion
from graphcore import NodeError, Output, Param, Source, timestamp_of

if TYPE_CHECKING:
    from avatar_nodes.motion.saved_motion_model import SavedMotion


SPARSE_S = 5.0  # from frame to frame: more looks like milliseconds or frame numbers


class MotionFile(Source):
    """Replay motion that `motion_out_file` saved, or that somebody wrote or edited, on any photo.

    Frames come at the graph's frame rate; where that is not the file's, they are mixed from the two nearest.
    A column that the file does not have is 0 in every frame.
    """

    motion = Output(FaceMotion, doc="one packet for each video frame")
    path = Param.file_in(doc="a .csv as motion_out_file writes it")

    _saved: SavedMotion | None = None

    def open(self) -> None:
        from avatar_nodes.motion.motion_file_model import MotionFileError, read_motion

        try:
            self._saved = read_motion(self.path)
        except MotionFileError as error:
            raise NodeError(str(error)) from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise NodeError(f"{self.path}: cannot be read ({reason})", fix="expected a saved motion") from None
        self._tell_sparse(self._saved.usual_step_s)
        self._tell_beyond(*self._saved.beyond())
        self.context.expect(int(self._saved.times[-1]))

    def produce(self) -> Iterator[None]:
        assert self._saved is not None
        rate = self.context.frame_rate
        index = _frames_until(int(self._saved.times[0]), rate.numerator, rate.denominator)  # on the graph's grid
        end = int(self._saved.times[-1])
        while (now := timestamp_of(index, rate.numerator, rate.denominator)) <= end:
            self.motion.send(self._saved.at(now), timestamp=now)
            yield
            index += 1

    def close(self) -> None:
        self._saved = None

    def _tell_sparse(self, step_s: float) -> None:
        if step_s > SPARSE_S:
            self.context.notice(f"{self.path.name}: its frames lie some {step_s:g} s apart; time is in seconds there")

    def _tell_beyond(self, count: int, first: str) -> None:
        if count:
            numbers = counted(count, "number")
            self.context.notice(f"{self.path.name}: {numbers} of closure and the 52 not from 0 to 1, first {first}")


def _frames_until(time_ns: int, numerator: int, denominator: int) -> int:
    """The newest video frame at or before a time."""
    index = time_ns * numerator // (denominator * 1_000_000_000)
    return index + 1 if timestamp_of(index + 1, numerator, denominator) <= time_ns else index
