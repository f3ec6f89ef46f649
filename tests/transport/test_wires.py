"""What only some wires do: rings, death, keys, addresses, links that lose messages."""

from __future__ import annotations

import os
import random
import signal
import socket
from contextlib import ExitStack
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
import pytest
import zmq

from faults.test_places import until
from graphcore.errors import ChannelError, CodecError
from graphcore.transport.address import is_loopback
from graphcore.transport.keys import load_keys, load_public, make_keys
from graphcore.transport.record import RECORD, RING, SLOT
from graphcore.transport.ring import RingReader, make_ring
from graphcore.transport.session import BEAT, PREFIX, Session
from graphcore.transport.shared_memory import SharedMemoryWire
from graphcore.transport.zeromq import Listener, connect
from transport.conftest import WAIT_S

SLOT_BYTES = 8192


def test_a_slot_is_free_again_when_its_views_are_garbage() -> None:
    writer, fd = make_ring(SLOT_BYTES, 2)
    reader = RingReader(fd, SLOT_BYTES, 2, writer.token)
    assert writer.shared
    slots = [writer.put([b"one"]), writer.put([b"two", b"three"])]
    assert (slots, writer.put([b"full"])) == ([0, 1], -1)
    views = reader.take(1, [3, 5])
    array = np.ndarray((5,), np.uint8, views[1])
    assert (bytes(views[0]), array.tobytes()) == (b"two", b"three")
    with pytest.raises(CodecError, match="a free one"):
        reader.take(1, [3])
    del views
    assert reader.held == 1
    del array
    assert (reader.held, writer.put([b"four"])) == (0, 1)


def test_a_ring_without_the_token_is_not_taken_for_shared() -> None:
    writer, fd = make_ring(SLOT_BYTES, 2)
    RingReader(fd, SLOT_BYTES, 2, bytes(16))
    assert not writer.shared


@pytest.mark.parametrize(("slot_bytes", "slots"), [(SLOT_BYTES, 3), (0, 2), (SLOT_BYTES, 0), (2**63, 2), (1, 99)])
def test_a_ring_of_another_size_is_refused(slot_bytes: int, slots: int) -> None:
    writer, fd = make_ring(SLOT_BYTES, 2)
    with pytest.raises(CodecError):
        RingReader(fd, slot_bytes, slots, writer.token)


def test_memory_that_may_shrink_is_refused() -> None:
    fd = os.memfd_create("loose")
    os.ftruncate(fd, 4096 + 2 * SLOT_BYTES)
    with pytest.raises(CodecError, match="sealed"):
        RingReader(fd, SLOT_BYTES, 2, bytes(16))


@pytest.mark.parametrize(
    "record",
    [RECORD.pack(9, 0, 0, 0), RECORD.pack(0, 200, 0, 0), RECORD.pack(0, 0, 0, 2**31), RECORD.pack(SLOT, 0, 0, 1) + b"x",
     RECORD.pack(RING, 0, 0, 28) + bytes(28), RECORD.pack(0, 1, 0, 1) + b"\xff" * 8 + b"x"],
)  # fmt: skip
def test_hostile_records_are_counted_and_end_the_wire(record: bytes) -> None:
    ours, theirs = socket.socketpair()
    reasons: SimpleQueue[str] = SimpleQueue()
    wire = SharedMemoryWire(ours)
    wire.start(lambda frames: None, reasons.put)
    with theirs:
        theirs.send(record)
        assert "refused" in reasons.get(timeout=WAIT_S)
    assert wire.refused == 1


def test_sigkill_is_seen_and_nothing_is_left() -> None:
    before = set(os.listdir("/dev/shm")), len(os.listdir("/proc/self/fd"))
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:  # send large pictures until killed
        ours.close()
        wire = SharedMemoryWire(theirs)
        wire.start(lambda frames: None, lambda reason: None)
        while True:
            wire.send([b"header", bytes(100_000)])
    theirs.close()
    wire, reasons, came = SharedMemoryWire(ours), SimpleQueue[str](), SimpleQueue[int]()
    wire.start(lambda frames: came.put(len(frames[1])), reasons.put)
    assert {came.get(timeout=WAIT_S) for _ in range(50)} == {100_000}
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert reasons.get(timeout=WAIT_S) == "the peer is gone"
    wire.close()
    assert (set(os.listdir("/dev/shm")), len(os.listdir("/proc/self/fd"))) == before


def test_a_lossy_link_loses_nothing() -> None:
    chance, now = random.Random(3), 0.0
    sides: list[Session] = []
    under_way: list[list[Any]] = [[], []]
    for index in (0, 1):
        sides.append(Session(under_way[index].append, now))
    received: list[list[bytes]] = [[], []]
    for step in range(4000):
        now += 0.001
        side = chance.randrange(2)
        if step < 3000:
            sides[side].send([step.to_bytes(4, "little"), bytes([side])])
        else:
            sides[side].beat()
        while under_way[side]:
            parts = under_way[side].pop(0)
            if step >= 3000 or chance.random() > 0.2:
                frames = sides[1 - side].receive(parts, now)
                received[side] += [bytes(frames[0])] if frames else []
    for _ in range(200):
        now += 2.0
        for side in (0, 1):
            sides[side].beat()
            while under_way[side]:
                frames = sides[1 - side].receive(under_way[side].pop(0), now)
                received[side] += [bytes(frames[0])] if frames else []
    assert sum(map(len, received)) == 3000
    assert all(numbers == sorted(numbers, key=lambda raw: int.from_bytes(raw, "little")) for numbers in received)
    assert sum(each.resent for each in sides) > 0


def test_a_peer_that_started_anew_is_noticed() -> None:
    sent: list[Any] = []
    ours = Session(sent.append, 0.0)
    for _ in range(2):
        Session(sent.append, 0.0).beat()
    ours.receive(sent[0], 0.0)
    with pytest.raises(ChannelError, match="started anew"):
        ours.receive(sent[1], 0.0)


def test_keys_are_written_once_and_only_for_their_user(tmp_path: Path) -> None:
    keys = make_keys(tmp_path / "keys")
    assert load_keys(tmp_path / "keys") == keys
    assert keys.secret.decode() not in repr(keys)
    with pytest.raises(ChannelError, match="exists"):
        make_keys(tmp_path / "keys")
    (tmp_path / "keys" / "graphcore.key").chmod(0o644)
    with pytest.raises(ChannelError, match="can be read by others"):
        load_keys(tmp_path / "keys")
    (tmp_path / "no.pub").write_text("_" * 40)
    with pytest.raises(ChannelError, match="holds no key"):
        load_public(tmp_path / "no.pub")
    with pytest.raises(ChannelError, match="graphcore keys new"):
        load_keys(tmp_path / "none")


def test_a_key_pair_is_whole_or_not_there(tmp_path: Path) -> None:
    other = make_keys(tmp_path / "other")
    (tmp_path / "graphcore.pub").write_bytes(other.public)
    with pytest.raises(ChannelError, match=r"graphcore\.pub exists"):
        make_keys(tmp_path)
    assert not (tmp_path / "graphcore.key").exists()
    make_keys(tmp_path / "mine")
    (tmp_path / "mine" / "graphcore.pub").write_bytes(other.public)
    with pytest.raises(ChannelError, match=r"graphcore\.pub does not belong to .*graphcore\.key"):
        load_keys(tmp_path / "mine")


@pytest.mark.parametrize("address", ["tcp://0.0.0.0:5599", "tcp://*:5599", "tcp://10.0.0.5:1", "tcp://example.org:1"])
def test_nothing_leaves_the_machine_without_keys(address: str) -> None:
    assert not is_loopback(address)
    with pytest.raises(ChannelError, match="expected keys"):
        Listener(address, lambda wire: None)
    with pytest.raises(ChannelError, match="expected keys"):
        connect(address)


def test_an_ipc_folder_open_to_others_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(ChannelError, match="others can reach"):
        Listener(f"ipc://{tmp_path}/wire", lambda wire: None)
    with pytest.raises(ChannelError, match="absolute path"):
        connect("ipc://@everybody")


def test_an_unknown_key_is_refused_and_counted(tmp_path: Path) -> None:
    server, friend, stranger = (make_keys(tmp_path / name) for name in ("server", "friend", "stranger"))
    came: SimpleQueue[Any] = SimpleQueue()
    with ExitStack() as stack:
        listener = Listener("tcp://127.0.0.1:*", came.put, keys=server, allowed=frozenset([friend.public]))
        stack.callback(listener.close)
        wire = connect(listener.address, keys=stranger, server_key=server.public)
        stack.callback(wire.close)
        with pytest.raises(Empty):
            came.get(timeout=0.5)
        assert listener.refused_keys >= 1
        stack.callback(connect(listener.address, keys=friend, server_key=server.public).close)
        assert came.get(timeout=WAIT_S)


def test_an_error_in_one_session_ends_that_one_only(tmp_path: Path) -> None:
    came: SimpleQueue[Any] = SimpleQueue()
    taken, reasons, lost = SimpleQueue[Any](), SimpleQueue[str](), SimpleQueue[str]()

    def stumble(_frames: Any) -> None:
        raise OSError("no space")

    def trip(reason: str) -> None:
        reasons.put(reason)
        raise RuntimeError("and again")

    with ExitStack() as stack:
        listener = Listener("tcp://127.0.0.1:*", came.put)
        stack.callback(listener.close)
        wires = []
        for receive, ended in ((stumble, trip), (taken.put, lost.put)):
            wires.append(connect(listener.address))
            stack.callback(wires[-1].close)
            came.get(timeout=WAIT_S).start(receive, ended)
        wires[0].send([b"one"])
        assert reasons.get(timeout=WAIT_S) == "OSError: no space"
        wires[1].send([b"two"])
        assert [bytes(frame) for frame in taken.get(timeout=WAIT_S)] == [b"two"]
        assert lost.empty()


def test_nobody_speaks_in_the_name_of_another_key(tmp_path: Path) -> None:
    server, friend, other = (make_keys(tmp_path / name) for name in ("server", "friend", "other"))
    came, taken = SimpleQueue[Any](), SimpleQueue[Any]()
    with ExitStack() as stack:
        allowed = frozenset([friend.public, other.public])
        listener = Listener("tcp://127.0.0.1:*", came.put, keys=server, allowed=allowed)
        stack.callback(listener.close)
        stack.callback(connect(listener.address, keys=friend, server_key=server.public, name=b"gme").close)
        came.get(timeout=WAIT_S).start(taken.put, lambda reason: None)
        wire = connect(listener.address, keys=other, server_key=server.public, name=b"gme")
        stack.callback(wire.close)
        wire.send([b"I am he"])
        assert until(lambda: listener.refused > 0)
        assert taken.empty()
        assert came.empty()


def test_who_talks_to_a_life_that_is_over_is_named_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with ExitStack() as stack:
        listener = Listener("tcp://127.0.0.1:*", lambda wire: None)
        stack.callback(listener.close)
        context = stack.enter_context(zmq.Context())
        sock = stack.enter_context(context.socket(zmq.DEALER))
        sock.connect(listener.address)
        for number in range(5):
            sock.send(PREFIX.pack(BEAT, 1, number, 99))
        assert until(lambda: listener.refused == 5)
    assert [record.message for record in caplog.records if "stranger" in record.message] == [
        f"{listener.address}: refused a stranger: message of kind 1, 1 parts, received 99 of 0"
    ]


def test_who_does_not_say_who_it_is_gives_its_connection_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphcore.transport.zeromq.HANDSHAKE_MS", 100)
    with ExitStack() as stack:
        listener = Listener("tcp://127.0.0.1:*", lambda wire: None)
        stack.callback(listener.close)
        port = int(listener.address.rpartition(":")[2])
        silent = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        silent.settimeout(WAIT_S)
        while silent.recv(100):  # its greeting, and then the end
            pass
