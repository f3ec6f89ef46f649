"""audio_stream: the speech of another program, as it comes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from avatar_nodes.audio.pcm_model import FORMATS, RATES
from avatar_nodes.payloads import AudioChunk
from graphcore import NodeError, Output, Param, Source, timestamp_of

if TYPE_CHECKING:
    from avatar_nodes.audio.audio_stream_speakers import Speakers
    from avatar_nodes.audio.sound_queue_model import SoundQueue
    from graphcore import WebServer

NS_PER_S = 1_000_000_000
CHUNK_MS = 20
WAIT_S = 0.02  # at most, until the run is asked whether it goes on


class AudioStream(Source):
    """Send the speech of another program: raw PCM that it sends over TCP, or over a WebSocket.

    Without end, and silence where nothing came. A program may send faster than it speaks: what waits is played
    gaplessly, and beyond max_s the program has to wait. One speaks at a time, and is heard to its end when it leaves.
    Sound goes on 0 to 20 ms after it came, and where speech begins up to patience_ms later. An interrupt drops what
    waits, but nothing of a program that connected after it.
    """

    live = True

    audio = Output(AudioChunk, doc="20 ms at a time, with sample_rate and channels")
    port = Param[int | None](7862, ge=0, le=65535, doc="for PCM over TCP, from this machine only; null: none")
    websocket_port = Param(7863, ge=0, le=65535, doc="for WebSockets, at /speak; 0: any free one, which a notice tells")
    host = Param(
        "127.0.0.1", doc="who can open a WebSocket: this machine; with 0.0.0.0 every machine that has the token"
    )
    token = Param("", doc="needed where other machines can open a WebSocket: at /speak?token=TOKEN")
    sample_rate = Param(16_000, choices=RATES, unit="Hz", doc="of what goes on, and of PCM that says nothing else")
    channels = Param(1, ge=1, le=8, doc="of what goes on, and of PCM that says nothing else")
    format = Param("s16le", choices=tuple(FORMATS), doc="of PCM that says nothing else")
    max_s = Param(60.0, ge=0.1, le=600.0, unit="s", doc="how much sound may wait")
    patience_ms = Param(40.0, ge=0.0, le=1000.0, unit="ms", live=True, doc="how late a portion may be without a gap")

    _server: WebServer | None = None
    _listening: socket.socket | None = None
    _speakers: Speakers
    _queue: SoundQueue

    def open(self) -> None:
        from avatar_nodes.audio.audio_stream_speakers import Speakers
        from avatar_nodes.audio.pcm_model import PcmFormat
        from avatar_nodes.audio.sound_queue_model import SoundQueue
        from avatar_nodes.audio.tcp_speakers import TcpSpeakers
        from graphcore import WebServer

        rate, channels = self.sample_rate, self.channels
        self._queue = SoundQueue(rate, channels, most_s=self.max_s, patience_s=self.patience_ms / 1000)
        usual = PcmFormat(rate, channels, self.format)
        self._speakers = Speakers(self._queue, usual, self.context.clock.now)
        routes = self._speakers.routes()
        port, another = self.websocket_port, self._another("websocket_port", self.websocket_port)
        self._server = WebServer(routes, host=self.host, port=port, token=self.token, another_port=another)
        self._server.start()
        where = self._server.url.replace("http", "ws", 1).partition("?")[0] + "speak"
        if self.token:
            where += "?token=... (as token says)"
        if self.port is not None:
            self._listening = self._listen(self.port)
            self._server.submit(TcpSpeakers(self._speakers).listen(self._listening))
            where += " and tcp://{}:{}".format(*self._listening.getsockname())
        self.context.notice(f"speech is awaited at {where}")

    def changed(self, param: str) -> None:
        if param == "patience_ms":
            self._queue.patience_s = self.patience_ms / 1000

    def interrupt(self) -> None:
        assert self._server is not None
        moment = self.context.interrupted_at
        self._queue.forget(moment)
        self._server.submit(self._speakers.interrupt(moment))

    def produce(self) -> Iterator[None]:
        rate, pause = self.sample_rate, threading.Event()
        size = rate * CHUNK_MS // 1000
        sent = 0
        while True:
            due = timestamp_of(sent, rate)
            if (early_ns := due - self.context.clock.now()) > 0:
                pause.wait(min(early_ns / NS_PER_S, WAIT_S))
                yield
                continue
            self.audio.send(AudioChunk(self._queue.take(size), rate), timestamp=due)
            sent += size
            self._count()
            yield

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._listening is not None:
            self._listening.close()

    def _listen(self, port: int) -> socket.socket:
        from avatar_nodes.audio.loopback_model import listening_at

        try:
            return listening_at(port)
        except OSError as error:
            what = f"port {port} cannot be listened at: {error.strerror or error}"
            another = self._another("port", port)
            raise NodeError(what, fix=f"choose another port: {another}, or none: port: null") from None

    def _another(self, param: str, port: int) -> str:
        return f"--set {self.context.name}.{param}={(port + 10) % 65536}"

    def _count(self) -> None:
        counts = self.context.counts
        counts["ms waiting"] = self._queue.waiting_ms
        counts["underruns"] = self._queue.underruns
        counts["speakers"] = int(self._speakers.present)
