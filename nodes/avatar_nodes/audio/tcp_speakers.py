"""Programs of this machine that send PCM over TCP, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from avatar_nodes.audio.audio_stream_speakers import BUSY, PORTION, Speakers
from avatar_nodes.audio.loopback_model import HEAD, REFUSAL, is_request, watch

MOST_SILENT = 16  # connections that say nothing; of more the oldest is closed
ACCEPT_S, LINGER_S, RETRY_S = 0.001, 0.1, 0.02


class TcpSpeakers:
    """Accepts them, and gives them to `Speakers`; on the same event loop."""

    def __init__(self, speakers: Speakers) -> None:
        self._speakers = speakers
        self._tasks: set[asyncio.Task[None]] = set()  # one for each connection
        self._silent: list[asyncio.Task[None]] = []  # of these, those that have said nothing yet, oldest first

    async def listen(self, listening: socket.socket) -> None:
        """Accept programs that send nothing but PCM, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                taken, _ = await loop.sock_accept(listening)
            except OSError:  # no descriptor is free, or the program has left
                await asyncio.sleep(RETRY_S)
                continue
            taken.setblocking(False)
            watch(taken)
            self._take_in(taken)
            await asyncio.sleep(ACCEPT_S)

    def _take_in(self, speaker: socket.socket) -> None:
        task = asyncio.create_task(self._listen_to(speaker, self._speakers.now()))
        task.add_done_callback(lambda _: speaker.close())  # also where it was cancelled before it began
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._silent.append(task)
        if len(self._silent) > MOST_SILENT:
            self._silent.pop(0).cancel()

    async def _listen_to(self, speaker: socket.socket, since: int) -> None:
        """Whoever says the first word has the turn; one that connects and says nothing is in nobody's way."""
        with contextlib.suppress(OSError):
            head = await self._head(speaker)
            self._silent = [task for task in self._silent if task is not asyncio.current_task()]
            if is_request(head):
                await self._send_away(speaker, REFUSAL)
            elif self._speakers.present:
                await self._send_away(speaker, f"{BUSY}\n".encode())
            elif head:
                await self._listen_on(speaker, since, head)

    async def _listen_on(self, speaker: socket.socket, since: int, portion: bytes) -> None:
        reader = self._speakers.reader()
        with self._speakers.turn(since) as turn:
            while portion:
                await self._speakers.hear(turn, reader, portion)
                portion = await asyncio.get_running_loop().sock_recv(speaker, PORTION)

    async def _send_away(self, speaker: socket.socket, why: bytes) -> None:
        speaker.send(why)
        speaker.shutdown(socket.SHUT_WR)
        await asyncio.sleep(LINGER_S)  # closed at once, what it has sent would take our answer with it

    async def _head(self, speaker: socket.socket) -> bytes:
        """The first bytes, which tell who it is; fewer where it has left already."""
        head = b""
        while len(head) < HEAD and (part := await asyncio.get_running_loop().sock_recv(speaker, HEAD - len(head))):
            head += part
        return head
