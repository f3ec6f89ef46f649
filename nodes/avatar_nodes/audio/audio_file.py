"""audio_file: the sound of a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from avatar_nodes.payloads import AudioChunk
from graphcore import NodeError, Output, Param, Source, timestamp_of

if TYPE_CHECKING:
    from avatar_nodes.audio.audio_file_model import SoundFile


class AudioFile(Source):
    """Play the sound of a wav, flac, ogg, mp3, m4a, mp4 or other media file, at its own rate and channels.

    Time zero is where the file starts: with the picture where there is one.
    """

    audio = Output(AudioChunk, doc="at the file's own rate, with its channels")
    path = Param.file_in(doc="whatever FFmpeg reads")
    chunk_ms = Param(20, ge=5, le=1000, unit="ms", doc="how much sound one packet holds")

    _file: SoundFile | None = None

    def open(self) -> None:
        from avatar_nodes.audio.audio_file_model import SoundFile, SoundFileError

        try:
            self._file = SoundFile(self.path)
        except SoundFileError as error:
            raise NodeError(error.what, fix=error.fix) from None
        if self._file.duration_ns:
            self.context.expect(self._file.duration_ns)

    def produce(self) -> Iterator[None]:
        from avatar_nodes.audio.audio_file_model import in_chunks

        assert self._file is not None
        rate = self._file.rate
        sent = 0
        for samples in in_chunks(self._file.blocks(), max(1, rate * self.chunk_ms // 1000)):
            self.audio.send(AudioChunk(samples, rate), timestamp=timestamp_of(sent, rate))
            sent += len(samples)
            yield
        for problem in self._file.problems:
            self.context.notice(f"{self.path.name}: {problem}")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
