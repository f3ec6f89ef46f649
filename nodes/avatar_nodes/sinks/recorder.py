"""recorder: frames and sound become a movie for as long as somebody records."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from avatar_nodes.payloads import AudioChunk, VideoFrame
from avatar_nodes.sinks.movie_sink import MovieSink
from graphcore import Input, Param

if TYPE_CHECKING:
    from avatar_nodes.sinks.provenance import MediaSigner
    from avatar_nodes.sinks.recorder_model import Beside
    from avatar_nodes.sinks.take import Take

MOST_WAITING_S = 2  # of frames that wait for the encoder; live, those beyond are left out


class Recorder(MovieSink):
    """Write a movie for each time that `recording` is on: `live-1.mp4`, `live-2.mp4` and so on, each signed.

    A take begins at time 0 and is complete once it is off again, or the run ends. A thread encodes, so the graph goes
    on meanwhile: live, what it cannot encode in time is left out and counted. A take that cannot be written any more
    (a full disk) ends by itself; the run goes on.
    """

    video = Input(VideoFrame, align="each", default=None, doc="the picture; one size for a whole take")
    audio = Input(AudioChunk, align="each", default=None, doc="the sound; one sample rate for a whole take")

    path = Param.file_out(doc="the takes: out/live.mp4 becomes out/live-1.mp4 and so on, and none is overwritten")
    recording = Param(False, live=True, doc="on: a take begins; off: it is finished")

    _beside: Beside | None = None
    _signer: MediaSigner | None = None
    _take: Take | None = None

    def open(self) -> None:
        self.check_movie()
        from avatar_nodes.sinks import movie_file_model  # noqa: F401  so that the first take begins at once
        from avatar_nodes.sinks.recorder_model import Beside

        self._signer = self.new_signer()
        self._beside = Beside("recorder")
        self._most = max(1, round(MOST_WAITING_S * self.context.frame_rate))
        self.context.counts.update({"takes": 0, "frames dropped": 0})
        self.changed("recording")

    def changed(self, param: str) -> None:
        if param == "recording" and self.recording != (self._take is not None):
            if self.recording:
                self._begin()
            else:
                self._end()

    def process(self, video: VideoFrame | None, audio: AudioChunk | None) -> None:
        take, beside = self._take, self._beside
        if take is None or beside is None:
            return
        if video is not None:
            self._record(video, take, beside)
        if audio is not None:
            beside.do(partial(take.add_sound, self.timestamp, audio.samples, audio.sample_rate))

    def _record(self, video: VideoFrame, take: Take, beside: Beside) -> None:
        self.tell_transparency(video)
        if not self.context.live:
            beside.wait_for_room(self._most)
        if beside.waiting >= self._most:
            self.context.counts["frames dropped"] += 1
        else:
            beside.do(partial(take.add_picture, self.timestamp, video.pixels), weight=1)

    def finish(self) -> None:
        self._end()

    def close(self) -> None:
        self._end()
        if self._beside is not None:
            self._beside.close()
        if self._signer is not None:
            self._signer.close()

    def _begin(self) -> None:
        from avatar_nodes.sinks.recorder_model import next_take
        from avatar_nodes.sinks.take import Take

        assert self._beside is not None
        self._take = Take(self.context, lambda: self.new_movie(next_take(self.path), self._signer))
        self._beside.do(self._take.begin)

    def _end(self) -> None:
        take, self._take = self._take, None
        if take is not None and self._beside is not None:
            self._beside.do(take.end)
