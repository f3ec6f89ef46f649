"""Read the sound of any media file through PyAV, exactly to the sample."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.counted_model import counted

JUMP_S = 0.05  # between packets: more than the rounding of any container's time base
PRIMING = 4096  # samples: the most that an encoder pads a last packet with
EXACT_LENGTH = {"flac", "aiff", "caf", "mp4"}  # formats whose header counts the samples
EXPECTED = "expected wav, flac, ogg, mp3, m4a, mp4 or another format that FFmpeg reads"


class SoundFileError(Exception):
    """A file has no sound that can be read; `fix` says what to do about it."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


class SoundFile:
    """The first sound stream of a media file, from the file's time zero on, at its own rate and channels.

    Encoder delay is taken off, sound that starts after the picture is preceded by silence, holes are filled with it.
    Raises SoundFileError where there is nothing to read. `problems` holds what was wrong, once all blocks are read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[str] = []
        self._broken = 0  # packets that could not be decoded
        self._container = _open(path)
        try:
            self._stream = self._sound_stream()
            self._frames = self._decoded()
            self._first = next(self._frames, None)
            if self._first is None:
                what = "its sound cannot be decoded" if self._broken else "its sound is empty (zero samples)"
                raise SoundFileError(f"{path}: {what}", "expected a sound or video file with something to hear")
        except BaseException:
            self._container.close()
            raise
        self.rate: int = self._first.sample_rate
        self.channels: int = self._first.layout.nb_channels
        self._lead = self._silence_before(self._first)
        self._end = self._declared_end()

    @property
    def duration_ns(self) -> int:
        """How long it lasts as far as the file says, 0 where it does not."""
        if self._end is not None:
            return self._end * 1_000_000_000 // self.rate
        return int((self._container.duration or 0) * 1000)  # av counts in us

    @property
    def lead_s(self) -> float:
        """How much silence goes before the first sound of the file."""
        return self._lead / self.rate

    def close(self) -> None:
        """Give the file back."""
        self._container.close()

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Every sample from the file's time zero, in blocks of (n, channels) as they come; can be read once."""
        position, peak = 0, 0.0
        spare: list[NDArray[np.float32]] = []  # beyond the declared end: an encoder's padding, if it is short
        for block in self._silence_and_sound():
            over = 0 if self._end is None else max(0, position + len(block) - self._end)
            position += len(block)
            peak = max(peak, float(np.abs(block).max(initial=0.0)))
            spare.append(block[len(block) - min(over, len(block)) :])
            if over < len(block):
                yield block[: len(block) - over]
            if over > PRIMING:  # the header is wrong: what was heard goes before what was said
                yield from spare
                self._end, spare = None, []
        self._report(position, peak)

    def _sound_stream(self) -> Any:
        if not self._container.streams:
            raise SoundFileError(f"{self.path}: not a media file, or damaged (there is no stream in it)", EXPECTED)
        if not self._container.streams.audio:
            raise SoundFileError(f"{self.path}: there is no sound in it", "give a file with a sound track")
        stream = self._container.streams.audio[0]
        stream.thread_type = "NONE"  # sound decodes fast; threads would only delay the first block
        return stream

    def _decoded(self) -> Iterator[Any]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
                frames = packet.decode()
            except StopIteration:
                return
            except av.error.EOFError:
                return
            except av.error.FFmpegError:
                self._broken += 1
                if self._broken > 1000:  # a damaged index can fail for ever
                    return
                continue
            yield from (frame for frame in frames if frame.samples)

    def _silence_before(self, first: Any) -> int:
        """How many samples of silence belong before the first frame.

        The file's time zero is where its picture starts. For sound alone it is the first sample (the time
        that an mp3 gives it is the encoder's delay, taken off already), but an mp4 counts from its own zero.
        """
        pictures = [s for s in self._container.streams.video if s.start_time is not None and not _is_cover(s)]
        if pictures:
            zero = pictures[0].start_time * pictures[0].time_base
        elif "mp4" in self._container.format.name:
            zero = 0
        else:
            return 0
        lead: int = round((_time(first) - zero) * self.rate)
        return max(0, lead)

    def _declared_end(self) -> int | None:
        """The sample at which the sound ends by the file's header; None where it is not known exactly."""
        names = set(self._container.format.name.split(","))
        # An mp3 has an encoder delay, and so a start time, only where it has a header; else its length is a guess.
        counted = bool(names & EXACT_LENGTH) or ("mp3" in names and bool(self._stream.start_time))
        if self._stream.duration is None or not counted:
            return None
        length: int = round(self._stream.duration * self._stream.time_base * self.rate)
        return self._lead + length

    def _silence_and_sound(self) -> Iterator[NDArray[np.float32]]:
        resampler = self._resampler()
        start = _time(self._first)
        yield from _silence(self._lead, self.channels, self.rate)
        position = 0  # samples after the first frame's start
        for frame in itertools.chain([self._first], self._frames):
            gap = 0 if frame.pts is None else round((_time(frame) - start) * self.rate) - position
            if gap > JUMP_S * self.rate:
                self.problems.append(f"{gap / self.rate:.3f} s are missing at {position / self.rate:.3f} s")
                yield from _silence(gap, self.channels, self.rate)
                position += gap
            try:
                made = resampler.resample(frame)
            except ValueError:  # the format changes on the way: a chained stream
                resampler = self._resampler()
                made = resampler.resample(frame)
            for part in made:
                block = part.to_ndarray().reshape(-1, self.channels)
                position += len(block)
                yield block

    def _resampler(self) -> Any:
        assert self._first is not None
        return av.AudioResampler(format="flt", layout=self._first.layout, rate=self.rate)

    def _report(self, samples: int, peak: float) -> None:
        if self._end is not None and samples < self._end - self.rate // 10:
            said = f"{self._end / self.rate:.3f} s"
            self.problems.append(f"the file is cut short: {samples / self.rate:.3f} s of {said} are there")
        elif self._container.format.name == "wav" and _lacks_bytes(self.path):
            self.problems.append(f"the file is cut short: {samples / self.rate:.3f} s are there")
        if self._broken:
            self.problems.append(f"left out as damaged: {counted(self._broken, 'packet')}")
        if peak < 1e-4:
            self.problems.append("the sound is silent from beginning to end")


def in_chunks(blocks: Iterator[NDArray[np.float32]], size: int) -> Iterator[NDArray[np.float32]]:
    """The same samples in chunks of `size`; the last one may be shorter."""
    held: list[NDArray[np.float32]] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += len(block)
        if count < size:
            continue
        stretch = np.concatenate(held)
        whole = count // size * size
        for start in range(0, whole, size):
            yield stretch[start : start + size]
        held, count = [stretch[whole:]], count - whole
    if count:
        yield np.concatenate(held)


def _open(path: Path) -> Any:
    try:
        return av.open(str(path), metadata_errors="replace")
    except FileNotFoundError:
        raise SoundFileError(f"{path}: no such file", "check the path") from None
    except IsADirectoryError:
        raise SoundFileError(f"{path}: is a folder", "expected a sound or video file") from None
    except PermissionError:
        raise SoundFileError(f"{path}: may not be read", "change its permissions") from None
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        what = f"{path}: is empty (0 bytes)" if _is_empty(path) else f"{path}: not a media file, or damaged ({reason})"
        raise SoundFileError(what, EXPECTED) from None


def _is_empty(path: Path) -> bool:
    return path.is_file() and path.stat().st_size == 0


def _lacks_bytes(path: Path) -> bool:
    """Whether a wav is shorter than its RIFF header says (FFmpeg goes by the file's size and does not tell)."""
    with path.open("rb") as file:
        header = file.read(8)
    said = int.from_bytes(header[4:], "little")
    unknown = said == 0 or said >= 0x7FFFFFFF  # as programs write it that cannot seek back
    return header[:4] == b"RIFF" and not unknown and path.stat().st_size < said + 8 - 1  # a last odd byte may be absent


def _is_cover(stream: Any) -> bool:
    """Whether a video stream is a cover picture, which has no place in time."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _time(frame: Any) -> Any:
    return 0 if frame.pts is None else frame.pts * frame.time_base


def _silence(count: int, channels: int, most: int) -> Iterator[NDArray[np.float32]]:
    for start in range(0, count, most):
        yield np.zeros((min(most, count - start), channels), np.float32)
