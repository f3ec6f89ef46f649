"""What movie_file and recorder have in common: how their movies are encoded, and that they say what they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from avatar_nodes.payloads import VideoFrame
from graphcore import Node, NodeError, Param

if TYPE_CHECKING:
    from avatar_nodes.sinks.provenance import MediaSigner
    from avatar_nodes.sinks.signed_movie import SignedMovie

SUFFIXES = (".mp4", ".m4v", ".mov")
PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow")


class MovieSink(Node):
    """Writes movies: H.264 and AAC, signed as synthetic media."""

    path = Param.file_out(doc="the movie: .mp4, .m4v or .mov")
    crf = Param(20, ge=0, le=51, doc="quality of the picture: lower is better and larger; 18 looks like the original")
    preset = Param("superfast", choices=PRESETS, doc="how much time x264 takes to make the file smaller")
    background = Param((255, 255, 255), ge=0, le=255, doc="RGB behind pictures with alpha (picture_files keeps it)")
    sign = Param(True, doc="say in a signed C2PA manifest that this is synthetic media")

    _transparent = False  # whether a picture was, and it was told

    def check_movie(self) -> None:
        """Raise NodeError where the params fit no movie."""
        if self.path.suffix.lower() not in SUFFIXES:
            raise NodeError(f"{self.path}: expected a name that ends in {', '.join(SUFFIXES)}")
        if self.path.is_dir():
            raise NodeError(f"{self.path} is a folder", fix="give the name of a file in it")
        if len(self.background) != 3:
            raise NodeError(f"background {list(self.background)}: expected three numbers: red, green, blue")

    def new_signer(self) -> MediaSigner | None:
        """What signs the movies; None, and a notice, where they are not to be signed."""
        from avatar_nodes.sinks.provenance import MediaSigner

        if self.sign:
            return MediaSigner()
        self.context.notice(f"{self.path} will not be signed as synthetic media (sign: false)")
        return None

    def new_movie(self, path: Path, signer: MediaSigner | None) -> SignedMovie:
        """Begin a movie; raises NodeError where it cannot be written."""
        from avatar_nodes.sinks.signed_movie import SignedMovie

        encoding = {"crf": self.crf, "preset": self.preset, "background": tuple(self.background)}
        return SignedMovie(path, self.context, signer, encoding)

    def tell_transparency(self, video: VideoFrame) -> None:
        """Once, at the first picture with alpha."""
        if self._transparent or video.pixels.shape[2] != 4:
            return
        self._transparent = True
        self.context.notice(
            f"{self.path}: {self.path.suffix[1:].lower()} keeps no transparency, so the pictures are laid over"
            f" background {list(self.background)}; picture_files keeps it"
        )
