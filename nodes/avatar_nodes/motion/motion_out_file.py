"""motion_out_file: motion into a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from avatar_nodes.payloads import FaceMotion
from graphcore import Input, Node, NodeError, Param

if TYPE_CHECKING:
    from avatar_nodes.motion.motion_out_file_model import PartialMotionFile

SUFFIX = ".csv"


class MotionOutFile(Node):
    """Save motion as a CSV with one line a frame, to be edited, and replayed by `motion_file` on any photo.

    Nothing is lost: the same numbers come back. The file has its name only when it is whole. While it is written, and
    where a run fails or is killed, it is `NAME.partial.csv` beside it (`NAME.partial-2.csv` while another run writes
    the same file), which can be replayed, too.
    """

    motion = Input(FaceMotion, doc="the face, frame by frame")
    path = Param.file_out(doc="ends in .csv")

    _file: PartialMotionFile | None = None

    def open(self) -> None:
        if self.path.suffix.lower() != SUFFIX:
            raise NodeError(f"{self.path}: cannot write such a file", fix=f"expected a name that ends in {SUFFIX}")
        if self.path.is_dir():
            raise NodeError(f"{self.path}: is a folder", fix="expected the name of a file")
        from avatar_nodes.sinks.partial_name_model import PartialName

        try:
            PartialName(self.path).release()  # so that it is told before the work that nothing can be written
        except OSError as error:
            raise self._unwritable(error) from None

    def process(self, motion: FaceMotion) -> None:
        from avatar_nodes.motion.motion_out_file_model import PartialMotionFile, check_motion

        try:
            check_motion(motion)
            if self._file is None:
                self._file = PartialMotionFile(self.path)
            self._file.write(self.timestamp, motion)
        except ValueError as error:
            raise NodeError(f"{self.path}: {error}", fix="look at what feeds it") from None
        except OSError as error:
            raise self._unwritable(error) from None

    def finish(self) -> None:
        if self._file is None:
            raise NodeError(f"{self.path}: no motion arrived, so there is nothing to write", fix="check its source")
        file = self._file
        try:
            file.finish()
        except OSError as error:
            raise self._unwritable(error) from None
        self._file = None
        self.context.made(self.path, file.frames, "frames")

    def close(self) -> None:
        if self._file is None:
            return
        kept = self._file.abandon()
        what = "nothing of it was kept" if kept is None else f"what was made is in {kept}"
        self.context.notice(f"{self.path.name} is not complete; {what}")

    def _unwritable(self, error: OSError) -> NodeError:
        reason = error.strerror or str(error)
        return NodeError(
            f"{self.path}: cannot be written ({reason})", fix="check the disk's space and your rights there"
        )
