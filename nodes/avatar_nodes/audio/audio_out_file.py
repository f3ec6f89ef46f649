"""audio_out_file: sound into a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from avatar_nodes.audio.continuous_model import ContinuousSound, check_sound
from avatar_nodes.counted_model import counted
from avatar_nodes.payloads import AudioChunk
from graphcore import Input, Node, NodeError, Param

if TYPE_CHECKING:
    from avatar_nodes.audio.audio_out_file_model import PartialSoundFile

SUFFIXES = (".wav", ".flac")


class AudioOutFile(Node):
    """Write sound to a 16 bit wav or flac file, which starts at media time zero.

    The file has its name only when it is whole. While it is written, and where a run fails or is killed, it is
    `NAME.partial.wav` beside it (`NAME.partial-2.wav` while another run writes the same file). NaN and infinity are
    written as silence.
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
        from avatar_nodes.sinks.partial_name_model import PartialName

        try:
            PartialName(self.path).release()  # so that it is told before the work that nothing can be written
        except OSError as error:
            raise self._unwritable(error) from None

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
                f"the sound changes to {found[0]} Hz, {counted(found[1], 'channel')} on its way",
                fix=f"expected {sound.sample_rate} Hz, {counted(sound.channels, 'channel')} as at the beginning",
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
        made = "nothing of it was kept" if kept is None else f"what was made is in {kept}"
        self.context.notice(f"{self.path.name} is not complete; {made}")

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
        fix = "check the disk's space and your rights there"
        if isinstance(error, FileNotFoundError):
            fix = "leave its folder there until the run has ended"
        return NodeError(f"{self.path}: cannot be written ({reason})", fix=fix)

    def _clipping(self) -> str:
        assert self._file is not None
        return f"{counted(self._file.clipped, 'sample')} clipped: louder than full scale" if self._file.clipped else ""
