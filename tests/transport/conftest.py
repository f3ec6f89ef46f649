"""Both ends of a channel over every wire, in one process: the contract is the same."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from graphcore.transport.channel import Channel, Wire
from graphcore.transport.codec import Delivery
from graphcore.transport.keys import make_keys
from graphcore.transport.link_ends import ReceivingEnd, SendingEnd
from graphcore.transport.memory import memory_pair
from graphcore.transport.shared_memory import SharedMemoryWire
from graphcore.transport.zeromq import Listener, connect
from graphcore.transport.zeromq_wire import ZeroMQWire
from transport.payloads import KNOWN, Small

WIRES = ("memory", "shared", "by_value", "ipc", "tcp", "curve")
WAIT_S = 20.0  # for what must happen; nothing waits as long where all is well


def over_zeromq(name: str, folder: Path, stack: ExitStack) -> tuple[Wire, Wire]:
    """A listener, and a wire to it."""
    ours, theirs = None, None
    if name == "curve":
        ours, theirs = make_keys(folder / "server"), make_keys(folder / "client")
    folder.chmod(0o700)
    address = f"ipc://{folder}/wire" if name == "ipc" else "tcp://127.0.0.1:*"
    came: SimpleQueue[ZeroMQWire] = SimpleQueue()
    listener = Listener(address, came.put, keys=ours, allowed=frozenset([theirs.public]) if theirs else frozenset())
    stack.callback(listener.close)
    first = connect(listener.address, keys=theirs, server_key=ours.public if ours else None)
    stack.callback(first.close)
    return first, came.get(timeout=WAIT_S)


def make_wires(name: str, folder: Path, stack: ExitStack) -> tuple[Wire, Wire]:
    """Two ends that reach each other."""
    if name == "memory":
        return memory_pair()
    if name in ("shared", "by_value"):
        one, other = socket.socketpair()
        arguments = {"ring_bytes": 0} if name == "by_value" else {}
        return SharedMemoryWire(one, **arguments), SharedMemoryWire(other, **arguments)
    return over_zeromq(name, folder, stack)


@dataclass
class Side:
    """A channel, and what came of it."""

    wire: Wire
    channel: Channel = field(init=False)
    messages: SimpleQueue[Any] = field(default_factory=SimpleQueue)
    reasons: SimpleQueue[str] = field(default_factory=SimpleQueue)

    def __post_init__(self) -> None:
        self.channel = Channel(self.wire, KNOWN, receive=self.messages.put, closed=self.reasons.put)


@dataclass
class Pair:
    """Two places joined by a channel; `link` opens both ends of a link between them."""

    sender: Side
    receiver: Side

    def link(
        self, number: int = 1, payload: type = Small, take: Any = None, **options: Any
    ) -> tuple[SendingEnd, Taken]:
        taken = Taken()
        wake = Wake()
        send = self.sender.channel.open_sender(number, wake=wake, **options)
        taken.end = self.receiver.channel.open_receiver(number, payload, take=take or taken.queue.put, **options)
        wake.wait_for(lambda: send.credits > 0)
        taken.wake = wake
        return send, taken


class Wake:
    """What a sending end calls; a test waits here, without sleeping, until something holds."""

    def __init__(self) -> None:
        self._changed = threading.Condition()

    def __call__(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, holds: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(holds, WAIT_S)


class Taken:
    """What arrives at a receiving end."""

    end: ReceivingEnd
    wake: Wake

    def __init__(self) -> None:
        self.queue: SimpleQueue[Any] = SimpleQueue()

    def next(self) -> Any:
        """The next message, when it comes."""
        return self.queue.get(timeout=WAIT_S)

    def numbers(self, count: int, *, grant: bool = False) -> list[int]:
        """The values of the next Small packets."""
        found = []
        for _ in range(count):
            message = self.next()
            assert isinstance(message, Delivery)
            found.append(message.payload.value)
            if grant:
                self.end.grant()
        return found


@pytest.fixture(params=WIRES)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        first, second = make_wires(request.param, tmp_path, stack)
        made = Pair(Side(first), Side(second))
        stack.callback(made.receiver.channel.close)
        stack.callback(made.sender.channel.close)
        made.sender.channel.start()
        made.receiver.channel.start()
        yield made
