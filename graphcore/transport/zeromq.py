"""Wires over ZeroMQ: between machines by TCP with CURVE, or on one machine by a private ipc socket.

A listener (ROUTER) serves many peers, a peer (DEALER) connects to it. ZeroMQ's own queues are no bound here: what is
under way is bounded by credits (see channel.py). A peer's random routing id, which nobody else learns (CURVE
encrypts it), finds its session again after a link was lost; heartbeats show a peer that has vanished.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import zmq
from zmq.utils.monitor import recv_monitor_message

from graphcore.errors import ChannelError, CodecError
from graphcore.transport.address import check_address
from graphcore.transport.codec import MAX_BYTES
from graphcore.transport.keys import Keys
from graphcore.transport.lookout import Lookout
from graphcore.transport.zeromq_wire import Parts, ZeroMQWire

log = logging.getLogger(__name__)

BEAT_S = 0.1
CLOSE_MS = 1000
DEAD_LINK_MS = 1500
HANDSHAKE_MS = 5000  # whoever has not shown by then who it is gives its connection back
MAX_PEERS = 64
MAX_PARTS = 80
RECEIVE_QUEUE = 64  # messages that libzmq may hold for us: a flood waits in the peer's own memory
_ZAP_DOMAIN = b"graphcore"


def connect(
    address: str, *, keys: Keys | None = None, server_key: bytes | None = None, name: bytes = b""
) -> ZeroMQWire:
    """A wire to a Listener, which learns `name`; without one it gets a random one that nobody can guess.

    Off this machine it needs our keys and the listener's public key; else ChannelError. The wire ends where the
    listener refuses us, and where nothing listens any more while its machine is up.
    """
    if (keys is None) != (server_key is None):
        raise ChannelError(f"{address}: expected our keys and the server's public key, or neither")
    check_address(address, keys is not None)
    caller = _Caller(address)
    caller.begin(name or random_name(b"g"), keys, server_key)
    return caller.wire


class _Caller:
    """The end that connects: a socket, and the one session over it."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._sock = _open_socket(zmq.DEALER, address)
        self._handshake, self._lookout = _Handshake(self._sock, address), Lookout(address)
        self._pump = _Pump(self._sock, self._handle, self._beat, handshake=self._handshake)
        self.wire = ZeroMQWire(self._pump.send, self._pump.close)

    def begin(self, name: bytes, keys: Keys | None, server_key: bytes | None) -> None:
        try:
            self._sock.routing_id = name
            if keys is not None:
                self._sock.curve_publickey, self._sock.curve_secretkey = keys.public, keys.secret
                self._sock.curve_serverkey = server_key
            _attach(self._sock.connect, self._address)
        except Exception:
            self._pump.give_back()
            raise
        self._pump.start()
        self.wire.session.beat()

    def _handle(self, parts: Parts, _key: bytes) -> None:
        if not self.wire.ended:
            _hand_over(self.wire, parts)

    def _beat(self) -> None:
        if self.wire.ended:
            return
        if reason := self._handshake.refusal() or self._lookout.look(self.wire.silent_s):
            self.wire.end(reason)
        else:
            self.wire.beat()


def _hand_over(wire: ZeroMQWire, parts: Parts) -> None:
    """What goes wrong with what came ends this session, and no other one."""
    try:
        wire.handle(parts)
    except CodecError as error:
        wire.refuse(error)
    except Exception as error:
        log.exception("a session was ended")
        wire.end(f"{type(error).__name__}: {error}")


def random_name(kind: bytes) -> bytes:
    """A name that nobody can guess, for one session."""
    return kind + secrets.token_bytes(16)


class Listener:
    """Where peers come in: `accept` is called with a new wire for each, from the listener's thread.

    A wire has the `name` its peer chose and, with keys, the peer's public key as `key`.
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
        check_address(address, keys is not None)
        self.refused = 0  # messages of nobody we serve
        self.refused_keys = 0
        self._accept = accept
        self.allowed = set(allowed)  # may be changed at any time; it holds for those who come later
        self._wires: dict[bytes, ZeroMQWire] = {}
        self._past: deque[bytes] = deque(maxlen=16 * MAX_PEERS)  # ids of sessions that have ended
        sock = _open_socket(zmq.ROUTER, address)
        sock.handshake_ivl = HANDSHAKE_MS
        sock.router_handover = True  # a peer that comes back before its old link was seen to be dead
        self._authenticator = self._guard(sock, keys) if keys is not None else None
        self._pump = _Pump(sock, self._handle, self._beat, self._authenticator)
        try:
            _attach(sock.bind, address)
        except ChannelError:
            self._pump.give_back()
            raise
        self.address = sock.getsockopt_string(zmq.LAST_ENDPOINT)
        self._pump.start()

    def callback(self, _domain: str, key: bytes) -> bool:
        """Whether the owner of this public key may come in; ZeroMQ's authenticator asks."""
        if key in self.allowed:
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

    def _handle(self, parts: Parts, key: bytes) -> None:
        name, rest = bytes(parts[0]), parts[1:]
        wire = self._wires.get(name)
        if wire is None:
            self._take_first(name, rest, key)
        elif wire.key == key:
            _hand_over(wire, rest)
        else:
            self.refused += 1
            log.warning("%s: refused what comes in another peer's name, with the key %s", self.address, key.decode())

    def _take_first(self, name: bytes, rest: Parts, key: bytes) -> None:
        """Somebody new has come, or one whose session is over."""
        wire = self._wire_for(name, key)
        if name in self._past or len(self._wires) >= MAX_PEERS:
            self.refused += 1
            wire.session.beat()  # of a life it does not know: whoever takes us for its peer learns that we are not
            return
        try:
            wire.handle(rest)
        except CodecError as error:
            self.refused += 1
            log.warning("%s: refused a stranger: %s", self.address, error)
            self._past.append(name)  # said once
            wire.session.beat()
            return
        self._wires[name] = wire
        try:
            self._accept(wire)
        except Exception as error:
            log.exception("a session was ended")
            wire.end(f"{type(error).__name__}: {error}")

    def _wire_for(self, name: bytes, key: bytes) -> ZeroMQWire:
        pump = self._pump
        return ZeroMQWire(lambda parts: pump.send([name, *parts]), lambda: None, name, key)

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
        handle: Callable[[Parts, bytes], None],
        beat: Callable[[], None],
        authenticator: Any = None,
        handshake: _Handshake | None = None,
    ) -> None:
        self._sock = sock
        self._handle = handle
        self._beat = beat
        self._authenticator = authenticator
        self._handshake = handshake
        self._lock = threading.Lock()
        self._key = b""  # of whoever sent the last message
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
                self._survive(self._handle, parts, self._key)
                if time.monotonic() >= beat_at:
                    break
            if (now := time.monotonic()) >= beat_at:
                beat_at = now + BEAT_S
                self._survive(self._beat)
            elif any(fd == self._wake_read.fileno() for fd, _ in poll.poll((beat_at - now) * 1000)):
                self._wake_read.recv(4096)
        self.give_back()

    def _survive(self, call: Callable[..., None], *arguments: Any) -> None:
        """Every session over this socket needs this thread."""
        try:
            call(*arguments)
        except Exception:
            log.exception("an error while a message was taken; the sessions go on")

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
                    if not parts and self._authenticator is not None:
                        self._key = _key_of(frame)
                    if len(parts) <= MAX_PARTS:
                        parts.append(frame.buffer)
            except zmq.Again:
                return None
        return parts

    def give_back(self) -> None:
        """Close the socket and all that belongs to it; once it has started its own thread does that."""
        context = self._sock.context
        if self._authenticator is not None:
            self._authenticator.stop()
        if self._handshake is not None:
            self._handshake.close()
        self._sock.close(CLOSE_MS)
        context.term()
        self._wake_read.close()
        self._wake_write.close()


class _Handshake:
    """Whether the listener has refused us; ZeroMQ itself would try again for ever, without a word."""

    def __init__(self, sock: zmq.Socket[bytes], address: str) -> None:
        self._sock, self._address = sock, address
        events = zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
        self._events: zmq.Socket[bytes] = sock.get_monitor_socket(events | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)

    def close(self) -> None:
        """Stop watching."""
        self._sock.disable_monitor()
        self._events.close(0)

    def refusal(self) -> str:
        """Why, or nothing."""
        try:
            event = recv_monitor_message(self._events, zmq.NOBLOCK)["event"]
        except zmq.Again:
            return ""
        if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            return f"{self._address} does not know our key; it must be started with `--allow` and our public key"
        return f"{self._address} is not who we expect; compare its public key with `server_key`"


def _key_of(frame: zmq.Frame) -> bytes:
    """The public key of its sender, as the authenticator has told it to ZeroMQ."""
    try:
        return str(frame.get("User-Id")).encode()
    except zmq.ZMQError:
        return b""


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


def _attach(attach: Callable[[str], Any], address: str) -> None:
    """Bind or connect; raises ChannelError where that cannot be done."""
    try:
        attach(address)
    except zmq.ZMQError as error:
        raise ChannelError(f"{address}: {error}") from error
