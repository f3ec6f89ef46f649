"""A wire between two processes of one user on one machine: a Unix socket, and a ring in shared memory.

The socket carries headers and small buffers, wakes the reader, passes the ring's memory (SCM_RIGHTS) and tells
at once when the peer dies: one system call where a ring beside ZeroMQ would need both. What is large goes through
the ring; when no slot is free, when it does not fit, or when the memory turns out not to be shared, it goes through
the socket by value, which is counted. Nobody waits for a socket: what it does not take, the wire's thread writes.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from graphcore.errors import CodecError
from graphcore.transport.codec import MAX_BYTES, Buffer
from graphcore.transport.record import RECORD, RING, RING_HEADER, SLOT, VALUE, SocketReader
from graphcore.transport.ring import FIRST_SLOT, MAX_SLOTS, RingWriter, make_ring, padded

MIN_SHARED = 16 * 1024  # less is faster by value
RING_BYTES = 256 * 2**20  # of address space; only slots that were used take memory
CLOSE_S = 1.0


class SharedMemoryWire:
    """One end, over a connected Unix stream socket, which it takes over. `ring_bytes=0`: everything by value."""

    def __init__(self, sock: socket.socket, *, ring_bytes: int = RING_BYTES, max_bytes: int = MAX_BYTES) -> None:
        sock.setblocking(False)
        self.refused = 0
        self.by_value = 0  # large messages that did not go through the ring
        self.through_ring = 0
        self._sock = sock
        self._reader = SocketReader(sock, self._wait, max_bytes)
        self._ring_bytes = ring_bytes if hasattr(os, "memfd_create") else 0
        self._writer: RingWriter | None = None
        self._outgoing: deque[tuple[memoryview, int]] = deque()  # bytes, and the memfd to pass with them or -1
        self._lock = threading.Lock()
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._wake_read, select.POLLIN)
        self._thread: threading.Thread | None = None
        self._close_at: float | None = None
        self._ended = False

    def start(self, receive: Callable[[Sequence[Buffer]], None], lost: Callable[[str], None]) -> None:
        """Begin to read."""
        self._thread = threading.Thread(target=self._run, args=(receive, lost), name="graphcore-wire", daemon=True)
        self._thread.start()

    @property
    def figures(self) -> dict[str, int]:
        """How large messages went, and the bytes of shared memory that this end may fill."""
        return {"through_ring": self.through_ring, "by_value": self.by_value, "ring_bytes": self.ring_size}

    @property
    def ring_size(self) -> int:
        """The bytes of shared memory that this end may fill."""
        return self._writer.slots * self._writer.slot_bytes if self._writer else 0

    def send(self, frames: Sequence[Buffer]) -> None:
        """Copy large buffers into the ring and write the rest to the socket; what that does not take now waits."""
        header, *buffers = frames
        with self._lock:
            if self._ended or self._close_at is not None:
                return
            slot = self._put(buffers)
            lengths = struct.pack(f"<{len(buffers)}Q", *[len(buffer) for buffer in buffers])
            if slot >= 0:
                self._write(b"".join((RECORD.pack(SLOT, len(buffers), slot, len(header)), lengths, header)))
                return
            self._write(b"".join((RECORD.pack(VALUE, len(buffers), 0, len(header)), lengths, header)))
            for buffer in buffers:
                self._write(buffer)

    def close(self) -> None:
        """Send what waits, for at most a second; then end."""
        with self._lock:
            if self._close_at is None:
                self._close_at = time.monotonic() + CLOSE_S
            if self._thread is None:
                self._give_back()
            self._wake()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _put(self, buffers: Sequence[Buffer]) -> int:
        """Put buffers into a slot; -1: they go by value."""
        total = 0
        for buffer in buffers:
            total += padded(len(buffer))
        if total < MIN_SHARED:
            return -1
        if self._writer is None or self._writer.slot_bytes < total:
            self._grow(total)
        writer, slot = self._writer, -1
        if writer is not None and writer.slot_bytes >= total and writer.shared:
            slot = writer.put(buffers)
        if slot < 0:
            self.by_value += 1
        else:
            self.through_ring += 1
        return slot

    def _grow(self, total: int) -> None:
        """Make a ring for messages of this size. Until the peer has answered in it, they go by value."""
        slot_bytes = max(FIRST_SLOT, 1 << (total - 1).bit_length())
        slots = min(MAX_SLOTS, self._ring_bytes // slot_bytes)
        if slots < 2:
            return
        try:
            self._writer, fd = make_ring(slot_bytes, slots)
        except OSError:  # no memory, or forbidden here: everything by value from now on
            self._ring_bytes = 0
            return
        content = RING_HEADER.pack(slot_bytes, slots, self._writer.token)
        self._write(RECORD.pack(RING, 0, 0, len(content)) + content, fd)

    def _write(self, content: Buffer, fd: int = -1) -> None:
        if not content:
            return
        self._outgoing.append((memoryview(content), fd))
        if len(self._outgoing) == 1:
            self._flush()
            if self._outgoing:
                self._wake()

    def _flush(self) -> None:
        """Write until the socket takes no more; whoever calls holds the lock."""
        try:
            while self._outgoing:
                view, fd = self._outgoing[0]
                if fd < 0:
                    sent = self._sock.send(view, socket.MSG_NOSIGNAL)
                else:
                    sent = socket.send_fds(self._sock, [view], [fd], socket.MSG_NOSIGNAL)
                    os.close(fd)
                if sent == len(view):
                    self._outgoing.popleft()
                else:
                    self._outgoing[0] = (view[sent:], -1)
        except BlockingIOError:
            pass
        except OSError:  # the peer is gone; the thread that reads sees it too, and says so
            self._forget_outgoing()

    def _wake(self) -> None:
        """Let the wire's thread look again."""
        if not self._ended:
            with contextlib.suppress(BlockingIOError):
                self._wake_write.send(b"\0")

    def _wait(self) -> None:
        """Until there is something to read; meanwhile write what waits. EOFError: this end has been closed."""
        with self._lock:
            self._flush()
            left = None if self._close_at is None else self._close_at - time.monotonic()
            if left is not None and (left <= 0 or not self._outgoing):
                raise EOFError
            self._poll.register(self._sock, select.POLLIN | (select.POLLOUT if self._outgoing else 0))
        for fd, _ in self._poll.poll(None if left is None else left * 1000):
            if fd == self._wake_read.fileno():
                self._wake_read.recv(4096)

    def _run(self, receive: Callable[[Sequence[Buffer]], None], lost: Callable[[str], None]) -> None:
        reason = "the peer is gone"
        try:
            while True:
                receive(self._reader.read())
        except (EOFError, OSError):
            pass
        except CodecError as error:
            self.refused += 1
            reason = f"the peer sent what is refused: {error}"
        finally:
            with self._lock:
                self._give_back()
            lost(reason)

    def _give_back(self) -> None:
        """Close what is open; slots that are still being read keep their memory until they are garbage."""
        self._ended = True
        self._forget_outgoing()
        self._reader.close()
        for sock in (self._sock, self._wake_read, self._wake_write):
            sock.close()
        self._writer = None

    def _forget_outgoing(self) -> None:
        for _, fd in self._outgoing:
            if fd >= 0:
                os.close(fd)
        self._outgoing.clear()
