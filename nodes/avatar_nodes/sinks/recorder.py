"""recorder: frames and sound become a movie for as long as somebody records."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from avatar_nodes.payloads import AudioChunk, VideoFrame
from avatar_nodes.sinks.movie_sink import MovieSink
from graphcore import Input, Param

if TYPE_CHECKING:
    from avatar_nodes.sinks.provenance import MediaSigner
    from avatar_nodes.sinks.recorder_model import Beside
    from avatar_nodes.sinks.take import Take

FRAMES, SOUND = "frames", "milliseconds of sound"  # that wait for the encoder
MOST_FRAMES_S, MOST_SOUND_MS = 2, 10_000  # of them; live, what comes beyond is left out


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
        self._beside = Beside("recorder", lambda error: self.context.notice(f"recording: {error}"))
        self._most = {FRAMES: max(1, round(MOST_FRAMES_S * self.context.frame_rate)), SOUND: MOST_SOUND_MS}
        self.context.counts.update({"takes": 0, "frames dropped": 0, "sound chunks dropped": 0})
        self.changed("recording")

    def changed(self, param: str) -> None:
        if param == "recording" and self.recording != (self._take is not None):
            if self.recording:
                self._begin()
            else:
                self._end()

    def process(self, video: VideoFrame | None, audio: AudioChunk | None) -> None:
        take = self._take
        if take is None:
            return
        if video is not None:
            self.tell_transparency(video)
            job = partial(take.add_picture, self.timestamp, video.pixels)
            self._record(job, FRAMES, 1, "frames dropped")
        if audio is not None:
            job = partial(take.add_sound, self.timestamp, audio.samples, audio.sample_rate)
            milliseconds = 1000 * len(audio.samples) // max(1, audio.sample_rate)
            self._record(job, SOUND, max(1, milliseconds), "sound chunks dropped")

    def _record(self, job: Callable[[], None], kind: str, weight: int, dropped: str) -> None:
        assert self._beside is not None
        if not self.context.live:
            self._beside.wait_for_room(kind, self._most[kind])
        if self._beside.waiting[kind] >= self._most[kind]:
            self.context.counts[dropped] += 1
        else:
            self._beside.do(job, kind, weight)

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
