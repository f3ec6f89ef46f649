"""video_file: the pictures and the sound of a file."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from avatar_nodes.payloads import AudioChunk, VideoFrame
from graphcore import NodeError, Output, Param, Source, timestamp_of

if TYPE_CHECKING:
    from avatar_nodes.audio.audio_file_model import SoundFile
    from avatar_nodes.tracking.video_file_model import VideoPictures

CHUNK_MS = 20  # of sound in one packet


class VideoFile(Source):
    """Play a video: its pictures at their own times, upright, and its sound where it has some.

    Time zero is the first picture; sound from before it is left out.
    """

    frames = Output(VideoFrame, doc="RGB, as often as the file has them")
    audio = Output(AudioChunk, doc="at the file's own rate, with its channels; nothing where it is silent")
    path = Param.file_in(doc="whatever FFmpeg reads: mp4, mkv, webm, mov, avi")
    largest = Param[int | None](None, ge=64, le=8192, unit="px", doc="the longer side at most; larger ones are shrunk")

    _video: VideoPictures | None = None
    _sound: SoundFile | None = None
    _sound_at = 0.0  # s after the first picture: the first sample that is read; negative where it comes before

    def open(self) -> None:
        from avatar_nodes.tracking.video_file_model import VideoFileError, VideoPictures

        try:
            self._video = VideoPictures(self.path, self.largest)
        except VideoFileError as error:
            raise NodeError(error.what, fix=error.fix) from None
        if "audio" in self.context.linked:
            self._open_sound()
        if self._video.duration_ns:
            self.context.expect(self._video.duration_ns)

    def produce(self) -> Iterator[None]:
        in_order = heapq.merge(self._pictures(), self._sounds(), key=itemgetter(0))
        for timestamp, together in groupby(in_order, key=itemgetter(0)):  # what yields has sent all of its time
            for _, packet in together:
                if isinstance(packet, VideoFrame):
                    self.frames.send(packet, timestamp=timestamp)
                else:
                    self.audio.send(packet, timestamp=timestamp)
            yield
        for read in (self._video, self._sound):
            for problem in read.problems if read is not None else ():
                self.context.notice(f"{self.path.name}: {problem}")

    def close(self) -> None:
        for read in (self._video, self._sound):
            if read is not None:
                read.close()

    def _open_sound(self) -> None:
        from avatar_nodes.audio.audio_file_model import SoundFile, SoundFileError
        from avatar_nodes.tracking.video_file_model import sound_lead

        try:
            self._sound = SoundFile(self.path)
        except SoundFileError as error:
            self.context.notice(f"{error.what}: only its pictures are sent")
            return
        self._sound_at = -sound_lead(self.path) - self._sound.lead_s

    def _pictures(self) -> Iterator[tuple[int, VideoFrame | AudioChunk]]:
        if self._video is None or "frames" not in self.context.linked:
            return
        for picture in self._video.pictures():
            yield round(picture.seconds * 1e9), VideoFrame(picture.pixels)

    def _sounds(self) -> Iterator[tuple[int, VideoFrame | AudioChunk]]:
        from avatar_nodes.audio.audio_file_model import in_chunks

        if self._sound is None:
            return
        rate = self._sound.rate
        sent = round(self._sound_at * rate)
        for samples in in_chunks(self._sound.blocks(), max(1, rate * CHUNK_MS // 1000)):
            kept = samples[max(-sent, 0) :]
            if len(kept):
                yield timestamp_of(max(sent, 0), rate), AudioChunk(kept, rate)
            sent += len(samples)
