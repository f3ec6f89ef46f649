"""Slots in memory that two processes share: large buffers cross by one copy, and are read where they lie.

The memory is a memfd: it has no name, and is gone when both processes are. Layout: a token (16 bytes), the
reader's answer (16 bytes), one byte for each slot (0: free), then the slots from `FIRST_SLOT` on, page by page.

Nothing that says how long or where anything is stands in it, so a peer that writes into it at a wrong moment
spoils pixels, never structure. It cannot shrink (sealed), so reading it never faults.

A reader hands out views of a slot; the slot is free again when the last of them is garbage. That costs 1.5 us,
where copying a 786 KB picture out costs 49 us (measured). Who keeps packets keeps slots: then the writer finds
no free slot and sends by value, and nobody waits.
"""

from __future__ import annotations

import fcntl
import hmac
import mmap
import os
import weakref
from collections.abc import Sequence

import numpy as np

from graphcore.errors import CodecError
from graphcore.transport.codec import Buffer

TOKEN_BYTES = 16
FLAGS = 64  # offset
MAX_SLOTS = 32
FIRST_SLOT = 4096
ALIGN = 64
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL if hasattr(fcntl, "F_SEAL_SHRINK") else 0


def padded(length: int) -> int:
    """The room that so many bytes take in a slot."""
    return -(-length // ALIGN) * ALIGN


def make_ring(slot_bytes: int, slots: int) -> tuple[RingWriter, int]:
    """A ring to write into, and its memfd: pass that on, then close it. Raises OSError where none can be had."""
    size = FIRST_SLOT + slots * slot_bytes
    fd = os.memfd_create("graphcore", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(fd, size)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS)
        return RingWriter(mmap.mmap(fd, size), slot_bytes, slots), fd
    except OSError:
        os.close(fd)
        raise


class RingWriter:
    """The side that fills slots; made by `make_ring`."""

    def __init__(self, memory: mmap.mmap, slot_bytes: int, slots: int) -> None:
        self.slot_bytes = slot_bytes
        self.slots = slots
        self.token = os.urandom(TOKEN_BYTES)
        self._map = memory
        self._map[:TOKEN_BYTES] = self.token
        self._bytes = np.frombuffer(memory, np.uint8)
        self._shared = False

    @property
    def shared(self) -> bool:
        """Whether the reader has shown that it sees this very memory."""
        if not self._shared:
            self._shared = self._map[TOKEN_BYTES : 2 * TOKEN_BYTES] == _answer(self.token)
        return self._shared

    def put(self, buffers: Sequence[Buffer]) -> int:
        """Copy buffers, one behind the other, into a free slot; -1: none is free.

        The first free one is taken, so that few slots are in use, and those are in the processor's cache.
        """
        slot = self._map.find(b"\0", FLAGS, FLAGS + self.slots) - FLAGS
        if slot < 0:
            return -1
        self._map[FLAGS + slot] = 1
        at = FIRST_SLOT + slot * self.slot_bytes
        for buffer in buffers:
            self._bytes[at : at + len(buffer)] = np.frombuffer(buffer, np.uint8)
            at += padded(len(buffer))
        return slot


class RingReader:
    """The side that reads slots where they lie; takes `fd` over. Raises CodecError where that is no such ring."""

    def __init__(self, fd: int, slot_bytes: int, slots: int, token: bytes) -> None:
        try:
            if not 0 < slots <= MAX_SLOTS or slot_bytes <= 0 or len(token) != TOKEN_BYTES:
                raise CodecError(f"ring of {slots} slots of {slot_bytes} bytes; expected 1 to {MAX_SLOTS} slots")
            size = FIRST_SLOT + slots * slot_bytes
            if fcntl.fcntl(fd, fcntl.F_GET_SEALS) & SEALS != SEALS or os.fstat(fd).st_size != size:
                raise CodecError(f"ring: expected a sealed memfd of {size} bytes")
            self._map = mmap.mmap(fd, size)
        except (OSError, ValueError, OverflowError) as error:
            raise CodecError(f"ring: {error}") from error
        finally:
            os.close(fd)
        self.slot_bytes = slot_bytes
        self.slots = slots
        self._held: dict[int, weakref.ref[np.ndarray[tuple[int], np.dtype[np.uint8]]]] = {}
        if hmac.compare_digest(self._map[:TOKEN_BYTES], token):
            self._map[TOKEN_BYTES : 2 * TOKEN_BYTES] = _answer(token)

    @property
    def held(self) -> int:
        """How many slots are being read."""
        return len(self._held)

    def take(self, slot: int, lengths: Sequence[int]) -> list[memoryview]:
        """Views of the buffers in a slot, which is freed when they, and every array on them, are gone."""
        total = sum(padded(length) for length in lengths)
        if not 0 <= slot < self.slots or total > self.slot_bytes or slot in self._held:
            raise CodecError(f"ring: {total} bytes in slot {slot}; expected at most {self.slot_bytes} in a free one")
        owner = np.frombuffer(self._map, np.uint8, total, FIRST_SLOT + slot * self.slot_bytes)
        owner.flags.writeable = False
        ring_map, held = self._map, self._held

        def free(_: object) -> None:
            """Runs when the views are garbage, on whatever thread that happens."""
            held.pop(slot, None)
            ring_map[FLAGS + slot] = 0

        self._held[slot] = weakref.ref(owner, free)
        views, at = [], 0
        whole = owner.data
        for length in lengths:
            views.append(whole[at : at + length])
            at += padded(length)
        return views


def _answer(token: bytes) -> bytes:
    """What a reader writes beside the token: every bit turned over."""
    return bytes(byte ^ 0xFF for byte in token)
