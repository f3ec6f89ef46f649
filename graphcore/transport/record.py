"""Records on a Unix socket: what a wire between two processes reads, checked before anything is allocated.

A record is `RECORD`, the length of each buffer (64 bits each), the header of a message, and its buffers: behind it
(kind VALUE) or in a slot of the ring (kind SLOT). Kind RING brings a new ring: no buffers, `RING_HEADER` in place of
a header, and a memfd beside it (SCM_RIGHTS).
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable

import numpy as np

from graphcore.errors import CodecError
from graphcore.transport.codec import HEADER_BYTES, Buffer
from graphcore.transport.ring import TOKEN_BYTES, RingReader

VALUE, SLOT, RING = range(3)
RECORD = struct.Struct("<BBHI")  # kind, number of buffers, slot, header bytes
RING_HEADER = struct.Struct(f"<QI{TOKEN_BYTES}s")  # slot bytes, slots, token
MAX_BUFFERS = 64
_BUFFER_BYTES = 2 * HEADER_BYTES
_ONE_FD = socket.CMSG_SPACE(struct.calcsize("i"))


class SocketReader:
    """Reads messages from a socket that does not block; calls `wait` where there is nothing to read.

    EOFError and OSError: the socket has ended. CodecError: what came is no record.
    """

    def __init__(self, sock: socket.socket, wait: Callable[[], None], max_bytes: int) -> None:
        self._sock = sock
        self._wait = wait
        self._max_bytes = max_bytes
        self._ring: RingReader | None = None
        self._fd = -1  # a memfd that came before its record was read
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._start = self._end = 0  # of what was received and not read yet

    def read(self) -> list[Buffer]:
        """The frames of the next message."""
        while True:
            kind, count, slot, header_bytes = RECORD.unpack(self._take(RECORD.size))
            if kind > RING or count > MAX_BUFFERS or header_bytes > HEADER_BYTES:
                raise CodecError(f"record of kind {kind} with {count} buffers and {header_bytes} bytes of header")
            rest = self._take(8 * count + header_bytes)
            lengths = struct.unpack_from(f"<{count}Q", rest)
            header = bytes(rest[8 * count :])
            if header_bytes + sum(lengths) > self._max_bytes:
                raise CodecError(f"record of {sum(lengths)} bytes; expected at most {self._max_bytes}")
            if kind == VALUE:
                return [header, *[self._body(length) for length in lengths]]
            if kind == RING:
                self._new_ring(header, count)
            elif self._ring is None:
                raise CodecError("record in a slot; expected a ring first")
            else:
                return [header, *self._ring.take(slot, lengths)]

    def close(self) -> None:
        """Let go of the ring; what is being read keeps its memory."""
        self._ring = None
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _new_ring(self, header: bytes, count: int) -> None:
        if len(header) != RING_HEADER.size or count or self._fd < 0:
            raise CodecError("ring: expected its sizes, a token and a memfd")
        fd, self._fd = self._fd, -1
        self._ring = RingReader(fd, *RING_HEADER.unpack(header))

    def _take(self, count: int) -> memoryview:
        """The next bytes, at most _BUFFER_BYTES; good until the next call."""
        if self._start + count > _BUFFER_BYTES:
            rest = bytes(self._buffer[self._start : self._end])
            self._buffer[: len(rest)] = rest
            self._start, self._end = 0, len(rest)
        while self._end - self._start < count:
            self._end += self._receive(self._buffer[self._end :])
        taken = self._buffer[self._start : self._start + count]
        self._start += count
        if self._start == self._end:
            self._start = self._end = 0
        return taken

    def _body(self, length: int) -> memoryview:
        """A buffer of its own, filled with the next bytes."""
        body = np.empty(length, np.uint8).data
        filled = min(length, self._end - self._start)
        body[:filled] = self._take(filled)
        while filled < length:
            filled += self._receive(body[filled:])
        return body

    def _receive(self, view: memoryview) -> int:
        while True:
            try:
                count, ancillary, flags, _ = self._sock.recvmsg_into([view], _ONE_FD, socket.MSG_CMSG_CLOEXEC)
            except BlockingIOError:
                self._wait()
                continue
            if ancillary or flags & socket.MSG_CTRUNC:
                self._keep_fd(ancillary, flags)
            if count == 0:
                raise EOFError
            return count

    def _keep_fd(self, ancillary: list[tuple[int, int, bytes]], flags: int) -> None:
        """One at a time: whoever sends more, or none where one was said to be, is refused."""
        fds = [fd for _, _, content in ancillary for (fd,) in struct.iter_unpack("i", content)]
        if len(fds) != 1 or self._fd >= 0 or flags & socket.MSG_CTRUNC:
            for fd in fds:
                os.close(fd)
            raise CodecError(f"{len(fds)} file descriptors beside a record; expected one")
        self._fd = fds[0]
