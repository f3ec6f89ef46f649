"""Wires over ZeroMQ: between machines by TCP with CURVE, or on one machine by a private ipc socket.

A listener (ROUTER) serves many peers, a peer (DEALER) connects to it. ZeroMQ's own queues are no bound here: what is
under way is bounded by credits (see channel.py). A peer's random routing id, which nobody else learns (CURVE
encrypts it), finds its session again after a link was lost; heartbeats show a peer that has vanished.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import os
import secrets
import select
import socket
import stat
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import zmq

from graphcore.errors import ChannelError, CodecError
from graphcore.transport.codec import MAX_BYTES, Buffer
from graphcore.transport.keys import Keys
from graphcore.transport.session import Session

log = logging.getLogger(__name__)

BEAT_S = 0.1
GIVE_UP_S = 10.0  # a link may be down for as long
CLOSE_MS = 1000
DEAD_LINK_MS = 1500
MAX_PEERS = 64
MAX_PARTS = 80
MAX_EARLY = 64  # messages for a peer that nobody has started yet
RECEIVE_QUEUE = 64  # messages that libzmq may hold for us: a flood waits in the peer's own memory
_ZAP_DOMAIN = b"graphcore"

Parts = list[Buffer]


class ZeroMQWire:
    """One end of a session; made by `connect`, or by a Listener for each peer that comes."""

    def __init__(self, transmit: Callable[[Parts], None], finish: Callable[[], None]) -> None:
        self.refused = 0
        self.session = Session(transmit, time.monotonic())
        self.ended = False
        self._finish = finish
        self._receive: Callable[[Sequence[Buffer]], None] | None = None
        self._lost: Callable[[str], None] | None = None
        self._reason = ""
        self._early: deque[Sequence[Buffer]] = deque()
        self._lock = threading.RLock()

    @property
    def silent_s(self) -> float:
        """How long nothing has been heard from the peer."""
        return time.monotonic() - self.session.heard_at

    def start(self, receive: Callable[[Sequence[Buffer]], None], lost: Callable[[str], None]) -> None:
        """Hand over what has come already, then what comes."""
        with self._lock:
            while self._early:
                receive(self._early.popleft())
            self._receive, self._lost = receive, lost
        if self.ended:
            lost(self._reason)

    def send(self, frames: Sequence[Buffer]) -> None:
        """Send; kept until the peer has acknowledged it."""
        if not self.ended:
            self.session.send(frames)

    def close(self) -> None:
        """End; what was sent still goes out, for at most a second, while the link is up."""
        self.end("this end was closed")
        self._finish()

    def handle(self, parts: Sequence[Buffer]) -> None:
        """Parts have come for this session; raises CodecError for bytes that are none of ours."""
        try:
            frames = self.session.receive(parts, time.monotonic())
        except ChannelError as error:
            self.end(str(error))
            return
        if frames is None:
            return
        with self._lock:
            if self._receive is not None:
                self._receive(frames)
            elif len(self._early) < MAX_EARLY:
                self._early.append(frames)
            else:
                raise CodecError(f"more than {MAX_EARLY} messages before the first was asked for")

    def refuse(self, error: CodecError) -> None:
        """What came is none of ours: the session cannot be whole."""
        self.refused += 1
        self.end(f"the peer sent what is refused: {error}")

    def beat(self) -> None:
        """Show the peer that we are here; give up where it has been silent for too long."""
        self.session.beat()
        if self.silent_s > GIVE_UP_S:
            self.end(f"the peer has been silent for {GIVE_UP_S:.0f} s")

    def end(self, reason: str) -> None:
        """Neither send nor receive any more, and say why."""
        with self._lock:
            if self.ended:
                return
            self.ended, self._reason = True, reason
        if self._lost is not None:
            self._lost(reason)


def connect(address: str, *, keys: Keys | None = None, server_key: bytes | None = None) -> ZeroMQWire:
    """A wire to a Listener. Off this machine it needs our keys and the listener's public key; else ChannelError."""
    if (keys is None) != (server_key is None):
        raise ChannelError(f"{address}: expected our keys and the server's public key, or neither")
    _check_address(address, keys is not None)
    sock = _open_socket(zmq.DEALER, address)
    sock.routing_id = b"g" + secrets.token_bytes(16)
    if keys is not None:
        sock.curve_publickey, sock.curve_secretkey, sock.curve_serverkey = keys.public, keys.secret, server_key

    def handle(parts: Parts) -> None:
        if not wire.ended:
            try:
                wire.handle(parts)
            except CodecError as error:
                wire.refuse(error)

    def beat() -> None:
        if not wire.ended:
            wire.beat()

    pump = _Pump(sock, handle, beat)
    wire = ZeroMQWire(pump.send, pump.close)
    _attach(sock.connect, sock, address)
    pump.start()
    wire.session.beat()
    return wire


class Listener:
    """Where peers come in: `accept` is called with a new wire for each, from the listener's thread.

    Off this machine it needs keys and the public keys of those who may come; else ChannelError.
    """

    def __init__(
        self,
        address: str,
        accept: Callable[[ZeroMQWire], None],
        *,
        keys: Keys | None = None,
        allowed: frozenset[bytes] = frozenset(),
    ) -> None:
        if keys is not None and not allowed:
            raise ChannelError(f"{address}: nobody is allowed in; name the public keys of those who may come")
        _check_address(address, keys is not None)
        self.refused = 0  # messages of nobody we serve
        self.refused_keys = 0
        self._accept = accept
        self._allowed = allowed
        self._wires: dict[bytes, ZeroMQWire] = {}
        self._past: deque[bytes] = deque(maxlen=16 * MAX_PEERS)  # ids of sessions that have ended
        sock = _open_socket(zmq.ROUTER, address)
        sock.router_handover = True  # a peer that comes back before its old link was seen to be dead
        self._authenticator = self._guard(sock, keys) if keys is not None else None
        _attach(sock.bind, sock, address, self._authenticator)
        self.address = sock.getsockopt_string(zmq.LAST_ENDPOINT)
        self._pump = _Pump(sock, self._handle, self._beat, self._authenticator)
        self._pump.start()

    def callback(self, _domain: str, key: bytes) -> bool:
        """Whether the owner of this public key may come in; ZeroMQ's authenticator asks."""
        if key in self._allowed:
            return True
        self.refused_keys += 1
        log.warning("%s: refused the unknown key %s", self.address, key.decode())
        return False

    def close(self) -> None:
        """End every session, and let nobody in."""
        for wire in list(self._wires.values()):
            wire.end("the listener was closed")
        self._pump.close()

    def _guard(self, sock: zmq.Socket[bytes], keys: Keys) -> Any:
        from zmq.auth.thread import ThreadAuthenticator  # brings asyncio

        authenticator = ThreadAuthenticator(sock.context)
        authenticator.start()
        authenticator.configure_curve_callback(_ZAP_DOMAIN.decode(), self)
        sock.zap_domain = _ZAP_DOMAIN
        sock.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)  # nobody comes in where the authenticator does not answer
        sock.curve_server = True
        sock.curve_publickey, sock.curve_secretkey = keys.public, keys.secret
        return authenticator

    def _handle(self, parts: Parts) -> None:
        name, rest = bytes(parts[0]), parts[1:]
        wire = self._wires.get(name)
        if wire is not None:
            try:
                wire.handle(rest)
            except CodecError as error:
                wire.refuse(error)
            return
        if name in self._past or len(self._wires) >= MAX_PEERS:
            self.refused += 1
            return
        wire = self._wire_for(name)
        try:
            wire.handle(rest)
        except CodecError as error:
            self.refused += 1
            log.warning("%s: refused a stranger: %s", self.address, error)
            return
        self._wires[name] = wire
        self._accept(wire)

    def _wire_for(self, name: bytes) -> ZeroMQWire:
        pump = self._pump
        return ZeroMQWire(lambda parts: pump.send([name, *parts]), lambda: None)

    def _beat(self) -> None:
        for name, wire in list(self._wires.items()):
            if wire.ended:
                del self._wires[name]
                self._past.append(name)
            else:
                wire.beat()


class _Pump:
    """Lets any thread send on a ZeroMQ socket while one waits for what comes: a lock, and a poll outside of it.

    ZeroMQ's file descriptor is edge-triggered, and a send may swallow its edge: so who sends looks, and wakes.
    """

    def __init__(
        self,
        sock: zmq.Socket[bytes],
        handle: Callable[[Parts], None],
        beat: Callable[[], None],
        authenticator: Any = None,
    ) -> None:
        self._sock = sock
        self._handle = handle
        self._beat = beat
        self._authenticator = authenticator
        self._lock = threading.Lock()
        self._closed = False
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="graphcore-zmq", daemon=True)

    def start(self) -> None:
        """Begin to receive."""
        self._thread.start()

    def send(self, parts: Parts) -> None:
        """Send; what cannot be sent is lost, and will be asked for."""
        with self._lock:
            if self._closed:
                return
            with contextlib.suppress(zmq.Again):
                self._sock.send_multipart(parts, zmq.NOBLOCK, copy=False)
            if int(self._sock.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
                self._wake()

    def close(self) -> None:
        """End the thread; what was sent goes out for at most a second."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._wake()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_write.send(b"\0")

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._sock.fileno(), select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        beat_at = time.monotonic() + BEAT_S
        while not self._closed:
            while (parts := self._next()) is not None:
                self._handle(parts)
                if time.monotonic() >= beat_at:
                    break
            if (now := time.monotonic()) >= beat_at:
                beat_at = now + BEAT_S
                self._beat()
            elif any(fd == self._wake_read.fileno() for fd, _ in poll.poll((beat_at - now) * 1000)):
                self._wake_read.recv(4096)
        self._give_back()

    def _next(self) -> Parts | None:
        """The parts of the next message, if one is there; more parts than any message has are cut off."""
        parts: Parts = []
        with self._lock:
            if self._closed:
                return None
            try:
                more = True
                while more:
                    frame = self._sock.recv(zmq.NOBLOCK, copy=False)
                    more = frame.more
                    if len(parts) <= MAX_PARTS:
                        parts.append(frame.buffer)
            except zmq.Again:
                return None
        return parts

    def _give_back(self) -> None:
        context = self._sock.context
        if self._authenticator is not None:
            self._authenticator.stop()
        self._sock.close(CLOSE_MS)
        context.term()
        self._wake_read.close()
        self._wake_write.close()


def _check_private(address: str) -> None:
    """Raise ChannelError where the folder of an ipc address is open to other users."""
    folder = Path(address.removeprefix("ipc://")).parent
    if not folder.is_absolute():  # neither the abstract namespace nor a name of ZeroMQ's choice: both are open to all
        raise ChannelError(f"{address}: expected the absolute path of a socket")
    try:
        found = folder.stat()
    except OSError as error:
        raise ChannelError(f"{address}: {error.strerror}; expected a folder of your own") from error
    if found.st_uid != os.getuid() or found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ChannelError(f"{address}: others can reach this folder; run `chmod 700 {folder}`")


def is_loopback(address: str) -> bool:
    """Whether a tcp address reaches this machine only; a name other than localhost may reach anything."""
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_address(address: str, secured: bool) -> None:
    if address.startswith("ipc://"):
        _check_private(address)
    elif not address.startswith("tcp://"):
        raise ChannelError(f"{address}: expected tcp://HOST:PORT or ipc://PATH")
    elif not secured and not is_loopback(address):
        raise ChannelError(f"{address} leaves this machine: expected keys; make them with `graphcore keys new DIR`")


def _open_socket(kind: int, address: str) -> zmq.Socket[bytes]:
    sock = zmq.Context().socket(kind)
    sock.ipv6 = "[" in address
    sock.sndhwm = 0  # credits are the bound
    sock.rcvhwm = RECEIVE_QUEUE
    sock.maxmsgsize = MAX_BYTES
    # A dead link is given up and made anew soon: our heartbeats stay unacknowledged. ZeroMQ's own (HEARTBEAT_IVL)
    # abort the process (libzmq 4.3.5, out_event) when a peer vanishes while its messages wait at RCVHWM.
    sock.tcp_maxrt = DEAD_LINK_MS
    sock.reconnect_ivl = 50
    sock.reconnect_ivl_max = 500
    sock.connect_timeout = 1000
    return sock


def _attach(attach: Callable[[str], Any], sock: zmq.Socket[bytes], address: str, authenticator: Any = None) -> None:
    """Bind or connect; raises ChannelError where that cannot be done."""
    try:
        attach(address)
    except zmq.ZMQError as error:
        if authenticator is not None:
            authenticator.stop()
        sock.close(0)
        sock.context.term()
        raise ChannelError(f"{address}: {error}") from error
