"""audio_out_file: sound into a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from avatar_nodes.audio.continuous_model import ContinuousSound, check_sound
from avatar_nodes.payloads import AudioChunk
from graphcore import Input, Node, NodeError, Param

if TYPE_CHECKING:
    from avatar_nodes.audio.audio_out_file_model import PartialSoundFile

SUFFIXES = (".wav", ".flac")


class AudioOutFile(Node):
    """Write sound to a 16 bit wav or flac file, which starts at media time zero.

    The file has its name only when it is whole. While it is written, and where a run fails or is killed, it is
    `NAME.partial.wav` beside it. NaN and infinity are written as silence.
    """

    audio = Input(AudioChunk, doc="one sample rate and channel count for the whole file")
    path = Param.file_out(doc="ends in .wav or .flac")

    _sound: ContinuousSound | None = None
    _file: PartialSoundFile | None = None

    def open(self) -> None:
        if self.path.suffix.lower() not in SUFFIXES:
            raise NodeError(f"{self.path}: cannot write such a file", fix="expected a name that ends in .wav or .flac")
        if self.path.is_dir():
            raise NodeError(f"{self.path}: is a folder", fix="expected the name of a file")

    def process(self, audio: AudioChunk) -> None:
        try:
            check_sound(audio.samples, audio.sample_rate)
        except ValueError as error:
            raise NodeError(str(error), fix="look at what feeds it") from None
        if not len(audio.samples):
            return
        sound = self._sound or self._start(audio)
        found = (audio.sample_rate, audio.samples.shape[1])
        if found != (sound.sample_rate, sound.channels):
            raise NodeError(
                f"the sound changes to {found[0]} Hz, {found[1]} channels on its way",
                fix=f"expected {sound.sample_rate} Hz, {sound.channels} channels as at the beginning",
            )
        assert self._file is not None
        try:
            for stretch in sound.add(self.timestamp, audio.samples):
                self._file.write(stretch)
        except OSError as error:
            raise self._unwritable(error) from None

    def finish(self) -> None:
        if self._file is None or self._sound is None:
            raise NodeError(f"{self.path}: no sound arrived, so there is nothing to write", fix="check its source")
        try:
            self._file.finish()
        except OSError as error:
            raise self._unwritable(error) from None
        for problem in filter(None, [self._sound.describe(), self._clipping()]):
            self.context.notice(f"{self.path.name}: {problem}")
        self._file = None
        self.context.made(self.path, self._sound.samples, "samples")

    def close(self) -> None:
        if self._file is None:
            return
        try:
            kept = self._file.abandon()
        except OSError as error:
            raise self._unwritable(error) from None
        self.context.notice(f"{self.path.name} is not complete; what was made is in {kept}")

    def _start(self, audio: AudioChunk) -> ContinuousSound:
        from avatar_nodes.audio.audio_out_file_model import PartialSoundFile

        channels = audio.samples.shape[1]
        try:
            self._file = PartialSoundFile(self.path, audio.sample_rate, channels)
        except OSError as error:
            raise self._unwritable(error) from None
        self._sound = ContinuousSound(audio.sample_rate, channels)
        return self._sound

    def _unwritable(self, error: OSError) -> NodeError:
        reason = error.strerror or str(error)
        return NodeError(
            f"{self.path}: cannot be written ({reason})", fix="check the disk's space and your rights there"
        )

    def _clipping(self) -> str:
        assert self._file is not None
        return f"{self._file.clipped} samples were louder than full scale and are clipped" if self._file.clipped else ""
