"""What leads from each place of an attempt to its peers, made by the coordinator."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from graphcore.places.messages import Text, to_text
from graphcore.places.part import Part
from graphcore.places.process import Reached
from graphcore.places.routes import Route
from graphcore.transport.keys import Keys


@dataclass(slots=True)
class Joint:
    """What one place is given: routes to its peers by name, and sockets in the same order, where they are passed."""

    routes: list[Route] = field(default_factory=list)
    sockets: list[socket.socket] = field(default_factory=list)

    @property
    def text(self) -> Text:
        """The routes, for a message."""
        return to_text([route.describe() for route in self.routes])


def join(
    parts: Mapping[str, Part],
    places: Mapping[str, Reached],
    keys: Keys | None,
    pairs: Set[frozenset[str]] | None = None,
) -> dict[str, Joint]:
    """A joint for each place, for all pairs of peers or only these; `keys` are the coordinator's own."""
    joints = {name: Joint() for name in parts}
    if pairs is None:
        pairs = {frozenset((name, peer)) for name, part in parts.items() for peer in part.peers}
    for name, peer in sorted(sorted(pair) for pair in pairs):
        if places[name].listens is None and places[peer].listens is None:
            ends = socket.socketpair()
            for one, other, end in ((name, peer, ends[0]), (peer, name, ends[1])):
                joints[one].routes.append(Route(other))
                joints[one].sockets.append(end)
        else:
            come, listen = (name, peer) if places[peer].listens is not None else (peer, name)
            token = secrets.token_hex(16)
            joints[listen].routes.append(Route(come, token))
            joints[come].routes.append(_to_listener(listen, token, places, come, keys))
    return joints


def _to_listener(listen: str, token: str, places: Mapping[str, Reached], come: str, keys: Keys | None) -> Route:
    listens = places[listen].listens
    assert listens is not None
    if places[come].listens is not None or keys is None or not listens.server_key:
        return Route(listen, token, listens.address, listens.server_key)
    return Route(listen, token, listens.address, listens.server_key, keys.public.decode(), keys.secret.decode())
