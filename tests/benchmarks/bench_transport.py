"""A message between two processes by our channels, beside the raw thing that each of them is made of, in one run.

Latency: 300 messages, one every 3 ms, from before `send` to when it is there, medians; frames a second: 1,500 as fast
as they go, none lost. Each pair is measured three times in turn, and the median of the ratios is what counts. A frame
is 786 kB, a small message 320 bytes. Raw limits: a ring in shared memory of eight slots with a ZeroMQ message for each,
and pyzmq's PUSH and PULL over ipc, TCP, and TCP with CURVE.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker, shared_memory
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import zmq
from limits import limit
from numpy.typing import NDArray

from graphcore import Shape, payload
from graphcore.transport.channel import Channel
from graphcore.transport.codec import Delivery
from graphcore.transport.keys import Keys, load_keys, make_keys
from graphcore.transport.shared_memory import SharedMemoryWire
from graphcore.transport.zeromq import Listener, connect

FRAME, SMALL = 512 * 512 * 3, 320
ROUNDS, SLOW, FAST = 3, 300, 1500
SLOTS, PAGE = 8, 4096


@payload
class Bytes:
    """What is sent, and when (ns of this machine's monotonic clock)."""

    content: Annotated[NDArray[np.uint8], Shape("bytes")]
    sent_ns: int


class Arrived:
    """Counts what comes, and prints what it took."""

    def __init__(self) -> None:
        self._took: list[int] = []
        self._count = 0
        self._began = 0
        self.over = threading.Event()

    def add(self, sent_ns: int, content: Any) -> None:
        """A message is there."""
        now = time.monotonic_ns()
        _ = content[0], content[-1]
        self._count += 1
        if self._count <= SLOW:
            self._took.append(now - sent_ns)
        elif self._count == SLOW + 1:
            self._began = now
        elif self._count == SLOW + FAST:
            rate = (FAST - 1) / ((now - self._began) / 1e9)
            print(json.dumps([statistics.median(self._took[20:]) / 1e3, rate]), flush=True)
            self.over.set()


def flood(send: Callable[[NDArray[np.uint8]], None], size: int) -> None:
    """First slowly, then as fast as it goes."""
    content = np.random.default_rng(0).integers(0, 255, size, np.uint8)
    for index in range(SLOW + FAST):
        send(content)
        if index < SLOW:
            time.sleep(0.003)
        elif index == SLOW:
            time.sleep(0.2)


def send_by_channel(channel: Channel, size: int) -> None:
    """Over one link with a queue of eight, which blocks."""
    room = threading.Event()
    end = channel.open_sender(1, queue=SLOTS, wake=room.set)
    channel.start()
    sequence = 0

    def send(content: NDArray[np.uint8]) -> None:
        nonlocal sequence
        while True:
            room.clear()
            if end.send(Bytes(content, time.monotonic_ns()), sequence, sequence):
                break
            room.wait()
        sequence += 1

    flood(send, size)


def receive_by_channel(channel: Channel, arrived: Arrived) -> None:
    """The other end of it."""

    def take(message: Any) -> None:
        if isinstance(message, Delivery):
            arrived.add(message.payload.sent_ns, message.payload.content)
            end.grant()

    end = channel.open_receiver(1, Bytes, queue=SLOTS, take=take)
    channel.start()
    arrived.over.wait()
    channel.close()


@contextmanager
def receiver(*arguments: str, pass_fds: tuple[int, ...] = ()) -> Iterator[subprocess.Popen[str]]:
    """The process at the other end; it says `up` first and what was measured last."""
    command = [sys.executable, __file__, "receive", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, pass_fds=pass_fds) as process:
        yield process


def result(process: subprocess.Popen[str]) -> tuple[float, float]:
    """Latency in us, frames a second."""
    assert process.stdout is not None
    took, rate = json.loads(process.stdout.readline())
    return took, rate


def known() -> dict[str, type]:
    """The payload that travels."""
    return {Bytes.__payload__: Bytes}  # type: ignore[attr-defined]


def ours_shared(size: int, _folder: Path) -> tuple[float, float]:
    """Our channel on one machine."""
    mine, theirs = socket.socketpair()
    with receiver("shared", str(theirs.fileno()), pass_fds=(theirs.fileno(),)) as process:
        theirs.close()
        channel = Channel(SharedMemoryWire(mine), known())
        send_by_channel(channel, size)
        found = result(process)
        channel.close()
    return found


def ours_zeromq(size: int, folder: Path, *, curve: bool) -> tuple[float, float]:
    """Our channel over TCP."""
    keys = load_keys(folder / "sends") if curve else None
    allowed = frozenset([load_keys(folder / "receives").public]) if curve else frozenset()
    came: list[Any] = []
    here = threading.Event()
    listener = Listener(
        "tcp://127.0.0.1:*",
        lambda wire: (came.append(wire), here.set()),
        keys=keys,
        allowed=allowed,  # type: ignore[func-returns-value, arg-type, return-value]
    )
    with receiver("curve" if curve else "tcp", listener.address, str(folder)) as process:
        here.wait()
        channel = Channel(came[0], known())
        send_by_channel(channel, size)
        found = result(process)
        channel.close()
    listener.close()
    return found


def raw_zeromq(size: int, folder: Path, *, address: str, curve: bool = False) -> tuple[float, float]:
    """PUSH and PULL, a header and the buffer, without copies on our side."""
    context = zmq.Context()
    sock = context.socket(zmq.PUSH)
    sock.sndhwm = SLOTS
    if curve:
        keys = load_keys(folder / "sends")
        sock.curve_server, sock.curve_publickey, sock.curve_secretkey = True, keys.public, keys.secret
    sock.bind(address)
    with receiver("raw", sock.getsockopt_string(zmq.LAST_ENDPOINT), str(folder), "curve" * curve) as process:
        assert process.stdout is not None
        process.stdout.readline()

        def send(content: NDArray[np.uint8]) -> None:
            sock.send_multipart([json.dumps(time.monotonic_ns()).encode(), content], copy=False)

        flood(send, size)
        found = result(process)
    sock.close()
    context.term()
    return found


def raw_ring(size: int, folder: Path) -> tuple[float, float]:
    """A ring in shared memory, and a ZeroMQ message that says which slot."""
    step = -(-size // PAGE) * PAGE
    memory = shared_memory.SharedMemory(create=True, size=PAGE + SLOTS * step)
    tail: Any = np.ndarray((1,), np.uint64, memory.buf)
    slots = [np.ndarray((size,), np.uint8, memory.buf, PAGE + k * step) for k in range(SLOTS)]
    tail[0] = 0
    context = zmq.Context()
    sock = context.socket(zmq.PUSH)
    sock.bind(f"ipc://{folder}/ring")
    with receiver("ring", memory.name, f"ipc://{folder}/ring", str(size)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        count = 0

        def send(content: NDArray[np.uint8]) -> None:
            nonlocal count
            while count - int(tail[0]) >= SLOTS:
                time.sleep(0)
            sent = time.monotonic_ns()
            np.copyto(slots[count % SLOTS], content)
            sock.send(json.dumps([sent, count % SLOTS]).encode())
            count += 1

        flood(send, size)
        found = result(process)
    sock.close()
    context.term()
    slots.clear()
    tail = None
    memory.close()
    memory.unlink()
    return found


def receive(kind: str, *arguments: str) -> None:
    """What the other process does."""
    arrived = Arrived()
    if kind == "shared":
        receive_by_channel(Channel(SharedMemoryWire(socket.socket(fileno=int(arguments[0]))), known()), arrived)
    elif kind in ("tcp", "curve"):
        folder = Path(arguments[1])
        keys: Keys | None = load_keys(folder / "receives") if kind == "curve" else None
        server = load_keys(folder / "sends").public if kind == "curve" else None
        receive_by_channel(Channel(connect(arguments[0], keys=keys, server_key=server), known()), arrived)
    elif kind == "raw":
        receive_raw(*arguments, arrived=arrived)
    else:
        receive_ring(*arguments, arrived=arrived)


def receive_raw(address: str, folder: str, curve: str, *, arrived: Arrived) -> None:
    """PULL."""
    sock = zmq.Context().socket(zmq.PULL)
    sock.rcvhwm = SLOTS
    if curve:
        keys, server = load_keys(Path(folder) / "receives"), load_keys(Path(folder) / "sends")
        sock.curve_serverkey, sock.curve_publickey, sock.curve_secretkey = server.public, keys.public, keys.secret
    sock.connect(address)
    print("up", flush=True)
    while not arrived.over.is_set():
        head, content = sock.recv_multipart(copy=False)
        arrived.add(json.loads(head.bytes), np.frombuffer(content.buffer, np.uint8))


def receive_ring(name: str, address: str, size: str, *, arrived: Arrived) -> None:
    """Looks into the slot that it is told."""
    memory = shared_memory.SharedMemory(name)
    resource_tracker.unregister(f"/{name}", "shared_memory")  # the other process removes it
    step = -(-int(size) // PAGE) * PAGE
    tail: Any = np.ndarray((1,), np.uint64, memory.buf)
    slots = [np.ndarray((int(size),), np.uint8, memory.buf, PAGE + k * step) for k in range(SLOTS)]
    sock = zmq.Context().socket(zmq.PULL)
    sock.connect(address)
    print("up", flush=True)
    while not arrived.over.is_set():
        sent, slot = json.loads(sock.recv())
        arrived.add(sent, slots[slot])
        tail[0] += 1
    sys.stdout.flush()
    os._exit(0)  # views of the memory are still there


Measured = Callable[[], tuple[float, float]]


def compare(what: str, ours: Measured, raw: Measured, most: float, least: float) -> None:
    """Print both, and the ratios beside their limits."""
    pairs = [(ours(), raw()) for _ in range(ROUNDS)]
    took = statistics.median(one[0] / other[0] for one, other in pairs)
    rate = statistics.median(one[1] / other[1] for one, other in pairs)
    mine, theirs = ([statistics.median(each[side][k] for each in pairs) for k in (0, 1)] for side in (0, 1))
    print(f"{what:34} {mine[0]:6.0f} us, raw {theirs[0]:6.0f}: {took:.2f} x ({limit(took, at_most=most)})")
    speed = f"({limit(rate, at_least=least)})" if least else "(no limit)"
    print(f"{'':34} {mine[1]:6.0f} a second, raw {theirs[1]:6.0f}: {rate:.2f} x {speed}")


def main() -> None:
    """Every pair."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_keys(folder / "sends")
        make_keys(folder / "receives")
        ipc = f"ipc://{folder}/raw"
        tcp = "tcp://127.0.0.1:*"
        compare(
            "frame, shared memory : ring + zmq",
            lambda: ours_shared(FRAME, folder), lambda: raw_ring(FRAME, folder), 1.25, 0.55,
        )  # fmt: skip
        compare(
            "320 B, one machine : zmq ipc",
            lambda: ours_shared(SMALL, folder), lambda: raw_zeromq(SMALL, folder, address=ipc), 1.4, 0.0,
        )  # fmt: skip
        for curve in (False, True):
            compare(
                f"frame, TCP{' with CURVE' * curve} : pyzmq",
                lambda curve=curve: ours_zeromq(FRAME, folder, curve=curve),
                lambda curve=curve: raw_zeromq(FRAME, folder, address=tcp, curve=curve),
                1.25, 0.0,
            )  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["receive"]:
        receive(*sys.argv[2:])
    else:
        main()
