"""movie_file: frames and sound become a signed MP4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from avatar_nodes.payloads import AudioChunk, VideoFrame
from avatar_nodes.sinks.movie_sink import MovieSink
from graphcore import Input, NodeError

if TYPE_CHECKING:
    from avatar_nodes.sinks.provenance import MediaSigner
    from avatar_nodes.sinks.signed_movie import SignedMovie


class MovieFile(MovieSink):
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

    _movie: SignedMovie | None = None
    _signer: MediaSigner | None = None

    def open(self) -> None:
        self.check_movie()
        self._signer = self.new_signer()
        self._movie = self.new_movie(self.path, self._signer)

    def process(self, video: VideoFrame | None, audio: AudioChunk | None) -> None:
        movie = self._opened()
        if video is not None:
            movie.add_picture(self.timestamp, video.pixels)
            self.tell_transparency(video)
        if audio is not None:
            movie.add_sound(self.timestamp, audio.samples, audio.sample_rate)

    def finish(self) -> None:
        movie = self._opened()
        if movie.empty:
            raise NodeError(f"{self.path}: neither a frame nor sound came", fix="look at what feeds it")
        movie.finish()

    def close(self) -> None:
        try:
            if self._movie is not None:
                self._movie.close()
        finally:
            if self._signer is not None:
                self._signer.close()

    def _opened(self) -> SignedMovie:
        assert self._movie is not None, "open() has run"
        return self._movie
