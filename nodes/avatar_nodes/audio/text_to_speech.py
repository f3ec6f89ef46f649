"""text_to_speech: a text, and lines that come while it runs, spoken by espeak-ng."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from avatar_nodes.payloads import AudioChunk, Phones
from graphcore import NodeError, Output, Param, Source, timestamp_of

if TYPE_CHECKING:
    from avatar_nodes.audio.spoken_lines_model import SpokenLines
    from avatar_nodes.audio.text_to_speech_model import Piece

CHUNK_MS = 20
MOST_TOLD = 20  # notices about lines, of a run that may never end


class TextToSpeech(Source):
    """Speak a text, then the lines that come while it runs, and say which speech sound is heard when.

    The phones tile the speech, pauses included; silence in which it waits has none. The same text gives the same
    samples. A long text is spoken a few sentences at a time. Live, a line is spoken after what waits, as voice,
    speed_wpm and pitch were when it came. An interrupt drops what waits, and what is being said fades within 5 ms.
    """

    audio = Output(AudioChunk, doc="mono, 22050 Hz")
    phones = Output(Phones, doc="one packet for each 20 ms of sound in which phones start")
    text = Param(type=str, doc="plain text, no markup; may be empty where it waits for lines")
    line = Param("", live=True, doc="each value that it is given while it runs live is one more line to speak")
    wait_for_lines = Param(False, doc="go on in silence when all is said, until the run ends; live only")
    voice = Param("en-us", live=True, doc="a language tag of espeak-ng, with +NAME for a variant: en-gb+f3")
    speed_wpm = Param(160, ge=80, le=450, unit="words a minute", live=True, doc="how fast it speaks")
    pitch = Param(50, ge=0, le=99, live=True, doc="50 is the voice's own")
    lead_in_s = Param(0.2, ge=0.0, le=10.0, unit="s", doc="silence before the first word")
    lead_out_s = Param(0.3, ge=0.0, le=10.0, unit="s", doc="silence after the last word of the text")

    _lines: SpokenLines | None = None

    def open(self) -> None:
        from avatar_nodes.audio.espeak_model import EspeakError, sample_rate
        from avatar_nodes.audio.text_to_speech_model import UnknownVoice, find_voice

        self._check_text()
        try:
            self._voice = find_voice(self.voice)
            self._rate = sample_rate()
        except UnknownVoice as error:
            raise NodeError(error.what, fix=error.fix) from None
        except EspeakError as error:
            raise NodeError(str(error), fix="pip install espeakng-loader") from None
        self._told: set[str] = set()
        self._tell_unread(self.text)
        if self.context.live:
            self._speak_ahead()

    def produce(self) -> Iterator[None]:
        from avatar_nodes.audio.espeak_model import EspeakError

        sent = 0
        try:
            for chunk in self._chunks():
                self._send(chunk, sent)
                sent += len(chunk.samples)
                yield
        except EspeakError as error:
            raise NodeError(str(error), fix="try another voice or text") from None

    def changed(self, param: str) -> None:
        if param == "line" and self.line.strip():
            self._say(self.line)

    def interrupt(self) -> None:
        if self._lines is not None:
            self._lines.interrupt()

    def close(self) -> None:
        if self._lines is not None:
            self._lines.close()

    def _check_text(self) -> None:
        if self.wait_for_lines and not self.context.live:
            raise NodeError("wait_for_lines: without --live this would never end", fix="run it with --live")
        if not (_has_word(self.text) or (self.wait_for_lines and not self.text.strip())):
            raise NodeError(f"the text {self.text[:40]!r} has no word to speak", fix="expected at least one word")

    def _speak_ahead(self) -> None:
        """Live, a thread speaks, so that the next 20 ms never wait for espeak-ng."""
        from avatar_nodes.audio.spoken_lines_model import SpokenLines

        self._lines = SpokenLines(self._rate, CHUNK_MS)
        if self.text.strip():
            self._lines.say(self._text_pieces())
            self._lines.prepare()

    def _chunks(self) -> Iterator[Piece]:
        if self._lines is None:
            from avatar_nodes.audio.text_to_speech_model import in_step

            yield from in_step(self._text_pieces(), self._rate * CHUNK_MS // 1000)
            return
        while (chunk := self._lines.take(on_and_on=self.wait_for_lines)) is not None:
            self.context.counts["lines waiting"] = self._lines.waiting
            yield chunk

    def _text_pieces(self) -> Iterator[Piece]:
        """The text, piece by piece; how long it will take is guessed anew with each."""
        from avatar_nodes.audio.text_to_speech_model import Delivery, pieces_of, spoken

        delivery = Delivery(self._voice, self.speed_wpm, self.pitch, self.lead_in_s, self.lead_out_s)
        pieces = pieces_of(self.text)
        said = samples = 0
        for text, piece in zip(pieces, spoken(pieces, delivery), strict=True):
            said, samples = said + len(text), samples + len(piece.samples)
            if not self.wait_for_lines:
                self.context.expect(timestamp_of(samples * sum(map(len, pieces)) // said, self._rate))
            yield piece

    def _say(self, line: str) -> None:
        if self._lines is None:
            self._tell("a line is spoken live only: run it with --live")
        elif not _has_word(line):
            self._tell(f"the line {line[:40]!r} has no word to speak")
        elif not self._lines.say(self._line_pieces(line, self.voice, self.speed_wpm, self.pitch)):
            self.context.counts["lines left out"] = self.context.counts.get("lines left out", 0) + 1
            self._tell("a line is left out: too many others wait")
        else:
            self._tell_unread(line)

    def _line_pieces(self, line: str, voice: str, speed_wpm: int, pitch: int) -> Iterator[Piece]:
        """A line, on the thread that speaks; what is wrong with it is told, and the run goes on."""
        from avatar_nodes.audio.espeak_model import EspeakError
        from avatar_nodes.audio.text_to_speech_model import UnknownVoice, find_voice, spoken_line

        try:
            self._voice = find_voice(voice)
        except UnknownVoice as error:
            self._tell(str(error))
        try:
            yield from spoken_line(line, self._voice, speed_wpm, pitch)
        except EspeakError as error:
            self._tell(str(error))

    def _send(self, chunk: Piece, position: int) -> None:
        if chunk.phones:
            starts = [timestamp_of(phone.start, self._rate) for phone in chunk.phones]
            ends = [timestamp_of(phone.end, self._rate) for phone in chunk.phones]
            made = Phones(
                tuple(phone.symbol for phone in chunk.phones),
                np.asarray(starts, np.int64) - starts[0],
                np.asarray(ends, np.int64) - np.asarray(starts, np.int64),
            )
            self.phones.send(made, timestamp=starts[0])
        sound = AudioChunk(chunk.samples[:, None], self._rate)
        self.audio.send(sound, timestamp=timestamp_of(position, self._rate))

    def _tell_unread(self, text: str) -> None:
        from avatar_nodes.audio.scripts_model import unread_letters

        unread = unread_letters(text, self.voice)
        if unread is not None:
            letters, voice = unread
            self._tell(f"the voice {self.voice} cannot read {letters}: it spells it out; voice: {voice} reads it")

    def _tell(self, notice: str) -> None:
        if notice not in self._told and len(self._told) < MOST_TOLD:
            self._told.add(notice)
            self.context.notice(notice)


def _has_word(text: str) -> bool:
    return any(character.isalnum() for character in text)
