"""movie_file: frames and sound become a signed MP4."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from avatar_nodes.counted_model import counted
from avatar_nodes.payloads import AudioChunk, VideoFrame
from graphcore import Input, Node, NodeError, Param

if TYPE_CHECKING:
    from avatar_nodes.sinks.movie_file_model import MovieWriter
    from avatar_nodes.sinks.partial_name_model import PartialName
    from avatar_nodes.sinks.provenance import MediaSigner

SUFFIXES = (".mp4", ".m4v", ".mov")
PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow")


class MovieFile(Node):
    """Write frames and sound as an MP4 (H.264, AAC) that is signed as synthetic media.

    While it is written, and where a run fails or is killed, the movie is `talk.partial.mp4` beside
    `talk.mp4` (`talk.partial-2.mp4` while another run writes the same movie), and can be played; `talk.mp4` is
    replaced only by a movie that is complete, and an older `talk.partial.mp4` only once there is something new to keep.
    Frames stand on the grid of the graph's frame rate: a gap holds the frame before it, a gap in the sound
    is silent, and the shorter of the two is prolonged to the end of the other.
    """

    own_thread = True  # encoding is the longest work of a talking head after rendering

    video = Input(VideoFrame, align="each", default=None, doc="the picture; one size for the whole movie")
    audio = Input(AudioChunk, align="each", default=None, doc="the sound; one sample rate for the whole movie")

    path = Param.file_out(doc="the movie: .mp4, .m4v or .mov")
    crf = Param(20, ge=0, le=51, doc="quality of the picture: lower is better and larger; 18 looks like the original")
    preset = Param("superfast", choices=PRESETS, doc="how much time x264 takes to make the file smaller")
    background = Param((255, 255, 255), ge=0, le=255, doc="RGB behind pictures with alpha (picture_files keeps it)")
    sign = Param(True, doc="say in a signed C2PA manifest that this is synthetic media")

    def open(self) -> None:
        self._writer: MovieWriter | None = None
        self._name: PartialName | None = None
        self._signer: MediaSigner | None = None
        self._done = self._transparent = False
        self._check_params()
        from avatar_nodes.sinks import movie_file_model, provenance
        from avatar_nodes.sinks.partial_name_model import PartialName

        if self.sign:
            self._signer = provenance.MediaSigner()
        else:
            self.context.notice(f"{self.path} will not be signed as synthetic media (sign: false)")
        red, green, blue = self.background
        with self._writing():
            self._name = PartialName(self.path)  # so that it is told before the work that nothing can be written
            self._writer = movie_file_model.MovieWriter(
                self._partial,
                self.context.frame_rate,
                tags={"title": self.path.stem, "comment": provenance.LABEL, "description": provenance.LABEL},
                tracks=len(self.context.linked),
                crf=self.crf,
                preset=self.preset,
                background=(red, green, blue),
                cancelled=lambda: self.context.cancelled,
            )

    def process(self, video: VideoFrame | None, audio: AudioChunk | None) -> None:
        writer = self._open_writer()
        self._check_there()
        with self._writing():
            if video is not None:
                writer.add_picture(self.timestamp, video.pixels)
                self._tell_transparency(video)
            if audio is not None:
                writer.add_sound(self.timestamp, audio.samples, audio.sample_rate)

    def finish(self) -> None:
        writer = self._open_writer()
        if writer.empty:
            raise NodeError(f"{self.path}: neither a frame nor sound came", fix="look at what feeds it")
        self._check_there()
        with self._writing():
            frames = writer.finish()
            if writer.broken_off:
                return
            self._seal(self.path)
        self._done = True
        self._tell_losses(writer)
        sound = writer.sound
        if writer.picture is None and sound is not None:
            self.context.made(self.path, sound.samples, "samples")
        else:
            self.context.made(self.path, frames, "frames")

    def close(self) -> None:
        if self._writer is not None and not self._done:
            self._keep_partial(self._writer)
        if self._name is not None:
            self._name.release()
        if self._signer is not None:
            self._signer.close()

    @property
    def _partial(self) -> Path:
        assert self._name is not None, "open() has run"
        return self._name.path

    @property
    def _lost(self) -> bool:
        """Whether somebody has deleted what is being written."""
        return self._name is not None and not self._name.there

    def _check_there(self) -> None:
        if self._lost:
            raise NodeError(f"{self._partial} was deleted while it was written", fix="leave it there until the end")

    def _open_writer(self) -> MovieWriter:
        assert self._writer is not None, "open() has run"
        return self._writer

    def _check_params(self) -> None:
        if self.path.suffix.lower() not in SUFFIXES:
            raise NodeError(f"{self.path}: expected a name that ends in {', '.join(SUFFIXES)}")
        if self.path.is_dir():
            raise NodeError(f"{self.path} is a folder", fix="give the name of a file in it")
        if len(self.background) != 3:
            raise NodeError(f"background {list(self.background)}: expected three numbers: red, green, blue")

    def _tell_transparency(self, video: VideoFrame) -> None:
        """Once, at the first picture with alpha."""
        if self._transparent or video.pixels.shape[2] != 4:
            return
        self._transparent = True
        self.context.notice(
            f"{self.path}: {self.path.suffix[1:].lower()} keeps no transparency, so the pictures are laid over"
            f" background {list(self.background)}; picture_files keeps it"
        )

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

    def _keep_partial(self, writer: MovieWriter) -> None:
        """Finalise what there is; the run has failed already, so what goes wrong here is only told."""
        if writer.empty:  # an older partial movie stays
            writer.abandon()
            return
        if self._lost:
            writer.abandon()
            self.context.notice("the movie is not complete, and nothing of it was kept")
            return
        state = "signed" if self.sign else "not signed"
        try:
            with self._writing():
                writer.finish()
                self._seal(self._partial)
        except NodeError as error:
            writer.abandon()
            state = f"not signed ({error.what})"
        self.context.notice(f"the movie is not complete; what there is was kept as {self._partial}, {state}")

    def _tell_losses(self, writer: MovieWriter) -> None:
        if writer.picture is not None and writer.picture.dropped:
            self.context.notice(f"{counted(writer.picture.dropped, 'frame')} left out: too late in coming")
        if writer.sound is not None and writer.sound.cut:
            milliseconds = writer.sound.cut * 1000 // writer.sound.sample_rate
            self.context.notice(f"{milliseconds} ms of sound left out: too late in coming")
        if writer.sound is not None and writer.sound.broken:
            self.context.notice(f"{counted(writer.sound.broken, 'sample')} made silent: NaN or infinite")

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
