"""picture_files: frames become numbered PNGs, for an editor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from avatar_nodes.counted_model import counted
from avatar_nodes.payloads import VideoFrame
from graphcore import Input, Node, NodeError, Param

if TYPE_CHECKING:
    from avatar_nodes.sinks.picture_files_model import PictureWriter

SUFFIX = ".png"


class PictureFiles(Node):
    """Write frames as numbered PNGs, alpha kept, each signed as synthetic media: talk-000001.png and so on.

    Pictures stand on the grid of the graph's frame rate: a gap holds the frame before it. Each has its name only when
    it is whole; those of an earlier run are replaced one by one, and what it has left beyond the last is told.
    """

    own_thread = True  # encoding takes as long as rendering

    video = Input(VideoFrame, doc="the pictures, RGB or RGBA")
    path = Param.file_out(doc="such as out/talk.png; the number is put before .png")
    sign = Param(True, doc="say in a signed C2PA manifest that each is synthetic media")

    _writer: PictureWriter | None = None

    def open(self) -> None:
        if self.path.suffix.lower() != SUFFIX:
            raise NodeError(f"{self.path}: cannot write such pictures", fix=f"expected a name that ends in {SUFFIX}")
        from avatar_nodes.sinks.picture_files_model import PictureWriter
        from avatar_nodes.sinks.provenance import MediaSigner

        if not self.sign:
            self.context.notice(f"{self.path} will not be signed as synthetic media (sign: false)")
        signer = MediaSigner() if self.sign else None
        cancelled = lambda: self.context.cancelled  # noqa: E731
        self._writer = PictureWriter(self.path, self.context.frame_rate, signer, cancelled)

    def process(self, video: VideoFrame) -> None:
        assert self._writer is not None, "open() has run"
        with self._writing():
            self._writer.add(self.timestamp, video.pixels)

    def finish(self) -> None:
        writer = self._writer
        assert writer is not None, "open() has run"
        if not writer.pictures:
            raise NodeError(f"{self.path}: no frame came", fix="look at what feeds it")
        if writer.dropped:
            self.context.notice(f"{counted(writer.dropped, 'frame')} left out: too late in coming")
        if older := writer.older():
            self.context.notice(f"{older.name} and what follows it are from an earlier run")
        self.context.made(self.path.parent, writer.pictures, "pictures")

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Say in plain words what goes wrong."""
        try:
            yield
        except OSError as error:
            fix = "look at the disk's space and your rights there"
            raise NodeError(f"{self.path} could not be written: {error.strerror or error}", fix=fix) from error
        except ValueError as error:
            raise NodeError(f"{self.path}: {error}", fix="look at what feeds it") from None
