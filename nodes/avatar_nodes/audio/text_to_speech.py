"""text_to_speech: a text, spoken by espeak-ng."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from avatar_nodes.payloads import AudioChunk, Phones
from graphcore import NodeError, Output, Param, Source, timestamp_of

CHUNK_MS = 20


class TextToSpeech(Source):
    """Speak a text, and say which speech sound is heard when.

    The phones tile the sound, pauses included. The same text gives the same samples. A long text is spoken a few
    sentences at a time.
    """

    audio = Output(AudioChunk, doc="mono, 22050 Hz")
    phones = Output(Phones, doc="one packet for each 20 ms of sound in which phones start")
    text = Param(type=str, doc="plain text, no markup")
    voice = Param("en-us", doc="a language tag of espeak-ng, with +NAME for a variant: en-gb+f3")
    speed_wpm = Param(160, ge=80, le=450, unit="words a minute", doc="how fast it speaks")
    pitch = Param(50, ge=0, le=99, doc="50 is the voice's own")
    lead_in_s = Param(0.2, ge=0.0, le=10.0, unit="s", doc="silence before the first word")
    lead_out_s = Param(0.3, ge=0.0, le=10.0, unit="s", doc="silence after the last word")

    def open(self) -> None:
        from avatar_nodes.audio.espeak_model import EspeakError
        from avatar_nodes.audio.scripts_model import unread_letters
        from avatar_nodes.audio.text_to_speech_model import UnknownVoice, find_voice

        if not any(character.isalnum() for character in self.text):
            raise NodeError(f"the text {self.text[:40]!r} has no word to speak", fix="expected at least one word")
        try:
            self._voice = find_voice(self.voice)
        except UnknownVoice as error:
            fix = f"did you mean {' or '.join(error.near[:3])}?"
            raise NodeError(f"espeak-ng has no voice {self.voice!r}", fix=fix) from None
        except EspeakError as error:
            raise NodeError(str(error), fix="pip install espeakng-loader") from None
        unread = unread_letters(self.text, self.voice)
        if unread is not None:
            letters, voice = unread
            self.context.notice(
                f"the voice {self.voice} cannot read {letters}: it spells it out; voice: {voice} reads it"
            )

    def produce(self) -> Iterator[None]:
        from avatar_nodes.audio.espeak_model import EspeakError

        try:
            yield from self._speak()
        except EspeakError as error:
            raise NodeError(str(error), fix="try another voice or text") from None

    def _speak(self) -> Iterator[None]:
        from avatar_nodes.audio.text_to_speech_model import Delivery, Piece, in_step, pieces_of, spoken

        delivery = Delivery(self._voice, self.speed_wpm, self.pitch, self.lead_in_s, self.lead_out_s)
        pieces = pieces_of(self.text)

        def announced() -> Iterator[tuple[int, Piece]]:
            said = samples = 0
            for text, (rate, piece) in zip(pieces, spoken(pieces, delivery), strict=True):
                said, samples = said + len(text), samples + len(piece.samples)
                self.context.expect(timestamp_of(samples * sum(map(len, pieces)) // said, rate))
                yield rate, piece

        sent = 0
        for rate, chunk in in_step(announced(), CHUNK_MS):
            if chunk.phones:
                starts = [timestamp_of(phone.start, rate) for phone in chunk.phones]
                ends = [timestamp_of(phone.end, rate) for phone in chunk.phones]
                made = Phones(
                    tuple(phone.symbol for phone in chunk.phones),
                    np.asarray(starts, np.int64) - starts[0],
                    np.asarray(ends, np.int64) - np.asarray(starts, np.int64),
                )
                self.phones.send(made, timestamp=starts[0])
            self.audio.send(AudioChunk(chunk.samples[:, None], rate), timestamp=timestamp_of(sent, rate))
            sent += len(chunk.samples)
            yield
