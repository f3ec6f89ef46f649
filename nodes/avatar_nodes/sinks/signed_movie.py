"""One movie, from its first frame to a signed file; until it is complete it has a name of its own."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar_nodes.counted_model import counted
from avatar_nodes.sinks.provenance import LABEL, MediaSigner
from graphcore import Context, NodeError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from avatar_nodes.sinks.movie_file_model import MovieWriter


class SignedMovie:
    """Is written as NAME.partial.EXT, signed (where there is a `signer`) and renamed to `path`; tells what was lost.

    `encoding` is what MovieWriter takes. Raises NodeError where it cannot be written.
    """

    def __init__(self, path: Path, context: Context, signer: MediaSigner | None, encoding: dict[str, Any]) -> None:
        from avatar_nodes.sinks.movie_file_model import MovieWriter
        from avatar_nodes.sinks.partial_name_model import PartialName

        self.path = path
        self.done = False
        self._context = context
        self._signer = signer
        with self._writing():
            self._name = PartialName(path)  # so that it is told before the work that nothing can be written
        self._writer: MovieWriter = MovieWriter(
            self._partial,
            context.frame_rate,
            tags={"title": path.stem, "comment": LABEL, "description": LABEL},
            tracks=len(context.linked),
            cancelled=lambda: context.cancelled,
            **encoding,
        )

    @property
    def empty(self) -> bool:
        """Whether nothing has come."""
        return self._writer.empty

    def add_picture(self, timestamp: int, pixels: NDArray[np.uint8]) -> None:
        """Add a frame, (height, width, 3 or 4)."""
        self._check_there()
        with self._writing():
            self._writer.add_picture(timestamp, pixels)

    def add_sound(self, timestamp: int, samples: NDArray[np.float32], sample_rate: int) -> None:
        """Add (samples, channels)."""
        self._check_there()
        with self._writing():
            self._writer.add_sound(timestamp, samples, sample_rate)

    def finish(self) -> None:
        """Complete it under its name; a run that is cancelled meanwhile leaves it incomplete."""
        self._check_there()
        writer = self._writer
        with self._writing():
            frames = writer.finish()
            if writer.broken_off:
                return
            self._seal(self.path)
        self.done = True
        self._tell_losses()
        if writer.picture is None and writer.sound is not None:
            self._context.made(self.path, writer.sound.samples, "samples")
        else:
            self._context.made(self.path, frames, "frames")

    def close(self) -> None:
        """Give everything back; what is not complete is kept under its partial name."""
        try:
            if not self.done:
                self._keep_partial()
        finally:
            self._name.release()

    @property
    def _partial(self) -> Path:
        return self._name.path

    def _check_there(self) -> None:
        if not self._name.there:
            raise NodeError(f"{self._partial} was deleted while it was written", fix="leave it there until the end")

    def _seal(self, target: Path) -> None:
        """Sign the partial movie, and give it the name of `target`."""
        if self._signer is None:
            os.replace(self._partial, target)
            return
        signed = self._partial.with_suffix(f".signing{self.path.suffix}")
        self._signer.sign(self._partial, signed, title=self.path.name)
        os.replace(signed, target)
        if target != self._partial:
            self._partial.unlink()

    def _keep_partial(self) -> None:
        """Finalise what there is; something has failed already, so what goes wrong here is only told."""
        writer = self._writer
        if writer.empty:  # an older partial movie stays
            writer.abandon()
            return
        if not self._name.there:
            writer.abandon()
            self._context.notice("the movie is not complete, and nothing of it was kept")
            return
        state = "signed" if self._signer is not None else "not signed"
        try:
            with self._writing():
                writer.finish()
                self._seal(self._partial)
        except NodeError as error:
            writer.abandon()
            state = f"not signed ({error.what})"
        self._context.notice(f"the movie is not complete; what there is was kept as {self._partial}, {state}")

    def _tell_losses(self) -> None:
        picture, sound = self._writer.picture, self._writer.sound
        if picture is not None and picture.dropped:
            self._context.notice(f"{counted(picture.dropped, 'frame')} left out: too late in coming")
        if sound is not None and sound.cut:
            milliseconds = sound.cut * 1000 // sound.sample_rate
            self._context.notice(f"{milliseconds} ms of sound left out: too late in coming")
        if sound is not None and sound.broken:
            self._context.notice(f"{counted(sound.broken, 'sample')} made silent: NaN or infinite")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Say in plain words what goes wrong."""
        from avatar_nodes.sinks.movie_file_model import WRITE_ERRORS
        from avatar_nodes.sinks.movie_time_model import GapError

        try:
            yield
        except GapError as error:
            raise NodeError(f"{self.path}: {error}", fix="look at the times of what feeds it") from None
        except WRITE_ERRORS as error:
            reason = getattr(error, "strerror", None) or str(error)
            fix = _FIXES.get(getattr(error, "errno", None) or 0, "")
            raise NodeError(f"{self.path} could not be written: {reason}", fix=fix) from error


_FIXES = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EFBIG: "files may not become this large here; take another folder or a higher crf",
    errno.EACCES: "take a folder you may write to",
    errno.EPERM: "take a folder you may write to",
    errno.EROFS: "take a folder you may write to",
    errno.ENOENT: "take a folder you may write to",
    errno.EISDIR: "a folder has the name of the partial movie: move it away",
}
